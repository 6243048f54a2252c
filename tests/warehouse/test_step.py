"""Models are published like every dataset: in one invocation per step, audited, with what dbt tests as checks."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import dagster as dg
import polars as pl
import pytest

from data_platform.datasets.partitions import range_tags
from data_platform.datasets.testing import read_dataset
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.provenance import read_properties
from data_platform.operations import catch_up
from data_platform.warehouse.assets import Warehouse, warehouse_assets
from data_platform.warehouse.invocation import Invocation
from tests.buckets import make_bucket

from . import scenario
from .scenario import CONTRACTS, DAYS, NORMAL, orders, publish_inputs

RANGE = range_tags(DAYS[0], DAYS[2])


def materialize(warehouse, *names: str, instance: dg.DagsterInstance | None = None, **options):
    keys = [dg.AssetKey(name.split(".")) for name in names]
    assets = [each for each in warehouse if set(keys) & set(each.keys)]
    return dg.materialize(assets, selection=keys, instance=instance, raise_on_error=False, **options)


def rows(name: str) -> list[tuple]:
    frame = pl.from_arrow(read_dataset(CONTRACTS[name]))
    assert isinstance(frame, pl.DataFrame)
    return sorted(
        frame.select(CONTRACTS[name].column_names).with_columns(pl.col(pl.Decimal).cast(float)).rows(), key=str
    )


def published(result) -> list[tuple[str, str | None]]:
    found = [(".".join(each.asset_key.path), each.partition) for each in result.get_asset_materialization_events()]
    return [each for each in found if not each[0].endswith("__quarantine")]


def failing(result) -> dict[tuple[str, str], str]:
    return {
        (each.asset_key.path[-1], each.check_name): each.severity.value
        for each in result.get_asset_check_evaluations()
        if not each.passed
    }


def why(result) -> str:
    (failure,) = [each.step_failure_data for each in result.all_events if each.is_step_failure]
    return failure.user_failure_data.description


@pytest.mark.slow
def test_a_model_reads_its_own_day_and_a_window_reads_a_week(warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    for day in DAYS:
        result = materialize(warehouse, "shop.daily", "sales.week", partition_key=day)
        assert result.success and published(result) == [("shop.daily", day), ("sales.week", day)]
    assert [each[1:] for each in rows("shop.daily")[:2]] == [("Lima", 1, 20.0), ("Rio", 2, 15.0)]
    assert [each[1] for each in rows("sales.week")] == [35.0, 70.0, 105.0]


def test_a_range_is_one_invocation_and_every_day_is_told(warehouse: list[Warehouse], lakehouse: Lakehouse):
    publish_inputs(NORMAL)
    result = materialize(warehouse, "shop.daily", "sales.week", tags=RANGE)
    assert published(result) == [(name, day) for name in ("shop.daily", "sales.week") for day in DAYS]
    assert [each[1] for each in rows("sales.week")] == [35.0, 70.0, 105.0]
    snapshots = lakehouse.existing_table("shop.daily").metadata.snapshots
    assert len(snapshots) == 1


@pytest.mark.slow
def test_an_unpartitioned_model_reads_all_days_and_its_neighbour_what_it_just_published(warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    assert materialize(warehouse, "shop.totals", "sales.best").success
    assert rows("shop.totals") == [(1, 6), (2, 3)] and rows("sales.best") == [(1, 6)]


@pytest.mark.slow
def test_a_chosen_model_is_built_alone_from_what_is_published_of_the_others(warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    assert materialize(warehouse, "shop.totals").success
    publish_inputs({DAYS[0]: orders(DAYS[0], [1.0] * 9, [2] * 9)})
    result = materialize(warehouse, "sales.best")
    assert published(result) == [("sales.best", None)]
    assert rows("sales.best") == [(1, 6)], "shop.totals was not built again"


@pytest.mark.slow
def test_refused_rows_wait_in_quarantine(warehouse: list[Warehouse]):
    publish_inputs({DAYS[0]: orders(DAYS[0], [10.0, 20.0, 7.0], [1, 2, 3])})  # nobody knows person 3, nor a city
    result = materialize(warehouse, "shop.daily", partition_key=DAYS[0])
    assert result.success and failing(result) == {("daily", "city_required"): "WARN"}
    assert [each[1] for each in rows("shop.daily")] == ["Lima", "Rio"]
    (event,) = [e for e in result.get_asset_materialization_events() if e.asset_key.path[-1] == "daily"]
    assert event.step_materialization_data.materialization.metadata["quarantined"].value == 1


@pytest.mark.slow
def test_a_blocked_model_publishes_nothing_and_dbt_runs_nothing_below_it(warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    materialize(warehouse, "shop.daily", "sales.week", partition_key=DAYS[0])
    before = rows("shop.daily"), rows("sales.week")
    publish_inputs({DAYS[0]: orders(DAYS[0], [-10.0, 20.0], [1, 2])})
    result = materialize(warehouse, "shop.daily", "sales.week", partition_key=DAYS[0])
    assert not result.success and published(result) == []
    assert failing(result) == {("daily", "published"): "ERROR", ("daily", "revenue_minimum"): "ERROR"}
    assert "shop.daily is blocked" in why(result)
    assert "not begun, because they depend on it: sales.week" in why(result)
    assert (rows("shop.daily"), rows("sales.week")) == before


@pytest.mark.slow
def test_one_bad_day_of_a_range_does_not_cost_the_others(warehouse: list[Warehouse]):
    publish_inputs({**NORMAL, DAYS[1]: orders(DAYS[1], [-10.0, 20.0], [1, 2])})
    result = materialize(warehouse, "shop.daily", "sales.week", tags=RANGE)
    assert not result.success and published(result) == [("shop.daily", DAYS[0]), ("shop.daily", DAYS[2])]
    assert {str(each[0]) for each in rows("shop.daily")} == {DAYS[0], DAYS[2]}


def test_what_is_not_there_refuses_the_model(warehouse: list[Warehouse]):
    publish_inputs({DAYS[0]: NORMAL[DAYS[0]]})
    result = materialize(warehouse, "shop.daily", partition_key=DAYS[1])
    assert failing(result) == {("daily", "inputs"): "ERROR"}
    assert f"shop.orders has no published data for {DAYS[1]}" in why(result)
    assert "meta: {missing: {shop.orders: skip}}" in why(result)


@pytest.mark.slow
def test_models_that_do_not_depend_on_the_blocked_one_are_built(warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    assert materialize(warehouse, "shop.daily", "sales.week", partition_key=DAYS[0]).success
    publish_inputs({DAYS[1]: orders(DAYS[1], [-10.0], [1])})
    result = materialize(warehouse, "shop.daily", "shop.totals", partition_key=DAYS[1])
    assert published(result) == [("shop.totals", None)]


def test_dbts_tests_are_checks_of_what_was_just_published(warehouse: list[Warehouse]):
    publish_inputs({DAYS[0]: orders(DAYS[0], [10.0, 20.0], [1, 9])})  # there is no person 9
    result = materialize(warehouse, "shop.totals")
    assert published(result) == [("shop.totals", None)], "it was published before dbt's tests ran"
    name = "relationships_shop__totals_person__person__source_shop_people_"
    assert failing(result) == {("totals", name): "ERROR"} and not result.success
    assert f"the test {name} fails: Got 1 result" in why(result)


@pytest.mark.slow
def test_checks_run_alone_on_what_is_published(warehouse: list[Warehouse]):
    publish_inputs({DAYS[0]: orders(DAYS[0], [10.0, 20.0], [1, 9])})
    materialize(warehouse, "shop.totals")
    name = "relationships_shop__totals_person__person__source_shop_people_"
    key = dg.AssetKey(["shop", "totals"])
    (asset,) = [each for each in warehouse if key in each.keys]
    chosen = dg.AssetSelection.checks(*(dg.AssetCheckKey(key, each) for each in (name, "published")))
    result = dg.materialize([asset], selection=chosen, raise_on_error=False)
    assert published(result) == []
    assert {each.check_name: each.passed for each in result.get_asset_check_evaluations()} == {
        name: False,
        "published": True,
    }
    (again,) = asset.evaluate_tests(asset.producers[-1], [name])
    assert not again.passed and again.metadata["failing_rows"].value == 1


@pytest.mark.slow
def test_a_query_that_fails_says_so_and_publishes_nothing(warehouse: list[Warehouse], project, monkeypatch):
    publish_inputs(NORMAL)
    monkeypatch.setattr("data_platform.warehouse.maker.stage_rows", lambda *_: 1 / 0)
    result = materialize(warehouse, "shop.totals", "sales.best")
    assert published(result) == [] and "division by zero" in why(result)
    assert "shop.totals is not produced" in why(result) and "depend on it: sales.best" in why(result)


def test_the_snapshot_says_what_was_read_and_where_columns_come_from(warehouse: list[Warehouse], lakehouse: Lakehouse):
    publish_inputs(NORMAL)
    result = materialize(warehouse, "shop.daily", tags=RANGE)
    table = lakehouse.existing_table("shop.daily")
    known = read_properties(table.current_snapshot().summary.additional_properties)
    assert known["run-id"] == result.run_id and known["engine"] == "dbt" and known["step"] == "dbt__daily"
    inputs = {each["dataset"]: each for each in json.loads(known["inputs"])}
    assert inputs["shop.people"]["columns"] == ["person", "city"], "not the e-mail address, which nobody may read"
    assert inputs["shop.orders"]["partitions"] == list(DAYS)
    for name, each in inputs.items():
        assert each["snapshot"] == lakehouse.existing_table(name).current_snapshot().snapshot_id


@pytest.mark.slow
def test_retrying_from_failure_builds_the_step_again_and_what_waited_for_it(project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAREHOUSE_PROJECT", str(project.folder))
    publish_inputs({**NORMAL, DAYS[0]: orders(DAYS[0], [-10.0], [1])})
    from . import retry_defs

    with dg.DagsterInstance.local_temp() as instance:
        job = dg.reconstructable(retry_defs.job)
        tags = {"dagster/partition": DAYS[0]}
        first = dg.execute_job(job, instance, tags=tags)
        assert not first.success and "shop.daily is blocked" in why(first)
        publish_inputs({DAYS[0]: NORMAL[DAYS[0]]})
        again = dg.ReexecutionOptions.from_failure(first.run_id, instance)
        second = dg.execute_job(job, instance, reexecution_options=again, tags=tags)
        assert second.success and {event.step_key for event in second.get_step_success_events()} == {"dbt__daily"}
    assert rows("sales.week")[0][1] == 35.0


@pytest.mark.slow
def test_catching_up_counts_each_model_of_a_step(project, tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WAREHOUSE_PROJECT", str(project.folder))
    from . import retry_defs

    publish_inputs({**NORMAL, DAYS[1]: orders(DAYS[1], [-10.0], [1])})
    monkeypatch.setattr(catch_up, "MODULE", retry_defs.__name__)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        told = []
        results = catch_up.catch_up(retry_defs.defs, instance, [date.fromisoformat(day) for day in DAYS], told.append)
    found = {name: (each.published, each.blocked, each.failed, each.rows) for name, each in results.items()}
    assert found == {
        "shop.daily": (2, 1, 0, 4),
        "sales.week": (2, 0, 0, 2),  # a window reads without the blocked day
        "shop.totals": (2, 0, 0, 4),
        "sales.best": (2, 0, 0, 2),
    }
    assert all(each.seconds > 0 for each in results.values())
    assert {each.dataset for each in told} == set(results)


@pytest.mark.slow
def test_runs_at_the_same_time_share_no_database(warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    with ThreadPoolExecutor(3) as pool:
        started = [pool.submit(materialize, warehouse, "shop.daily", partition_key=day) for day in DAYS]
        assert all(each.result().success for each in started)
    assert {str(each[0]) for each in rows("shop.daily")} == set(DAYS)


@pytest.mark.slow
def test_an_interrupted_step_leaves_no_invocation_behind(warehouse: list[Warehouse], monkeypatch: pytest.MonkeyPatch):
    publish_inputs(NORMAL)

    def interrupted(*arguments, **options):
        raise dg.DagsterExecutionInterruptedError

    with monkeypatch.context() as patch:
        patch.setattr("data_platform.warehouse.step.concluded", interrupted)
        assert not materialize(warehouse, "shop.totals", "sales.best").success
    assert "dbt" not in {thread.name for thread in threading.enumerate()}
    assert materialize(warehouse, "shop.totals", "sales.best").success


@pytest.mark.parametrize("name", ["shop.daily", "sales.best"])
def test_an_asset_is_what_its_contract_says(warehouse: list[Warehouse], name: str):
    (asset,) = [each for each in warehouse if scenario.key(name) in each.keys]
    spec, contract = asset.specs_by_key[scenario.key(name)], CONTRACTS[name]
    assert spec.group_name == contract.domain and spec.kinds == {"dbt", "iceberg"}
    assert list(spec.owners) == [*contract.owners, *([f"team:{contract.team}"] if contract.team else [])]
    assert spec.tags.items() >= {"visibility": contract.visibility, **dict.fromkeys(contract.tags, "")}.items()
    assert (spec.partitions_def is None) == (contract.partitioning is None)
    assert spec.automation_condition is not None and spec.code_version


@pytest.mark.slow
def test_a_query_that_runs_is_interrupted_at_once(tmp_path, monkeypatch: pytest.MonkeyPatch):
    """By its own connection: DuckDB's cursors are not those they were made from."""
    publish_inputs(NORMAL)
    changed = {"shop/shop__totals.sql": "select 1 as person, count(*) as orders from range(1_000_000_000_000) as t (n)"}
    built = warehouse_assets(scenario.project(tmp_path, changed))
    invocations = []
    run = Invocation.run

    def remembered(self, *arguments, **options):
        invocations.append(self)
        threading.Timer(3.0, self.cancel).start()
        return run(self, *arguments, **options)

    monkeypatch.setattr(Invocation, "run", remembered)
    began = time.monotonic()
    result = materialize(built, "shop.totals")
    assert not result.success and published(result) == []
    assert time.monotonic() - began < 60 and invocations[0].canceled


@pytest.mark.slow
def test_a_model_reaches_no_file_outside_the_lakehouse_and_no_network(tmp_path):
    (tmp_path / "secret.csv").write_text("person,orders\n1,1\n")
    publish_inputs(NORMAL)
    for number, source in enumerate(
        (f"read_csv('{tmp_path}/secret.csv')", "read_csv('https://example.invalid/a.csv')")
    ):
        changed = {"shop/shop__totals.sql": f"select person, orders from {source}"}
        (tmp_path / str(number)).mkdir()
        result = materialize(warehouse_assets(scenario.project(tmp_path / str(number), changed)), "shop.totals")
        assert published(result) == [] and "disabled by configuration" in why(result)


@pytest.mark.slow
def test_a_warehouse_in_a_bucket_is_read_and_written(s3, warehouse: list[Warehouse], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATA_PLATFORM_WAREHOUSE", f"s3://{make_bucket(s3, 'warehouse')}/lake")
    publish_inputs(NORMAL)
    assert materialize(warehouse, "shop.totals", "sales.best").success
    assert rows("sales.best") == [(1, 6)]


@pytest.mark.slow
def test_options_of_dbts_from_the_environment_are_not_for_us(
    warehouse: list[Warehouse], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("DBT_EMPTY", "true")
    monkeypatch.setenv("DBT_TARGET", "postgres")
    monkeypatch.setenv("DBT_PROFILES_DIR", "/nowhere")
    publish_inputs(NORMAL)
    assert materialize(warehouse, "shop.totals").success
    assert rows("shop.totals") == [(1, 6), (2, 3)]
