"""`dp export`: a dataset as a file for people or other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from data_platform.cli.output import fail, progress
from data_platform.cli.project import DatasetArgument
from data_platform.cli.sql import say

if TYPE_CHECKING:
    from data_platform.contracts import Contract
    from data_platform.lake import Library


def export(
    dataset: DatasetArgument,
    to: Annotated[
        str, typer.Option("--to", help="The file, or s3://bucket/key: .xlsx .csv .csv.gz .json .jsonl .parquet")
    ],
    partition: Annotated[
        list[str] | None, typer.Option("--partition", help="Only this partition; may be repeated; `latest` is one.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All partitions.")] = False,
    columns: Annotated[str, typer.Option(help="Only these columns, comma-separated, in this order.")] = "",
    where: Annotated[str, typer.Option(help="Only rows for which this SQL condition holds.")] = "",
    at: Annotated[str, typer.Option(help="Read the past: 2026-11-01, 2026-11-01T12:00, a snapshot or a tag.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file where there is one.")] = False,
) -> None:
    """Write a dataset's published rows to a file, all at once or not at all.

    Columns above `DATA_PLATFORM_CLEARANCE` are left out, and named. The file is made beside its place and then renamed,
    so that nobody finds half of one.
    """
    from data_platform.exports.formats import format_of
    from data_platform.exports.target import created
    from data_platform.exports.write import export_dataset
    from data_platform.lake import Library

    library, form = Library.current(), format_of(to)
    contract = library.find(dataset)
    chosen = _partitions(library, contract, partition or [], everything)
    names = tuple(each.strip() for each in columns.split(",") if each.strip())
    with progress(f"Writing {to}"), created(to, force=force) as draft:
        done = export_dataset(library, contract, draft, form, chosen, names, where, at or None)
    say(done, to)


def _partitions(library: Library, contract: Contract, named: list[str], everything: bool) -> tuple[str, ...] | None:
    """None for all of them; of a partitioned dataset somebody has to choose: a part is not to be taken for the whole."""
    from data_platform.contracts.partitions import latest
    from data_platform.lakehouse import MissingPartitions
    from data_platform.lakehouse.inventory import inventory

    if named and everything:
        fail("--partition and --all: choose one of them", code=2)
    if contract.partitioning is None:
        if named:
            fail(f"{contract.dataset} is not partitioned; leave out --partition", code=2)
        return None
    if everything:
        return None
    there = inventory(library.lakehouse, contract, history=1).partitions
    if not there:
        raise MissingPartitions(contract.dataset, ())
    newest = latest(contract.partitioning, there)
    if not named:
        fail(
            f"{contract.dataset} has {len(there)} partitions, {there[0]} .. {there[-1]}: choose --partition {newest[-1]} "
            "(or `latest`), or --all",
            code=2,
        )
    return tuple(dict.fromkeys(each for name in named for each in (newest if name == "latest" else (name,))))
