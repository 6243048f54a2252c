"""`dp lineage` and `dp impact`: where columns come from and go to, and what was made of published rows."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_platform.cli.output import Format, FormatOption, console, print_json, print_table, progress
from data_platform.cli.project import ColumnArgument, all_contracts, column_of, only_of

if TYPE_CHECKING:
    from data_platform.contracts import Contract
    from data_platform.lineage.graph import Graph
    from data_platform.lineage.impact import Affected

NAMED = 4
"""How many partitions a table names that are not a range."""


class Form(StrEnum):
    TREE = "tree"
    MERMAID = "mermaid"
    SVG = "svg"
    JSON = "json"


def lineage(
    asked: ColumnArgument,
    up: Annotated[int | None, typer.Option(min=0, help="How many datasets back; default: 1, with --down 0.")] = None,
    down: Annotated[int | None, typer.Option(min=0, help="How many datasets on; default: 1, with --up 0.")] = None,
    form: Annotated[
        Form, typer.Option("--format", help="A tree; a diagram (Mermaid's text, or SVG); JSON for programs.")
    ] = Form.TREE,
) -> None:
    """Say what columns come from and what they go into: values, filters, joins, grouping, order.

    Of SQL datasets this is known before they ever ran, of others from their last run. Where nobody can look inside it
    says so, and why.
    """
    from data_platform.lineage.render import as_json, mermaid, svg, tree

    contract, column = column_of(asked)
    if up is None and down is None:
        up = down = 1
    part = _graph().around(contract.dataset, column, up=up or 0, down=down or 0)
    if form is Form.JSON:
        print_json(as_json(part))
        return
    lines = tree(part) if form is Form.TREE else [mermaid(part) if form is Form.MERMAID else svg(part)]
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)


def impact(
    asked: ColumnArgument,
    partition: Annotated[str, typer.Option("--partition", "-p", help="Only what was made of this partition.")] = "",
    snapshot: Annotated[
        int | None,
        typer.Option("--snapshot", metavar="SNAPSHOT", help="Only what was made of what this one published."),
    ] = None,
    output: FormatOption = Format.TABLE,
) -> None:
    """List every dataset, column and partition whose published rows were derived from this one, with owners.

    By the snapshots that were recorded when they were made: not by what the code says today. With --partition and
    --snapshot, what was made of the partition while its rows were those of the snapshot.
    """
    from data_platform.lakehouse import current_lakehouse
    from data_platform.lineage.impact import impact as derived
    from data_platform.operations.lineage import written

    contract, column = column_of(asked)
    only_of(contract, partition)
    contracts = all_contracts()
    with progress("Reading what is recorded"):
        graph = written(contracts)
        found = derived(current_lakehouse(), graph, contracts, contract.dataset, column, partition or None, snapshot)
    if output is Format.JSON:
        print_json([asdict(each) for each in found])
        return
    if not found:
        console.print(f"No published rows are recorded as derived from {asked}{_which(partition, snapshot)}.")
        return
    columns = ("dataset", "partitions", "made of it", "decided by it", "not known", "owners")
    print_table(columns, _rows(found, contracts))


def _graph() -> Graph:
    from data_platform import domains
    from data_platform.lakehouse import current_lakehouse
    from data_platform.operations.lineage import graph

    with progress("Reading the lineage"):
        return graph(current_lakehouse(), all_contracts(), domains)


def _which(partition: str, snapshot: int | None) -> str:
    return (f", partition {partition}" if partition else "") + (f", at snapshot {snapshot}" if snapshot else "")


def _rows(found: list[Affected], contracts: Any) -> list[tuple[str, ...]]:
    """One per dataset and set of columns; partitions together."""
    together: dict[tuple[Any, ...], list[str]] = {}
    for each in found:
        key = (each.dataset, each.direct, each.indirect, each.opaque, each.owners)
        together.setdefault(key, []).append(each.partition)
    return [
        (
            dataset,
            _partitions(contracts.get(dataset), partitions),
            *(", ".join(names) for names in (direct, indirect, opaque)),
            ", ".join(owners),
        )
        for (dataset, direct, indirect, opaque, owners), partitions in together.items()
    ]


def _partitions(contract: Contract | None, partitions: list[str]) -> str:
    """`2026-11-01 .. 2026-11-05 (5)`: days and hours as ranges, others by name."""
    from data_platform.contracts.partitions import STEP, WHOLE, ranges, spell

    if partitions == [WHOLE]:
        return "all of it"
    keys = contract.partitioning.keys if contract and contract.partitioning else ()
    if len(keys) != 1 or keys[0].granularity == "static":
        named = ", ".join(partitions[:NAMED])
        return named + (f" and {len(partitions) - NAMED} more" if len(partitions) > NAMED else "")
    (time,) = keys
    said = []
    for start, end in ranges(time, partitions):
        first, last = spell(time, start), spell(time, end - STEP[time.granularity])
        count = (end - start) // STEP[time.granularity]
        said.append(first if count == 1 else f"{first} .. {last} ({count})")
    return ", ".join(said)
