"""The contract's types as Spark's."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark import __version__
from pyspark.sql import types as t

from data_platform.contracts import Column, ColumnType
from data_platform.lakehouse import LakehouseError

TIMES = {"spark.sql.timeType.enabled": "true"} if hasattr(t, "TimeType") else {}
"""Times of day, which Spark has a type for since 4.1, are switched off there until somebody asks for them."""
NO_TIME = (
    f"Spark {__version__} has no type for a time of day ({{}}); Spark 4.1 is the first that has. Upgrade pyspark, or name "
    "the columns to read without it."
)
PRIMITIVES: dict[str, t.DataType] = {
    "string": t.StringType(),
    "int": t.IntegerType(),
    "long": t.LongType(),
    "float": t.FloatType(),
    "double": t.DoubleType(),
    "boolean": t.BooleanType(),
    "date": t.DateType(),
    "timestamp": t.TimestampNTZType(),
    "timestamptz": t.TimestampType(),
    "binary": t.BinaryType(),
}
if TIMES:
    PRIMITIVES["time"] = t.TimeType()


def schema_of(dataset: str, columns: Sequence[Column]) -> t.StructType:
    """The columns as Spark reads them; LakehouseError where this Spark has no such type."""
    try:
        return t.StructType([t.StructField(column.name, type_of(column.type)) for column in columns])
    except KeyError:
        timed = ", ".join(column.name for column in columns if "time" in _primitives(column.type))
        raise LakehouseError(f"{dataset}: {NO_TIME.format(timed)}") from None


def type_of(kind: ColumnType) -> t.DataType:
    """KeyError where this Spark has no such type."""
    match kind:
        case ColumnType(kind="decimal"):
            return t.DecimalType(kind.precision, kind.scale)
        case ColumnType(kind="list", element=ColumnType() as element):
            return t.ArrayType(type_of(element))
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as value):
            return t.MapType(type_of(key), type_of(value))
        case ColumnType(kind="struct"):
            return t.StructType([t.StructField(name, type_of(of)) for name, of in kind.fields])
    return PRIMITIVES[kind.kind]


def _primitives(kind: ColumnType) -> set[str]:
    inner = [each for each in (kind.key, kind.element, *(of for _, of in kind.fields)) if each is not None]
    return {kind.kind}.union(*map(_primitives, inner))
