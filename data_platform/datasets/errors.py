"""What is wrong with a definition, found when definitions load; every message ends with the fix."""

from __future__ import annotations

from collections.abc import Sequence


class DefinitionError(Exception):
    """Datasets that cannot be defined as written; `problems` has one sentence each."""

    def __init__(self, problems: Sequence[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))
