"""Rules about single rows as Spark columns. They mean the same with ANSI mode on or off and in every session time zone.

Spark below 4.1 has no type for a time of day; here it is microseconds since midnight, as `bigint`, in all of them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.contracts.patterns import translate
from data_platform.contracts.types import FLOATING, ColumnType
from data_platform.quality.dialects import FLOAT_ROUNDING, FLOAT_STEP, OPERATORS, breaking, combine
from data_platform.quality.dialects.values import bound, common, listed, step, typed

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

PRIMITIVES: dict[str, str] = {
    "string": "string",
    "int": "int",
    "long": "bigint",
    "float": "float",
    "double": "double",
    "boolean": "boolean",
    "date": "date",
    "time": "bigint",
    "timestamp": "timestamp_ntz",
    "timestamptz": "timestamp",
    "binary": "binary",
}
EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)


def spark_type(kind: ColumnType) -> str:
    """The Spark type of a column, as `simpleString` spells it but for the names in a struct, which are all quoted."""
    match kind:
        case ColumnType(kind="decimal"):
            return f"decimal({kind.precision},{kind.scale})"
        case ColumnType(kind="list", element=ColumnType() as element):
            return f"array<{spark_type(element)}>"
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            return f"map<{spark_type(key)},{spark_type(element)}>"
        case ColumnType(kind="struct"):
            return f"struct<{','.join(f'{quoted(name)}:{spark_type(of)}' for name, of in kind.fields)}>"
    return PRIMITIVES[kind.kind]


def quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _column(column: Column) -> Expression:
    return F.col(quoted(column.name))


def _literal(value: Any, kind: ColumnType) -> Expression:
    match value:
        case datetime() if kind.kind == "timestamptz":
            return F.timestamp_micros(F.lit((value.astimezone(UTC).replace(tzinfo=None) - EPOCH) // MICROSECOND))
        case time():
            return F.lit((datetime.combine(EPOCH, value) - EPOCH) // MICROSECOND).cast("bigint")
        case bytes():
            return F.unhex(F.lit(value.hex()))
        case float() | bool():
            return F.lit(value).cast(spark_type(kind))
    return F.lit(str(value)).cast(spark_type(kind))


def _compare(rule: Rule, column: Column, other: Column | None = None) -> Expression:
    """Broken by NaN too, which Spark would sort above every number, and never by null."""
    value = _column(column)
    if other is not None:
        return _related(breaking(rule), column, other)
    match bound(breaking(rule), rule.arguments["value"], column.type):
        case bool(always):
            return value.isNotNull() if always else F.lit(False)
        case compares, limit:
            broken = OPERATORS[compares](value, _literal(limit, column.type))
            return broken | F.isnan(value) if column.type.kind in FLOATING else broken


def _related(compares: str, one: Column, other: Column) -> Expression:
    shared = common(one.type, other.type)
    left, right = (shift(_column(each), each.type, shared) for each in (one, other))
    broken = OPERATORS[compares](left, right)
    if shared.kind not in FLOATING:
        return broken
    return (broken | F.isnan(left) | F.isnan(right)) & left.isNotNull() & right.isNotNull()


def relation(compares: str, column: Column, right: Any) -> Expression:
    """True for the rows in which the column compares so with a value, or with a second Column; no null does, nor NaN."""
    one = _column(column)
    if isinstance(right, Column):
        shared = common(column.type, right.type)
        sides = [shift(_column(each), each.type, shared) for each in (column, right)]
        met = OPERATORS[compares](*sides)
        return met & ~F.isnan(sides[0]) & ~F.isnan(sides[1]) if shared.kind in FLOATING else met
    match bound(compares, right, column.type):
        case bool(always):
            return one.isNotNull() if always else F.lit(False)
        case operator_, limit:
            met = OPERATORS[operator_](one, _literal(limit, column.type))
            return met & ~F.isnan(one) if column.type.kind in FLOATING else met


def shift(value: Expression, kind: ColumnType, shared: ColumnType) -> Expression:
    """A value in a wider type that its own compares in (see `values.common`)."""
    if kind == shared:
        return value
    if shared.kind == "timestamptz":
        return F.timestamp_micros(micros(value if kind.kind == "timestamp" else value.cast("timestamp_ntz")))
    return value.cast(spark_type(shared))


def micros(value: Expression) -> Expression:
    """Microseconds from 1970 to a `timestamp_ntz`, whatever the session's time zone."""
    since = value - F.lit(str(EPOCH)).cast("timestamp_ntz")
    days, hours, minutes, seconds = (F.extract(F.lit(each), since) for each in ("DAY", "HOUR", "MINUTE", "SECOND"))
    whole = (days.cast("bigint") * 24 + hours.cast("bigint")) * 60 + minutes.cast("bigint")
    return whole * 60_000_000 + (seconds * 1_000_000).cast("bigint")


def _multiple(rule: Rule, column: Column) -> Expression:
    value, kind = _column(column), column.type
    if kind.kind not in FLOATING:
        unit = step(rule.arguments["value"], kind)
        return value != 0 if unit is None else value % _literal(unit, kind) != 0
    quotient = value.cast("double") / F.lit(typed(rule.arguments["value"], ColumnType("double")))
    allowed = F.lit(FLOAT_STEP) + F.lit(FLOAT_ROUNDING[kind.kind]) * F.abs(quotient)
    is_finite = F.abs(quotient) < F.lit(float("inf"))
    return ~is_finite | (F.abs(quotient - F.rint(quotient)) > allowed)


def _among(rule: Rule, column: Column) -> Expression:
    """One comparison per value: Spark looks long lists up by their bits, in which 0.0 is not -0.0."""
    value = _column(column)
    values = [_literal(each, column.type) for each in listed(rule.arguments.get("values"), column.type)]
    if column.type.kind in FLOATING:
        return reduce(operator.or_, (value == each for each in values), F.lit(False))
    return value.isin(values) if values else F.lit(False)


def _outside(rule: Rule, column: Column) -> Expression:
    return _column(column).isNotNull() & ~_among(rule, column)


def _length(breaks: Callable[[Any, Any], Expression]) -> Callable[..., Expression]:
    return lambda rule, column: breaks(F.length(_column(column)), int(rule.arguments["value"]))


def _items(breaks: Callable[[Any, Any], Expression]) -> Callable[..., Expression]:
    return lambda rule, column: breaks(F.array_size(_column(column)), int(rule.arguments["value"]))


def _repeats(rule: Rule, column: Column) -> Expression:
    present, element = F.array_compact(_column(column)), column.type.element
    if element and element.kind in FLOATING:  # so that -0.0 is 0.0
        present = F.transform(present, lambda each: each + F.lit(0.0).cast(spark_type(element)))
    return F.array_size(F.array_distinct(present)) < F.array_size(present)


def _mismatch(rule: Rule, column: Column, argument: str = "value") -> Expression:
    return ~_column(column).rlike(translate(rule.arguments[argument], "java"))


def _null(rule: Rule, column: Column) -> Expression:
    return _column(column).isNull()


def _missing(rule: Rule, column: Column) -> Expression:
    return _null(rule, column) | _among(rule, column)


def _invalid(rule: Rule, column: Column) -> Expression:
    broken = F.lit(False)
    if "values" in rule.arguments:
        broken |= _outside(rule, column)
    if "pattern" in rule.arguments:
        broken |= _mismatch(rule, column, "pattern")
    return broken


PREDICATES: dict[str, Callable[..., Expression]] = {
    "required": _null,
    "minimum": _compare,
    "maximum": _compare,
    "exclusive_minimum": _compare,
    "exclusive_maximum": _compare,
    "comparison": _compare,
    "multiple_of": _multiple,
    "min_length": _length(operator.lt),
    "max_length": _length(operator.gt),
    "min_items": _items(operator.lt),
    "max_items": _items(operator.gt),
    "unique_items": _repeats,
    "pattern": _mismatch,
    "enum": _outside,
    "null_values": _null,
    "missing_values": _missing,
    "invalid_values": _invalid,
}


def breaks(rule: Rule, contract: Contract, lost: Mapping[str, Expression] | None = None) -> Expression:
    """As `dialects.duckdb.breaks`: true for the rows of conformed columns that break the rule."""

    def unless(condition: Expression, columns: Sequence[Column]) -> Expression:
        for column in columns:
            if lost and column.name in lost:
                condition &= ~lost[column.name]
        return condition

    return combine(PREDICATES, rule, contract, unless, operator.or_)
