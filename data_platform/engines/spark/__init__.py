"""Spark data frames: exactly the planned files are read, and rows are staged, audited and split on the cluster.

Belongs here: Java (`java`), the session (`session`), types, reading, staging, and the bench on which staged files are
audited and split. The driver sees file lists and counts, never rows. Does not: what a rule means
(`quality/dialects/spark.py`), commits, Dagster. This module imports no pyspark: `java` and `session` are asked before
there is any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from pyspark.sql import DataFrame

    from data_platform.engines.spark.staging import SparkFrame
    from data_platform.lakehouse import ReadPlan


def read(plan: ReadPlan, warehouse: str, frame: str = "") -> DataFrame:
    from data_platform.engines.spark import reading

    return reading.read(plan, warehouse)


def convert(relation: DuckDBPyRelation, frame: str = "") -> DataFrame:
    """Rows from outside the lakehouse; they pass through this process."""
    from data_platform.engines.spark.driver import distribute

    return distribute(relation.to_arrow_table())


def rows(frame: DataFrame, warehouse: str) -> SparkFrame:
    from data_platform.engines.spark.staging import SparkFrame

    return SparkFrame(frame)


def relation(frame: DataFrame, warehouse: str) -> DuckDBPyRelation:
    """The frame's rows in this process: for frames as small as those of a test."""
    from data_platform.engines import arrow
    from data_platform.engines.spark.driver import collect

    return arrow.relation(collect(frame), warehouse)
