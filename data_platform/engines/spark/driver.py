"""Rows that pass through the driver: those of files outside the lakehouse, of samples and of tests."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

from data_platform.engines.spark.session import session, with_settings
from data_platform.engines.spark.types import NO_TIME, TIMES
from data_platform.lakehouse import LakehouseError

SIGNED = {pa.uint8(): pa.int16(), pa.uint16(): pa.int32(), pa.uint32(): pa.int64(), pa.uint64(): pa.decimal128(20)}
"""Spark has no unsigned numbers -> the next wider type."""


def distribute(table: pa.Table) -> DataFrame:
    """An Arrow table as a Spark frame; LakehouseError where this Spark has no such type."""
    table = table.cast(_for_spark(table.schema))
    schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)  # no zone is not the session's zone
    spark = session()
    with with_settings(spark, TIMES):
        if hasattr(DataFrame, "toArrow"):
            return spark.createDataFrame(table, schema)
        rows = [tuple(row.values()) for row in table.to_pylist(maps_as_pydicts="strict")]  # Spark 3 takes no Arrow
        return spark.createDataFrame(rows, schema)


def collect(frame: DataFrame) -> pa.Table:
    """All rows of a Spark frame as an Arrow table."""
    if hasattr(frame, "toArrow"):
        return frame.toArrow()
    some: Any = frame  # Spark 3 has no public way
    batches = some._collect_as_arrow()
    return pa.Table.from_batches(batches, batches[0].schema if batches else to_arrow_schema(frame.schema))


def _for_spark(schema: pa.Schema) -> pa.Schema:
    """The nearest types that Spark has."""
    fields = []
    for field in schema:
        kind = SIGNED.get(field.type, field.type)
        if pa.types.is_time(kind) and not TIMES:
            raise LakehouseError(NO_TIME.format(field.name))
        fields.append(field.with_type(pa.timestamp("us", kind.tz) if pa.types.is_timestamp(kind) else kind))
    return pa.schema(fields)
