"""The audit over frames on local disk, without a lakehouse: what the tests of this room run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from data_platform.contracts import Contract, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.quality.audit import audit
from data_platform.quality.conform import Conform, conform
from data_platform.quality.duplicates import duplicate_rows
from data_platform.quality.policy import Verdict, decide
from data_platform.quality.rows import CONFORMED, FILE, ROW, broken_rows, create_views

DATABASE = duckdb.connect()


@contextmanager
def conformed(
    contract: Contract, folder: Path, *tables: pa.Table, alone: bool = False
) -> Iterator[tuple[duckdb.DuckDBPyConnection, Conform]]:
    """A connection with the views of an audit over some tables, each in a file of its own.

    Connections share one database, which is quicker, but where a test wants one `alone`, to restrict it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect() if alone else DATABASE.cursor()
    connection.execute("SET TimeZone = 'UTC'")
    paths = [str(folder / f"{place}.parquet") for place in range(len(tables))]
    for path, each in zip(paths, tables, strict=True):
        connection.from_arrow(each).write_parquet(path)  # as `stage` does
    columns = types(connection, tables[0]) if tables else {}
    shape = conform(contract, columns)
    assert not shape.problems, shape.problems
    create_views(connection, shape, paths, columns)
    try:
        yield connection, shape
    finally:
        connection.close()


def types(connection: duckdb.DuckDBPyConnection, table: pa.Table) -> Mapping[str, str]:
    relation = connection.from_arrow(table)
    return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}


def metrics(
    contract: Contract, folder: Path, *tables: pa.Table, partitions: Sequence[str] = (WHOLE,)
) -> dict[str | None, Mapping[str, float]]:
    """What the audit counts, per partition and rule."""
    with conformed(contract, folder, *tables) as (connection, shape):
        return {
            name: each.metrics for name, each in audit(connection, contract, shape, partitions, contract.rules).items()
        }


def verdicts(
    contract: Contract, folder: Path, *tables: pa.Table, partitions: Sequence[str] = (WHOLE,)
) -> list[Verdict]:
    with conformed(contract, folder, *tables) as (connection, shape):
        counted = audit(connection, contract, shape, partitions, contract.rules)
        return [decide(contract.rules, partition, counted[partition]) for partition in partitions]


def broken(contract: Contract, rule: Rule, folder: Path, table: pa.Table) -> list[bool]:
    """Row by row, whether it breaks the rule; what the audit counts must be their number."""
    with conformed(contract, folder, table) as (connection, shape):
        condition = broken_rows(rule, contract, shape)
        query = f"SELECT coalesce({condition}, false) FROM {CONFORMED} ORDER BY {FILE}, {ROW}"
        flags = [flag for (flag,) in connection.execute(query).fetchall()]
        counted = audit(connection, contract, shape, (WHOLE,), contract.rules)[WHOLE]
        assert counted.metrics[rule.name] == sum(flags)
        assert counted.rows == table.num_rows
        return flags


def surplus(contract: Contract, rule: Rule, folder: Path, *tables: pa.Table, show: str) -> list[Any]:
    """The values of one column in the rows that are duplicates, sorted."""
    with conformed(contract, folder, *tables) as (connection, _):
        found = f"JOIN ({duplicate_rows(rule, contract)}) USING ({FILE}, {ROW})"
        query = f'SELECT "{show}" FROM {CONFORMED} {found} ORDER BY ALL'
        return [value for (value,) in connection.execute(query).fetchall()]
