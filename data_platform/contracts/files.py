"""Contract files: where they are, and their text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from data_platform.contracts.errors import ContractError, Finding

FOLDER = "contracts"
"""Where a domain keeps its contracts: `<domains>/<domain>/contracts/*.yaml`."""
SUFFIXES = (".yaml", ".yml")  # .yml is found so that it can be reported: it is not a contract's name
_KIND = re.compile(rb"^[\"']?kind[\"']?\s*:\s*[\"']?DataContract\b", re.MULTILINE)


def in_domains(folders: Iterable[Path]) -> Iterator[Path]:
    """The contracts of all domains in some folders; a folder that is none is passed on, to be reported."""
    for folder in folders:
        if not folder.is_dir():
            yield folder
        for suffix in SUFFIXES:
            yield from sorted(folder.glob(f"*/{FOLDER}/*{suffix}"))


def contracts_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files among `paths`, and below its folders the contracts of domains, and all YAML files right inside."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in _yaml_below(path):
            if file.parent.name == FOLDER or file.parent == path:
                yield file


def documents_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files among `paths`, and below its folders whatever calls itself an ODCS document."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in _yaml_below(path):
            if file.stem.endswith(".odcs") or _KIND.search(file.read_bytes()):
                yield file


def _yaml_below(folder: Path) -> list[Path]:
    return sorted(file for suffix in SUFFIXES for file in folder.rglob(f"*{suffix}") if file.is_file())


def domain_of(file: Path) -> str:
    """The domain whose folder a contract lies in; '' for one that lies elsewhere."""
    return file.absolute().parent.parent.name if file.parent.name == FOLDER else ""


def content_of(file: Path) -> bytes:
    """A file's bytes; ContractError where it cannot be read."""
    try:
        return file.read_bytes()
    except OSError as error:
        fix = "check the path; domains are folders with contracts/*.yaml"
        raise ContractError([Finding(str(file), 1, 1, "C103", f"cannot be read: {error.strerror}", fix)]) from error


def text_of(content: bytes, file: Path) -> str:
    """A file's bytes as text; ContractError where they are not UTF-8."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        finding = Finding(str(file), line, 1, "C103", "not UTF-8 text", "save the file as UTF-8")
        raise ContractError([finding]) from error
