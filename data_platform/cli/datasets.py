"""`dp datasets`: find datasets, see what they promise and what is published of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.table import Table

from data_platform.cli.output import Format, FormatOption, console, plain, print_json, readable
from data_platform.cli.project import all_contracts, contract_of
from data_platform.contracts.rules import describe

if TYPE_CHECKING:
    from data_platform.contracts import OnFailure
    from data_platform.lakehouse.inventory import Inventory

app = typer.Typer(no_args_is_help=True, help="Datasets: find them, see what is published.")


@app.command("ls")
def datasets_ls(
    domain: Annotated[str, typer.Option(help="Only this domain.")] = "", output: FormatOption = Format.TABLE
) -> None:
    """List datasets: owner, visibility, partitioning, and what is published of them."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.inventory import inventory

    with readable():
        chosen = [each for each in all_contracts().values() if not domain or each.domain == domain]
        found = {each.dataset: inventory(current_lakehouse(), each, history=1) for each in chosen}
    if output is Format.JSON:
        print_json({each.dataset: _summary(found[each.dataset]) for each in chosen})
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


@app.command("show")
def datasets_show(dataset: str, output: FormatOption = Format.TABLE) -> None:
    """Show one dataset: what it promises, what is published, where it came from."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.inventory import inventory

    with readable():
        contract = contract_of(dataset)
        there = inventory(current_lakehouse(), contract)
    if output is Format.JSON:
        print_json(_summary(there) | {"version": contract.version, "columns": list(contract.column_names)})
        return
    console.print(f"[bold]{contract.dataset}[/bold] {contract.version} ({contract.status}, {contract.visibility})")
    console.print(contract.description, markup=False)
    console.print(f"owner {', '.join(contract.owners)}; contract {contract.file}", markup=False, soft_wrap=True)
    columns = Table(
        "column", "type", "required", "classification", "description", title="Columns", title_justify="left"
    )
    for column in contract.columns:
        mark = column.classification + (f" ({column.pii})" if column.pii else "")
        columns.add_row(
            *plain(column.name, str(column.type), "yes" if column.required else "", mark, column.description)
        )
    rules = Table("rule", "policy", "what must hold", title="Rules", title_justify="left")
    for rule in contract.rules:
        rules.add_row(*plain(rule.name, _policy(rule.on_failure), describe(rule)))
    for promise in contract.unchecked:
        by = f"left to {promise.engine}" if promise.engine else "for people"
        rules.add_row(*plain(promise.name, f"not checked ({by})", promise.text))
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


def _policy(on_failure: OnFailure) -> str:
    limits = (f"{on_failure.max_percent:g}%" if on_failure.max_percent is not None else "", _rows(on_failure.max_rows))
    most = " and ".join(filter(None, limits))
    return f"{on_failure.policy} up to {most}" if most else str(on_failure.policy)


def _rows(count: int | None) -> str:
    return "" if count is None else f"{count:,} row{'' if count == 1 else 's'}"


def _summary(there: Inventory) -> dict[str, Any]:
    return {
        "rows": there.rows,
        "bytes": there.bytes,
        "partitions": list(there.partitions),
        "quarantined": there.quarantined,
        "snapshot": there.snapshots[0].snapshot_id if there.snapshots else None,
        "published_at": there.published_at.isoformat() if there.published_at else None,
    }
