"""The testing kit: frames made from a contract keep it, and break exactly the rule they are named after."""

import pytest

from data_platform.contracts import Column, ColumnType, Contract, Contracts, Policy, Rule
from data_platform.contracts.rules import KINDS
from data_platform.datasets.testing import (
    assert_contract_holds,
    breaking_frames,
    materialize_dataset,
    publish_frame,
    read_dataset,
    temporary_lakehouse,
    valid_frame,
)
from data_platform.settings import PROJECT, Settings

from . import scenario

pytestmark = pytest.mark.usefixtures("lakehouse")

EXAMPLE = Contracts.load(PROJECT / "data_platform" / "domains")


def partition_of(contract: Contract) -> str:
    if contract.partitioning is None:
        return ""
    spelt = {"day": "2026-11-02", "hour": "2026-11-02-05:00"}
    return "|".join(spelt.get(key.granularity) or key.values[0] for key in contract.partitioning.keys)


def broken(contract: Contract, frame) -> set[str]:
    (verdict,) = publish_frame(frame, contract, (partition_of(contract),)).verdicts
    return {outcome.rule.name for outcome in verdict.outcomes if not outcome.holds and outcome.rule.is_row_rule}


ALL_KINDS = Contract(
    "ads",
    "kinds",
    "1.0.0",
    (
        Column("id", ColumnType("long"), required=True),
        Column("code", ColumnType("string")),
        Column("size", ColumnType("double")),
        Column("seen", ColumnType("date")),
        Column("state", ColumnType("string")),
    ),
    rules=(
        Rule("id_required", "required", ("id",)),
        Rule("primary_key", "duplicate_values", ("id",)),
        Rule("code_pattern", "pattern", ("code",), {"value": "^[A-Z]{2}-[0-9]+$"}),
        Rule("code_max_length", "max_length", ("code",), {"value": 40}),
        Rule("size_minimum", "minimum", ("size",), {"value": 5}),
        Rule("size_exclusive_maximum", "exclusive_maximum", ("size",), {"value": 50}),
        Rule("seen_minimum", "minimum", ("seen",), {"value": "2026-01-01"}),
        Rule("state_enum", "enum", ("state",), {"values": ("new", "used")}),
        Rule("state_nullValues", "null_values", ("state",)),
    ),
)


def test_a_valid_frame_keeps_every_row_rule():
    assert broken(ALL_KINDS, valid_frame(ALL_KINDS)) == set()


@pytest.mark.parametrize("rule", [rule.name for rule in ALL_KINDS.rules])
def test_a_breaking_frame_breaks_its_rule(rule):
    assert rule in broken(ALL_KINDS, breaking_frames(ALL_KINDS)[rule])


@pytest.mark.parametrize("dataset", list(EXAMPLE))
def test_frames_made_from_the_examples_contracts_are_valid(dataset):
    contract = EXAMPLE[dataset]
    assert broken(contract, valid_frame(contract, partition=partition_of(contract))) == set()


def test_a_dataset_is_materialized_with_its_inputs_given_as_frames():
    day = scenario.DAYS[0]
    rows = valid_frame(scenario.RAW, 7, day)
    assert materialize_dataset(scenario.stats, day, inputs={"listings": rows}).success
    assert read_dataset(scenario.STATS, [day]).to_pylist()[0]["listings"] == 7


def test_a_partitioned_contract_needs_to_be_told_which_partition():
    with pytest.raises(ValueError, match="say which partition"):
        valid_frame(scenario.RAW)


def test_a_temporary_lakehouse_leaves_the_environment_as_it_was(tmp_path):
    before = Settings.from_environment()
    with temporary_lakehouse(tmp_path / "other") as made:
        assert made.settings.home == (tmp_path / "other").resolve()
    assert Settings.from_environment() == before


def test_policies_and_kinds_are_all_known():
    assert {policy.value for policy in Policy} == {"block", "quarantine", "warn"}
    assert all(kind.meaning for kind in KINDS.values())


def test_a_frame_is_held_against_its_contract_without_a_lakehouse() -> None:
    assert_contract_holds(valid_frame(ALL_KINDS, 5), ALL_KINDS)
    for name, frame in breaking_frames(ALL_KINDS).items():
        with pytest.raises(AssertionError, match=f"block {name} "):
            assert_contract_holds(frame, ALL_KINDS)
