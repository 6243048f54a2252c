"""Whether one value keeps a rule, in plain Python: what drawn values are held to before a frame is made of them.

The meaning is the engines' (`quality/dialects/`); a test holds the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from data_platform.contracts import Column, ColumnType, Rule
from data_platform.contracts.types import FLOATING, TEMPORAL
from data_platform.quality.dialects import FLOAT_ROUNDING, FLOAT_STEP, OPERATORS, breaking
from data_platform.quality.dialects.values import bound, common, listed, step, typed

Test = Callable[[Any], bool]


def keeps(rule: Rule, kind: ColumnType) -> Test:
    """The test that a value of a column of this type keeps a row rule about single values."""
    if rule.kind in ("required", "null_values"):
        return lambda value: value is not None
    if rule.kind == "missing_values":
        missing = _identities(rule, kind)
        return lambda value: value is not None and identity(value) not in missing
    present = _present(rule, kind)
    return lambda value: value is None or present(value)


def _present(rule: Rule, kind: ColumnType) -> Test:
    """The test for a value that is there."""
    given: Any = rule.arguments.get("value")
    match rule.kind:
        case "minimum" | "maximum" | "exclusive_minimum" | "exclusive_maximum" | "comparison":
            return _compares(rule, kind)
        case "multiple_of":
            return _is_multiple(given, kind)
        case "min_length" | "min_items":
            return lambda value: len(value) >= given
        case "max_length" | "max_items":
            return lambda value: len(value) <= given
        case "unique_items":
            return _has_no_repeats
        case "pattern":
            return matches(given)
        case "enum" | "invalid_values":
            tests: list[Test] = []
            if rule.kind == "enum" or "values" in rule.arguments:
                known = _identities(rule, kind)
                tests.append(lambda value: identity(value) in known)
            if "pattern" in rule.arguments:
                tests.append(matches(rule.arguments["pattern"]))
            return lambda value: all(test(value) for test in tests)
    raise ValueError(f"rule {rule.name}: {rule.kind} is not about a single value")


def _compares(rule: Rule, kind: ColumnType) -> Test:
    match bound(breaking(rule), rule.arguments["value"], kind):
        case bool(always):
            return lambda value: not always
        case operator, limit:
            broken = OPERATORS[operator]
            return lambda value: not (broken(value, limit) or _is_nan(value))


def _is_multiple(of: Any, kind: ColumnType) -> Test:
    if kind.kind not in FLOATING:
        unit = step(of, kind)
        if unit is None:
            return lambda value: value == 0
        return lambda value: Fraction(value) % Fraction(unit) == 0
    rounding, unit = FLOAT_ROUNDING[kind.kind], float(of)

    def test(value: float) -> bool:
        quotient = value / unit if math.isfinite(value) else math.nan
        return math.isfinite(quotient) and abs(quotient - round(quotient)) <= FLOAT_STEP + rounding * abs(quotient)

    return test


def _has_no_repeats(items: Sequence[Any]) -> bool:
    present = [identity(each) for each in items if each is not None]
    return len(set(present)) == len(present)


def matches(pattern: str) -> Test:
    """The test that a pattern matches somewhere in a text, by one of the engines."""
    import polars as pl

    from data_platform.contracts.patterns import translate

    written = translate(pattern, "rust")
    return lambda value: bool(pl.Series([value], dtype=pl.String).str.contains(written)[0])


def relates(rule: Rule, one: Column, other: Column) -> Callable[[Any, Any], bool]:
    """The test that two values of a row keep a comparison of their columns."""
    shared, holds = common(one.type, other.type), OPERATORS[rule.arguments["operator"]]

    def test(left: Any, right: Any) -> bool:
        if left is None or right is None:
            return True
        if shared.kind in FLOATING:
            return holds(float(left), float(right)) and not (_is_nan(left) or _is_nan(right))
        if shared.is_numeric:
            return holds(Fraction(left), Fraction(right))
        return holds(_as(left, shared), _as(right, shared))

    return test


def _as(value: Any, shared: ColumnType) -> Any:
    """A day or an instant as the wider of two; a plain value is compared as it is."""
    return typed(str(value), shared) if shared.kind in TEMPORAL else value


def _identities(rule: Rule, kind: ColumnType) -> set[Any]:
    return {identity(each) for each in listed(rule.arguments.get("values"), kind)}


def identity(value: Any) -> Any:
    """What makes two values the same, hashable: 0.0 is -0.0, and NaN is NaN."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, Mapping):
        return tuple((name, identity(each)) for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(map(identity, value))
    return value


def _is_nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)
