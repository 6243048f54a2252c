"""The audit against the meaning of rules said a second time, in a few lines of Python."""

from __future__ import annotations

import math
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import DATE, DOUBLE, LONG, MONEY, TEXT, small, table

from data_platform.contracts import ColumnType, Contract, Partitioning, PartitionKey, Rule
from data_platform.contracts.rules import ORDERED
from data_platform.contracts.rules import TEXT as TEXT_KINDS

from .audits import metrics

DAYS = (date(2026, 1, 1), date(2026, 1, 2))
VALUES: dict[ColumnType, st.SearchStrategy] = {
    LONG: st.integers(-3, 3) | st.sampled_from([2**53 + 1, -(2**63)]),
    DOUBLE: st.sampled_from([0.0, -0.0, 0.1, 1.0, -1.0, math.inf, -math.inf, math.nan]) | st.floats(-3, 3),
    MONEY: st.decimals(-3, 3, places=2),
    TEXT: st.text("aAé'\"%\\ 日\n", max_size=3),
    DATE: st.dates(date(2025, 12, 30), date(2026, 1, 2)),
}
BOUNDS = {
    "minimum": lambda value, bound: value < bound,
    "maximum": lambda value, bound: value > bound,
    "exclusive_minimum": lambda value, bound: value <= bound,
    "exclusive_maximum": lambda value, bound: value >= bound,
}
PATTERNS = ("a", "^a", "é.", "'", r"\\", r"\n", "[^a]", "(?i)A")


def breaks(kind: str, arguments: dict[str, Any], value: Any) -> bool:
    """Null is missing, never invalid; NaN is invalid for a numeric rule."""
    values = arguments.get("values", ())
    if kind in ("required", "null_values"):
        return value is None
    if kind == "missing_values":
        return value is None or value in values
    if value is None:
        return False
    if kind in BOUNDS:
        if isinstance(value, float) and math.isnan(value):
            return True
        return BOUNDS[kind](value, type(value)(arguments["value"]) if isinstance(value, float) else arguments["value"])
    if kind == "min_length":
        return len(value) < arguments["value"]
    if kind == "max_length":
        return len(value) > arguments["value"]
    if kind == "pattern":
        return re.search(arguments["value"], value) is None
    outside = ("values" in arguments or kind == "enum") and value not in values
    return outside or ("pattern" in arguments and re.search(arguments["pattern"], value) is None)


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


def identity(value: Any) -> Any:
    """What makes two keys the same: 0.0 is -0.0, and NaN is NaN."""
    return "NaN" if isinstance(value, float) and math.isnan(value) else value


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
                expected = sum(breaks(rule.kind, dict(rule.arguments), value) for value in values)
            assert found[partition].get(rule.name, 0) == expected, (rule, values)


def test_the_oracle_itself_knows_good_from_bad() -> None:
    assert breaks("minimum", {"value": 1}, 0) and not breaks("minimum", {"value": 1}, 1)
    assert breaks("maximum", {"value": Decimal(1)}, math.nan) and not breaks("enum", {"values": (1,)}, None)
