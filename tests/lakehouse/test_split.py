"""Good rows and refused rows: staged apart where that can be, split where it cannot, and each with why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from scenario import (
    CLEAN,
    DAILY,
    LONG,
    QUARANTINE,
    SHAPES,
    got,
    in_order,
    order,
    orders,
    partition_of,
    put,
    quarantined,
    small,
    staged,
    with_rules,
)

from data_platform.contracts import Partitioning, Rule
from data_platform.lakehouse import Lakehouse, duck_bench, plan_read, publish
from data_platform.lakehouse.quarantine import quarantine_contract

from .test_publish import RULES_OF_ROWS as RULES
from .test_publish import parquet_files, referenced

shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))


@shapes
def test_rows_that_a_rule_refuses_are_staged_apart_so_that_good_ones_are_written_once(
    shape: Partitioning | None, lakehouse: Lakehouse
) -> None:
    contract = orders(shape, rules=RULES[:1])
    bad = [row | {"amount": Decimal("-1.00")} for row in CLEAN]
    written = staged(lakehouse, contract, [*CLEAN, *bad])
    publication = publish(lakehouse, written, contract, sorted({partition_of(contract, row) for row in CLEAN}))
    assert sum(publication.quarantined.values()) == len(bad)
    assert set(plan_read(lakehouse, contract).files) < set(written.files)
    assert got(lakehouse, contract) == in_order(CLEAN)


def test_rows_staged_under_other_rules_are_split_all_the_same(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY, rules=RULES)
    rows = [order(1, day=1), order(2, day=1, amount=Decimal("-1.00")), order(1, day=1), order(3, day=2)]
    for before in (with_rules(contract), with_rules(contract, replace(RULES[0], columns=("id",)))):
        written = staged(lakehouse, before, rows)
        publication = publish(lakehouse, written, contract, ["2026-01-01", "2026-01-02"])
        assert publication.quarantined == {"2026-01-01": 2} and publication.rows == {"2026-01-01": 1, "2026-01-02": 1}
        assert [row["id"] for row in got(lakehouse, contract)] == [1, 3]


@pytest.mark.parametrize("kinds", [1, 9, 20], ids=lambda kinds: f"{kinds} rules")
def test_a_row_says_all_the_rules_that_refuse_it(kinds: int, lakehouse: Lakehouse) -> None:
    rules = tuple(
        Rule(f"at_least_{n:02}", "minimum", ("id",), {"value": n}, on_failure=QUARANTINE) for n in range(kinds)
    )
    contract = small(*rules, id=LONG)
    ids = (-1, 4, kinds)
    put(lakehouse, contract, [{"id": id} for id in ids])
    expected = {id: [rule for rule in rules if id < rule.arguments["value"]] for id in ids}
    assert {row["id"]: (row["_rules"], row["_reasons"]) for row in quarantined(lakehouse, contract)} == {
        id: ([rule.name for rule in broken], [f"broken: id: ≥ {rule.arguments['value']}" for rule in broken])
        for id, broken in expected.items()
        if broken
    }


def test_large_partitions_are_split_one_by_one(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duck_bench, "LARGE", 0)
    contract = orders(DAILY, rules=RULES)
    some = ((1, 1, 1), (1, 1, 1), (2, 1, -1), (3, 2, -1), (4, 2, 1), (5, 3, 1))
    rows = [order(id, day=day, amount=Decimal(amount)) for id, day, amount in some]
    publication = put(lakehouse, contract, rows)
    assert publication.quarantined == {"2026-01-01": 2, "2026-01-02": 1}
    assert [row["id"] for row in got(lakehouse, contract)] == [1, 4, 5]
    assert sorted((row["id"], row["_partition"]) for row in quarantined(lakehouse, contract)) == [
        (1, "2026-01-01"),
        (2, "2026-01-01"),
        (3, "2026-01-02"),
    ]
    assert parquet_files(lakehouse) == referenced(lakehouse, contract) | referenced(
        lakehouse, quarantine_contract(contract)
    )
