"""`dp materialize`: produce chosen datasets now."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from data_platform.cli.output import Format, FormatOption, console, errors, fail, print_json
from data_platform.cli.project import all_contracts, contract_of, definitions
from data_platform.settings import Settings


def materialize(
    chosen: Annotated[list[str], typer.Argument(metavar="DATASET|DOMAIN...", help="Datasets, or all of a domain.")],
    partition: Annotated[str, typer.Option(help="Which partition; a day means all of its hours.")] = "",
    to: Annotated[str, typer.Option(help="The last partition of a range that begins with --partition.")] = "",
    output: FormatOption = Format.TABLE,
) -> None:
    """Produce datasets now, in the order in which they read each other, and say what became of each.

    Every publication is audited first. The runs are in the UI like any others.

    Exit code: 0 all published, 1 something was blocked or failed.
    """
    contracts = all_contracts()
    domains = {each.domain for each in contracts.values()}
    names = [each for each in chosen if each not in domains]
    for name in names:
        contract_of(name, contracts)
    names += [each.dataset for each in contracts.values() if each.domain in chosen and not each.external]
    if not names:
        fail(f"{', '.join(chosen)} has no dataset that is produced here")
    if to and not partition:
        fail("--to needs --partition, the first of the range", 2)
    _materialize(list(dict.fromkeys(names)), partition, to, output)


def _materialize(names: list[str], partition: str, to: str, output: Format) -> None:
    from data_platform.operations.instance import open_instance
    from data_platform.operations.materialize import materialize
    from data_platform.operations.run_report import progress_bar, summary

    started = time.monotonic()
    with (
        progress_bar(errors if output is Format.JSON else console) as progress,
        open_instance(Settings.from_environment()) as instance,
    ):
        task = progress.add_task("Materializing", total=None)
        results = materialize(
            definitions(),
            instance,
            names,
            partition,
            to,
            lambda done, total, dataset: progress.update(task, completed=done, total=total, description=dataset),
        )
    if output is Format.JSON:
        print_json({name: asdict(each) for name, each in results.items()})
    else:
        span = f"{partition} .. {to}" if to else partition
        summary(console, results, span or "now", time.monotonic() - started)
    raise typer.Exit(1 if any(each.blocked or each.failed for each in results.values()) else 0)
