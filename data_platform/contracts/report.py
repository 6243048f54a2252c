"""Collects what is wrong with one file, so that everybody hears everything at once and each cause only once."""

from __future__ import annotations

from dataclasses import dataclass

from data_platform.contracts.codes import CODES, OURS
from data_platform.contracts.errors import Finding
from data_platform.contracts.norms import DEFAULT, Norms
from data_platform.contracts.yaml_source import Path, Source


@dataclass(frozen=True, slots=True)
class Problem:
    """A finding before its place is looked up; `hides` is another part that cannot be judged because of it."""

    path: Path
    code: str
    message: str
    fix: str = ""
    hides: Path | None = None


class Report:
    """The problems of one file, in two layers: against the standard, then against its meaning.

    A meaning problem in a part the standard already refused is a consequence, and left out. Without `norms` the file is
    held to the standard alone: what only this platform asks for (codes.OURS) is left out, too.
    """

    def __init__(self, file: str, source: Source, norms: Norms | None = DEFAULT):
        self.file = file
        self.norms = norms
        self._source = source
        self._standard: list[Problem] = []
        self._meaning: list[Problem] = []

    def against_standard(self, problems: list[Problem]) -> None:
        self._standard.extend(problems)

    def add(self, code: str, path: Path, message: str, fix: str = "") -> None:
        assert code in CODES, code
        if self.norms is None and code in OURS:
            return
        self._meaning.append(Problem(path, code, message, fix))

    @property
    def is_clean(self) -> bool:
        return not self._standard and not self._meaning

    def findings(self) -> list[Finding]:
        refused = [part for problem in self._standard for part in (problem.path, problem.hides) if part is not None]
        own = [problem for problem in self._meaning if not any(_one_line(problem.path, path) for path in refused)]
        return sorted({self._placed(problem) for problem in (*self._standard, *own)})

    def _placed(self, problem: Problem) -> Finding:
        line, column = self._source.locate(problem.path)
        return Finding(self.file, line, column, problem.code, problem.message, problem.fix)


def _one_line(one: Path, other: Path) -> bool:
    """Whether one of two places contains the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]
