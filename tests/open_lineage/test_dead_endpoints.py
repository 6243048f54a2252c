"""An endpoint that is gone, silent or slow never fails a run, and delays it by no more than one timeout in all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from data_platform.lineage.openlineage import sender as module
from data_platform.lineage.openlineage.patience import Patience
from data_platform.lineage.openlineage.sender import Sender
from data_platform.settings import Settings
from tests.datasets.scenario import DAYS, materialize, raw, stats
from tests.open_lineage.collector import black_hole, collector, nobody
from tests.open_lineage.test_transports import _event

ROOT = Path(__file__).parents[2]


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(module, "TIMEOUT", 0.6)
    return module.TIMEOUT


def test_a_run_succeeds_where_nobody_listens_and_says_so_once(home, monkeypatch, capfd):
    monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", nobody())
    result = materialize(raw, stats, day=DAYS[0])
    assert result.success and len(result.get_asset_materialization_events()) >= 2
    assert capfd.readouterr().err.count("cannot be reached (ConnectionError); this run sends no more events") == 1
    assert _waited(home, result.run_id) >= module.TIMEOUT  # it gave up


def test_a_run_asks_an_endpoint_that_never_answers_only_once(home, monkeypatch, capfd, hurried):
    with black_hole() as hole:
        monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", hole.address)
        result = materialize(raw, stats, day=DAYS[0])
        assert result.success and hole.callers == 1
        said = capfd.readouterr().err
        assert said.count("this run sends no more events") == 1
        assert materialize(raw, day=DAYS[0]).success and hole.callers == 2  # another run tries again


def test_a_failing_run_fails_with_its_own_reason_whatever_the_endpoint_does(monkeypatch, hurried):
    with black_hole() as hole:
        monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", hole.address)
        result = materialize(stats, day=DAYS[0])
    assert "no published data" in result.get_step_failure_events()[0].step_failure_data.error.to_string()


def test_what_an_endpoint_refuses_does_not_keep_other_events_from_it(home):
    with collector() as there:
        there.answer = 500
        sender = Sender(Settings.at(home, openlineage=there.address), "run-1")
        sender.send(_event)
        sender.send(lambda: 1 / 0)
        said = sender.close()
        there.answer = 201
        again = Sender(Settings.at(home, openlineage=there.address), "run-1")
        again.send(_event)
        assert again.close() == [] and len(there.events) == 1
    assert [each.partition(": ")[2] for each in said] == [
        f"{there.address} refused an event (HTTP 500)",
        "an event could not be made (ZeroDivisionError: division by zero)",
    ]


def test_a_step_stops_waiting_as_soon_as_another_step_of_its_run_gave_up(home):
    with black_hole() as hole:
        settings = Settings.at(home, openlineage=hole.address)
        sender = Sender(settings, "run-1")
        sender.send(_event)
        while not hole.callers:
            time.sleep(0.01)
        Patience(home / "openlineage" / "run-1", module.TIMEOUT).give_up()
        assert sender.close() == []  # the other has told


def test_a_slow_endpoint_uses_up_the_patience_of_a_run_bit_by_bit(home, hurried):
    settings, sent = None, 0
    with collector() as there:
        there.pause = 0.4
        settings = Settings.at(home, openlineage=there.address)
        for _ in range(5):
            sender = Sender(settings, "run-1")
            sender.send(_event)
            sender.close()
        sent = len(there.events)
    assert sent < 5 and Patience(home / "openlineage" / "run-1", hurried).left == 0


def test_a_quick_endpoint_costs_no_patience_however_many_steps_there_are(home):
    with collector() as there:
        for _ in range(50):
            sender = Sender(Settings.at(home, openlineage=there.address), "run-1")
            sender.send(_event)
            assert sender.close() == []
        assert len(there.events) == 50
    assert not (home / "openlineage").exists()


@pytest.mark.parametrize(
    ("lines", "left"),
    [(None, 5.0), ("", 5.0), ("1.5\n", 3.5), ("1.5\n0.5\n", 3.0), ("9\n", 0.0), ("1.5\nhalf", 5.0)],
)
def test_patience_is_what_was_not_waited_yet(tmp_path, lines, left):
    if lines is not None:
        (tmp_path / "run").write_text(lines)
    assert Patience(tmp_path / "run", 5.0).left == left


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["nobody", "black hole"])
def test_a_run_of_many_step_processes_waits_for_one_timeout_in_all(tmp_path, kind):
    waits = tmp_path / "waits.jsonl"
    (tmp_path / "dagster").mkdir()
    with black_hole() as hole:
        address = hole.address if kind == "black hole" else nobody()
        command = [sys.executable, "-m", "tests.open_lineage.many_steps", str(tmp_path / "dagster"), str(waits)]
        told = {"DATA_PLATFORM_OPENLINEAGE": address}
        ran = subprocess.run(command, cwd=ROOT, env={**os.environ, **told}, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    spans = sorted(json.loads(line) for line in waits.read_text().splitlines())
    assert len(spans) == 8  # one for each process
    waited, until = 0.0, 0.0
    for began, ended in spans:
        waited, until = waited + max(0.0, ended - max(began, until)), max(until, ended)
    assert waited < 2 * 3.0  # not 8 or 16 of them


def _waited(home: Path, run_id: str) -> float:
    return sum(map(float, (home / "openlineage" / run_id).read_text().split()))
