"""Rules that read other datasets: they are dependencies, unless they have a schedule; and cycles are told as such."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Contracts
from data_platform.datasets import DefinitionError, Reads, dataset
from data_platform.datasets.build import graph_problems
from data_platform.datasets.dependencies import rule_reads
from data_platform.datasets.metadata import definition_metadata
from data_platform.datasets.testing import materialize as materialize_alone
from data_platform.datasets.testing import publish_frame, read_dataset

from .rules_scenario import CHECKED, CONTRACTS, DAY, LIMITS, NIGHTLY, checked, expression, incoming
from .scenario import RAW, STATS, TOTAL, failed_checks, materialize

KEY = dg.AssetKey(["ads", "checked"])


def reads_stats(when: str = "publication"):
    """`ads.total` reads `ads.stats`, and a rule of `ads.stats` reads `ads.total`."""
    rule = expression("no_more_than_all", "ads.stats", "stats.count(*) <= total.count(*)", when=when)
    contracts = Contracts.of(replace(STATS, rules=(rule,)), TOTAL)

    @dataset("ads.stats", contracts=contracts)
    def stats() -> pl.DataFrame:
        raise AssertionError

    @dataset("ads.total", contracts=contracts)
    def total(stats: Annotated[pl.DataFrame, Reads("ads.stats", partitions="all")]) -> pl.DataFrame:
        return stats

    return contracts, [stats, total]


def test_what_only_a_rule_reads_is_a_dependency_and_what_a_scheduled_rule_reads_is_none():
    assert checked.asset_deps[KEY] == {dg.AssetKey(["ads", "raw"]), dg.AssetKey(["ads", "limits"])}


def test_the_dependency_has_the_partitions_that_the_rule_reads():
    rule = expression("fewer", "ads.checked", "checked.count(*) <= ads.announced.sum(rows)")
    for partitions, mapping in (("same", dg.TimeWindowPartitionMapping()), ("all", dg.AllPartitionMapping())):
        changed = replace(rule, reads=tuple(replace(each, partitions=partitions) for each in rule.reads))
        contracts = {**CONTRACTS, "ads.checked": replace(CHECKED, rules=(changed,))}

        @dataset("ads.checked", contracts=contracts)
        def other(raw: Annotated[pl.LazyFrame, Reads("ads.raw", "id", "day", "price")]) -> pl.LazyFrame:
            return raw

        assert other.get_partition_mapping(dg.AssetKey(["ads", "announced"])) == mapping


def test_a_dataset_that_the_producer_reads_keeps_the_producers_mapping():
    same = expression("as_many", "ads.checked", "checked.count(*) == raw.count(*)")
    contract = replace(CHECKED, rules=(replace(same, reads=(replace(same.reads[0], partitions="all"),)),))

    @dataset("ads.checked", contracts={**CONTRACTS, "ads.checked": contract})
    def other(raw: Annotated[pl.LazyFrame, Reads("ads.raw", "id", "day", "price")]) -> pl.LazyFrame:
        return raw

    assert other.asset_deps[KEY] == {dg.AssetKey(["ads", "raw"])}
    assert other.get_partition_mapping(dg.AssetKey(["ads", "raw"])) == dg.TimeWindowPartitionMapping()


def test_a_rule_about_the_dataset_itself_is_no_dependency():
    about_itself = expression("some", "ads.checked", "checked.count(*) >= 0")
    assert rule_reads(replace(CHECKED, rules=(about_itself,))) == {}


def test_a_cycle_through_a_rule_names_the_rule_and_the_way_out():
    (problem,) = graph_problems(*reads_stats())
    assert "in a cycle: " in problem
    assert (
        "ads.stats reads ads.total only for its rule `no_more_than_all`: such a rule can have a `schedule`" in problem
    )


def test_with_a_schedule_the_same_rule_makes_no_cycle():
    assert graph_problems(*reads_stats(NIGHTLY)) == []


def test_a_rule_that_reads_a_dataset_without_a_contract_is_an_error_when_definitions_load():
    with pytest.raises(DefinitionError, match=r"the rule not_too_many reads ads\.limits, which has no contract"):

        @dataset("ads.checked", contracts=Contracts.of(RAW, CHECKED))
        def other(raw: Annotated[pl.LazyFrame, Reads("ads.raw", "id", "day", "price")]) -> pl.LazyFrame:
            return raw


def test_a_rule_compares_with_the_other_dataset_as_it_is_published(lakehouse):
    publish_frame(incoming(5), RAW, [DAY])
    publish_frame(pl.DataFrame({"most": [4]}), LIMITS)
    assert failed_checks(materialize(checked, day=DAY)) == {"not_too_many": "WARN"}
    publish_frame(pl.DataFrame({"most": [5]}), LIMITS)
    assert failed_checks(materialize(checked, day=DAY)) == {}


def test_the_testing_kit_puts_what_only_a_rule_reads_in_place_by_its_name(lakehouse):
    inputs = {"raw": incoming(5), "ads.limits": pl.DataFrame({"most": [4]})}
    result = materialize_alone(checked, DAY, inputs=inputs)
    assert result.success and failed_checks(result) == {"not_too_many": "WARN"}
    assert read_dataset(CHECKED, [DAY]).num_rows == 5


def test_promises_that_nobody_evaluates_are_a_table_and_never_a_check():
    shown = definition_metadata(CHECKED)["not_checked"].value
    assert "| fair | Prices are fair \\| as far as we know. | people |" in shown
    assert "| anomaly | type: x | soda |" in shown
    assert not {"fair", "anomaly"} & {spec.name for spec in checked.check_specs}
    assert "not_checked" not in definition_metadata(RAW)
