"""What datasets, columns and domains may be called: the project's norms, from its pyproject.toml.

    [tool.data-platform.naming]
    dataset = "(raw|ref|mart)_[a-z0-9_]+"
    column = "[a-z][a-zA-Z0-9]*"
    domain = "[a-z]+"

Each is a regular expression the whole name must match; a norm that is not given is SNAKE. The project of a contract is
the folder with the nearest pyproject.toml above it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data_platform.contracts.errors import Finding
from data_platform.contracts.naming import did_you_mean, is_name, suggested_name

SNAKE = "[a-z][a-z0-9_]*"
TABLE = ("tool", "data-platform", "naming")
KINDS = ("dataset", "column", "domain")


@dataclass(frozen=True, slots=True)
class Norms:
    """Regular expressions for names, and the file that sets them ('' where none does)."""

    dataset: str = SNAKE
    column: str = SNAKE
    domain: str = SNAKE
    file: str = ""

    def complaint(self, kind: str, name: str) -> tuple[str, str] | None:
        """What is wrong with a name of this kind, and the mend; None for a good name."""
        norm: str = getattr(self, kind)
        if re.fullmatch(norm, name) and is_name(name):
            return None
        suggestion = suggested_name(name)
        good = re.fullmatch(norm, suggestion)
        fix = f"for example `{suggestion}`" if good else f"rename it, or change `{kind}` in {self.file}"
        if norm == SNAKE:
            return f"{name!r}: a name is lower-case letters, digits and _, a letter first", fix
        if not re.fullmatch(norm, name):
            return f"{name!r}: a {kind}'s name here matches `{norm}` as a whole", fix
        return f"{name!r}: a name is letters, digits and _, a letter first, whatever the norm", fix


DEFAULT = Norms()


class Projects:
    """The norms of each contract's project, each pyproject.toml read once; `findings` tells what is wrong with them."""

    def __init__(self) -> None:
        self._norms: dict[Path, Norms] = {}
        self.findings: list[Finding] = []

    def norms(self, contract: Path) -> Norms:
        """The norms for a contract file."""
        folder = contract.absolute().parent
        if folder not in self._norms:
            inside = next((each for each in (folder, *folder.parents) if (each / "pyproject.toml").is_file()), None)
            if inside is None or (inside != folder and inside in self._norms):
                self._norms[folder] = self._norms[inside] if inside else DEFAULT
            else:
                self._norms[inside] = self._norms[folder] = self._read(inside / "pyproject.toml")
        return self._norms[folder]

    def _read(self, file: Path) -> Norms:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.findings.append(Finding(str(file), 1, 1, "C313", f"cannot be read: {error}", "save it as UTF-8"))
            return DEFAULT
        return self._parsed(text, file) if TABLE[-1] in text else DEFAULT

    def _parsed(self, text: str, file: Path) -> Norms:
        import tomllib

        try:
            table: Any = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            told = re.search(r"at line (\d+), column (\d+)", str(error))
            line, column = (int(told[1]), int(told[2])) if told else (text.count("\n") + 1, 1)
            fix = "mend it; until then no norm of this project is known"
            self.findings.append(Finding(str(file), line, column, "C313", f"not TOML: {error}", fix))
            return DEFAULT
        for step in TABLE:
            table = table.get(step, {}) if isinstance(table, dict) else {}
        if not isinstance(table, dict):
            fix = f"write it as a table with {', '.join(KINDS)}"
            self._wrong(file, text, TABLE[-1], f"`{TABLE[-1]}` is {table!r}, not a table", fix)
            return DEFAULT
        usable: dict[str, str] = {}
        for key, norm in table.items():
            if key not in KINDS:
                self._wrong(file, text, key, f"there is no naming norm `{key}`", did_you_mean(key, KINDS))
            elif why := _not_a_pattern(norm):
                fix = f"write a regular expression the whole name matches, such as {SNAKE!r}"
                self._wrong(file, text, key, f"the norm for a {key}'s name cannot be used: {why}", fix)
            else:
                usable[key] = norm
        return Norms(**usable, file=str(file))

    def _wrong(self, file: Path, text: str, key: str, message: str, fix: str) -> None:
        self.findings.append(Finding(str(file), *_place(text, key), "C313", message, fix))


def _place(text: str, key: str) -> tuple[int, int]:
    """The line and column of a key of the table, as well as can be told without a parser that keeps places."""
    header = re.search(r"^\s*\[\s*" + r"\s*\.\s*".join(map(re.escape, TABLE)) + r"\s*\]", text, re.MULTILINE)
    start = header.end() if header else 0
    found = re.compile(rf"^\s*[\"']?({re.escape(key)})[\"']?\s*=", re.MULTILINE).search(text, start) if key else None
    at = found.start(1) if found else max(start - 1, 0)
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def _not_a_pattern(norm: Any) -> str:
    if not isinstance(norm, str) or not norm:
        return f"{norm!r} is not text"
    try:
        re.compile(norm)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return ""
