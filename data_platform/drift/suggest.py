"""The smallest change of a contract that accepts what was refused: found, shown as a patch, written.

Each step (see `steps`) edits the text, reads it back, and asks the rows again; so what comes out is a contract, and
whatever it still refuses is said.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from data_platform.contracts import Contract, Finding
from data_platform.contracts.edit import as_written, put
from data_platform.drift.changes import Change, Concern, Remaining, bumped
from data_platform.drift.evidence import Evidence
from data_platform.drift.steps import Steps, Widens
from data_platform.drift.written import Unchangeable, written

_LINES = re.compile(r".*\n|.+")  # splitlines would also cut at what YAML takes for text


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What to change in a contract's file, why, and what no change accepts."""

    file: Path
    before: str
    after: str
    version: tuple[str, str]
    changes: tuple[Change, ...]
    remaining: tuple[Remaining, ...]
    concerns: tuple[Concern, ...]
    contract: Contract

    @property
    def patch(self) -> str:
        """A unified diff of the file, '' where nothing changes."""
        try:
            name = self.file.resolve().relative_to(Path.cwd())
        except ValueError:
            name = self.file
        lines = difflib.unified_diff(
            _LINES.findall(self.before),
            _LINES.findall(self.after),
            f"a/{name}".replace("a//", "/"),
            f"b/{name}".replace("b//", "/"),
        )
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def suggest(file: Path, evidence: Sequence[Evidence], may_widen: Widens) -> Suggestion:
    """What would accept the evidence. `may_widen(before, after)` says whether the dataset's table can follow a type."""
    start = now = written(file)
    steps = Steps(may_widen)
    for each in evidence:
        now = steps.accept(now, each)
    changes = tuple(steps.changes.values())
    version = bumped(now.contract.version, [each.level for each in changes])
    if version != now.contract.version:
        try:
            now = now.edited(lambda text: _versioned(text, version), "")
        except Unchangeable as error:
            steps.remain("", "", str(error), f"set the version {version} by hand")
    remaining = tuple(dict.fromkeys(steps.remaining))
    of = (start.contract.version, now.contract.version)
    return Suggestion(file, start.text, now.text, of, changes, remaining, tuple(steps.concerns), now.contract)


def _versioned(text: str, version: str) -> str:
    return put(text, ("version",), as_written(text, ("version",), version))


def apply(suggestion: Suggestion, check: Callable[[], Sequence[Finding]]) -> list[Finding]:
    """Write the suggestion into its file; returns what `check` finds then that it did not find before, in which case
    the file is as it was."""
    before = set(map(_said, check()))
    old = suggestion.file.read_bytes()
    marked = b"\xef\xbb\xbf" if old.startswith(b"\xef\xbb\xbf") else b""
    if old[len(marked) :].decode("utf-8") != suggestion.before:
        raise ValueError(f"{suggestion.file} was changed meanwhile; run it again")
    _replace(suggestion.file, marked + suggestion.after.encode("utf-8"))
    kept = False
    try:
        found = [each for each in check() if _said(each) not in before]
        kept = not found
        return found
    finally:
        if not kept:
            _replace(suggestion.file, old)


def _said(finding: Finding) -> tuple[str, str, str]:
    """A finding wherever its line is now."""
    return finding.file, finding.code, finding.message


def _replace(file: Path, content: bytes) -> None:
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(content)
    beside.chmod(file.stat().st_mode)
    beside.replace(file)
