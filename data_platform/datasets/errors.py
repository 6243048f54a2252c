"""What is wrong with a definition, found when definitions load; every message ends with the fix. And what fails for good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster as dg


class DefinitionError(Exception):
    """Datasets that cannot be defined as written; `problems` has one sentence each."""

    def __init__(self, problems: Sequence[str]):
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@contextmanager
def final(*errors: type[Exception]) -> Iterator[None]:
    """Errors that would be the same the next time fail the step without retries."""
    try:
        yield
    except errors as error:
        raise dg.Failure(str(error), allow_retries=False) from error
