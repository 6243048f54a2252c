"""The audit against the meaning of rules said a second time, in a few lines of Python."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import DATE, DOUBLE, LONG, MONEY, TEXT, small, table

from data_platform.contracts import ColumnType, Contract, Partitioning, PartitionKey, Rule
from data_platform.contracts.rules import ORDERED
from data_platform.contracts.rules import TEXT as TEXT_KINDS

from .audits import metrics
from .oracle import BOUNDS, identity, value_breaks

DAYS = (date(2026, 1, 1), date(2026, 1, 2))
VALUES: dict[ColumnType, st.SearchStrategy] = {
    LONG: st.integers(-3, 3) | st.sampled_from([2**53 + 1, -(2**63)]),
    DOUBLE: st.sampled_from([0.0, -0.0, 0.1, 1.0, -1.0, math.inf, -math.inf, math.nan]) | st.floats(-3, 3),
    MONEY: st.decimals(-3, 3, places=2),
    TEXT: st.text("aAé'\"%\\ 日\n", max_size=3),
    DATE: st.dates(date(2025, 12, 30), date(2026, 1, 2)),
}
PATTERNS = ("a", "^a", "é.", "'", r"\\", r"\n", "[^a]", "(?i)A")


@st.composite
def rules(draw: st.DrawFn, kind: ColumnType) -> Rule:
    """A row rule on column `x`, with values that the column's own values come close to."""
    finite = VALUES[kind].filter(lambda value: value == value)
    listed = {"values": tuple(draw(st.lists(finite, min_size=1, max_size=3)))}
    choices: list[tuple[str, dict[str, Any]]] = [
        ("required", {}),
        ("null_values", {}),
        ("enum", listed),
        ("missing_values", listed),
        ("invalid_values", listed),
    ]
    if kind.kind in ORDERED:
        choices += [(bound, {"value": draw(finite)}) for bound in BOUNDS]
    if kind.kind in TEXT_KINDS:
        pattern = draw(st.sampled_from(PATTERNS))
        choices += [
            ("min_length", {"value": draw(st.integers(0, 3))}),
            ("max_length", {"value": draw(st.integers(0, 3))}),
            ("pattern", {"value": pattern}),
            ("invalid_values", {"pattern": pattern}),
            ("invalid_values", {"pattern": pattern, **listed}),
        ]
    name, arguments = draw(st.sampled_from(choices))
    return Rule("", name, ("x",), arguments)


@st.composite
def datasets(draw: st.DrawFn) -> tuple[Contract, list[dict[str, Any]]]:
    kind = draw(st.sampled_from(list(VALUES)))
    drawn = draw(st.lists(rules(kind), min_size=1, max_size=4))
    named = tuple(Rule(f"rule_{place}", rule.kind, rule.columns, rule.arguments) for place, rule in enumerate(drawn))
    key = Rule("key", "duplicate_values", ("x",))
    daily = Partitioning((PartitionKey("day", "day", "2026-01-01"),)) if draw(st.booleans()) else None
    contract = small(*named, key, partitioning=daily, x=kind, day=DATE)
    rows = draw(
        st.lists(st.fixed_dictionaries({"x": st.none() | VALUES[kind], "day": st.sampled_from(DAYS)}), max_size=10)
    )
    return contract, rows


@settings(max_examples=80, deadline=None)
@given(dataset=datasets())
def test_the_audit_counts_what_the_rules_mean(
    dataset: tuple[Contract, list[dict[str, Any]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    contract, rows = dataset
    partitions = [str(day) for day in DAYS] if contract.partitioning else [""]
    found = metrics(contract, tmp_path_factory.mktemp("staged"), table(rows, contract), partitions=partitions)
    for partition in partitions:
        values = [row["x"] for row in rows if not contract.partitioning or str(row["day"]) == partition]
        keys = [identity(value) for value in values if value is not None]
        for rule in contract.rules:
            if rule.name == "key":
                expected = len(keys) - len(set(keys))
            else:
                expected = sum(value_breaks(rule, value, contract.column("x").type) for value in values)
            assert found[partition].get(rule.name, 0) == expected, (rule, values)


def test_the_oracle_itself_knows_good_from_bad() -> None:
    bounded = Rule("", "minimum", ("x",), {"value": 1})
    assert value_breaks(bounded, 0, LONG) and not value_breaks(bounded, 1, LONG)
    assert value_breaks(bounded, math.nan, DOUBLE) and not value_breaks(bounded, None, DOUBLE)
    assert not value_breaks(Rule("", "enum", ("x",), {"values": (1,)}), None, LONG)
