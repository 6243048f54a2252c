"""The warm executor and in-process launch, on real runs. They pin the parts of `dagster._core` both are built on."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from data_platform.operations.launch import Execution, execute_assets
from tests.operations.processes import eventually, gone

DEFS = "tests.operations.executor_defs"
ROOT = Path(__file__).parents[2]


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "scene"
    path.mkdir()
    monkeypatch.setenv("EXECUTOR_SCENE", str(path))
    monkeypatch.chdir(ROOT)  # Dagster imports a code location's module from the working directory
    return path


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as opened:
        yield opened


@pytest.fixture
def execute(instance: dg.DagsterInstance, scene: Path) -> Callable[..., Execution]:
    def run(*names: str, **options: object) -> Execution:
        return execute_assets(instance, DEFS, "defs", [dg.AssetKey(name) for name in names], **options)

    return run


def events(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
    return [entry.dagster_event for entry in instance.all_logs(run_id, of_type=kind)]


def steps_with(instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType) -> set[str]:
    return {event.step_key for event in events(instance, run_id, kind)}


def pid_and_parent(scene: Path, name: str) -> tuple[int, int]:
    pid, parent = (scene / name).read_text().split()
    return int(pid), int(parent)


@pytest.fixture
def drive(instance: dg.DagsterInstance, tmp_path: Path, scene: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    drivers = []

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "tests.operations.executor_driver", str(tmp_path / "home"), *arguments]
        drivers.append(subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        return drivers[-1]

    yield start
    for driver in drivers:
        driver.kill()
        driver.wait()


def test_two_steps_run_at_the_same_time(execute, scene):
    assert execute("left", "right").success  # each waits for the other


def test_every_step_has_a_process_of_its_own(execute, scene):
    execute("left", "right")
    assert len({os.getpid(), pid_and_parent(scene, "left")[0], pid_and_parent(scene, "right")[0]}) == 3


def test_a_step_is_forked_from_the_driver_and_a_tagged_one_is_not(drive, scene):
    driver = drive("left,right,isolated")  # a process of its own: in pytest's, Polars may have run before
    assert driver.wait(timeout=120) == 0
    assert pid_and_parent(scene, "left")[1] == driver.pid
    assert pid_and_parent(scene, "isolated")[1] != driver.pid


def test_an_unknown_isolation_fails_the_run_and_says_what_to_write(execute, instance):
    ended = execute("misspelt")
    (failure,) = events(instance, ended.run_id, dg.DagsterEventType.RUN_FAILURE)
    assert not ended.success
    assert "write one of process, interpreter" in failure.job_failure_data.error.message


def test_a_crash_fails_its_own_step_and_skips_only_what_depends_on_it(execute, instance):
    ended = execute("crashing", "killed", "after_the_crash", "speaking")
    assert (ended.success, sorted(ended.failed_steps)) == (False, ["crashing", "killed"])
    assert steps_with(instance, ended.run_id, dg.DagsterEventType.STEP_SUCCESS) == {"speaking"}
    told = " ".join(event.message or "" for event in events(instance, ended.run_id, dg.DagsterEventType.ENGINE_EVENT))
    assert "step crashing unexpectedly exited with code 7" in told
    assert "step killed was terminated by signal 9 (SIGKILL)" in told


def test_a_crash_honours_the_retry_policy(execute, instance):
    ended = execute("crashing_once")
    assert ended.success
    assert steps_with(instance, ended.run_id, dg.DagsterEventType.STEP_UP_FOR_RETRY) == {"crashing_once"}


def test_a_failing_step_does_not_raise_and_shows_where_it_failed(execute, instance):
    ended = execute("raising")
    (failure,) = events(instance, ended.run_id, dg.DagsterEventType.STEP_FAILURE)
    cause = failure.step_failure_data.error.cause
    assert "no such listing" in cause.message
    assert any("a_deep_mistake" in line for line in cause.stack)


def test_a_failing_blocking_check_keeps_downstream_from_running(execute, instance):
    ended = execute("doubtful", "after_the_doubt")
    assert ended.failed_steps == ["doubtful"]
    assert not steps_with(instance, ended.run_id, dg.DagsterEventType.STEP_START) & {"after_the_doubt"}


def test_what_a_step_prints_reaches_that_steps_log_and_no_other(drive, instance):
    drive("speaking,whispering").wait()  # pytest's own capture would take the subprocess's output
    (run,) = instance.get_runs()
    logs = {}
    for event in events(instance, run.run_id, dg.DagsterEventType.LOGS_CAPTURED):
        (step,) = event.logs_captured_data.step_keys
        key = instance.compute_log_manager.build_log_key_for_run(run.run_id, event.logs_captured_data.file_key)
        logs[step] = instance.compute_log_manager.get_log_data(key)
    assert logs["speaking"].stdout == b"speaking to stdout\n"
    assert b"speaking to stderr" in logs["speaking"].stderr
    assert logs["whispering"].stdout == b"whispering from a subprocess\n"


def test_terminating_a_run_stops_its_steps_and_cancels_it(drive, scene, instance):
    driver = drive("hanging,left")
    assert eventually((scene / "hanging").exists)
    assert eventually((scene / "left").exists)
    (run,) = instance.get_runs()
    instance.report_run_canceling(run)  # what the UI does before its launcher interrupts the driver
    driver.send_signal(signal.SIGINT)
    driver.wait()
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert gone(pid_and_parent(scene, "hanging")[0])
    assert gone(pid_and_parent(scene, "left")[0])


def test_a_killed_driver_leaves_no_orphans(drive, scene):
    driver = drive("hanging,hanging_in_a_clean_interpreter")
    assert eventually((scene / "hanging").exists)
    assert eventually((scene / "hanging_clean").exists)
    driver.kill()
    for name in ("hanging", "hanging_clean"):
        pid, _ = pid_and_parent(scene, name)
        assert eventually(lambda pid=pid: gone(pid))
    _, forkserver = pid_and_parent(scene, "hanging_clean")
    assert eventually(lambda: gone(forkserver))


def test_a_driver_whose_thread_pools_forbid_forking_uses_clean_processes_and_says_so(drive, instance):
    drive("counting_polars", "polars").wait()
    (run,) = instance.get_runs()
    assert run.is_success
    told = " ".join(event.message or "" for event in events(instance, run.run_id, dg.DagsterEventType.ENGINE_EVENT))
    assert "cannot be forked (" in told
    assert "polars-0" in told


def test_a_driver_that_talks_to_a_jvm_is_not_forked_either(drive, instance, scene):
    pytest.importorskip("pyspark")
    driver = drive("left,right", "jvm")
    driver.wait()
    (run,) = instance.get_runs()
    assert run.is_success and pid_and_parent(scene, "left")[1] != driver.pid
    told = " ".join(event.message or "" for event in events(instance, run.run_id, dg.DagsterEventType.ENGINE_EVENT))
    assert "cannot be forked (a JVM of Spark)" in told


def test_the_asset_job_takes_its_partitions_from_the_selected_assets(execute, scene):
    assert execute("by_day", "speaking", partition="2026-01-05").success
    assert execute("by_hour", partition="2026-01-01-05:00").success
    assert execute("by_day", partition_range=("2026-01-05", "2026-01-07")).success
    assert {path.name for path in scene.iterdir()} == {
        "day-2026-01-05",
        "hour-2026-01-01-05:00",
        "day-2026-01-05+2026-01-06+2026-01-07",
    }


@pytest.mark.parametrize(
    ("names", "options", "told"),
    [
        (["by_day", "by_hour"], {"partition": "2026-01-05"}, "by_day, by_hour are not partitioned alike"),
        (["by_day"], {}, "by_day: say which partition"),
        (["speaking"], {"partition": "2026-01-05"}, "nothing selected is partitioned"),
        (["by_day"], {"partition": "2027-01-01"}, "by_day has no partition '2027-01-01'"),
    ],
)
def test_partitions_that_do_not_fit_are_refused_before_a_run_exists(execute, instance, names, options, told):
    with pytest.raises(ValueError, match=told):
        execute(*names, **options)
    assert not instance.get_runs()


def test_an_executed_run_looks_like_a_launched_one(execute, instance):
    seen = []
    ended = execute("by_hour", partition="2026-01-01-05:00", tags={"team": "ads"}, on_event=seen.append)
    run = instance.get_run_by_id(ended.run_id)
    assert run.job_name == "__ASSET_JOB"
    assert run.asset_selection == {dg.AssetKey("by_hour")}
    assert run.tags.items() >= {"dagster/partition": "2026-01-01-05:00", "team": "ads"}.items()
    assert run.remote_job_origin.location_name == f"{DEFS}:defs"  # Dagster's own default
    assert dg.DagsterEventType.RUN_SUCCESS in {event.event_type for event in seen}
    assert steps_with(instance, ended.run_id, dg.DagsterEventType.ASSET_CHECK_EVALUATION) == {"by_hour_hour_is_full"}
