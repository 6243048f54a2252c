"""Every kind of rule about single rows: which values break it, one table."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from scenario import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    MONEY,
    NASTY,
    TAGS,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    small,
    table,
)

from data_platform.contracts import ColumnType, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality.audit import RuleError

from .audits import broken, metrics

NAN, INF = float("nan"), float("inf")
FAMILY, ACCENT = "👩‍👩‍👧", "e\u0301"  # five code points, two code points
WIDE, FINE = ColumnType("decimal", 38, 0), ColumnType("decimal", 38, 30)
NUMBERS, PAIRS = ColumnType("list", element=DOUBLE), ColumnType("list", element=ColumnType("list", element=LONG))
MIDNIGHT, NOON = datetime(2026, 1, 1), datetime(2026, 1, 1, 12)

# kind, type, arguments, values that keep the rule, values that break it
CASES: list[tuple[str, ColumnType, dict[str, Any], list, list]] = [
    ("required", TEXT, {}, ["", " ", "a"], [None]),
    ("required", DOUBLE, {}, [0.0, NAN, INF], [None]),
    ("required", TAGS, {}, [[], [None]], [None]),
    ("null_values", TEXT, {}, ["", "null"], [None]),
    ("null_values", TAGS, {}, [[]], [None]),
    ("minimum", LONG, {"value": 0}, [0, 1, 2**63 - 1, None], [-1, -(2**63)]),
    ("minimum", INT, {"value": 2**70}, [None], [2**31 - 1]),
    ("minimum", LONG, {"value": 0.5}, [1, None], [0]),
    ("minimum", LONG, {"value": 2**53 + 1}, [2**53 + 1], [2**53]),
    ("minimum", DOUBLE, {"value": 0.1}, [0.1, INF, None], [0.09, -INF, NAN]),
    ("minimum", DOUBLE, {"value": -INF}, [-INF, 0.0], [NAN]),
    ("minimum", FLOAT, {"value": 0.1}, [0.1, 0.2], [0.0, NAN]),
    ("minimum", MONEY, {"value": 0.1}, [Decimal("0.10"), None], [Decimal("0.09"), Decimal("-0.10")]),
    ("minimum", MONEY, {"value": 1e-7}, [Decimal("0.01")], [Decimal("0.00")]),
    ("minimum", DATE, {"value": "2026-01-01"}, [date(2026, 1, 1), None], [date(2025, 12, 31)]),
    ("minimum", TIME, {"value": "08:30:00"}, [time(8, 30), None], [time(8, 29, 59, 999999)]),
    ("minimum", TIMESTAMP, {"value": "2026-01-01T12:00:00"}, [NOON, None], [NOON.replace(hour=11, microsecond=1)]),
    (
        "minimum",
        TIMESTAMPTZ,
        {"value": "2026-01-01T13:00:00+01:00"},
        [NOON.replace(tzinfo=UTC)],
        [MIDNIGHT.replace(tzinfo=UTC)],
    ),
    ("maximum", LONG, {"value": 0}, [0, -1, None], [1]),
    ("maximum", DOUBLE, {"value": 1e308}, [1e308, -INF, None], [INF, NAN]),
    ("maximum", MONEY, {"value": 99999999}, [Decimal("99999999.00")], [Decimal("99999999.01")]),
    ("exclusive_minimum", LONG, {"value": 0}, [1, None], [0, -1]),
    ("exclusive_minimum", DOUBLE, {"value": 0}, [5e-324, INF], [0.0, -0.0, NAN]),
    ("exclusive_maximum", LONG, {"value": 0}, [-1, None], [0, 1]),
    ("exclusive_maximum", DATE, {"value": date(2026, 1, 1)}, [date(2025, 12, 31)], [date(2026, 1, 1)]),
    ("min_length", TEXT, {"value": 2}, ["ab", ACCENT, "  ", None], ["", "a", "é"]),
    ("max_length", TEXT, {"value": 4}, ["", "abcd", "日本語字", None], ["abcde", FAMILY, "a\nb\nc"]),
    ("pattern", TEXT, {"value": "^a.c$"}, ["abc", "aéc", None], ["", "xabc", "abc\n", "a\nc"]),
    ("pattern", TEXT, {"value": "b"}, ["abc", "b"], ["", "B"]),
    ("pattern", TEXT, {"value": r"^\d{2}'--;$"}, ["12'--;"], ["12", "1'--;"]),
    ("pattern", TEXT, {"value": ""}, ["", "a", None], []),
    ("multiple_of", LONG, {"value": 3}, [0, 3, -6, 2**63 - 2**63 % 3 - 3, None], [1, -1, 2**63 - 1, -(2**63)]),
    ("multiple_of", LONG, {"value": 0.5}, [0, 1, -7], []),
    ("multiple_of", LONG, {"value": 1.5}, [0, 3, -3], [1, 2]),
    ("multiple_of", INT, {"value": 2**40}, [0, None], [1, 2**31 - 1]),
    ("multiple_of", MONEY, {"value": 0.25}, [Decimal("0.00"), Decimal("-1.25"), None], [Decimal("0.10")]),
    ("multiple_of", MONEY, {"value": 0.005}, [Decimal("0.01"), Decimal("99999999.99")], []),
    ("multiple_of", MONEY, {"value": 0.015}, [Decimal("0.03"), Decimal("-0.06")], [Decimal("0.01"), Decimal("0.02")]),
    ("multiple_of", WIDE, {"value": 7}, [Decimal(10**38 - 10**38 % 7 - 7)], [Decimal(10**38 - 1)]),
    ("multiple_of", DOUBLE, {"value": 0.1}, [0.1, 0.3, -0.7, 0.0, -0.0, None], [0.05, 1e-8, NAN, INF, -INF]),
    ("multiple_of", DOUBLE, {"value": 0.01}, [50_000.07, 123_456_789.01], [50_000.075, 123_456_789.015]),
    ("multiple_of", DOUBLE, {"value": 5e-324}, [5e-324], [1e308]),
    ("multiple_of", FLOAT, {"value": 0.1}, [0.1, 0.7, 12345.6], [0.05, NAN]),
    ("min_items", TAGS, {"value": 1}, [["a"], [None], None], [[]]),
    ("max_items", TAGS, {"value": 1}, [[], ["a"], [None], None], [["a", None]]),
    ("unique_items", TAGS, {}, [[], ["a", "b"], ["a", "A"], [None, None], None], [["a", "a"], ["é", None, "é"]]),
    ("unique_items", NUMBERS, {}, [[0.0, 1.0], [NAN]], [[0.0, -0.0], [NAN, 1.0, NAN]]),
    ("unique_items", PAIRS, {}, [[[1], [2]], [[1, 2], [2, 1]], [None, None]], [[[1, None], [1, None]], [[], []]]),
    ("comparison", LONG, {"operator": "==", "value": 0}, [0, None], [1, -1]),
    ("comparison", LONG, {"operator": "==", "value": 0.5}, [None], [0, 1]),
    ("comparison", LONG, {"operator": "!=", "value": 0.5}, [None, 0, 1], []),
    ("comparison", LONG, {"operator": "<", "value": 2**70}, [None, 2**63 - 1], []),
    ("comparison", LONG, {"operator": ">=", "value": INF}, [None], [2**63 - 1, 0]),
    ("comparison", MONEY, {"operator": "<=", "value": 0.105}, [Decimal("0.10"), None], [Decimal("0.11")]),
    ("comparison", FINE, {"operator": "<", "value": 10**9}, [Decimal("99999999." + "9" * 30)], []),
    ("comparison", DOUBLE, {"operator": "!=", "value": 1}, [2.0, INF, None], [1.0, NAN]),
    ("comparison", DOUBLE, {"operator": "==", "value": 0}, [0.0, -0.0, None], [5e-324, NAN]),
    ("comparison", TEXT, {"operator": "<", "value": "b"}, ["", "a", "B", None], ["b", "é", "\U0001f600"]),
    ("comparison", BOOLEAN, {"operator": "==", "value": True}, [True, None], [False]),
    ("comparison", DATE, {"operator": ">", "value": "2026-01-01"}, [date(2026, 1, 2)], [date(2026, 1, 1)]),
    ("comparison", TIMESTAMP, {"operator": "<", "value": "2026-01-01T13:00+01:00"}, [MIDNIGHT, None], [NOON]),
    (
        "enum",
        TEXT,
        {"values": ("a", "it's", "é", '"', "\\", "%")},
        ["a", "it's", "é", '"', "\\", "%", None],
        ["", "A", "a ", "e\u0301"],
    ),
    ("enum", TEXT, {"values": ("'); DROP TABLE x; --",)}, ["'); DROP TABLE x; --"], ["x"]),
    ("enum", TEXT, {"values": ()}, [None], ["", "a"]),
    ("enum", TEXT, {"values": (None, "a")}, [None, "a"], ["b"]),
    ("enum", LONG, {"values": (1, 2)}, [1, 2, None], [0, -1]),
    ("enum", DOUBLE, {"values": (1, 0.1)}, [1.0, 0.1, None], [NAN, INF, 0.2]),
    ("enum", BOOLEAN, {"values": (True,)}, [True, None], [False]),
    ("enum", DATE, {"values": ("2026-01-01",)}, [date(2026, 1, 1), None], [date(2026, 1, 2)]),
    ("enum", MONEY, {"values": (0.1, 2)}, [Decimal("0.10"), Decimal("2.00")], [Decimal("0.11")]),
    ("enum", BINARY, {"values": ("é",)}, ["é".encode(), None], [b"", b"e"]),
    ("missing_values", TEXT, {"values": ("", "N/A")}, ["a", " "], ["", "N/A", None]),
    ("missing_values", TEXT, {}, ["", "a"], [None]),
    ("missing_values", LONG, {"values": (-1, None)}, [0], [-1, None]),
    ("missing_values", DOUBLE, {"values": (NAN,)}, [0.0], [NAN, None]),
    ("invalid_values", TEXT, {"values": ("a",)}, ["a", None], ["", "b"]),
    ("invalid_values", TEXT, {"pattern": "^a"}, ["ab", None], ["", "ba"]),
    ("invalid_values", TEXT, {"values": ("ab", "b"), "pattern": "^a"}, ["ab", None], ["b", "ac", ""]),
    ("invalid_values", DOUBLE, {"values": (1,)}, [1.0, None], [NAN, 2.0]),
]


def named(case: tuple) -> str:
    kind, type_, arguments, *_ = case
    return f"{kind} {type_} {arguments}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_row_rule_breaks_exactly_for_these_values(case: tuple, tmp_path: Path) -> None:
    kind, type_, arguments, good, bad = case
    rule = Rule("the rule", kind, (NASTY,), arguments)
    contract = small(rule, **{NASTY: type_})
    rows = [{NASTY: value} for value in [*good, *bad, *good]]
    flags = broken(contract, rule, tmp_path, table(rows, contract))
    found = [row[NASTY] for row, flag in zip(rows, flags, strict=True) if flag]
    assert list(map(repr, found)) == list(map(repr, bad))


LEFT, RIGHT = "left", 'the "right"'
PAIRED: list[tuple[ColumnType, ColumnType, str, list[tuple], list[tuple]]] = [  # types, operator, kept by, broken by
    (LONG, LONG, "==", [(1, 1), (None, 1), (1, None), (None, None)], [(1, 2)]),
    (INT, LONG, "<", [(1, 2**40)], [(2, 2)]),
    (LONG, MONEY, ">=", [(2**63 - 1, Decimal("99999999.99")), (1, Decimal("1.00"))], [(1, Decimal("1.01"))]),
    (LONG, DOUBLE, "==", [(2**53 + 1, 2.0**53)], [(1, NAN), (1, INF)]),
    (LONG, FINE, "<=", [(1, Decimal("1." + "0" * 29 + "1")), (None, Decimal(1))], [(2**63 - 1, Decimal(99_999_999))]),
    (FLOAT, DOUBLE, "==", [(0.5, 0.5), (-0.0, 0.0), (None, NAN), (NAN, None)], [(0.1, 0.1), (NAN, NAN)]),
    (DOUBLE, DOUBLE, "!=", [(1.0, 2.0), (INF, -INF)], [(1.0, 1.0), (NAN, 1.0), (NAN, NAN)]),
    (TEXT, TEXT, ">", [("b", "a"), ("a", "B"), ("", None)], [("a", "a"), ("", "a")]),
    (DATE, TIMESTAMP, "==", [(date(2026, 1, 1), MIDNIGHT)], [(date(2026, 1, 1), NOON)]),
    (TIMESTAMP, TIMESTAMPTZ, "<=", [(NOON, NOON.replace(tzinfo=UTC))], [(NOON, MIDNIGHT.replace(tzinfo=UTC))]),
]


@pytest.mark.parametrize("case", PAIRED, ids=lambda case: f"{case[0]} {case[2]} {case[1]}")
def test_a_comparison_of_two_columns_breaks_exactly_for_these_pairs(case: tuple, tmp_path: Path) -> None:
    one, other, operator, good, bad = case
    rule = Rule("the rule", "comparison", (LEFT, RIGHT), {"operator": operator})
    contract = small(rule, **{LEFT: one, RIGHT: other})
    rows = [{LEFT: left, RIGHT: right} for left, right in [*good, *bad]]
    flags = broken(contract, rule, tmp_path, table(rows, contract))
    assert flags == [False] * len(good) + [True] * len(bad)


@pytest.mark.parametrize(
    ("kind", "arguments", "good"),
    [
        ("null_values", {}, [("a", 1), ("a", 0), ("b", 1), ("b", 0), ("", 1), ("", 0)]),
        ("missing_values", {"values": ("", 0)}, [("a", 1), ("b", 1)]),
        ("invalid_values", {"values": ("a", 1)}, [("a", 1), ("a", None), (None, 1), (None, None)]),
    ],
)
def test_a_rule_about_several_columns_is_broken_by_any_of_them(
    kind: str, arguments: dict, good: list[tuple], tmp_path: Path
) -> None:
    rule = Rule("the rule", kind, (LEFT, RIGHT), arguments)
    contract = small(rule, **{LEFT: TEXT, RIGHT: LONG})
    pairs = [(text, number) for text in ("a", "b", "", None) for number in (1, 0, None)]
    flags = broken(contract, rule, tmp_path, table([{LEFT: text, RIGHT: number} for text, number in pairs], contract))
    assert {pair for pair, flag in zip(pairs, flags, strict=True) if not flag} == set(good)


def test_every_kind_about_single_rows_has_its_table_rows() -> None:
    about_rows = {kind for kind, meaning in KINDS.items() if meaning.metric == "rows"} - {"type"}  # see test_conform
    assert {case[0] for case in CASES} == about_rows


@pytest.mark.parametrize("case", CASES, ids=named)
def test_an_empty_dataset_breaks_no_row_rule(case: tuple, tmp_path: Path) -> None:
    kind, type_, arguments, *_ = case
    rule = Rule("the rule", kind, ("x",), arguments)
    contract = small(rule, x=type_)
    assert broken(contract, rule, tmp_path, table([], contract)) == []


@pytest.mark.parametrize("bad", ["(", "a(?=b)", "[z-a]"])
def test_a_pattern_that_cannot_be_run_says_so(bad: str, tmp_path: Path) -> None:
    contract = small(Rule("the rule", "pattern", ("x",), {"value": bad}), x=TEXT)
    with pytest.raises(RuleError, match="cannot be evaluated"):
        metrics(contract, tmp_path, pa.table({"x": ["a"]}))
