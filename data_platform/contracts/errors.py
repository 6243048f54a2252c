"""What can be wrong with a contract, said with its place and its mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing wrong in one contract file: where (1-based line and column), which code, what, and how to fix it."""

    file: str
    line: int
    column: int
    code: str
    message: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f" Fix: {self.fix}" if self.fix else ""
        return f"{self.file}:{self.line}:{self.column}: {self.code} {self.message}{fix}"


class ContractError(Exception):
    """Contract files that cannot be used; carries every finding, not only the first."""

    def __init__(self, findings: Sequence[Finding]):
        self.findings = sorted(findings)
        super().__init__(f"{len(self.findings)} contract finding(s):\n" + "\n".join(map(str, self.findings)))
