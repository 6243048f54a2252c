"""SQL text built safely: every identifier and every value passes through here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data_platform.contracts.model import Partitioning, PartitionKey
from data_platform.contracts.partitions import DAY_FORMAT, HOUR_FORMAT, WHOLE
from data_platform.contracts.types import PRIMITIVES, ColumnType

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

SETTINGS = ("SET TimeZone = 'UTC'", "SET async_threads = 0")
"""What any connection needs before rows come from it: DuckDB 2.0 may wait for ever where rows fail while a COPY writes
others in the background."""


def settle(rows: DuckDBPyRelation) -> DuckDBPyRelation:
    """The rows, with SETTINGS on whatever connection they are of."""
    for each in SETTINGS:
        rows.query("frame", each)
    return rows


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
        case "int" | "long" if isinstance(value, int):
            return str(int(value))
        case "float" | "double" if isinstance(value, int | float):
            return f"{text(repr(float(value)))}::{sql_type(kind)}"  # as text, for nan and inf are no SQL numbers
        case "int" | "long" | "float" | "double" | "decimal":  # a bound such as 0.5 on an integer column
            return _number(value)
        case "binary":
            return f"encode({text(str(value))})"
        case "date" | "time" | "timestamp" | "timestamptz":
            spelt = value.isoformat() if isinstance(value, date | datetime | time) else str(value)
            return f"CAST({text(spelt)} AS {sql_type(kind)})"
    raise ValueError(f"{value!r} is not a value of type {kind}")


def _number(value: Any) -> str:
    """A number without exponent, which would make DuckDB compare as doubles."""
    number = Decimal(str(value))
    if not number.is_finite():
        raise ValueError(f"{value!r} is not a value of an exact number's type")
    return format(number, "f")


def sql_type(kind: ColumnType) -> str:
    """The DuckDB type of a column, spelt as DESCRIBE spells it but for the names in a struct, which are all quoted."""
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
    the date, the whole hours since 1970, or the static value."""
    column = column or identifier(key.column)
    match key.granularity:
        case "day":
            return f"CAST({column} AS DATE)"
        case "hour":
            return f"(epoch_us({column}) - CASE WHEN epoch_us({column}) < 0 THEN 3599999999 ELSE 0 END) // 3600000000"
    return column


def buckets(partitioning: Partitioning | None) -> list[str]:
    return [bucket(key) for key in partitioning.keys] if partitioning else []


def spelt(partitioning: Partitioning | None, cuts: Sequence[str]) -> str:
    """The partition as text (see `contracts/partitions.py`), from expressions of its buckets."""
    parts = []
    for key, cut in zip(partitioning.keys if partitioning else (), cuts, strict=True):
        match key.granularity:
            case "day":
                parts.append(f"strftime({cut}, '{DAY_FORMAT}')")
            case "hour":
                parts.append(f"strftime(make_timestamp({cut} * 3600000000), '{HOUR_FORMAT}')")
            case _:
                parts.append(cut)
    return " || '|' || ".join(parts) or text(WHOLE)
