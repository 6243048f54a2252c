"""The contract's types as Spark's, and Spark's as DuckDB calls them in the files that Spark writes."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark.sql import types as t

from data_platform.contracts import Column, ColumnType
from data_platform.quality.dialects.spark import spark_type


def schema_of(columns: Sequence[Column]) -> t.StructType:
    return t.StructType([t.StructField(column.name, type_of(column.type)) for column in columns])


def type_of(kind: ColumnType) -> t.DataType:
    return t._parse_datatype_string(spark_type(kind))
