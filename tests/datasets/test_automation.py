"""What runs by itself, evaluated on real runs in an ephemeral instance."""

from typing import Annotated

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Contract, Partitioning, PartitionKey
from data_platform.datasets import Reads, dataset, window
from data_platform.datasets.automation import automation_condition

from . import scenario
from .scenario import CONTRACTS, materialize

HOURLY = Partitioning((PartitionKey("at", "hour", "2026-01-01"),))

pytestmark = pytest.mark.usefixtures("lakehouse")


LATEST = dg.DailyPartitionsDefinition("2026-01-01").get_last_partition_key()
"""`eager()` looks at the newest time partition only; older ones are backfilled by people."""


class Evaluations:
    """Evaluate the conditions of some assets again and again, as the daemon does."""

    def __init__(self, *assets: dg.AssetsDefinition):
        self.assets, self.instance, self.cursor = assets, dg.DagsterInstance.ephemeral(), None
        self.definitions = dg.Definitions(assets=list(assets), resources={"source": scenario.Source()})
        self.requested()

    def requested(self) -> dict[str, set[str]]:
        result = dg.evaluate_automation_conditions(self.definitions, self.instance, cursor=self.cursor)
        self.cursor = result.cursor
        return {each.key.path[-1]: result.get_requested_partitions(each.key) for each in self.assets}

    def produce(self, **source) -> bool:
        resources = {"source": scenario.Source(**source)}
        return materialize(scenario.raw, day=LATEST, instance=self.instance, resources=resources).success


def test_a_published_input_requests_its_readers():
    evaluations = Evaluations(scenario.raw, scenario.stats)
    assert evaluations.produce()
    assert evaluations.requested()["stats"] == {LATEST}


def test_a_blocked_input_requests_nothing():
    evaluations = Evaluations(scenario.raw, scenario.stats)
    assert not evaluations.produce(bad_day=LATEST)
    assert evaluations.requested()["stats"] == set()


def test_a_published_day_that_turns_bad_requests_nothing_though_its_good_rows_stay():
    evaluations = Evaluations(scenario.raw, scenario.stats)
    evaluations.produce()
    evaluations.requested()
    evaluations.produce(bad_day=LATEST)
    assert evaluations.requested()["stats"] == set()


def test_a_window_that_begins_before_history_does_not_wait_for_ever():
    @dataset("ads.week", contracts=CONTRACTS)
    def week(listings: Annotated[pl.DataFrame, Reads("ads.raw", "day", partitions=window(7))]) -> pl.DataFrame:
        return listings.group_by("day").len("listings")

    evaluations = Evaluations(scenario.raw, week)
    evaluations.produce()
    assert LATEST in evaluations.requested()["week"]


def test_extractions_follow_the_clock_once_their_partition_is_complete():
    hourly = automation_condition(Contract("a", "b", "1", (), partitioning=HOURLY), [])
    assert "5 * * * *" in repr(hourly)
    assert "15 0 * * *" in repr(scenario.raw.get_asset_spec().automation_condition)
