"""dbt itself, in this process: no profile of the user's, no telemetry, no network, nothing written but below `target`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult


class Failed(Exception):
    """dbt could not do it; what it said."""


def invoke(
    arguments: Sequence[str],
    folder: Path,
    target: Path,
    *,
    manifest: Any = None,
    callbacks: Sequence[Callable[[Any], None]] = (),
    may_fail: bool = False,
) -> dbtRunnerResult:
    """Run one dbt command on the project in `folder`. Raises Failed where it fails, unless it may."""
    os.environ["DO_NOT_TRACK"] = "1"
    from dbt.cli.main import dbtRunner

    said: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level == "error":
            said.append(event.info.msg)

    command = [
        *("--log-level", "none", "--log-level-file", "none", "--log-path", str(target)),
        *("--no-send-anonymous-usage-stats", "--no-version-check", "--no-use-colors", "--no-print"),
        *arguments,
        *("--project-dir", str(folder), "--profiles-dir", str(folder), "--target-path", str(target)),
        *("--no-partial-parse", "--no-write-json"),
    ]
    with _own_environment():
        done = dbtRunner(manifest=manifest, callbacks=[listen, *callbacks]).invoke(command)
    if not done.success and (not may_fail or done.exception):
        raise Failed("\n".join(said) or str(done.exception) or "dbt failed") from done.exception
    return done


@contextmanager
def _own_environment() -> Iterator[None]:
    """dbt takes every option from a variable, too: DBT_EMPTY, set for another project, would publish datasets empty, and
    DBT_TARGET would run the models elsewhere."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("DBT_")}
    try:
        yield
    finally:
        os.environ.update(hidden)
