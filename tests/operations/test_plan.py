"""Which runs bring datasets up to date, as a table of graphs."""

from datetime import date

import pytest

from data_platform.operations.catch_up import days_before, partitions_of_day
from data_platform.operations.plan import Node, PlannedRun, plan_runs


def node(dataset, partitioning, *reads):
    return Node(dataset, partitioning, frozenset(reads))


HOURLY = node("raw_views", "hour")
GRAPH = [
    HOURLY,
    node("raw_listings", "day"),
    node("categories", ""),
    node("views", "day", "raw_views"),
    node("listings", "day", "raw_listings", "categories"),
    node("stats", "day", "views", "listings"),
    node("by_device", "day x device", "stats"),
    node("total", "", "stats"),
]
ALL = {each.dataset: ["p"] for each in GRAPH}


def test_datasets_that_can_share_a_run_do_and_inputs_come_first():
    runs = plan_runs(GRAPH, ALL)
    assert [set(run.datasets) for run in runs] == [
        {"raw_views", "categories"},
        {"raw_listings", "views", "listings", "stats", "total"},
        {"by_device"},
    ]


def test_what_is_there_is_not_produced_again_and_counts_as_there():
    assert plan_runs(GRAPH, ALL | {"raw_views": [], "categories": [], "total": [], "by_device": []}) == [
        PlannedRun(("raw_listings", "views", "listings", "stats"), ("p",))
    ]


def test_nothing_missing_needs_no_run():
    assert plan_runs(GRAPH, {}) == []


def test_hours_of_a_day_are_one_run():
    hours = [f"2026-01-01-{hour:02}:00" for hour in range(24)]
    assert plan_runs([HOURLY], {"raw_views": hours}) == [PlannedRun(("raw_views",), tuple(hours))]


def test_unpartitioned_datasets_alone_run_without_a_partition():
    assert plan_runs([node("a", ""), node("b", "", "a")], {"a": [""], "b": [""]}) == [PlannedRun(("a", "b"), ())]


def test_a_cycle_is_named():
    with pytest.raises(ValueError, match="in a cycle: a, b"):
        plan_runs([node("a", "day", "b"), node("b", "day", "a")], {"a": ["p"], "b": ["p"]})


def test_the_partitions_of_a_day_are_itself_its_hours_or_itself_with_each_value():
    import dagster as dg

    (day,) = days_before(date(2026, 1, 2), 1)
    daily, hourly = dg.DailyPartitionsDefinition("2026-01-01"), dg.HourlyPartitionsDefinition("2026-01-01-00:00")
    both = dg.MultiPartitionsDefinition({"day": daily, "device": dg.StaticPartitionsDefinition(["ios", "web"])})
    assert partitions_of_day(daily, day) == ["2026-01-02"]
    assert partitions_of_day(hourly, day)[0::23] == ["2026-01-02-00:00", "2026-01-02-23:00"]
    assert partitions_of_day(both, day) == ["2026-01-02|ios", "2026-01-02|web"]
