"""SQL text built safely: every identifier and every value passes through here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from data_platform.contracts.model import Partitioning, PartitionKey
from data_platform.contracts.types import PRIMITIVES, ColumnType


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def identifiers(names: Iterable[str]) -> str:
    return ", ".join(identifier(name) for name in names)


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def literal(value: Any, kind: ColumnType) -> str:
    """`value` as a literal of the column's type; ValueError where it is not one."""
    if value is None:
        return "NULL"
    match kind.kind:
        case "string":
            return text(str(value))
        case "boolean" if isinstance(value, bool):
            return "TRUE" if value else "FALSE"
        case "int" | "long" if isinstance(value, int | float) and int(value) == value:
            return str(int(value))
        case "float" | "double" if isinstance(value, int | float):
            return f"{float(value)!r}::{sql_type(kind)}"
        case "int" | "long" | "float" | "double" | "decimal":  # a bound such as 0.5 on an integer column
            return str(Decimal(str(value)))
        case "date" | "time" | "timestamp" | "timestamptz":
            spelt = value.isoformat() if isinstance(value, date | datetime | time) else str(value)
            return f"CAST({text(spelt)} AS {sql_type(kind)})"
    raise ValueError(f"{value!r} is not a value of type {kind}")


def sql_type(kind: ColumnType) -> str:
    """The DuckDB type of a column, spelt as DESCRIBE spells it."""
    match kind:
        case ColumnType(kind="decimal"):
            return f"DECIMAL({kind.precision},{kind.scale})"
        case ColumnType(kind="list", element=ColumnType() as element):
            return f"{sql_type(element)}[]"
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            return f"MAP({sql_type(key)}, {sql_type(element)})"
        case ColumnType(kind="struct"):
            return "STRUCT(" + ", ".join(f"{identifier(name)} {sql_type(of)}" for name, of in kind.fields) + ")"
    return PRIMITIVES[kind.kind]


def files(paths: Iterable[str], options: str = "") -> str:
    """A table function over Parquet files; never reads partition values from folder names."""
    return f"read_parquet([{', '.join(text(path) for path in paths)}], hive_partitioning=false{options})"


def bucket(key: PartitionKey, column: str = "") -> str:
    """An expression with one value per partition of this key, cheap enough to group every row by, and safe in a path:
    the date, the hours since 1970, or the static value."""
    column = column or identifier(key.column)
    match key.granularity:
        case "day":
            return f"CAST({column} AS DATE)"
        case "hour":
            return f"CAST(floor(epoch_us({column}) / 3600000000) AS BIGINT)"
    return column


def buckets(partitioning: Partitioning | None) -> list[str]:
    return [bucket(key) for key in partitioning.keys] if partitioning else []


def in_partition(partitioning: Partitioning | None, partition: str) -> str:
    """A condition that is true for the rows of one partition."""
    from data_platform.contracts import partitions

    if partitioning is None:
        return "TRUE"
    conditions = []
    for key, value in zip(partitioning.keys, partitions.split(partitioning, partition), strict=True):
        if key.granularity == "static":
            conditions.append(f"{identifier(key.column)} = {text(value)}")
        else:
            start = partitions.start_of(key, value)
            wanted = text(value) if key.granularity == "day" else str(int(start.timestamp()) // 3600)
            conditions.append(f"{bucket(key)} = {'DATE ' if key.granularity == 'day' else ''}{wanted}")
    return " AND ".join(conditions)
