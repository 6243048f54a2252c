"""The instance of `dagster.yaml` keeps what Dagster's own storages keep, over processes and forks."""

import multiprocessing
import os
import sys

import dagster as dg
import pytest

from data_platform.settings import PROJECT


@pytest.fixture
def instance(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    with dg.DagsterInstance.get() as made:
        yield made


@dg.asset(check_specs=[dg.AssetCheckSpec("even", asset="number")])
def number():
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


def events(instance, run_id):
    return [record.dagster_event.event_type_value for record in instance.all_logs(run_id) if record.dagster_event]


def test_the_projects_instance_uses_it_and_another_process_reads_what_it_wrote(instance, tmp_path):
    assert type(instance.event_log_storage).__name__ == "EventLog"
    result = dg.materialize([number], instance=instance)
    with dg.DagsterInstance.from_ref(instance.get_ref()) as other:
        seen = events(other, result.run_id)
        assert {"ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION", "PIPELINE_SUCCESS"} <= set(seen)
        assert other.get_latest_materialization_event(dg.AssetKey("number")) is not None
    assert (tmp_path / "events" / "event_log.db").exists()


def test_a_forked_process_opens_the_file_anew(instance):
    dg.materialize([number], instance=instance)
    before = instance.event_log_storage._engine

    def in_child(answers):
        result = dg.materialize([number], instance=instance)
        answers.put((result.success, result.run_id, instance.event_log_storage._engine is before, os.getpid()))

    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    child = context.Process(target=in_child, args=(answers,))
    child.start()
    success, run_id, shared, pid = answers.get(timeout=60)
    child.join()
    assert success and not shared and pid != os.getpid()
    assert "PIPELINE_SUCCESS" in events(instance, run_id)


@dg.asset
def talkative():
    print("said on stdout")
    print("said on stderr", file=sys.stderr)


def test_what_a_step_prints_is_kept_for_the_ui(instance, tmp_path):
    assert type(instance.compute_log_manager).__name__ == "ComputeLogs"
    result = dg.materialize([talkative], instance=instance)
    (captured,) = [
        record.dagster_event.event_specific_data
        for record in instance.all_logs(result.run_id)
        if record.dagster_event and record.dagster_event.event_type_value == "LOGS_CAPTURED"
    ]
    log_key = instance.compute_log_manager.build_log_key_for_run(result.run_id, captured.file_key)
    data = instance.compute_log_manager.get_log_data(log_key)
    assert b"said on stdout" in data.stdout and b"said on stderr" in data.stderr
    assert instance.compute_log_manager.is_capture_complete(log_key)
