"""pandera's data types as ours: each library's empty column becomes an Arrow array, and Arrow's type one of ours."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from data_platform.contracts.types import ColumnType

PLAIN: dict[pa.DataType, str] = {
    **dict.fromkeys((pa.int8(), pa.int16(), pa.int32(), pa.uint8(), pa.uint16()), "int"),
    **dict.fromkeys((pa.int64(), pa.uint32()), "long"),
    **dict.fromkeys((pa.float16(), pa.float32()), "float"),
    pa.float64(): "double",
    pa.bool_(): "boolean",
    **dict.fromkeys((pa.string(), pa.large_string(), pa.string_view()), "string"),
    **dict.fromkeys((pa.binary(), pa.large_binary(), pa.binary_view()), "binary"),
    **dict.fromkeys((pa.date32(), pa.date64()), "date"),
}
RANGES: dict[pa.DataType, tuple[int, int | None]] = {  # types narrower than ours -> what they can hold
    pa.int8(): (-(2**7), 2**7 - 1),
    pa.int16(): (-(2**15), 2**15 - 1),
    pa.uint8(): (0, 2**8 - 1),
    pa.uint16(): (0, 2**16 - 1),
    pa.uint32(): (0, 2**32 - 1),
    pa.uint64(): (0, None),
}

SPARK: dict[str, pa.DataType] = {  # Spark's own conversion wants a session, to know its time zone
    **dict.fromkeys(("string", "char", "varchar"), pa.string()),
    "byte": pa.int8(),
    "short": pa.int16(),
    "integer": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestamp_ntz": pa.timestamp("us"),
    "binary": pa.binary(),
}


def arrow_type(dtype: Any) -> pa.DataType:
    """The Arrow type of a pandera data type's columns; TypeError where it has none."""
    import pandera.dtypes

    dtypes: Any = pandera.dtypes
    engines = {each.__module__.rpartition(".")[2] for each in type(dtype).__mro__}
    try:
        if "polars_engine" in engines:
            import polars as pl

            return pl.Series([], dtype=dtype.type).to_arrow().type
    except Exception as error:  # Polars says "no" in several ways, and panics
        raise TypeError(str(error)) from error
    if "pyspark_engine" in engines:
        return _arrow_of_spark(dtype.type)
    match dtype:  # pandas keeps these as objects
        case dtypes.Decimal(precision=int() as precision):
            return pa.decimal128(precision, dtype.scale)
        case dtypes.String():
            return pa.string()
        case dtypes.Category():
            return _arrow_of_pandas(dtype.categories)
        case dtypes.Date() if not isinstance(dtype, dtypes.Timestamp):
            return pa.date32()
    return _arrow_of_pandas((), getattr(dtype, "type", None))


def _arrow_of_spark(native: Any) -> pa.DataType:
    match native.typeName():
        case "decimal":
            return pa.decimal128(native.precision, native.scale)
        case "array":
            return pa.list_(_arrow_of_spark(native.elementType))
        case "map":
            return pa.map_(_arrow_of_spark(native.keyType), _arrow_of_spark(native.valueType))
        case "struct":
            return pa.struct([(field.name, _arrow_of_spark(field.dataType)) for field in native.fields])
        case name if name in SPARK:
            return SPARK[name]
    raise TypeError(f"a contract has no type for {native.simpleString()}")


def _arrow_of_pandas(values: Any, native: Any = None) -> pa.DataType:
    import pandas as pd

    try:
        found = pa.Array.from_pandas(pd.Series([] if values is None else list(values), dtype=native)).type
    except Exception as error:
        raise TypeError(str(error)) from error
    if pa.types.is_null(found):
        raise TypeError("a column of Python objects can hold anything")
    return found


def column_type(kind: pa.DataType) -> ColumnType:
    """Our type that holds every value of an Arrow type; TypeError where there is none."""
    if name := PLAIN.get(kind):
        return ColumnType(name)
    match kind:
        case pa.DictionaryType():
            return ColumnType("string") if pa.types.is_null(kind.value_type) else column_type(kind.value_type)
        case pa.Decimal32Type() | pa.Decimal64Type() | pa.Decimal128Type():
            return ColumnType("decimal", kind.precision, kind.scale)
        case pa.TimestampType():
            return ColumnType("timestamptz" if kind.tz else "timestamp")
        case pa.ListType() | pa.LargeListType() | pa.FixedSizeListType():
            return ColumnType("list", element=column_type(kind.value_type))
        case pa.MapType():
            return ColumnType("map", key=column_type(kind.key_type), element=column_type(kind.item_type))
        case pa.StructType():
            return ColumnType("struct", fields=tuple((field.name, column_type(field.type)) for field in kind))
    if kind == pa.uint64():
        return ColumnType("decimal", 20, 0)
    if pa.types.is_time(kind):
        return ColumnType("time")
    raise TypeError(f"a contract has no type for {kind}")
