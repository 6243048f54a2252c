"""`dp`: the platform from the command line. Thin: each command calls one function of a room and prints what it says.

Exit codes: 0 done, 1 something is wrong with what was asked about (findings, failed datasets), 2 a wrong call, 130
interrupted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from data_platform.contracts import ContractError, Contracts
from data_platform.contracts.rules import describe
from data_platform.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dagster import Definitions

    from data_platform.lakehouse.inventory import Inventory

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
errors = Console(stderr=True, highlight=False)
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="The data platform from the command line.\n\nExamples: `dp run`, `dp contracts check`, "
    "`dp datasets ls`, `dp datasets show ads.listings`",
)
contracts_app = typer.Typer(no_args_is_help=True, help="Contracts: check them.")
datasets_app = typer.Typer(no_args_is_help=True, help="Datasets: find them, see what is published.")
app.add_typer(contracts_app, name="contracts")
app.add_typer(datasets_app, name="datasets")

DOMAINS = PROJECT / "data_platform" / "domains"


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"


FormatOption = Annotated[Format, typer.Option("--format", help="How to print.")]


@contextmanager
def _readable() -> Iterator[None]:
    """A user's mistake is a sentence, not a stack trace."""
    from data_platform.lakehouse.errors import LakehouseError
    from data_platform.marketplace.errors import MarketplaceError

    try:
        yield
    except (ContractError, LakehouseError, MarketplaceError, ValueError) as error:
        errors.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        errors.print("Interrupted; what was published stays, and running again goes on from there.", style="yellow")
        raise typer.Exit(130) from None


@contracts_app.command("check")
def contracts_check(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files or folders; default: all domains.")] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """Check contracts: the ODCS standard first, then their meaning. All findings at once, as `file:line:column`."""
    from data_platform.contracts.catalog import check

    asked = paths or [DOMAINS]
    if absent := [path for path in asked if not path.exists()]:
        errors.print(f"no such file or folder: {', '.join(map(str, absent))}", style="red", markup=False)
        raise typer.Exit(2)
    findings = check(asked)
    if output is Format.JSON:
        fields = ("file", "line", "column", "code", "message", "fix")
        print(json.dumps([{name: getattr(each, name) for name in fields} for each in findings], indent=2))  # noqa: T201
    else:
        for finding in findings:
            console.print(str(finding), style="red", markup=False, soft_wrap=True)
        if not findings:
            console.print("All contracts hold.", style="green")
    raise typer.Exit(1 if findings else 0)


@datasets_app.command("ls")
def datasets_ls(
    domain: Annotated[str, typer.Option(help="Only this domain.")] = "", output: FormatOption = Format.TABLE
) -> None:
    """List datasets: owner, visibility, partitioning, and what is published of them."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.inventory import inventory

    with _readable():
        chosen = [each for each in _contracts().values() if not domain or each.domain == domain]
        found = {each.dataset: inventory(current_lakehouse(), each, history=1) for each in chosen}
    if output is Format.JSON:
        _print_json({each.dataset: _summary(found[each.dataset]) for each in chosen})
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column("dataset", no_wrap=True)
    for name in ("owner", "visibility", "partitions"):
        table.add_column(name)
    for name in ("published", "rows", "quarantined", "last published"):
        table.add_column(name, justify="right", no_wrap=True)
    for each in chosen:
        there = found[each.dataset]
        cut = " x ".join(key.granularity for key in each.partitioning.keys) if each.partitioning else "-"
        table.add_row(
            each.dataset,
            each.owners[0] if each.owners else "",
            each.visibility,
            cut,
            "external" if each.external else str(len(there.partitions)),
            f"{there.rows:,}",
            f"{there.quarantined:,}",
            f"{there.published_at:%Y-%m-%d %H:%M}" if there.published_at else "never",
        )
    console.print(table)


@datasets_app.command("show")
def datasets_show(dataset: str, output: FormatOption = Format.TABLE) -> None:
    """Show one dataset: what it promises, what is published, where it came from."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.inventory import inventory

    with _readable():
        contracts = _contracts()
        if dataset not in contracts:
            near = ", ".join(contracts.suggest(dataset))
            errors.print(
                f"no dataset {dataset!r}" + (f"; did you mean {near}?" if near else ""), style="red", markup=False
            )
            raise typer.Exit(1)
        contract = contracts[dataset]
        there = inventory(current_lakehouse(), contract)
    if output is Format.JSON:
        _print_json(_summary(there) | {"version": contract.version, "columns": list(contract.column_names)})
        return
    console.print(f"[bold]{contract.dataset}[/bold] {contract.version} ({contract.status}, {contract.visibility})")
    console.print(contract.description, markup=False)
    console.print(f"owner {', '.join(contract.owners)}; contract {contract.file}", markup=False, soft_wrap=True)
    columns = Table(
        "column", "type", "required", "classification", "description", title="Columns", title_justify="left"
    )
    for column in contract.columns:
        mark = column.classification + (f" ({column.pii})" if column.pii else "")
        columns.add_row(column.name, str(column.type), "yes" if column.required else "", mark, column.description)
    rules = Table("rule", "policy", "what must hold", title="Rules", title_justify="left")
    for rule in contract.rules:
        limit = f" up to {rule.on_failure.max_percent:g}%" if rule.on_failure.max_percent is not None else ""
        rules.add_row(rule.name, f"{rule.on_failure.policy}{limit}", describe(rule))
    history = Table("snapshot", "published", "partitions", "run", "read", title="Publications", title_justify="left")
    for snapshot in there.snapshots:
        cut = snapshot.partitions
        shown = f"{cut[0]} .. {cut[-1]}" if len(cut) > 1 else "".join(cut) or "whole"
        when = f"{snapshot.published_at:%Y-%m-%d %H:%M:%S}"
        history.add_row(str(snapshot.snapshot_id), when, shown, snapshot.run_id[:8], "\n".join(snapshot.inputs))
    for table in (columns, rules, history):
        console.print(table)
    published = f"{len(there.partitions)} partition(s), " if contract.partitioning else ""
    console.print(f"{published}{there.rows:,} rows, {there.bytes:,} bytes; {there.quarantined:,} rows in quarantine")


@app.command()
def run(
    days: Annotated[int, typer.Option(min=1, help="How many days, the last being --until.")] = 14,
    scale: Annotated[
        float, typer.Option(min=0.01, help="Size of the simulated marketplace; 1 is 20,000 events a day.")
    ] = 1,
    until: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: yesterday (UTC).")] = None,
) -> None:
    """Fill the example's source systems and bring all datasets up to date, day by day.

    Incremental: published partitions are left alone, blocked ones are tried again.
    """
    from data_platform.operations.marketplace_run import marketplace_run

    last: date = until.date() if until else datetime.now(UTC).date() - timedelta(days=1)
    with _readable():
        failed = marketplace_run(Settings.from_environment(), _definitions, last, days, scale, console)
    raise typer.Exit(1 if failed else 0)


def _definitions() -> Definitions:
    from data_platform.definitions import defs

    return defs


def _contracts() -> Contracts:
    return Contracts.load(DOMAINS, cache=Settings.from_environment().home / "cache")


def _summary(there: Inventory) -> dict[str, Any]:
    return {
        "rows": there.rows,
        "bytes": there.bytes,
        "partitions": list(there.partitions),
        "quarantined": there.quarantined,
        "snapshot": there.snapshots[0].snapshot_id if there.snapshots else None,
        "published_at": there.published_at.isoformat() if there.published_at else None,
    }


def _print_json(value: object) -> None:
    print(json.dumps(value, indent=2))  # noqa: T201


def _add_sources() -> None:
    from data_platform.marketplace.__main__ import app as sources

    app.add_typer(sources, name="sources", help="The example's source systems: start, stop, fill.")


_add_sources()
