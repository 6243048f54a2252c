"""Numbers drawn from the bounds and steps that a column's rules leave."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor, inf, isfinite, lcm
from typing import TYPE_CHECKING, Any

from data_platform.contracts import ColumnType, Rule
from data_platform.datasets.testing.bounds import BOUNDS, bounds, nothing
from data_platform.quality.dialects.values import in_units, span, step

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

NEAR, SMALL = 100, 9
"""Half of all numbers drawn are between -SMALL and NEAR where the rules allow it: what people test with."""
MULTIPLES = 1_000


def exact_numbers(kind: ColumnType, rules: Sequence[Rule]) -> SearchStrategy[Any]:
    """Whole numbers and decimals."""
    from hypothesis import strategies as st

    first, last, unit = steps(kind, rules)
    if first > last:
        raise nothing(rules)
    near = st.integers(max(first, min(-SMALL, last)), min(last, max(NEAR, first)))
    ends = st.sampled_from([first, last])
    return (near | st.integers(first, last) | ends).map(lambda number: in_units(number * unit, kind))


def steps(kind: ColumnType, rules: Sequence[Rule]) -> tuple[int, int, int]:
    """An exact number is a whole number between the first two, times the third, in units of its type's last digit."""
    (low, high), unit, digits = span(kind), 1, 10**kind.scale
    for operator, value in bounds(kind, rules):
        units = int(Fraction(value) * digits)
        if operator in (">", ">=", "=="):
            low = max(low, units + (operator == ">"))
        if operator in ("<", "<=", "=="):
            high = min(high, units - (operator == "<"))
    for rule in rules:
        if rule.kind == "multiple_of":
            each = step(rule.arguments["value"], kind)
            if each is None:  # only zero is a multiple
                low, high = max(low, 0), min(high, 0)
            else:
                unit = lcm(unit, int(Fraction(each) * digits))
    return ceil(Fraction(low, unit)), floor(Fraction(high, unit)), unit


def floating_numbers(kind: ColumnType, rules: Sequence[Rule], nan: bool) -> SearchStrategy[float]:
    """Infinity is one of them where no bound excludes it, NaN where no rule is about numbers."""
    from hypothesis import strategies as st

    low, above = -inf, False
    high, below = inf, False
    for operator, value in bounds(kind, rules):
        if operator in (">", ">=", "=="):
            low, above = max((low, above), (value, operator == ">"))
        if operator in ("<", "<=", "=="):
            high, included = min((high, not below), (value, operator != "<"))
            below = not included
    if low > high or (low == high and (above or below)):
        raise nothing(rules)
    if of := [rule for rule in rules if rule.kind == "multiple_of"]:
        return _multiples(abs(float(of[0].arguments["value"])), low, high)
    numbers = st.floats(
        low if isfinite(low) else None,
        high if isfinite(high) else None,
        exclude_min=above and isfinite(low),
        exclude_max=below and isfinite(high),
        allow_nan=nan and not any(rule.kind in BOUNDS for rule in rules),
        width=32 if kind.kind == "float" else 64,
    )
    ends = [end for end, excluded in ((low, above), (high, below)) if isfinite(end) and not excluded]
    return numbers | st.sampled_from(ends) if ends else numbers


def _multiples(unit: float, low: float, high: float) -> SearchStrategy[float]:
    from hypothesis import strategies as st

    first = max(low / unit, (high / unit if high < 0 else 0) - MULTIPLES)
    last = min(high / unit, max(first, 0) + MULTIPLES)
    return st.integers(ceil(first), max(ceil(first), floor(last))).map(lambda number: number * unit)
