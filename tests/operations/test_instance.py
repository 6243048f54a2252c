"""The instance of `dagster.yaml` keeps what Dagster's own storages keep, over processes and forks."""

import multiprocessing
import os
import sys

import dagster as dg
import pytest

from data_platform.datasets.partitions import range_tags
from data_platform.operations.instance import open_instance
from data_platform.settings import PROJECT, Settings


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


def open_once(home, ready, answers):
    ready.wait()
    try:
        open_instance(Settings.at(home)).dispose()
        answers.put("")
    except Exception as error:
        answers.put(repr(error))


def test_processes_that_open_it_first_at_the_same_time_make_it_once(tmp_path, monkeypatch):
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    context = multiprocessing.get_context("fork")
    ready, answers = context.Barrier(4), context.Queue()
    several = [context.Process(target=open_once, args=(tmp_path, ready, answers)) for _ in range(4)]
    for each in several:
        each.start()
    assert [answers.get(timeout=120) for _ in several] == [""] * 4


DAYS = dg.DailyPartitionsDefinition("2026-01-01")
WHOLE_RANGE = range_tags("2026-01-01", "2026-01-03")


def checked(evaluated: tuple[str, ...], fails: bool = False) -> dg.AssetsDefinition:
    """An asset with two checks, of which a run of it evaluates some."""

    @dg.multi_asset(
        name="checked",
        outs={"result": dg.AssetOut(key="checked", is_required=False)},
        check_specs=[dg.AssetCheckSpec(name, asset="checked") for name in ("one", "other")],
        partitions_def=DAYS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        can_subset=True,
    )
    def compute():
        for name in evaluated:
            yield dg.AssetCheckResult(check_name=name, asset_key="checked", passed=True)
        if fails:
            raise dg.Failure("no")
        yield dg.Output(1, "result")

    return compute


def executions(instance, name):
    key = dg.AssetCheckKey(dg.AssetKey("checked"), name)
    history = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
    return [(record.partition, record.status.value) for record in history]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("run", [{"partition_key": "2026-01-01"}, {"tags": WHOLE_RANGE}])
def test_a_check_is_in_the_history_once_per_evaluation_and_not_at_all_without(instance, fails, run):
    dg.materialize([checked(("one",), fails)], instance=instance, raise_on_error=False, **run)
    assert executions(instance, "one") == [(None, "SUCCEEDED")]
    assert executions(instance, "other") == []


def test_the_checks_of_a_step_that_failed_before_any_of_them_are_shown_as_not_executed(instance):
    dg.materialize([checked((), fails=True)], instance=instance, raise_on_error=False, partition_key="2026-01-01")
    assert executions(instance, "one") == [(None, "PLANNED")]


def test_a_check_that_is_evaluated_in_another_step_of_the_run_is_still_planned_until_then(instance):
    seen = []

    @dg.asset_check(asset="checked", blocking=False)
    def later(context: dg.AssetCheckExecutionContext):
        seen.append(executions(instance, "later"))
        return dg.AssetCheckResult(passed=True)

    definitions = dg.Definitions(assets=[checked(("one",))], asset_checks=[later])
    job = definitions.resolve_implicit_job_def_def_for_assets([dg.AssetKey("checked")])
    job.execute_in_process(instance=instance, partition_key="2026-01-01")
    assert seen == [[(None, "PLANNED")]]
    assert executions(instance, "later") == [(None, "SUCCEEDED")]


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
