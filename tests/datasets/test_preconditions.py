"""Before a dataset is made: what it reads must be there and not blocked, and the contract may ask for more."""

from dataclasses import replace
from typing import Annotated

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Contracts, OnFailure, Policy
from data_platform.datasets import Reads, dataset, window
from data_platform.datasets.testing import publish_frame, read_dataset

from . import scenario
from .rules_scenario import CHECKED, CONTRACTS, DAY, LIMITS, NEXT, checked, incoming
from .scenario import DAYS, RAW, STATS, failed_checks, materialize

pytestmark = pytest.mark.usefixtures("lakehouse")


@pytest.fixture(autouse=True)
def limits(lakehouse):
    publish_frame(pl.DataFrame({"most": [100]}), LIMITS)


def put(*days: str, rows: int = 5, bad: int = 0) -> None:
    for day in days:
        publish_frame(incoming(rows, day, bad=bad), RAW, [day])


def found(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    return result.get_step_failure_events()[0].step_failure_data.error.message


def skipping(**reads):
    """`ads.checked`, made without what is missing; and the list of what its function was called with."""
    calls: list[int] = []

    @dataset("ads.checked", contracts=CONTRACTS)
    def lenient(raw: Annotated[pl.DataFrame, Reads("ads.raw", "id", "day", "price", **reads)]) -> pl.DataFrame:
        calls.append(raw.height)
        return raw.filter(pl.col("day") == pl.col("day").max())

    return lenient, calls


def test_a_dataset_that_reads_others_has_the_check_and_one_that_does_not_has_none():
    assert "inputs" in {spec.name for spec in checked.check_specs}
    assert "inputs" not in {spec.name for spec in scenario.raw.check_specs}


def test_inputs_that_are_there_pass():
    put(DAY)
    result = materialize(checked, day=DAY)
    assert result.success and found(result)["inputs"].passed


def test_a_partition_that_was_never_published_stops_the_step_with_the_dataset_the_partition_and_the_fix():
    put(DAY)
    result = materialize(checked, day=NEXT)
    assert failed_checks(result) == {"inputs": "ERROR"}
    assert found(result)["inputs"].blocking
    assert f"ads.raw has no published data for {NEXT}: materialize ads.raw first" in failure_of(result)
    assert set(found(result)) == {"inputs"}, "nothing else was evaluated"


def test_a_partition_that_is_blocked_stops_the_step_though_its_last_good_rows_are_there():
    put(DAY)
    put(DAY, bad=4)
    result = materialize(checked, day=DAY)
    assert failed_checks(result) == {"inputs": "ERROR"}
    assert f"ads.raw is blocked for {DAY}: repair it and materialize ads.raw again" in failure_of(result)
    assert read_dataset(CHECKED).num_rows == 0


def test_once_it_is_repaired_the_reader_runs():
    put(DAY)
    put(DAY, bad=4)
    put(DAY)
    assert materialize(checked, day=DAY).success


def test_another_days_block_is_nobody_elses_business():
    put(DAY, NEXT)
    put(NEXT, bad=4)
    assert materialize(checked, day=DAY).success


def test_a_reader_that_skips_uses_the_last_good_rows_of_a_blocked_day_and_warns():
    put(DAY, NEXT)
    put(NEXT, bad=4)
    lenient, calls = skipping(missing="skip")
    result = materialize(lenient, day=NEXT)
    assert result.success and calls == [5]
    assert failed_checks(result) == {"inputs": "WARN"}
    assert found(result)["inputs"].description == f"ads.raw is blocked for {NEXT}: read with its last good data"


def test_a_reader_that_skips_is_made_without_what_is_missing_and_warns():
    put(DAY, DAYS[2])
    lenient, calls = skipping(partitions=window(3))
    result = materialize(lenient, day=DAYS[2])
    assert result.success and calls == [10]
    assert found(result)["inputs"].description == f"ads.raw has no published data for {NEXT}: read without"


def test_a_window_that_begins_before_history_is_no_reason_to_warn():
    put(NEXT)
    lenient, calls = skipping(partitions=window(3))
    result = materialize(lenient, day=NEXT)
    assert found(result)["inputs"].passed and calls == [5]


def test_a_snapshot_asked_for_by_its_name_is_read_though_the_day_is_blocked_now(lakehouse):
    put(NEXT)
    table = lakehouse.existing_table("ads.raw")
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "good").commit()
    put(NEXT, bad=4)
    pinned, calls = skipping(at="good")
    result = materialize(pinned, day=NEXT)
    assert result.success and calls == [5]
    assert found(result)["inputs"].passed


def test_an_unpartitioned_dataset_that_was_never_published_stops_the_step():
    copy = scenario.renamed(scenario.TOTAL, "copy")

    @dataset("ads.copy", contracts=Contracts.of(scenario.TOTAL, copy))
    def copied(total: Annotated[pl.DataFrame, Reads("ads.total")]) -> pl.DataFrame:
        return total

    assert "ads.total has no published data: materialize ads.total first" in failure_of(materialize(copied))


def test_of_a_range_the_missing_days_are_named():
    put(DAY)
    result = materialize(checked, day=DAY, last=DAYS[2])
    assert f"no published data for {NEXT}, {DAYS[2]}" in failure_of(result)


def test_a_rule_about_inputs_that_blocks_stops_before_the_function_runs():
    put(NEXT, rows=2)
    lenient, calls = skipping()
    result = materialize(lenient, day=NEXT)
    assert not result.success and calls == []
    assert failed_checks(result) == {"enough_came": "ERROR"}
    assert found(result)["inputs"].passed
    assert f"ads.checked is not produced: {NEXT}: enough_came: " in failure_of(result)


def test_a_rule_about_inputs_that_warns_lets_the_function_run():
    put(DAY, rows=2)
    rules = [
        replace(rule, on_failure=OnFailure(Policy.WARN)) if rule.name == "enough_came" else rule
        for rule in CHECKED.rules
    ]
    contract = scenario.renamed(CHECKED, "checked", rules=tuple(rules))

    @dataset("ads.checked", contracts={**CONTRACTS, "ads.checked": contract})
    def warned(raw: Annotated[pl.LazyFrame, Reads("ads.raw", "id", "day", "price")]) -> pl.LazyFrame:
        return raw

    result = materialize(warned, day=DAY)
    assert result.success and failed_checks(result) == {"enough_came": "WARN"}
    assert read_dataset(contract).num_rows == 2


def test_a_rule_about_inputs_that_holds_is_a_check_that_passed():
    put(DAY)
    assert found(materialize(checked, day=DAY))["enough_came"].passed


def test_a_dataset_that_only_a_rule_reads_must_be_there_and_its_absence_is_told_without_a_retry(lakehouse):
    put(DAY)
    lakehouse.catalog.drop_table(("ads", "limits"))
    result = materialize(checked, day=DAY)
    assert not result.success
    assert "ads.limits" in failure_of(result)
    assert [each.event_type_value for each in result.all_events].count("STEP_UP_FOR_RETRY") == 0


def test_columns_of_the_stats_scenario_are_untouched_by_all_this():
    put(DAY)
    assert materialize(scenario.stats, day=DAY).success
    assert read_dataset(STATS).to_pylist()[0]["listings"] == 5
