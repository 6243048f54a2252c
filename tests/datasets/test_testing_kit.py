"""The testing kit: frames made from a contract keep it, and break exactly the rule they are named after."""

import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Annotated

import dagster as dg
import duckdb
import polars as pl
import pyarrow as pa
import pytest
from quality.parity.table import ABOUT_VALUES, KEYS, wide

from data_platform.contracts import Column, ColumnType, Contract, Contracts, Policy, Rule
from data_platform.contracts.rules import KINDS
from data_platform.datasets import Csv, Files, dataset
from data_platform.datasets.testing import (
    CannotDrawError,
    assert_contract_holds,
    breaking_frames,
    materialize,
    publish_frame,
    read_dataset,
    temporary_lakehouse,
    valid_frame,
)
from data_platform.engines.arrow import arrow_schema
from data_platform.quality.frames import audit_frame
from data_platform.settings import PROJECT, Settings

from . import scenario

pytestmark = pytest.mark.usefixtures("lakehouse")

ID_RULES = (Rule("id_required", "required", ("id",)),)


class Prices(dg.ConfigurableResource):
    """A resource of a domain."""

    currency: str

    def factor(self) -> int:
        raise AssertionError("the real one")


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
    assert broken(contract, valid_frame(contract, 5, partition_of(contract))) == set()


def test_a_dataset_is_materialized_with_its_inputs_given_as_frames():
    day = scenario.DAYS[0]
    rows = valid_frame(scenario.RAW, 7, day)
    assert materialize(scenario.stats, day, inputs={"listings": rows}).success
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


def test_what_is_broken_is_shown_with_its_rows_and_sensitive_values_masked() -> None:
    rows = valid_frame(scenario.RAW, 5, scenario.DAYS[0]).to_pylist()
    rows[1] |= {"price": Decimal("-2.00"), "email": "nobody"}
    with pytest.raises(AssertionError) as failed:
        assert_contract_holds(pa.Table.from_pylist(rows, schema=arrow_schema(scenario.RAW.columns)), scenario.RAW)
    told = str(failed.value)
    assert "block price_minimum [2026-01-01] (price: ≥ 0): 1 of 5 rows (20%)" not in told  # its policy is another
    assert "quarantine price_minimum [2026-01-01] (price: ≥ 0): 1 of 5 rows (20%)" in told
    assert re.search(r"rows that break price_minimum:\n  price +id +day +email\n  -2\.00 +\d+ +2026-01-01 +•••", told)
    assert "nobody" not in told


FROM_FILES = Contract("shop", "orders", "1.0.0", (Column("id", ColumnType("long"), required=True),), rules=ID_RULES)


@dataset("shop.orders", contracts=Contracts.of(FROM_FILES))
def from_files(
    rows: Annotated[pl.LazyFrame, Files("nowhere.csv", Csv())], prices: Prices, context: dg.AssetExecutionContext
) -> pl.LazyFrame:
    context.log.info(f"of {prices.currency}")
    return rows.with_columns(pl.col("id") * prices.factor())


def test_files_and_resources_are_replaced_by_frames_and_simple_fakes() -> None:
    prices = SimpleNamespace(currency="BRL", factor=lambda: 10)
    for frame in (pa.table({"id": [1, 2]}), pl.DataFrame({"id": [1, 2]}), duckdb.sql("SELECT unnest([1, 2]) AS id")):
        assert materialize(from_files, inputs={"rows": frame}, resources={"prices": prices}).success
        assert sorted(read_dataset(FROM_FILES)["id"].to_pylist()) == [10, 20]


def test_a_failure_is_final_in_a_test() -> None:
    def broken() -> int:
        raise OSError("no network")

    result = materialize(
        from_files,
        inputs={"rows": pl.DataFrame({"id": [1]})},
        resources={"prices": SimpleNamespace(currency="BRL", factor=broken)},
        raise_on_error=False,
    )
    assert not result.success
    assert "STEP_UP_FOR_RETRY" not in {event.event_type_value for event in result.all_events}


def test_an_input_that_there_is_not_is_told() -> None:
    with pytest.raises(TypeError, match=r"shop\.orders has no input 'row'; it has rows"):
        materialize(from_files, inputs={"row": pl.DataFrame({"id": [1]})})


@pytest.mark.parametrize("kind", sorted({rule.kind for rule in (*ABOUT_VALUES, *KEYS)}))
def test_a_rule_of_any_kind_is_broken_where_a_row_can_break_it(kind: str) -> None:
    for rule in [each for each in (*ABOUT_VALUES, *KEYS) if each.kind == kind][:: 25 if kind == "comparison" else 5]:
        contract = wide(rule)
        try:
            made = breaking_frames(contract, 3)
        except CannotDrawError:
            continue
        for frame in made.values():
            assert audit_frame(frame, contract).broken
        assert made or kind in ("enum", "invalid_values", "missing_values", *UNBREAKABLE), rule


UNBREAKABLE = (
    "comparison",
    "pattern",
    "multiple_of",
    "minimum",
    "maximum",
    "exclusive_minimum",
    "exclusive_maximum",
    "min_length",
    "min_items",
)
"""Kinds that some arguments leave nothing to break: a pattern that matches anything, a bound beyond the type."""
