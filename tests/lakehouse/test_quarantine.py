"""What waits in quarantine: counted, shown without secrets, discarded for a reason, expired in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from scenario import DAILY, LONG, NAMES, QUARANTINE, Row, got, order, orders, put, quarantined, small

from data_platform.contracts import MASK, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.discard import discard, expire
from data_platform.lakehouse.quarantine import (
    handlings,
    quarantine_contract,
    rows_waiting,
    waiting,
    with_quarantine,
)
from data_platform.lakehouse.replay import replay

from .test_crash import ids
from .test_publish import parquet_files, referenced
from .test_replay import typed
from .test_replay_atomicity import BeforeCommit

AMOUNT = Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE)
COUNTRY = Rule("country", "enum", ("country",), {"values": ("no",)}, on_failure=QUARANTINE)
CONTRACT = orders(DAILY, rules=(AMOUNT, COUNTRY))
BAD, ABROAD = {"amount": Decimal("-1.00")}, {"country": "se"}
ONE, TWO = "2026-01-01", "2026-01-02"
ROWS: list[Row] = [
    order(1),
    order(2, **BAD),
    order(3, **ABROAD),
    order(4, **BAD, **ABROAD),
    order(5, day=2, **BAD),
]


# --- Seen ----------------------------------------------------------------------------------------------------


def test_rows_are_counted_by_partition_and_rule(lakehouse: Lakehouse) -> None:
    before = datetime.now(UTC)
    put(lakehouse, CONTRACT, ROWS)
    there = waiting(lakehouse, CONTRACT)
    assert {name: (each.rows, each.rules) for name, each in there.items()} == {
        ONE: (3, {"amount": 2, "country": 2}),
        TWO: (1, {"amount": 1}),
    }
    assert all(before <= each.since <= datetime.now(UTC) for each in there.values())
    assert list(waiting(lakehouse, CONTRACT, [TWO, "2026-01-09"])) == [TWO]


def test_nothing_waits_where_nothing_was_refused(lakehouse: Lakehouse) -> None:
    assert waiting(lakehouse, CONTRACT) == {} and rows_waiting(lakehouse, CONTRACT) == []
    put(lakehouse, CONTRACT, ROWS)
    put(lakehouse, CONTRACT, [order(1), order(5, day=2)])
    assert waiting(lakehouse, CONTRACT) == {}


def test_only_datasets_that_ever_had_refused_rows_have_a_quarantine(lakehouse: Lakehouse) -> None:
    other, elsewhere = replace(CONTRACT, name="returns"), replace(CONTRACT, domain="ads")
    assert with_quarantine(lakehouse, [CONTRACT, other, elsewhere]) == []
    put(lakehouse, CONTRACT, ROWS)
    put(lakehouse, other, [order(1)])
    assert with_quarantine(lakehouse, [CONTRACT, other, elsewhere]) == [CONTRACT]


def test_rows_are_shown_with_their_reasons_and_without_secrets(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS, run="run-1")
    shown = rows_waiting(lakehouse, CONTRACT, [ONE], "country", limit=10)
    assert sorted(row.values["id"] for row in shown) == ["3", "4"]
    (row,) = [each for each in shown if each.values["id"] == "4"]
    assert (row.rules, row.reasons) == (("amount", "country"), ("broken: amount: ≥ 0", "broken: country: one of no"))
    assert (row.partition, row.run_id, row.contract_version) == (ONE, "run-1", "1.0.0")
    assert row.values["email"] == MASK and set(row.values) == set(NAMES)
    assert len(rows_waiting(lakehouse, CONTRACT, limit=2)) == 2


def test_a_value_that_could_not_be_cast_is_shown_as_it_arrived_unless_it_is_secret(lakehouse: Lakehouse) -> None:
    contract = small(Rule("types", "type", ("id", "pin"), on_failure=QUARANTINE), id=LONG, pin=LONG)
    secret = replace(contract.columns[1], classification="restricted")
    contract = replace(contract, columns=(contract.columns[0], secret))
    put(lakehouse, contract, typed("SELECT 'x1' AS id, 'y2' AS pin UNION ALL SELECT 'x3', NULL"))
    shown = sorted((dict(row.values) for row in rows_waiting(lakehouse, contract)), key=lambda values: values["id"])
    assert shown == [{"id": "x1", "pin": MASK}, {"id": "x3"}]


# --- Discarded -----------------------------------------------------------------------------------------------


def test_rows_are_discarded_for_a_reason_and_the_record_stays(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    before = got(lakehouse, CONTRACT)
    assert discard(lakehouse, CONTRACT, [ONE], "amount", reason=" test data ", who="ana") == {ONE: 2}
    assert ids(quarantined(lakehouse, CONTRACT)) == [3, 5]
    assert discard(lakehouse, CONTRACT, reason="all of it", who="bo") == {ONE: 1, TWO: 1}
    assert quarantined(lakehouse, CONTRACT) == [] and got(lakehouse, CONTRACT) == before
    assert [
        (each.operation, each.who, each.reason, each.rule, each.rows) for each in handlings(lakehouse, CONTRACT)
    ] == [
        ("discard", "bo", "all of it", "", {ONE: 1, TWO: 1}),
        ("discard", "ana", "test data", "amount", {ONE: 2}),
    ]


def test_what_is_left_is_left_as_it_was(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    kept = [row for row in quarantined(lakehouse, CONTRACT) if row["id"] in (3, 5)]
    discard(lakehouse, CONTRACT, [ONE], "amount", reason="-", who="-")
    assert quarantined(lakehouse, CONTRACT) == kept
    beside = quarantine_contract(CONTRACT)
    assert parquet_files(lakehouse) == referenced(lakehouse, CONTRACT) | referenced(lakehouse, beside)


@pytest.mark.parametrize("reason", ["", "  "])
def test_without_a_reason_nothing_is_discarded(reason: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    with pytest.raises(ValueError, match="needs a reason"):
        discard(lakehouse, CONTRACT, reason=reason, who="ana")
    assert len(quarantined(lakehouse, CONTRACT)) == 4


def test_a_discard_of_nothing_leaves_no_record(lakehouse: Lakehouse) -> None:
    assert discard(lakehouse, CONTRACT, reason="-", who="-") == {}
    put(lakehouse, CONTRACT, ROWS)
    assert discard(lakehouse, CONTRACT, ["2026-01-09"], reason="-", who="-") == {}
    assert discard(lakehouse, CONTRACT, rule="no such rule", reason="-", who="-") == {}
    assert handlings(lakehouse, CONTRACT) == []


def test_rows_published_right_before_a_discard_are_judged_anew(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    BeforeCommit(lakehouse, lambda: put(lakehouse, CONTRACT, [order(7, **BAD), order(8, **ABROAD)]))
    assert discard(lakehouse, CONTRACT, [ONE], "amount", reason="-", who="-") == {ONE: 1}
    assert ids(quarantined(lakehouse, CONTRACT)) == [5, 8]


def test_what_an_unpartitioned_dataset_refused_can_be_discarded(lakehouse: Lakehouse) -> None:
    contract = replace(CONTRACT, partitioning=None)
    put(lakehouse, contract, ROWS)
    assert discard(lakehouse, contract, rule="country", reason="-", who="-") == {WHOLE: 2}
    assert ids(quarantined(lakehouse, contract)) == [2, 5]


# --- Expired -------------------------------------------------------------------------------------------------


def test_rows_expire_when_they_have_waited_longer_than_the_contract_retains(lakehouse: Lakehouse) -> None:
    contract = replace(CONTRACT, retention=timedelta(days=30))
    put(lakehouse, contract, ROWS)
    came = min(each.since for each in waiting(lakehouse, contract).values())
    put(lakehouse, contract, [order(6, day=2, **BAD)])
    at = waiting(lakehouse, contract)[TWO].since
    assert expire(lakehouse, contract, came + timedelta(days=30)) == {}
    assert expire(lakehouse, contract, at + timedelta(days=30)) == {ONE: 3}
    assert ids(quarantined(lakehouse, contract)) == [6]
    (handling,) = handlings(lakehouse, contract)
    assert (handling.operation, handling.who, handling.rows) == ("expire", "retention", {ONE: 3})
    assert handling.reason == "waited longer than 30 day(s)"


def test_without_a_retention_rows_wait_for_ever(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    assert expire(lakehouse, CONTRACT, datetime.now(UTC) + timedelta(days=36_500)) == {}
    assert len(quarantined(lakehouse, CONTRACT)) == 4


def test_a_replay_does_not_start_the_clock_again(lakehouse: Lakehouse) -> None:
    contract = replace(CONTRACT, retention=timedelta(days=30))
    put(lakehouse, contract, ROWS)
    came = waiting(lakehouse, contract)[ONE].since
    replay(lakehouse, replace(contract, rules=(COUNTRY,)))
    assert waiting(lakehouse, contract)[ONE].since == came
