"""Reading for Spark 3, which does not widen a file's column as it reads it: files of the same types are read together, in
their own types, and widened then."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from data_platform.contracts import Column, ColumnType
from data_platform.engines.spark.reading import read_files
from data_platform.engines.spark.types import schema_of
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.dialects.spark import quoted

if TYPE_CHECKING:
    from data_platform.lakehouse import ReadPlan

FOOTERS_AT_ONCE = 32


def read_by_type(spark: SparkSession, plan: ReadPlan, warehouse: str) -> DataFrame:
    """The planned rows; LakehouseError where this Spark has no type for a column."""
    store = filesystem(warehouse)
    with ThreadPoolExecutor(FOOTERS_AT_ONCE) as pool:
        stored = pool.map(lambda path: pq.read_schema(path, filesystem=store), plan.files)
    groups: dict[tuple[Column, ...], list[str]] = {}
    for path, schema in zip(plan.files, stored, strict=True):
        groups.setdefault(tuple(_as_stored(column, schema) for column in plan.columns), []).append(path)
    return reduce(DataFrame.unionAll, (_widened(spark, plan, *group) for group in groups.items()))


def _widened(spark: SparkSession, plan: ReadPlan, stored: tuple[Column, ...], files: list[str]) -> DataFrame:
    rows = read_files(spark, files, schema_of(plan.dataset, stored))
    if stored == plan.columns:
        return rows
    wanted = schema_of(plan.dataset, plan.columns).fields
    return rows.select(*(F.col(quoted(field.name)).cast(field.dataType).alias(field.name) for field in wanted))


def _as_stored(column: Column, schema: pa.Schema) -> Column:
    """The column in the type of the file, where that is a narrower one."""
    place, kind = schema.get_field_index(column.name), column.type
    match schema.field(place).type if place >= 0 else None, kind.kind:
        case stored, "long" if stored == pa.int32():
            kind = ColumnType("int")
        case stored, "double" if stored == pa.float32():
            kind = ColumnType("float")
        case pa.Decimal128Type() as stored, "decimal":
            kind = ColumnType("decimal", stored.precision, stored.scale)
    return column if kind == column.type else Column(column.name, kind)
