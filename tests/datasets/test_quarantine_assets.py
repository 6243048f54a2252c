"""The quarantine of a dataset is an asset beside it: what waits, per partition and rule, each time that it changes."""

from __future__ import annotations

import dagster as dg
import polars as pl
import pytest

from data_platform.datasets.quarantine import has_quarantine, quarantine_assets
from data_platform.datasets.testing import publish_frame

from . import scenario
from .rules_scenario import CHECKED, CONTRACTS, DAY, LIMITS, NEXT, checked, incoming
from .scenario import RAW, STATS, Source, materialize

KEY = dg.AssetKey(["ads", "raw__quarantine"])

pytestmark = pytest.mark.usefixtures("lakehouse")


@pytest.fixture
def instance():
    with dg.instance_for_test() as made:
        yield made


def waiting(result: dg.ExecuteInProcessResult) -> list[tuple[str | None, dict[str, int]]]:
    return [
        (event.partition, {name: value.value for name, value in event.materialization.metadata.items()})
        for event in result.get_asset_materialization_events()
        if event.asset_key == KEY
    ]


def test_each_dataset_that_can_refuse_rows_has_one_with_the_dataset_as_its_only_parent():
    specs = {spec.key.to_user_string(): spec for spec in quarantine_assets(CONTRACTS.values())}
    assert set(specs) == {"ads/raw__quarantine", "ads/checked__quarantine"}
    spec = specs["ads/checked__quarantine"]
    assert [dep.asset_key for dep in spec.deps] == [dg.AssetKey(["ads", "checked"])]
    assert spec.partitions_def == checked.partitions_def
    assert list(spec.owners) == ["ana@market.example", "team:ads"]
    assert spec.group_name == "ads_quarantine" and "iceberg" in spec.kinds
    names = [column.name for column in spec.metadata["dagster/column_schema"].columns]
    assert names[: len(CHECKED.columns)] == list(CHECKED.column_names) and "_reasons" in names


def test_a_contract_without_a_quarantine_policy_has_none():
    assert not has_quarantine(STATS) and has_quarantine(RAW)


def test_it_is_nothing_that_can_be_produced():
    definitions = dg.Definitions(assets=[checked, *quarantine_assets(CONTRACTS.values())])
    graph = definitions.resolve_asset_graph()
    assert dg.AssetKey(["ads", "checked__quarantine"]) not in graph.executable_asset_keys
    assert graph.get(dg.AssetKey(["ads", "checked"])).child_keys == {dg.AssetKey(["ads", "checked__quarantine"])}


def test_rows_that_wait_are_recorded_by_partition_and_rule(instance):
    result = materialize(scenario.raw, day=DAY, resources={"source": Source(bad=1)}, instance=instance)
    assert waiting(result) == [(DAY, {"dagster/partition_row_count": 1, "price_minimum": 1})]


def test_of_a_range_only_partitions_with_rows_are_recorded_and_a_blocked_one_is_not(instance):
    result = materialize(scenario.raw, day=DAY, last=scenario.DAYS[2], instance=instance)
    assert [partition for partition, _ in waiting(result)] == [DAY, scenario.DAYS[2]]


def test_when_nothing_waits_any_more_that_is_recorded_too(instance):
    materialize(scenario.raw, day=DAY, instance=instance)
    clean = scenario.Source().rows(DAY).with_columns(price=pl.lit("9.50"))

    class Clean(Source):
        def rows(self, day: str) -> pl.DataFrame:
            return clean

    result = materialize(scenario.raw, day=DAY, resources={"source": Clean()}, instance=instance)
    assert waiting(result) == [(DAY, {"dagster/partition_row_count": 0})]


def test_a_day_that_never_had_refused_rows_says_nothing(instance):
    publish_frame(pl.DataFrame({"most": [100]}), LIMITS)
    publish_frame(incoming(5, NEXT), RAW, [NEXT])
    result = materialize(checked, day=NEXT, instance=instance)
    assert result.success and waiting(result) == []
