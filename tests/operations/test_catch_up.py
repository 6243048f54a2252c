"""Catching up on real definitions: what is missing is produced; a blocked day is counted and tried again."""

from datetime import date

import dagster as dg
import pytest

from data_platform.operations import catch_up as module
from data_platform.operations.catch_up import catch_up
from tests.operations import catch_up_defs, catch_up_spark_defs

DAYS = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]


@pytest.fixture
def caught_up(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MODULE", catch_up_defs.__name__)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield lambda days=DAYS, told=lambda progress: None: catch_up(catch_up_defs.defs, instance, days, told)


@pytest.mark.slow
def test_every_missing_day_is_published_and_the_bad_one_is_blocked_with_its_reason(caught_up):
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


@pytest.mark.slow
def test_a_second_time_only_the_blocked_day_is_tried_again(caught_up):
    caught_up()
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
    days = [date(2026, 1, day) for day in range(1, 6)]
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        results = catch_up(catch_up_spark_defs.defs, instance, days)
        assert {name: (each.published, each.failed) for name, each in results.items()} == {
            "ads.raw": (4, 1),
            "ads.read": (4, 0),
            "ads.reads": (4, 0),
            "ads.visits": (4, 0),
        }
        runs: dict[str, list[str]] = {}
        for name in ("visits", "read"):
            records = instance.fetch_materializations(dg.AssetKey(["ads", name]), limit=9).records
            by_run: dict[str, list[str]] = {}
            for each in records:
                by_run.setdefault(each.run_id, []).append(str(each.partition_key))
            runs[name] = sorted(" ".join(sorted(of)) for of in by_run.values())
    assert runs["visits"] == ["2026-01-01 2026-01-02", "2026-01-04 2026-01-05"]
    assert len(runs["read"]) == 4
