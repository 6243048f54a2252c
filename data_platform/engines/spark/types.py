"""The contract's types as Spark's."""

from __future__ import annotations

from collections.abc import Sequence

from pyspark import __version__
from pyspark.sql import types as t

from data_platform.contracts import Column, ColumnType
from data_platform.lakehouse import LakehouseError
from data_platform.quality.dialects.spark_types import HAS_TIME, type_of

TIMES = {"spark.sql.timeType.enabled": "true"} if HAS_TIME else {}
"""Times of day, which Spark has a type for since 4.1, are switched off there until somebody asks for them."""
NO_TIME = (
    f"Spark {__version__} has no type for a time of day ({{}}); Spark 4.1 is the first that has. Upgrade pyspark, or name "
    "the columns to read without it."
)


def schema_of(dataset: str, columns: Sequence[Column]) -> t.StructType:
    """The columns as Spark reads them; LakehouseError where this Spark has no such type."""
    try:
        return t.StructType([t.StructField(column.name, type_of(column.type)) for column in columns])
    except KeyError:
        timed = ", ".join(column.name for column in columns if "time" in _primitives(column.type))
        raise LakehouseError(f"{dataset}: {NO_TIME.format(timed)}") from None


def _primitives(kind: ColumnType) -> set[str]:
    inner = [each for each in (kind.key, kind.element, *(of for _, of in kind.fields)) if each is not None]
    return {kind.kind}.union(*map(_primitives, inner))
