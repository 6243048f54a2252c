"""Comparisons between datasets: exact arithmetic, what tolerance means, and when there is no answer."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import DATE, DOUBLE, LONG, MONEY, NASTY, TEXT, TIMESTAMPTZ, small, table

from data_platform.contracts import ColumnType
from data_platform.contracts.expression_tree import Aggregate, Condition, Literal
from data_platform.contracts.expressions import parse
from data_platform.quality.expressions import aggregate_sql, difference

A, B = (Aggregate(f"d.{name}", "sum", "x") for name in "ab")


def measured(text: str, a: Any, b: Any = None) -> float:
    return difference(parse(text), {A: a, B: b})[0]


CASES = [  # expression of a and b, their sums, left - right
    ("d.a.sum(x) == d.b.sum(x)", 3, 2, 1),
    ("d.a.sum(x) == d.b.sum(x)", Decimal("0.3"), 0.1 + 0.2, -4.440892098500626e-17),
    ("d.a.sum(x) == 0.3", Decimal("0.3"), None, 0),
    ("d.a.sum(x) == 3 * 0.1", Decimal("0.3"), None, 0),
    ("d.a.sum(x) / 3 * 3 == d.b.sum(x)", 1, 1, 0),
    ("d.a.sum(x) == d.b.sum(x)", 2**62 + 1, 2**62, 1),
    ("-d.a.sum(x) == abs(d.b.sum(x))", 3, -3, -6),
    ("d.a.sum(x) == d.b.sum(x) within 5%", 110, 100, 10),
    ("d.a.sum(x) == d.b.sum(x) within 5%", -110, -100, -10),
    ("d.a.sum(x) == d.b.sum(x) within 5%", 0, 0, 0),
    ("d.a.sum(x) == d.b.sum(x) within 5%", 1, 0, math.inf),
    ("d.a.sum(x) == d.b.sum(x) within 5%", -1, 0, -math.inf),
    ("d.a.sum(x) == d.b.sum(x) within 5", 110, 100, 10),
    ("d.a.sum(x) == d.b.sum(x)", math.inf, 1, math.inf),
    ("d.a.sum(x) > 1e308 * d.b.sum(x)", 1, 10**10, -math.inf),
]


@pytest.mark.parametrize(("text", "a", "b", "apart"), CASES)
def test_an_expression_measures_how_far_its_sides_are_apart(text: str, a: Any, b: Any, apart: float) -> None:
    assert measured(text, a, b) == pytest.approx(apart, rel=1e-12, abs=1e-30)


@pytest.mark.parametrize(
    ("text", "a", "b"),
    [
        ("d.a.sum(x) == d.b.sum(x)", None, 1),
        ("d.a.sum(x) == d.b.sum(x)", 1, math.nan),
        ("d.a.sum(x) / d.b.sum(x) == 1", 1, 0),
        ("d.a.sum(x) == d.b.sum(x)", math.inf, math.inf),
        ("d.a.sum(x) * d.b.sum(x) > 0", math.inf, 0),
    ],
)
def test_without_a_number_there_is_no_answer(text: str, a: Any, b: Any) -> None:
    assert math.isnan(measured(text, a, b))


def test_both_sides_are_shown() -> None:
    assert (
        difference(parse("d.a.sum(x) == 2 * d.b.sum(x)"), {A: 1234567, B: Decimal("0.25")})[1]
        == "1,234,567 against 0.5"
    )
    assert difference(parse("d.a.sum(x) == d.b.sum(x)"), {A: None, B: 1})[1] == "no number against 1"


NUMBERS = st.integers(-1000, 1000) | st.decimals(-100, 100, places=2)


@given(a=NUMBERS, b=NUMBERS, c=st.integers(1, 9))
def test_arithmetic_is_that_of_fractions(a: Any, b: Any, c: int) -> None:
    expected = (Fraction(a) + c) * 2 - Fraction(b) / c
    assert measured(f"(d.a.sum(x) + {c}) * 2 == d.b.sum(x) / {c}", a, b) == float(expected)


VALUES: dict[ColumnType, st.SearchStrategy] = {
    LONG: st.integers(-3, 3),
    DOUBLE: st.sampled_from([0.0, -1.5, 2.5, math.inf, math.nan]),
    MONEY: st.decimals(-3, 3, places=2),
    TEXT: st.sampled_from(["a", "b'", ""]),
}
MEETS = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_an_aggregate_counts_the_rows_that_meet_its_conditions(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    kind = data.draw(st.sampled_from(list(VALUES)))
    contract = small(x=kind, y=kind, z=LONG)
    value = st.none() | VALUES[kind]
    rows = data.draw(
        st.lists(st.fixed_dictionaries({"x": value, "y": value, "z": st.none() | st.integers(0, 2)}), max_size=8)
    )
    operator = data.draw(st.sampled_from(list(MEETS)))
    literal = data.draw(VALUES[kind].filter(lambda each: each == each and each not in (math.inf,)))
    right = data.draw(st.sampled_from(["y", literal]))
    condition = Condition("x", operator, right if right == "y" else Literal(float(right) if kind == MONEY else right))

    def met(row: dict[str, Any]) -> bool:
        sides = (row["x"], row["y"] if right == "y" else right)
        return None not in sides and all(side == side for side in sides) and MEETS[operator](*sides)

    kept = [row for row in rows if met(row)]
    file = str(tmp_path_factory.mktemp("rows") / "rows.parquet")
    with duckdb.connect() as connection:
        connection.from_arrow(table(rows, contract)).write_parquet(file)
        for function, column, expected in (
            ("count", "", len(kept)),
            ("count", "z", sum(row["z"] is not None for row in kept)),
            ("count_distinct", "z", len({row["z"] for row in kept} - {None})),
            ("sum", "z", sum(row["z"] or 0 for row in kept) if any(row["z"] is not None for row in kept) else None),
            ("max", "z", max((row["z"] for row in kept if row["z"] is not None), default=None)),
        ):
            query = aggregate_sql(Aggregate("shop.small", function, column, (condition,)), contract)
            assert connection.execute(f"SELECT {query} FROM '{file}'").fetchone() == (expected,), (query, rows)


def test_times_count_in_seconds_and_names_are_quoted(tmp_path: Path) -> None:
    contract = small(**{NASTY: LONG, "day": DATE, "at": TIMESTAMPTZ})
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        rows = f"(SELECT 7 AS \"{NASTY.replace(chr(34), chr(34) * 2)}\", DATE '1970-01-02' AS day, now() AS at)"
        for each, expected in (("sum", 7), ("count_distinct", 1)):
            assert connection.execute(
                f"SELECT {aggregate_sql(Aggregate('', each, NASTY), contract)} FROM {rows}"
            ).fetchone() == (expected,)
        assert connection.execute(
            f"SELECT {aggregate_sql(Aggregate('', 'max', 'day'), contract)} FROM {rows}"
        ).fetchone() == (86400,)
