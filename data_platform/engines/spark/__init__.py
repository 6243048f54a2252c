"""Spark data frames: exactly the planned files are read, and rows are staged, audited and split on the cluster.

Belongs here: the session (`session`), types (`types`), reading (`read`), staging (`staging`), and the bench on which
staged files are audited and split (`bench` and what it is made of). The driver sees file lists and counts, never rows.
Does not: what a rule means (`quality/dialects/spark.py`), commits. Only modules of this room and of `quality/` import
pyspark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.engines.spark.reading import convert, read
from data_platform.engines.spark.staging import SparkFrame

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from pyspark.sql import DataFrame

__all__ = ["convert", "read", "relation", "rows"]


def rows(frame: DataFrame, warehouse: str) -> SparkFrame:
    return SparkFrame(frame)


def relation(frame: DataFrame, warehouse: str) -> DuckDBPyRelation:
    """The frame's rows in this process: for frames as small as those of a test."""
    from data_platform.engines import arrow

    return arrow.relation(frame.toArrow(), warehouse)
