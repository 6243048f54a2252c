"""Steps with Spark, in real processes: each has a session of its own, and none leaves a JVM behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from data_platform.engines.spark.java import SparkUnavailable, find_java
from data_platform.lakehouse import current_lakehouse, plan_read
from data_platform.settings import PROJECT
from tests.operations import spark_defs
from tests.operations.processes import eventually, gone

pytestmark = pytest.mark.slow


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    try:
        find_java()
    except SparkUnavailable as missing:
        pytest.skip(str(missing))
    monkeypatch.setenv("EXECUTOR_SCENE", str(tmp_path))
    monkeypatch.setenv("EXECUTOR_DEFS", spark_defs.__name__)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DATA_PLATFORM_SPARK_MASTER", "local[1]")
    return tmp_path


@pytest.fixture
def instance(scene: Path) -> Iterator[dg.DagsterInstance]:
    (scene / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(scene / "dagster")) as opened:
        yield opened


@pytest.fixture
def drive(instance: dg.DagsterInstance, scene: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    drivers = []

    def start(*datasets: str) -> subprocess.Popen:
        names = ",".join(f"shop.{each}" for each in datasets)
        command = [sys.executable, "-m", "tests.operations.executor_driver", str(scene / "dagster"), names]
        drivers.append(subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.kill()
        driver.wait()


def noted(scene: Path, name: str) -> tuple[int, int, int]:
    """The process of a step, the one that it comes from, and its JVM."""
    step, parent, jvm = (scene / name).read_text().split()
    return int(step), int(parent), int(jvm)


def test_each_step_is_forked_and_takes_its_jvm_with_it_however_it_ends(drive, scene, instance):
    names = ("numbers", "failing", "killed")
    driver = drive(*names)
    assert driver.wait(timeout=600) == 0
    assert {noted(scene, name)[1] for name in names} == {driver.pid}
    assert len({noted(scene, name)[2] for name in names}) == 3
    for name in names:
        assert eventually(lambda name=name: gone(noted(scene, name)[2])), name
    (run,) = instance.get_runs()
    failures = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    told = {each.dagster_event.step_key: each.dagster_event.step_failure_data.error.to_string() for each in failures}
    assert plan_read(current_lakehouse(), spark_defs.NUMBERS).rows == 3
    assert told.keys() == {"shop__failing", "shop__killed"} and "no such number" in told["shop__failing"]
    assert not list((scene / "home" / "spark" / "local").iterdir())


def test_terminating_a_run_ends_its_jobs_at_once_and_cancels_it(drive, scene, instance):
    driver = drive("endless")
    assert eventually((scene / "endless").exists, seconds=300)  # a JVM has to start
    step, _, jvm = noted(scene, "endless")
    (run,) = instance.get_runs()
    instance.report_run_canceling(run)
    driver.send_signal(signal.SIGINT)
    driver.wait(timeout=120)
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert gone(step) and eventually(lambda: gone(jvm))
