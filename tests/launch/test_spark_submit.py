"""Jobs by a real spark-submit, here and on a standalone cluster; and what becomes of a step whose job dies or is stopped."""

from __future__ import annotations

import json
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from data_platform.datasets import Dataset
from data_platform.datasets.testing import read_dataset
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.quarantine import quarantine_contract
from tests.cluster.standalone import Standalone, standalone  # noqa: F401
from tests.launch.conftest import error_of, run
from tests.launch.launched_datasets import SUMS, sums, totals

pytestmark = pytest.mark.slow

QUICK = "spark.sql.shuffle.partitions: 2, spark.default.parallelism: 2, spark.driver.host: 127.0.0.1"
PLAIN = """\
#!/bin/sh
# A spark-submit without Spark: the script it is given, run by Python.
for last; do :; done
exec "$PYSPARK_DRIVER_PYTHON" "$last"
"""
Deploy = Callable[[str], Path]


@pytest.fixture
def plain(tmp_path: Path, deploy: Deploy) -> None:
    """Jobs are processes of their own, without a JVM."""
    command = tmp_path / "spark-submit"
    command.write_text(PLAIN)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    deploy(f'sizes: {{L: {{launcher: spark-submit, master: "local[1]", command: {command}}}}}')


@pytest.mark.parametrize("where", ["here", "on a cluster"])
def test_a_job_publishes_quarantines_and_blocks(
    where: str,
    lakehouse: Lakehouse,
    deploy: Deploy,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    master = "local[2]"
    if where == "on a cluster":
        cluster: Standalone = request.getfixturevalue("standalone")
        master = cluster.url
        for name, value in cluster.environment.items():
            monkeypatch.setenv(name, value)
    deploy(
        f'sizes: {{L: {{launcher: spark-submit, master: "{master}", conf: {{{QUICK}, spark.executor.memory: 512m}}}}}}'
    )
    result = run(sums)
    said = capfd.readouterr().err
    checks = {each.check_name: each.passed for each in result.get_asset_check_evaluations()}
    assert checks == {"inputs": True, "schema": True, "published": False, "not_negative": False, "not_huge": False}
    assert "is blocked: 2026-01-03: not_huge: 1 of 2 rows (50%)" in error_of(result).message
    rows = read_dataset(SUMS).to_pylist()
    assert sorted((str(each["day"]), each["id"], each["amount"]) for each in rows) == [
        ("2026-01-01", 1, 1.0),
        ("2026-01-01", 2, 2.0),
        ("2026-01-02", 1, 1.0),
    ]
    assert read_dataset(quarantine_contract(SUMS)).column("_reasons").to_pylist()
    made = [
        event.step_materialization_data.materialization for event in result.all_events if event.is_step_materialization
    ]
    lineage = next(each for each in made if each.asset_key.path[-1] == "sums").metadata["dagster/column_lineage"].value
    assert [each.column_name for each in lineage.deps_by_column["amount"]] == ["amount"]
    assert "shop__sums - data_platform.tests: the function runs" in said and "shop__sums - Staged 6 rows" in said


def test_an_interrupted_step_ends_its_job(lakehouse: Lakehouse, deploy: Deploy, tmp_path: Path) -> None:
    deploy(f'sizes: {{L: {{launcher: spark-submit, master: "local[1]", conf: {{{QUICK}}}}}}}')
    _interrupted(sums, lakehouse, tmp_path)


@pytest.mark.usefixtures("plain")
def test_an_interrupted_step_ends_a_job_that_does_not_use_spark(lakehouse: Lakehouse, tmp_path: Path) -> None:
    _interrupted(totals, lakehouse, tmp_path)


def _interrupted(asset: Dataset, lakehouse: Lakehouse, folder: Path) -> None:
    marks, jobs = folder / "marks", list[psutil.Process]()

    def interrupt() -> None:
        while not marks.exists() or not marks.read_text():
            time.sleep(0.1)
        job = psutil.Process(int(marks.read_text()))
        jobs.extend([job, *job.parents()[: job.parents().index(psutil.Process())]])
        os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=interrupt, daemon=True)
    watcher.start()
    assert "DagsterExecutionInterruptedError" in error_of(run(asset, "waits", marks=str(marks))).message
    assert jobs and not psutil.wait_procs(jobs, timeout=20)[1], "the job's processes are gone"
    assert lakehouse.existing_table(asset.contract.dataset) is None


@pytest.mark.usefixtures("plain")
def test_a_job_ends_with_the_step_that_was_killed(lakehouse: Lakehouse, tmp_path: Path) -> None:
    """Nobody waits for its report any more, and somebody may have started the next one."""
    marks = tmp_path / "marks"
    child = os.fork()
    if not child:
        run(totals, "waits", marks=str(marks))
        os._exit(0)
    while not marks.exists() or not marks.read_text():
        time.sleep(0.1)
    job = psutil.Process(int(marks.read_text()))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    job.wait(20)
    assert lakehouse.existing_table("shop.totals") is None


@pytest.mark.usefixtures("plain")
def test_a_job_that_dies_without_a_word_leaves_a_sentence_with_where_to_look(lakehouse: Lakehouse) -> None:
    assert (
        "Failure: shop.totals: its job by spark-submit left no report: External execution process failed with code 7. Look "
        "at the stderr of this step (the run's compute logs). What it published, if anything, it published as a whole "
        "(dp datasets show shop.totals): materialize it again."
    ) in error_of(run(totals, "dies")).message


def test_a_submit_that_cannot_be_executed_says_so(lakehouse: Lakehouse, deploy: Deploy) -> None:
    deploy("sizes: {L: {launcher: spark-submit, master: yarn, command: /nowhere/spark-submit}}")
    assert (
        "left no report: [Errno 2] No such file or directory: '/nowhere/spark-submit'" in error_of(run(totals)).message
    )


@pytest.mark.usefixtures("plain")
def test_run_config_is_in_no_command_line_or_log(
    lakehouse: Lakehouse, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    told, marks = list[str](), tmp_path / "marks"

    def look() -> None:
        while not marks.exists() or not marks.read_text():
            time.sleep(0.1)
        job = psutil.Process(int(marks.read_text()))
        told.append(json.dumps([job.cmdline(), job.environ()]))
        job.kill()

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    run(totals, "waits", marks=str(marks), secret="hunter2")
    watcher.join(20)
    assert "DAGSTER_PIPES_CONTEXT" in told[0]
    assert "hunter2" not in told[0] + "".join(capfd.readouterr())
    assert sys.executable in told[0]
