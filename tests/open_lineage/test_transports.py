"""Where events go, and that nothing happens where they are to go nowhere."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
import threading

import pytest

from data_platform.lineage.openlineage import Sender
from data_platform.settings import Settings
from tests.datasets.scenario import materialize
from tests.open_lineage.collector import collector
from tests.open_lineage.conformity import problems
from tests.open_lineage.test_events import people


@pytest.mark.parametrize(
    ("path", "arrives"),
    [
        ("", "/api/v1/lineage"),
        ("/", "/api/v1/lineage"),
        ("/openapi/openlineage/api/v1/lineage", "/openapi/openlineage/api/v1/lineage"),
        ("/events?source=platform", "/events?source=platform"),
    ],
)
def test_an_address_without_a_path_gets_the_usual_one(home, path, arrives):
    with collector() as there:
        assert _send(Settings.at(home, openlineage=there.address + path)) == []
    assert there.paths == [arrives] and there.keys == [None]


def test_a_key_is_sent_as_a_bearer_token_and_never_shown(home):
    with collector() as there:
        settings = Settings.at(home, openlineage=there.address, openlineage_key="very-secret")
        assert _send(settings) == [] and there.keys == ["Bearer very-secret"]
        there.answer = 403
        assert _send(settings) == [f"OpenLineage: {there.address} refused an event (HTTP 403)"]
    assert "very-secret" not in repr(settings)


def test_a_file_gets_one_event_a_line(home, monkeypatch):
    file = home / "new" / "events.jsonl"
    monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", str(file))
    assert materialize(people).success and materialize(people).success
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert [each["eventType"] for each in events] == ["START", "COMPLETE"] * 2
    assert [found for each in events for found in problems(each)] == []


@pytest.mark.slow
def test_processes_that_write_to_one_file_do_not_mix_their_lines(home):
    settings = Settings.at(home, openlineage=str(home / "events.jsonl"))
    spawn = multiprocessing.get_context("spawn")
    writers = [spawn.Process(target=_send_many, args=(settings, name)) for name in "abc"]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    lines = (home / "events.jsonl").read_text().splitlines()
    assert len(lines) == 3 * 30
    assert {len(json.loads(line)["job"]["name"]) for line in lines} == {200_000}


def test_a_file_that_cannot_be_written_is_told_once(home, monkeypatch, capfd):
    (home / "events").mkdir()
    assert _send(Settings.at(home, openlineage=str(home / "events")), times=3) == [
        f"OpenLineage: {home / 'events'} cannot be written (RuntimeError); this run sends no more events"
    ]
    monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", str(home / "events"))
    assert materialize(people).success
    assert capfd.readouterr().err.count("cannot be written") == 1


def test_without_the_setting_no_thread_is_started_and_the_client_is_not_imported(home):
    before = threading.active_count()
    assert materialize(people).success
    assert threading.active_count() == before and not (home / "openlineage").exists()


@pytest.mark.slow
def test_loading_definitions_does_not_import_the_client(home, monkeypatch):
    monkeypatch.setenv("DATA_PLATFORM_OPENLINEAGE", str(home / "events.jsonl"))
    code = "import sys, data_platform.definitions; print([m for m in sys.modules if m.startswith('openlineage')])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("target", "key", "said"),
    [
        ("ftp://marquez/events", "", "must be http"),
        ("https://user:secret@marquez", "", "holds no user and no password"),
        ("http://marquez:5000", "secret", "must be https"),
        ("https://", "", "must be http"),
    ],
)
def test_settings_that_make_no_sense_are_refused_without_a_secret(home, target, key, said):
    with pytest.raises(ValueError, match=said) as refused:
        Settings.at(home, openlineage=target, openlineage_key=key)
    assert "DATA_PLATFORM_OPENLINEAGE" in str(refused.value) and "secret" not in str(refused.value).replace(
        "a secret", ""
    )


def _event(name: str = "some"):
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState

    run = Run("5f0a5b0e-5a3c-4f43-9d8a-1f6c2f8f0a11")
    return RunEvent(eventType=RunState.START, eventTime="2026-01-01T00:00:00Z", run=run, job=Job("data-platform", name))


def _send(settings: Settings, times: int = 1) -> list[str]:
    sender = Sender(settings, "run-1")
    for _ in range(times):
        sender.send(_event)
    return sender.close()


def _send_many(settings: Settings, name: str) -> None:
    sender = Sender(settings, "run-1")
    for _ in range(30):
        sender.send(lambda: _event(name * 200_000))
    sender.close()
