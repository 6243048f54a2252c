"""Two versions of the same rows, held against each other row for row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform.contracts import MASK, Column, Contract
from data_platform.lakehouse.duck import stored
from data_platform.quality.sql import buckets, identifier, identifiers, spelt, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SAMPLES = 5
"""How many rows that differ are shown."""
CLOSE = 1e-9
"""By how much, relative to its size, a float may differ that was added up in another order."""


@dataclass(frozen=True, slots=True)
class Difference:
    """How the rows of one partition differ: rows that only the first or the second version has, by column the number of
    rows (of one key, where there is a key) whose value differs, and a few of them in words. `rounding`: only floats do,
    in their last digits."""

    only_first: int
    only_second: int
    columns: dict[str, int]
    samples: tuple[str, ...]
    rounding: bool


def compare(
    connection: DuckDBPyConnection,
    contract: Contract,
    first: Sequence[str],
    second: Sequence[str],
    partitions: Sequence[str],
) -> dict[str, Difference]:
    """How the rows of these partitions in the `first` files differ from those in the `second`, by partition; nothing of
    those that have the same rows, in whatever order. Values of sensitive columns are masked."""
    place = spelt(contract.partitioning, buckets(contract.partitioning)) if contract.partitioning else "''"
    among = ", ".join(map(text, partitions))
    for name, files in (("first", first), ("second", second)):
        query = f"SELECT *, {place} AS __place FROM ({stored(connection, contract.columns, files)})"
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {name}_rows AS SELECT * FROM ({query}) WHERE __place IN ({among})"
        )
    for name, other in (("first", "second"), ("second", "first")):
        query = f"FROM {name}_rows EXCEPT ALL FROM {other}_rows"
        connection.execute(f"CREATE OR REPLACE TEMP TABLE only_{name} AS {query}")
    found = connection.execute("SELECT __place FROM only_first UNION SELECT __place FROM only_second ORDER BY ALL")
    return {place: _difference(connection, contract, place) for (place,) in found.fetchall()}


def _difference(connection: DuckDBPyConnection, contract: Contract, place: str) -> Difference:
    for name in ("first", "second"):
        query = f"SELECT * EXCLUDE (__place) FROM only_{name} WHERE __place = {text(place)}"
        connection.execute(f"CREATE OR REPLACE TEMP VIEW {name}_left AS {query}")
    keys = [name for name in contract.primary_key if name in contract.column_names]
    others = [column for column in contract.columns if column.name not in keys]
    columns = _by_key(connection, keys, others) if keys else _by_column(connection, others)
    return Difference(
        _count(connection, "SELECT count(*) FROM first_left"),
        _count(connection, "SELECT count(*) FROM second_left"),
        {name: count for name, count in columns.items() if count},
        tuple(_samples(connection, contract, keys, [column for column in others if columns[column.name]])),
        _only_rounding(connection, contract),
    )


def _by_key(connection: DuckDBPyConnection, keys: Sequence[str], others: Sequence[Column]) -> dict[str, int]:
    """In how many rows that both versions have, by their key, each column differs."""
    if not others:
        return {}
    counts = [f"count(*) FILTER (WHERE {_differs(column.name)})" for column in others]
    row = connection.execute(f"SELECT {', '.join(counts)} FROM {_joined(keys, 'JOIN')}").fetchall()[0]
    return dict(zip((column.name for column in others), row, strict=True))


def _by_column(connection: DuckDBPyConnection, others: Sequence[Column]) -> dict[str, int]:
    """How many values of each column only the one or the other version has, where nothing says which row is which."""
    found = {}
    for column in others:
        name = identifier(column.name)
        halves = [
            _count(connection, f"SELECT count(*) FROM (SELECT {name} FROM {a} EXCEPT ALL SELECT {name} FROM {b})")
            for a, b in (("first_left", "second_left"), ("second_left", "first_left"))
        ]
        found[column.name] = max(halves)
    return found


def _samples(
    connection: DuckDBPyConnection, contract: Contract, keys: Sequence[str], differing: Sequence[Column]
) -> Iterator[str]:
    """A few rows in words: by key, what differs; where there is no key, rows that only one version has."""
    if not keys:
        for name, said in (("first", "only published"), ("second", "only made again")):
            shown = ", ".join(_shown(column, name) for column in contract.columns)
            for row in connection.execute(
                f"SELECT {shown} FROM {name}_left {name} ORDER BY ALL LIMIT {SAMPLES}"
            ).fetchall():
                yield f"{said}: {_named(contract.column_names, row)}"
        return
    key = ", ".join(
        f"coalesce({_shown(contract.column(name), 'first')}, {_shown(contract.column(name), 'second')})"
        for name in keys
    )
    values = [
        f"CASE WHEN {_differs(column.name)} THEN {_shown(column, side)} END"
        for column in differing
        for side in ("first", "second")
    ]
    flags = [f"{_differs(column.name)}" for column in differing]
    sides = ["first.__there IS NOT NULL", "second.__there IS NOT NULL"]
    query = f"SELECT {', '.join([key, *sides, *flags, *values])} FROM {_joined(keys, 'FULL JOIN')}"
    for row in connection.execute(f"{query} ORDER BY ALL LIMIT {SAMPLES}").fetchall():
        name = _named(keys, row[: len(keys)])
        in_first, in_second, *rest = row[len(keys) :]
        if not (in_first and in_second):
            yield f"{name}: only {'published' if in_first else 'made again'}"
            continue
        flagged, pairs = rest[: len(differing)], rest[len(differing) :]
        yield f"{name}: " + ", ".join(
            f"{column.name} is {_null(pairs[2 * i])}, made again {_null(pairs[2 * i + 1])}"
            for i, column in enumerate(differing)
            if flagged[i]
        )


def _joined(keys: Sequence[str], how: str) -> str:
    condition = " AND ".join(f"first.{identifier(key)} IS NOT DISTINCT FROM second.{identifier(key)}" for key in keys)
    sides = [f"(SELECT *, TRUE AS __there FROM {name}_left) {name}" for name in ("first", "second")]
    return f"{sides[0]} {how} {sides[1]} ON {condition}"


def _differs(column: str) -> str:
    return f"first.{identifier(column)} IS DISTINCT FROM second.{identifier(column)}"


def _shown(column: Column, side: str) -> str:
    value = f"{side}.{identifier(column.name)}"
    shown = text(MASK) if column.is_sensitive else f"CAST({value} AS VARCHAR)"
    return f"CASE WHEN {value} IS NOT NULL THEN {shown} END"


def _named(names: Sequence[str], values: Sequence[str | None]) -> str:
    return ", ".join(f"{name}={_null(value)}" for name, value in zip(names, values, strict=True))


def _null(value: str | None) -> str:
    return "null" if value is None else value


def _only_rounding(connection: DuckDBPyConnection, contract: Contract) -> bool:
    """Whether each row of the one version is a row of the other but for the last digits of floats."""
    floats = [column.name for column in contract.columns if column.type.kind in ("double", "float")]
    if not floats:
        return False
    rest = [column.name for column in contract.columns if column.name not in floats]
    same = f"CAST(row({identifiers(rest)}) AS VARCHAR)" if rest else "''"
    order = f"row_number() OVER (PARTITION BY {same} ORDER BY {identifiers(floats)})"
    sides = [f"(SELECT *, {same} AS __same, {order} AS __nth FROM {name}_left) {name}" for name in ("first", "second")]
    close = " AND ".join(f"({_close(identifier(name))})" for name in floats)
    query = f"{sides[0]} FULL JOIN {sides[1]} USING (__same, __nth) WHERE NOT coalesce({close}, FALSE)"
    return not _count(connection, f"SELECT count(*) FROM {query}")


def _close(name: str) -> str:
    a, b = f"first.{name}", f"second.{name}"
    near = f"isfinite({a} + {b}) AND abs({a} - {b}) <= {CLOSE} * greatest(abs({a}), abs({b}))"
    return f"{a} IS NOT DISTINCT FROM {b} OR ({near})"


def _count(connection: DuckDBPyConnection, query: str) -> int:
    return connection.execute(query).fetchall()[0][0]
