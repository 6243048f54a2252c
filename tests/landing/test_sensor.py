"""The sensor: which runs it asks for, once, and what it leaves alone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from data_platform.datasets import Dataset
from data_platform.files.landing.ledger import Ledger
from data_platform.operations import landing
from data_platform.operations.landing import DATASET_TAG, landing_sensors, together

from .scenario import (
    ALL,
    ONE,
    ORDERS,
    THREE,
    TWO,
    drop,
    dumps,
    orders,
    published,
    reason,
    states,
    stock,
)

pytestmark = pytest.mark.usefixtures("lakehouse")


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def tick(instance: dg.DagsterInstance, *assets: Dataset, cursor: str | None = None) -> dg.SensorResult:
    (sensor,) = landing_sensors(assets or ALL)
    result = sensor(dg.build_sensor_context(instance, cursor=cursor))
    assert isinstance(result, dg.SensorResult)
    return result


def asked(result: dg.SensorResult) -> list[tuple[str, str, str]]:
    """(asset, first partition, last partition) of each run."""
    found = []
    for each in result.run_requests or ():
        (key,) = each.asset_selection or ()
        first = each.tags.get("dagster/asset_partition_range_start", each.tags.get("dagster/partition", ""))
        found.append((key.path[-1], first, each.tags.get("dagster/asset_partition_range_end", first)))
    return found


def execute(instance: dg.DagsterInstance, request: dg.RunRequest, asset: Dataset = orders) -> dg.ExecuteInProcessResult:
    """What the daemon would do."""
    return dg.materialize([asset], instance=instance, tags=dict(request.tags), raise_on_error=False)


def test_days_in_a_row_are_one_run_and_are_asked_for_until_they_are_published(
    home: Path, instance: dg.DagsterInstance
) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, TWO, 20)])
    drop(home, "orders/c.csv", [(3, "2026-01-05", 20)])
    first = tick(instance)
    assert asked(first) == [("orders", ONE, TWO), ("orders", "2026-01-05", "2026-01-05")]
    again = tick(instance)
    assert [each.run_key for each in again.run_requests or ()] == [each.run_key for each in first.run_requests or ()]
    for request in first.run_requests or ():
        assert execute(instance, request).success
    assert asked(tick(instance)) == []
    assert published(ORDERS) == [(1, ONE, 10), (2, TWO, 20), (3, "2026-01-05", 20)]


def test_a_late_file_asks_for_its_day_again(home: Path, instance: dg.DagsterInstance) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, TWO, 20)])
    (request,) = tick(instance).run_requests or ()
    execute(instance, request)
    drop(home, "orders/b.csv", [(3, ONE, 10)])
    drop(home, "orders/same.csv", [(1, ONE, 10), (2, TWO, 20)])
    assert asked(tick(instance)) == [("orders", ONE, ONE)]


def test_a_dataset_without_partitions_is_one_run(home: Path, instance: dg.DagsterInstance) -> None:
    drop(home, "stock/a.csv", [(1, 10)], "id,price")
    drop(home, "dumps/a.csv", [(1, 10)], "id,price")
    result = tick(instance)
    assert asked(result) == [("dumps", "", ""), ("stock", "", "")]
    for request, asset in zip(result.run_requests or (), (dumps, stock), strict=True):
        assert execute(instance, request, asset).success
    assert asked(tick(instance)) == []


def test_while_a_run_is_going_nothing_is_asked_for_and_then_what_is_left(
    home: Path, instance: dg.DagsterInstance
) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    going = instance.create_run_for_job(
        dg.define_asset_job("job").resolve(asset_graph=dg.Definitions([orders]).resolve_asset_graph()),
        tags={DATASET_TAG: "shop.orders"},
        status=dg.DagsterRunStatus.STARTED,
    )
    result = tick(instance)
    assert asked(result) == [] and "is going" in str(result.skip_reason)
    instance.report_run_canceled(going)
    assert asked(tick(instance)) == [("orders", ONE, ONE)]


def test_while_a_step_works_on_the_zone_it_is_left_alone(home: Path, instance: dg.DagsterInstance) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    with Ledger(home, "shop.orders").held():
        result = tick(instance)
    assert asked(result) == [] and "at work" in str(result.skip_reason)


def test_a_run_that_fails_is_asked_for_again_but_not_for_ever(home: Path, instance: dg.DagsterInstance) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    (request,) = tick(instance).run_requests or ()
    execute(instance, request)
    (home / "landing/orders/a.csv").unlink()
    drop(home, "orders/b.csv", [(2, ONE, 10)])
    keys = []
    while requests := tick(instance).run_requests or ():
        (request,) = requests
        keys.append(request.run_key)
        assert not execute(instance, request).success
    assert len(set(keys)) == len(keys) == 3
    assert "by hand" in str(tick(instance).skip_reason)
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    (request,) = tick(instance).run_requests or ()


def test_a_file_without_a_partition_is_set_aside_by_the_tick_that_finds_it(
    home: Path, instance: dg.DagsterInstance
) -> None:
    drop(home, "prices/no-date.csv", [(1, ONE, 10)])
    drop(home, "orders/bad.csv", "id,price\n1,10\n")
    result = tick(instance)
    assert asked(result) == []
    assert sorted(str(each.description).split(" ")[0] for each in result.asset_events) == ["bad.csv", "no-date.csv"]
    assert states(home) == {"bad.csv": "refused"}
    assert "says no day" in reason(home, "no-date.csv", "prices")["reason"]
    assert list(tick(instance).asset_events) == []


def test_a_folder_that_cannot_be_read_does_not_stop_the_others(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    look = landing.look

    def failing(zone, contract, *rest, **options):
        if contract.dataset == "shop.dumps":
            raise PermissionError("dumps")
        return look(zone, contract, *rest, **options)

    monkeypatch.setattr(landing, "look", failing)
    assert asked(tick(instance)) == [("orders", ONE, ONE)]


def test_there_is_no_sensor_where_nothing_lands() -> None:
    assert landing_sensors([]) == []


def test_only_so_many_days_are_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing, "TOGETHER", 2)
    assert together(ORDERS, [THREE, ONE, TWO, "2026-01-09"]) == [[ONE, TWO], [THREE], ["2026-01-09"]]


def test_dagster_accepts_what_the_sensor_asks_for(home: Path, instance: dg.DagsterInstance) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, TWO, 20)])
    drop(home, "prices/p-2026-01-01.csv", [(1, 10)], "id,price")
    drop(home, "stock/a.csv", [(1, 10)], "id,price")
    (sensor,) = landing_sensors(ALL)
    repository = dg.Definitions(ALL, sensors=[sensor]).get_repository_def()
    with dg.build_sensor_context(instance, repository_def=repository, sensor_name="landing") as context:
        data = sensor.evaluate_tick(context)
    assert len(data.run_requests or ()) == 3


def test_ten_thousand_known_files_are_looked_at_in_no_time(home: Path, instance: dg.DagsterInstance) -> None:
    for number in range(10_000):
        drop(home, f"stock/{number}.csv", f"id,price\n{number},1\n")
    started = time.monotonic()
    tick(instance, stock)
    first, started = time.monotonic() - started, time.monotonic()
    tick(instance, stock)
    again = time.monotonic() - started
    assert (first < 60, again < 10) == (True, True), "1.3 s and 0.4 s on a quiet machine"
