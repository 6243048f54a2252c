"""The rows of what lands as the landing zone will read them, and the days that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform import clock
from data_platform.contracts import Column, Contract, Partitioning, PartitionKey
from data_platform.files.landing.arrivals import AHEAD, partition_of_row
from data_platform.files.read import read
from data_platform.quality.sql import identifier
from data_platform.scaffold.keys import DAY
from data_platform.scaffold.model import ColumnProfile, Cut, TableProfile
from data_platform.scaffold.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


@dataclass(frozen=True, slots=True)
class Days:
    """The days (`YYYY-MM-DD`) of a column: the first, the last, how many."""

    first: str
    last: str
    count: int


def rows_of(work: Workspace, table: TableProfile, path: str = "") -> DuckDBPyRelation:
    """The rows of all files, or of one, as the landing zone will read them."""
    types = {each.name: each.type for each in table.columns}
    return read([path] if path else table.source.paths, table.source.format, types, work.connection, work.reading)


def day_of(rows: DuckDBPyRelation, column: ColumnProfile) -> str:
    """The SQL of a row's partition, as the landing zone has it."""
    cut = Partitioning((PartitionKey(column.name, "day", "0001-01-01"),))
    contract = Contract("scaffold", "days", "1.0.0", (Column(column.name, column.type),), partitioning=cut)
    return partition_of_row(rows, contract)


def days_of(rows: DuckDBPyRelation, columns: Sequence[ColumnProfile]) -> dict[str, Days]:
    """By the columns' names."""
    cuts = [day_of(rows, each) for each in columns]
    parts = [f"coalesce(min({cut}), ''), coalesce(max({cut}), ''), count(DISTINCT {cut})" for cut in cuts]
    [found] = rows.aggregate(", ".join(parts)).fetchall()
    return {each.name: Days(*found[at * 3 : at * 3 + 3]) for at, each in enumerate(columns)}


def rows_by_day(work: Workspace, table: TableProfile, cut: Cut) -> str:
    """The name of a view of all rows with the DAY that each is of."""
    rows, name = rows_of(work, table), f"{table.name} by day"
    rows.project(f"*, {day_of(rows, table.column(cut.column))} AS {identifier(DAY)}").create_view(name)
    return name


def latest() -> str:
    """The last day that a file may have today."""
    return (clock.now() + AHEAD).date().isoformat()
