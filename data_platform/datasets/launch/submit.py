"""`spark-submit`: the job as a process on this machine, its executors wherever the master has them."""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
from dagster import PipesSubprocessClient, PipesTempFileMessageReader

from data_platform.datasets.launch.launched import Job, Listening, NotStarted
from data_platform.deployment import Launcher
from data_platform.engines.spark import masters
from data_platform.engines.spark.java import find_java
from data_platform.engines.spark.session import configuration

ENTRY_POINT = Path(__file__).with_name("entry_point.py")
INSTALLED = {Path(sysconfig.get_path(each)).resolve() for each in ("purelib", "platlib")}
PATIENCE = 60
"""Seconds that an interrupted job may take to end."""


def submit(job: Job, context: dg.AssetExecutionContext) -> Mapping[str, Any] | None:
    """Run a job to its end, and return its report. An interruption of the step ends it, too."""
    job.where = "the stderr of this step (the run's compute logs)"
    reader = Listening(PipesTempFileMessageReader())
    client = PipesSubprocessClient(message_reader=reader, termination_timeout_seconds=PATIENCE)
    try:
        client.run(
            context=context,
            command=command(job),
            env=environment(job),
            extras=job.order.to_json(),
        )
    except Exception:
        if reader.reported is None:
            raise
    return reader.reported


def command(job: Job) -> list[str]:
    """What is executed: all processes of this machine can see it, and it holds nothing but what the deployment says."""
    launcher, settings = job.launcher, job.lakehouse.settings
    conf = configuration(settings, {"spark.app.name": job.order.dataset, **launcher.conf}, launcher.master)
    given = [part for key, value in conf.items() for part in ("--conf", f"{key}={value}")]
    return [_spark_submit(launcher), *given, *launcher.options.get("arguments", ()), str(ENTRY_POINT)]


def environment(job: Job) -> dict[str, str]:
    """What a job needs, beside all that this process has, to be the same Python with the same modules, on Spark's Java."""
    variables = {
        "PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable),
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(_folders())),
    }
    if masters.is_local(job.launcher.master):
        variables["SPARK_LOCAL_IP"] = os.environ.get("SPARK_LOCAL_IP", "127.0.0.1")
    java = {} if "command" in job.launcher.options else find_java().environment(job.lakehouse.settings.home)
    return variables | java


def _folders() -> Iterator[str]:
    """Where modules are imported from, but for installed ones: Python finds those itself."""
    for each in sys.path:
        folder = Path(each or ".").resolve()
        if folder.is_dir() and not folder.is_relative_to(sysconfig.get_path("stdlib")) and folder not in INSTALLED:
            yield str(folder)


def _spark_submit(launcher: Launcher) -> str:
    if command := launcher.options.get("command"):
        return command
    found = importlib.util.find_spec("pyspark")
    if found is None or not found.submodule_search_locations:
        raise NotStarted("there is no spark-submit: pip install 'data-platform[spark]', or name the `command`")
    return str(Path(found.submodule_search_locations[0]) / "bin" / "spark-submit")
