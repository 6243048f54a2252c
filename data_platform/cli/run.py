"""`dp run`: fill the example's source systems and bring all datasets up to date."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from data_platform import clock
from data_platform.cli.output import console
from data_platform.cli.project import all_contracts, complete_dataset, contract_of, definitions
from data_platform.settings import Settings


def run(
    days: Annotated[int, typer.Option(min=1, help="How many days, the last being --until.")] = 14,
    scale: Annotated[
        float, typer.Option(min=0.01, help="Size of the simulated marketplace; 1 is 20,000 events a day.")
    ] = 1,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: yesterday (UTC).")] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATASET", help="Leave out this one and all that is made of it.", autocompletion=complete_dataset
        ),
    ] = None,
) -> None:
    """Fill the example's source systems and bring all datasets up to date, day by day.

    Incremental: published partitions are left alone, blocked ones are tried again.
    """
    from data_platform.operations.marketplace_run import marketplace_run

    last: date = until.date() if until else clock.now().date() - timedelta(days=1)
    contracts = all_contracts()
    unwanted = [contract_of(each, contracts).dataset for each in without or ()]
    failed = marketplace_run(
        Settings.from_environment(), definitions, last, days, scale, console, contracts, without=unwanted
    )
    raise typer.Exit(1 if failed else 0)
