"""Reading exactly the planned files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from data_platform.engines.spark.session import session, with_settings
from data_platform.engines.spark.types import TIMES, schema_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from data_platform.lakehouse import ReadPlan

AS_WRITTEN = {
    "recursiveFileLookup": "true",  # names of folders say nothing about what is in them
    "__globPaths__": "false",  # a file is the file of that name, whatever is in it
    "mergeSchema": "false",
    "ignoreMissingFiles": "false",  # whatever the session says
    "ignoreCorruptFiles": "false",
    "datetimeRebaseMode": "CORRECTED",  # days before 1582 are what they are
    "int96RebaseMode": "CORRECTED",
}
"""How files are read whatever the session's settings."""


def read(plan: ReadPlan, warehouse: str) -> DataFrame:
    """The planned rows under the alias `domain__name`, by which their lineage is known; LakehouseError where this Spark
    has no type for a column."""
    spark = session()
    with with_settings(spark, TIMES):
        if not plan.files:
            rows = spark.createDataFrame([], schema_of(plan.dataset, plan.columns))
        elif spark.version >= "4":
            rows = read_files(spark, plan.files, schema_of(plan.dataset, plan.columns))
        else:
            from data_platform.engines.spark.by_type import read_by_type

            rows = read_by_type(spark, plan, warehouse)
    return rows.alias(plan.dataset.replace(".", "__"))


def read_files(spark: SparkSession, files: Iterable[str], schema: StructType | None = None) -> DataFrame:
    """The rows of these Parquet files and of no others (paths as `Staged.files` and `ReadPlan.files` spell them), in the
    files' own types where there is no `schema`."""
    reader = spark.read.options(**AS_WRITTEN)
    with with_settings(spark, TIMES):
        return (reader.schema(schema) if schema is not None else reader).parquet(*map(spark_path, files))


def plain_path(uri: str) -> str:
    """A file's path as it is spelt here, from the URI that Spark spells it as (`file:/a%20b` is `/a b`)."""
    scheme, colon, rest = unquote(uri).partition(":")
    if scheme == "file":
        return "/" + rest.lstrip("/")
    return f"{'s3' if scheme in ('s3a', 's3n') else scheme}{colon}{rest}"


def spark_path(path: str) -> str:
    """How Spark is told of a path: a plain one is not the cluster's own file system's."""
    return f"file://{path}" if path.startswith("/") else path
