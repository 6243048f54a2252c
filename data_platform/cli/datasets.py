"""`dp datasets`: find datasets, see what they promise and what is published of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from data_platform.cli.output import Format, FormatOption, console, examples, print_json, print_table, progress
from data_platform.cli.project import DatasetArgument, DomainOption, all_contracts, contract_of

if TYPE_CHECKING:
    from data_platform.contracts import Contract, OnFailure
    from data_platform.lakehouse.inventory import Inventory

app = typer.Typer(no_args_is_help=True, help="Datasets: find them, see what is published.")


@app.command(
    "ls",
    epilog=examples(
        "dp datasets ls", "dp datasets ls --domain ads", "dp datasets ls --format json | jq 'keys'  # for programs"
    ),
)
def datasets_ls(domain: DomainOption = "", output: FormatOption = Format.TABLE) -> None:
    """List datasets: owner, visibility, partitioning, and what is published of them."""
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.inventory import inventory

    chosen = [each for each in all_contracts().values() if not domain or each.domain == domain]
    with progress("Reading the catalog", len(chosen)) as advance:
        found = {}
        for each in chosen:
            found[each.dataset] = inventory(current_lakehouse(), each, history=1)
            advance()
    if output is Format.JSON:
        print_json({each.dataset: _summary(found[each.dataset]) for each in chosen})
        return
    columns = ("dataset", "owner", "visibility", "partitions", "published", "rows", "quarantined", "last published")
    print_table(columns, [_listed(each, found[each.dataset]) for each in chosen])


def _listed(contract: Contract, there: Inventory) -> tuple[object, ...]:
    cut = " x ".join(key.granularity for key in contract.partitioning.keys) if contract.partitioning else None
    return (
        contract.dataset,
        contract.owners[0] if contract.owners else "",
        contract.visibility,
        cut,
        "external" if contract.external else str(len(there.partitions)),
        there.rows,
        there.quarantined,
        there.published_at or "never",
    )


@app.command("show", epilog=examples("dp datasets show ads.listings", "dp datasets show ads.listings --format json"))
def datasets_show(dataset: DatasetArgument, output: FormatOption = Format.TABLE) -> None:
    """Show one dataset: what it promises, what is published, where it came from."""
    from data_platform.contracts.rules import describe
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lakehouse.inventory import inventory

    contract = contract_of(dataset)
    with progress("Reading the catalog"):
        there = inventory(current_lakehouse(), contract)
    if output is Format.JSON:
        print_json(_promises(contract) | _summary(there))
        return
    standing = f"{contract.status}, {contract.visibility}, size {contract.size}"
    console.print(f"[bold]{contract.dataset}[/bold] {contract.version} ({standing})")
    console.print(contract.description, markup=False)
    console.print(f"owner {', '.join(contract.owners)}; contract {contract.file}", markup=False, soft_wrap=True)
    print_table(
        ("column", "type", "required", "classification", "description"),
        [
            (
                each.name,
                str(each.type),
                "yes" if each.required else "",
                each.classification + (f" ({each.pii})" if each.pii else ""),
                each.description,
            )
            for each in contract.columns
        ],
        title="Columns",
    )
    rules = [(rule.name, _policy(rule.on_failure), describe(rule)) for rule in contract.rules]
    for promise in contract.unchecked:
        by = f"left to {promise.engine}" if promise.engine else "for people"
        rules.append((promise.name, f"not checked ({by})", promise.text))
    print_table(("rule", "policy", "what must hold"), rules, title="Rules")
    history = []
    for snapshot in there.snapshots:
        cut = snapshot.partitions
        shown = f"{cut[0]} .. {cut[-1]}" if len(cut) > 1 else "".join(cut) or "whole"
        when = f"{snapshot.published_at:%Y-%m-%d %H:%M:%S}"
        history.append((str(snapshot.snapshot_id), when, shown, snapshot.run_id[:8], "\n".join(snapshot.inputs)))
    print_table(("snapshot", "published", "partitions", "run", "read"), history, title="Publications")
    published = f"{len(there.partitions)} partition(s), " if contract.partitioning else ""
    console.print(f"{published}{there.rows:,} rows, {there.bytes:,} bytes; {there.quarantined:,} rows in quarantine")


def _promises(contract: Contract) -> dict[str, Any]:
    from data_platform.contracts.rules import describe

    return {
        "dataset": contract.dataset,
        "version": contract.version,
        "status": contract.status,
        "visibility": contract.visibility,
        "size": contract.size,
        "description": contract.description,
        "owners": list(contract.owners),
        "contract": contract.file,
        "columns": list(contract.column_names),
        "types": {each.name: str(each.type) for each in contract.columns},
        "rules": {rule.name: describe(rule) for rule in contract.rules},
    }


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
