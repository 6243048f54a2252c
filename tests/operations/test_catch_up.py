"""Catching up on real definitions: what is missing is produced; a blocked day is counted and tried again."""

from datetime import date

import dagster as dg
import pytest

from data_platform.operations import catch_up as module
from data_platform.operations.catch_up import catch_up
from data_platform.operations.plan import nodes_of
from tests.operations import catch_up_defs, catch_up_spark_defs

DAYS = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]


@pytest.fixture
def caught_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MODULE", catch_up_defs.__name__)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield lambda days=DAYS, told=lambda progress: None: catch_up(catch_up_defs.defs, instance, days, told)


@pytest.mark.slow
def test_every_missing_day_is_published_and_the_bad_one_is_blocked_with_its_reason_and_tried_again_alone(caught_up):
    told = []
    results = caught_up(told=told.append)
    assert {name: (each.published, each.blocked, each.failed) for name, each in results.items()} == {
        "ads.raw": (2, 1, 0),
        "ads.stats": (2, 0, 0),
        "ads.week": (2, 0, 0),
        "ads.total": (2, 0, 0),
    }
    (reason,) = results["ads.raw"].reasons
    assert "2026-01-02: price_minimum: 5 of 10 rows" in reason
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert told[-1].done <= told[-1].total

    again = caught_up()
    assert again["ads.raw"].published == 0 and again["ads.raw"].blocked == 1
    assert again.get("ads.stats", module.Result()).published == 0


def test_when_all_is_there_nothing_runs(caught_up):
    caught_up(DAYS[:1])
    assert caught_up(DAYS[:1]) == {}


@pytest.mark.slow
def test_what_spark_makes_and_nobody_reads_is_made_of_neighbouring_days_at_once_and_not_of_days_that_are_missing(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(module, "MODULE", catch_up_spark_defs.__name__)
    days = [date(2026, 1, day) for day in range(1, 5)]
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        results = catch_up(catch_up_spark_defs.defs, instance, days)
        assert {name: (each.published, each.failed) for name, each in results.items()} == {
            "ads.raw": (3, 1),
            "ads.visits": (3, 0),
        }
        by_run: dict[str, list[str]] = {}
        for each in instance.fetch_materializations(dg.AssetKey(["ads", "visits"]), limit=9).records:
            by_run.setdefault(each.run_id, []).append(str(each.partition_key))
    assert sorted(sorted(each) for each in by_run.values()) == [["2026-01-01"], ["2026-01-03", "2026-01-04"]]


def test_what_spark_makes_for_others_to_read_is_made_day_by_day_like_all_else():
    alone, read = catch_up_spark_defs.defs, dg.Definitions([*(catch_up_spark_defs.defs.assets or ()), reader])
    assert module._made_last(alone.resolve_asset_graph(), nodes_of(alone)) == ["ads.visits"]
    assert module._made_last(read.resolve_asset_graph(), nodes_of(read)) == []


@dg.asset(key=["ads", "reader"], partitions_def=catch_up_spark_defs.DAYS, deps=[["ads", "visits"]])
def reader() -> None: ...
