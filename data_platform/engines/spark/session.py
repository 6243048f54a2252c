"""The one Spark session of this process, made when the first Spark dataset asks for it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ALWAYS: dict[str, str] = {
    "spark.sql.session.timeZone": "UTC",  # as everywhere here
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96, the default, has no statistics
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


def session() -> SparkSession:
    from pyspark.sql import SparkSession

    if (active := SparkSession.getActiveSession()) is not None:
        return active
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("data-platform").master("local[*]")
    for name, value in ALWAYS.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
