"""Rows that wait, staged again beside the published rows of their partitions; and what an audit of both would change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.lakehouse.duck import stored
from data_platform.lakehouse.prepare import Prepared
from data_platform.lakehouse.staging import Staged, stage, write
from data_platform.quality.restore import arrived_types, restored_rows
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

BY_PARTITION = "PARTITION_BY (__cut)"
CUT = "md5(_partition) AS __cut"
"""How files of quarantined rows are cut: by partition, spelt as it may stand in a path."""
JUDGEMENT = "_row, _partition, _rules, _reasons, _uncast, _contract_version"


@dataclass(frozen=True, slots=True)
class Change:
    """What a replay changes in one partition, in rows: out of quarantine, into it, and others that get new reasons."""

    merged: int
    withdrawn: int
    relabelled: int

    @property
    def moves(self) -> bool:
        return bool(self.merged or self.withdrawn)


def restage(
    connection: DuckDBPyConnection, contract: Contract, published: Sequence[str], waiting: str, folder: str
) -> Staged:
    """Stage the rows of published data files, and those of a query of quarantined rows with their stamp."""
    columns = {column.name: sql_type(column.type) for column in contract.columns}
    there = Staged(folder, (), columns)
    if published:
        there = stage(connection.sql(stored(connection, contract.columns, published)), contract, f"{folder}/published")
    restored = restored_rows(contract, waiting, connection.execute(arrived_types(waiting)).fetchall())
    back = write(connection, f"SELECT *, {CUT} FROM ({restored})", f"{folder}/returned", BY_PARTITION)
    lost = connection.execute(f"SELECT DISTINCT unnest(json_keys(_uncast)) FROM {parquet(back.files)} ORDER BY ALL")
    return replace(
        there,
        folder=folder,
        files=there.files + back.files,
        sizes=there.sizes + back.sizes,
        counts=there.counts + back.counts,
        rows=there.rows + back.rows,
        returned=back.files,
        lost=tuple(column for (column,) in lost.fetchall()),
    )


def changes(connection: DuckDBPyConnection, waiting: str, prepared: Prepared) -> dict[str, Change]:
    """What changes by partition, where anything does: the rows that waited against those that are refused now."""
    before = f"SELECT {JUDGEMENT} FROM ({waiting})"
    after = f"SELECT {JUDGEMENT} FROM " + (parquet(prepared.refused) if prepared.refused else f"({before}) WHERE FALSE")
    told = "({0}._rules, {0}._reasons, {0}._uncast, {0}._contract_version)"
    found = connection.execute(
        "SELECT coalesce(b._partition, a._partition), count(*) FILTER (WHERE a._row IS NULL), "
        "count(*) FILTER (WHERE b._row IS NULL), "
        f"count(*) FILTER (WHERE a._row = b._row AND {told.format('a')} IS DISTINCT FROM {told.format('b')}) "
        f"FROM ({before}) b FULL JOIN ({after}) a ON a._row = b._row GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    blocked = {verdict.partition for verdict in prepared.verdicts if verdict.blocked}
    made = {partition: Change(*counts) for partition, *counts in found if partition not in blocked}
    return {partition: change for partition, change in made.items() if change.moves or change.relabelled}


def files_of(files: Sequence[str], partition: str) -> list[str]:
    """Those of the files that were cut for one partition."""
    mark = f"/__cut={hashlib.md5(partition.encode(), usedforsecurity=False).hexdigest()}/"
    return [file for file in files if mark in file]
