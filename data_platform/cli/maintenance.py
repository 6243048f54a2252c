"""`dp maintenance`: what processes that died have left behind, removed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from data_platform.cli.output import Format, FormatOption, console, errors, fail, print_json, print_table, progress
from data_platform.cli.project import all_contracts, complete_dataset, contract_of


def _age(text: str | timedelta) -> timedelta:
    """`3d`, `36h` or `90m`."""
    from data_platform.contracts.values import duration

    number, unit = re.fullmatch(r"([\d.]*)(.*)", str(text).strip()).groups()  # type: ignore[union-attr]  # always fits
    if (found := duration(number, unit.strip())) is None:
        raise typer.BadParameter(f"{text!r} is no duration; write 3d, 36h or 90m")
    return found


def maintenance(
    datasets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="DATASET", help="Which, as `domain.name`; default: all.", autocompletion=complete_dataset
        ),
    ] = None,
    older_than: Annotated[
        timedelta,
        typer.Option(parser=_age, metavar="AGE", help="Only what nobody has written to for so long: 3d, 36h."),
    ] = "3d",  # type: ignore[assignment]  # the parser's
    nothing_runs: Annotated[
        bool,
        typer.Option("--nothing-runs", help="Nothing is being published now, so that less than a day is safe."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    output: FormatOption = Format.TABLE,
) -> None:
    """Remove files that no snapshot refers to: those of publications that were killed before their commit, of attempts
    to commit that lost, and scratch folders on this machine.

    Every snapshot, branch and tag keeps what it has, and so does a replay that is not finished. Of a table that is not
    where its contract says, nothing is removed. The schedule `maintenance` does the same every week.

    Exit code: 0 done, 1 of some datasets it could not be told.
    """
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.maintenance import since, sweep

    try:
        before = since(older_than, nothing_runs=nothing_runs)
    except ValueError as error:
        fail(f"{error} (--nothing-runs)", 2)
    contracts = all_contracts()
    chosen = [contract_of(each, contracts) for each in dict.fromkeys(datasets or contracts)]
    with progress("Looking for what is left over", len(chosen)) as advance:
        found = sweep(current_lakehouse(), chosen, before, dry_run=dry_run, advance=advance)
    if output is Format.JSON:
        files = {name: [each.path for each in there.files] for name, there in found.datasets.items()}
        scratch = [each.path for each in found.scratch]
        print_json(
            {"dry_run": dry_run, "before": before, "bytes": found.bytes, "files": files, "scratch": scratch}
            | {"problems": found.problems}
        )
    else:
        rows = [
            (name, len(there.files), there.bytes, min(each.at for each in there.files))
            for name, there in found.datasets.items()
            if there.files
        ]
        rows += [(each.path, None, each.bytes, each.at) for each in found.scratch]
        if rows:
            print_table(("dataset or folder", "files", "bytes", "last written"), rows)
            done = "would be removed" if dry_run else "removed"
            console.print(f"{found.bytes:,} bytes {done}.")
        elif not found.problems:
            console.print("Nothing is left over.", style="green")
        for name, problem in found.problems.items():
            errors.print(f"{name}: left alone: {problem}", style="red", markup=False, soft_wrap=True)
    raise typer.Exit(1 if found.problems else 0)
