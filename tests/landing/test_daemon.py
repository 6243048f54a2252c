"""Nobody does anything but drop files: the real daemon, its sensor and its runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from data_platform.settings import PROJECT

from .scenario import ONE, ORDERS, TWO, drop, published, states

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lakehouse")]


@pytest.fixture
def instance(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dg.DagsterInstance]:
    folder = home / "dagster"
    folder.mkdir()
    shutil.copy(PROJECT / "dagster.yaml", folder)
    monkeypatch.setenv("DAGSTER_HOME", str(folder))
    with dg.DagsterInstance.get() as found:
        yield found


@pytest.fixture
def daemon(home: Path, instance: dg.DagsterInstance) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster-daemon` over the scenario, gone when the test ends."""
    program = [str(Path(sys.executable).parent / "dagster-daemon"), "run", "-m", "tests.landing.daemon_defs"]
    with (home / "daemon.log").open("wb") as log:
        process = subprocess.Popen(program, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True)
        yield process
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def eventually(ask: Callable[[], bool], home: Path, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not ask():
        assert time.monotonic() < deadline, (home / "daemon.log").read_text()[-3000:]
        time.sleep(1)


def test_files_become_partitions_by_themselves(
    home: Path, instance: dg.DagsterInstance, daemon: subprocess.Popen[bytes]
) -> None:
    def is_finished(count: int) -> bool:
        runs = instance.get_runs()
        return len(runs) == count and all(run.is_finished for run in runs)

    drop(home, "orders/a.csv", [(1, ONE, 10), (2, TWO, 20)])
    eventually(lambda: is_finished(1), home)
    assert published(ORDERS) == [(1, ONE, 10), (2, TWO, 20)]
    drop(home, "orders/late.csv", [(3, TWO, 30)])
    drop(home, "orders/again.csv", [(1, ONE, 10), (2, TWO, 20)])
    drop(home, "orders/bad.csv", "id,day,price,colour\n4,2026-01-02,1,red\n")
    eventually(lambda: is_finished(2), home)
    assert published(ORDERS) == [(1, ONE, 10), (2, TWO, 20), (3, TWO, 30)]
    assert states(home) == {
        "a.csv": "ingested",
        "again.csv": "ingested",
        "bad.csv": "refused",
        "late.csv": "ingested",
    }
    assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.SUCCESS] * 2
