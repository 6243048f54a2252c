"""Rules about single rows as Polars expressions."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.contracts.patterns import translate
from data_platform.contracts.types import FLOATING, ColumnType
from data_platform.quality.dialects import FLOAT_ROUNDING, FLOAT_STEP, OPERATORS, breaking, combine
from data_platform.quality.dialects.values import bound, common, listed, step, typed

PRIMITIVES: dict[str, Any] = {
    "string": pl.String(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
    "binary": pl.Binary(),
}


def polars_type(kind: ColumnType) -> Any:
    """The Polars type of a column."""
    match kind:
        case ColumnType(kind="decimal"):
            return pl.Decimal(kind.precision, kind.scale)
        case ColumnType(kind="list", element=ColumnType() as element):
            return pl.List(polars_type(element))
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            return pl.Map(polars_type(key), polars_type(element))
        case ColumnType(kind="struct"):
            return pl.Struct({name: polars_type(of) for name, of in kind.fields})
    return PRIMITIVES[kind.kind]


def _column(column: Column) -> pl.Expr:
    return pl.col(column.name)


def _literal(value: Any, kind: ColumnType) -> pl.Expr:
    return pl.lit(value, dtype=polars_type(kind))


def _compare(rule: Rule, column: Column, other: Column | None = None) -> pl.Expr:
    """Broken by NaN too, which Polars would sort above every number, and never by null."""
    value = _column(column)
    if other is not None:
        return _related(breaking(rule), column, other)
    match bound(breaking(rule), rule.arguments["value"], column.type):
        case bool(always):
            return value.is_not_null() if always else pl.lit(False)
        case compares, limit:
            broken = OPERATORS[compares](value, _literal(limit, column.type))
            return broken | value.is_nan() if column.type.kind in FLOATING else broken


def _related(compares: str, one: Column, other: Column) -> pl.Expr:
    shared = common(one.type, other.type)
    left, right = (shift(_column(each), each.type, shared) for each in (one, other))
    broken = OPERATORS[compares](left, right)
    if shared.kind not in FLOATING:
        return broken
    return (broken | left.is_nan() | right.is_nan()) & left.is_not_null() & right.is_not_null()


def shift(value: pl.Expr, kind: ColumnType, shared: ColumnType) -> pl.Expr:
    """A value in a wider type that its own compares in (see `values.common`)."""
    if kind == shared:
        return value
    if shared.kind == "timestamptz" and kind.kind == "timestamp":
        return value.dt.replace_time_zone("UTC")
    return value.cast(polars_type(shared))


def _multiple(rule: Rule, column: Column) -> pl.Expr:
    value, kind = _column(column), column.type
    if kind.kind not in FLOATING:
        unit = step(rule.arguments["value"], kind)
        return value != 0 if unit is None else value % _literal(unit, kind) != 0
    divisor = typed(rule.arguments["value"], ColumnType("double"))
    # Polars divides by a literal by multiplying with 1/literal, which rounds twice
    quotient = value.cast(pl.Float64) / pl.when(value.is_not_null()).then(divisor)
    allowed = FLOAT_STEP + FLOAT_ROUNDING[kind.kind] * quotient.abs()
    return ~quotient.is_finite() | ((quotient - quotient.round()).abs() > allowed)


def _among(rule: Rule, column: Column) -> pl.Expr:
    values = listed(rule.arguments.get("values"), column.type)
    return (
        _column(column).is_in(pl.Series(values, dtype=polars_type(column.type)).implode()) if values else pl.lit(False)
    )


def _outside(rule: Rule, column: Column) -> pl.Expr:
    return _column(column).is_not_null() & ~_among(rule, column)


def _length(breaks: Callable[[Any, Any], pl.Expr]) -> Callable[..., pl.Expr]:
    return lambda rule, column: breaks(_column(column).str.len_chars(), int(rule.arguments["value"]))


def _items(breaks: Callable[[Any, Any], pl.Expr]) -> Callable[..., pl.Expr]:
    return lambda rule, column: breaks(_column(column).list.len(), int(rule.arguments["value"]))


def _repeats(rule: Rule, column: Column) -> pl.Expr:
    present = _column(column).list.drop_nulls()
    return present.list.n_unique() < present.list.len()


def _mismatch(rule: Rule, column: Column, argument: str = "value") -> pl.Expr:
    return ~_column(column).str.contains(translate(rule.arguments[argument], "rust"))


def _null(rule: Rule, column: Column) -> pl.Expr:
    return _column(column).is_null()


def _missing(rule: Rule, column: Column) -> pl.Expr:
    return _null(rule, column) | _among(rule, column)


def _invalid(rule: Rule, column: Column) -> pl.Expr:
    broken = pl.lit(False)
    if "values" in rule.arguments:
        broken |= _outside(rule, column)
    if "pattern" in rule.arguments:
        broken |= _mismatch(rule, column, "pattern")
    return broken


PREDICATES: dict[str, Callable[..., pl.Expr]] = {
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


def breaks(rule: Rule, contract: Contract, lost: Mapping[str, pl.Expr] | None = None) -> pl.Expr:
    """As `dialects.duckdb.breaks`: true for the rows of conformed columns that break the rule."""

    def unless(condition: pl.Expr, columns: Sequence[Column]) -> pl.Expr:
        for column in columns:
            if lost and column.name in lost:
                condition &= ~lost[column.name]
        return condition

    return combine(PREDICATES, rule, contract, unless, operator.or_)
