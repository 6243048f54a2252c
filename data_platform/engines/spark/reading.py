"""Reading exactly the planned files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.engines.spark.session import session
from data_platform.engines.spark.types import schema_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from pyspark.sql import DataFrame

    from data_platform.lakehouse import ReadPlan


def read(plan: ReadPlan) -> DataFrame:
    """The planned rows under the alias `domain__name`, by which their lineage is known."""
    spark = session()
    schema = schema_of(plan.columns)
    if not plan.files:
        rows = spark.createDataFrame([], schema)
    else:  # folders are the publication's own and say nothing; a file is the file of that name, whatever is in it
        options = {"recursiveFileLookup": "true", "mergeSchema": "false", "__globPaths__": "false"}
        rows = spark.read.schema(schema).options(**options).parquet(*plan.files)
    return rows.alias(plan.dataset.replace(".", "__"))


def convert(relation: DuckDBPyRelation) -> DataFrame:
    return session().createDataFrame(relation.to_arrow_table())
