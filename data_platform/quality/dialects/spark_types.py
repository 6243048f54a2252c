"""The contract's types as Spark's own."""

from __future__ import annotations

from pyspark.sql import types as t

from data_platform.contracts.types import ColumnType

HAS_TIME = hasattr(t, "TimeType")
"""Whether this Spark has a type for a time of day, as 4.1 and later have."""
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
if HAS_TIME:
    PRIMITIVES["time"] = t.TimeType()


def type_of(kind: ColumnType, instead: t.DataType | None = None) -> t.DataType:
    """Spark's type. Where it has none (for a time of day), `instead`; KeyError where nothing is given instead."""
    match kind:
        case ColumnType(kind="decimal"):
            return t.DecimalType(kind.precision, kind.scale)
        case ColumnType(kind="list", element=ColumnType() as element):
            return t.ArrayType(type_of(element, instead))
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            return t.MapType(type_of(key, instead), type_of(element, instead))
        case ColumnType(kind="struct"):
            return t.StructType([t.StructField(name, type_of(of, instead)) for name, of in kind.fields])
    return PRIMITIVES[kind.kind] if instead is None else PRIMITIVES.get(kind.kind, instead)
