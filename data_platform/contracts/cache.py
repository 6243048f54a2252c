"""Contracts already built, by the content they were built from, so that loading them again reads no YAML.

One file of lines: a header with the version of the code that wrote it, then `<sha256> <contract as JSON>`. The hash is
of all that decides whether the contract is right: its content and the project's naming norms. The cache only ever saves
time: missing, old, damaged or unwritable, it is as if there were none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from data_platform.contracts.json_form import from_json, to_json
from data_platform.contracts.model import Contract
from data_platform.contracts.norms import Norms

FILE = "contracts.jsonl"
_DIGEST = 64
"""The length of a sha256 in hexadecimal."""


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def version() -> str:
    """What a built contract depends on besides its content: the code of this room and the official package."""
    official = find_spec("open_data_contract_standard")  # looks it up; does not import it
    here = Path(__file__).parent
    folders = [here, here / "schemas", *map(Path, (official.submodule_search_locations or ()) if official else ())]
    code = (file for folder in folders for file in sorted(folder.glob("*.*")) if file.suffix in (".py", ".json"))
    return digest(b"\0".join(file.name.encode() + file.read_bytes() for file in code))


def cache_key(content: bytes, norms: Norms) -> str:
    """What a contract is kept under."""
    return digest(b"\0".join((content, norms.dataset.encode(), norms.column.encode(), norms.domain.encode())))


class ContractCache:
    """The cache in `folder`, or none at all where that is None."""

    def __init__(self, folder: Path | None):
        self._folder = folder
        self._lines = self._read()
        self._used: dict[str, str] = {}
        self._is_stale = False

    def get(self, key: str, file: str) -> Contract | None:
        """The contract built from the content with this digest, if it is known."""
        line = self._lines.get(key)
        if line is None:
            return None
        try:
            contract = from_json(line, file)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return None
        self._used[key] = line
        return contract

    def put(self, key: str, contract: Contract) -> None:
        if self._folder is not None:
            self._used[key] = to_json(contract)
            self._is_stale = True

    def save(self) -> None:
        """Writes what was added, in one atomic step. Contents not used this time are kept while they are the minority:
        a second checkout may share the cache, but contracts long gone do not pile up."""
        if self._folder is None or not self._is_stale:
            return
        unused = {key: line for key, line in self._lines.items() if key not in self._used}
        kept = {**(unused if len(unused) <= len(self._used) else {}), **self._used}
        with suppress(OSError, UnicodeError):
            self._folder.mkdir(parents=True, exist_ok=True)
            text = "".join([f"{version()}\n", *(f"{key} {line}\n" for key, line in kept.items())])
            _replace(self._folder / FILE, text)
            self._is_stale = False

    def _read(self) -> dict[str, str]:
        if self._folder is None:
            return {}
        try:
            header, *lines = (self._folder / FILE).read_text("utf-8").split("\n")
        except (OSError, UnicodeError):
            return {}
        if header != version():
            return {}
        return {line[:_DIGEST]: line[_DIGEST + 1 :] for line in lines if line[_DIGEST : _DIGEST + 1] == " "}


def _replace(file: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as writing:
            writing.write(text)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
