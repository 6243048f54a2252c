"""A domain's files, all of them or none: everything is checked in a copy before the first is written."""

from __future__ import annotations

import ast
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_platform.contracts.catalog import check
from data_platform.contracts.files import FOLDER
from data_platform.contracts.naming import is_name
from data_platform.contracts.norms import Projects
from data_platform.scaffold.model import ScaffoldError


@dataclass(frozen=True, slots=True)
class Domain:
    """Where a domain's files go: `out` is the package of all domains; `root` is the folder that Python imports it from
    and, there, `tests` has the tests, in the one called after `tested` (default: the domain)."""

    name: str
    out: Path
    root: Path
    tested: str = ""

    @property
    def folder(self) -> Path:
        return self.out / self.name

    @property
    def package(self) -> str:
        return ".".join([*self.out.relative_to(self.root).parts, self.name])

    @property
    def tests(self) -> Path:
        return self.root / "tests" / f"test_{self.tested or self.name}.py"


def domain_at(name: str, out: Path) -> Domain:
    """The domain of that name; ScaffoldError where it, or the folder, cannot be a package's."""
    out = out.expanduser().absolute()
    if complaint := Projects().norms(out / name / FOLDER / "x.yaml").complaint("domain", name):
        raise ScaffoldError(f"{complaint[0]}; {complaint[1]}")
    if not is_name(out.name):
        raise ScaffoldError(f"{out} cannot be a Python package; choose a folder such as {out.parent / 'domains'}")
    root = out.parent
    while (root / "__init__.py").exists():
        root = root.parent
    return Domain(name, out, root)


def write(domain: Domain, files: Mapping[Path, str], *, force: bool = False, dry_run: bool = False) -> list[Path]:
    """Write the files that are not there as they should be; with `dry_run` only say which those are.

    Raises ScaffoldError, with nothing written, where one of them is there and says something else (`force` replaces it;
    `__init__.py` is never replaced), or where what would be written is not right.
    """
    wanted = {path: text for path, text in files.items() if not (path.name == "__init__.py" and path.exists())}
    wanted = {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}
    taken = [path for path in wanted if path.exists() and path.name != "assets.py"]
    if taken and not force:
        raise ScaffoldError(
            f"{', '.join(map(str, taken))}: there already; nothing was written. Remove them, choose another --domain or "
            "--out, or replace them with --force"
        )
    _check(domain, wanted)
    if not dry_run:
        _replace(wanted)
    return list(wanted)


def _check(domain: Domain, wanted: Mapping[Path, str]) -> None:
    """The Python compiles, and all contracts of the project together are right."""
    for path, text in wanted.items():
        if path.suffix == ".py":
            ast.parse(text, str(path))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / domain.out.name
        for each in domain.out.glob(f"*/{FOLDER}/*.y*ml"):
            _place(copy / each.relative_to(domain.out), each.read_text("utf-8"))
        for path, text in wanted.items():
            if path.is_relative_to(domain.out) and path.suffix == ".yaml":
                _place(copy / path.relative_to(domain.out), text)
        norms = next(
            (each / "pyproject.toml" for each in domain.out.parents if (each / "pyproject.toml").is_file()), None
        )
        if norms:
            shutil.copy(norms, Path(folder) / "pyproject.toml")
        if findings := [each for each in check([copy]) if f"/{domain.name}/" in each.file] if copy.exists() else []:
            raise ScaffoldError("what would be written is not right:\n" + "\n".join(map(str, findings)))


def _place(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def _replace(wanted: Mapping[Path, str]) -> None:
    """All files, or, where one cannot be written, none."""
    before = {path: path.read_bytes() if path.exists() else None for path in wanted}
    folders = _missing_folders(wanted)
    done: list[Path] = []
    try:
        for path, text in wanted.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            done.append(path)
            draft = path.with_name(f".{path.name}.draft")
            draft.write_text(text, "utf-8")
            draft.replace(path)
    except OSError as error:
        for path in done:
            path.with_name(f".{path.name}.draft").unlink(missing_ok=True)
            if (content := before[path]) is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content)
        for each in folders:
            if each.is_dir() and not any(each.iterdir()):
                each.rmdir()
        raise ScaffoldError(f"{error.filename}: {error.strerror}; nothing was written") from error


def _missing_folders(wanted: Sequence[Path] | Mapping[Path, str]) -> list[Path]:
    """Folders that have to be made, the deepest first."""
    found = {each for path in wanted for each in path.parents if not each.exists()}
    return sorted(found, key=lambda each: -len(each.parts))
