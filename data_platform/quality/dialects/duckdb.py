"""Rules about single rows as DuckDB SQL: the meaning that the other engines are held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.contracts.patterns import for_re2, matches_nothing
from data_platform.contracts.types import FLOATING, ColumnType
from data_platform.quality.dialects import FLOAT_ROUNDING, FLOAT_STEP, breaking, combine
from data_platform.quality.dialects.values import bound, common, listed, step, typed
from data_platform.quality.sql import identifier, literal, sql_type, text

Predicate = Callable[..., str]


def _compare(rule: Rule, column: Column, other: Column | None = None) -> str:
    """Broken by NaN too, which DuckDB would sort above every number, and never by null."""
    name, operator = identifier(column.name), breaking(rule)
    if other is not None:
        return _related(operator, column, other)
    match bound(operator, rule.arguments["value"], column.type):
        case bool(always):
            return f"{name} IS NOT NULL" if always else "FALSE"
        case operator, value:
            broken = f"{name} {_SQL.get(operator, operator)} {_literal(value, column.type)}"
            return f"({broken} OR isnan({name}))" if column.type.kind in FLOATING else broken


_SQL = {"==": "=", "!=": "<>"}


def _related(operator: str, one: Column, other: Column) -> str:
    shared = common(one.type, other.type)
    left, right = (
        identifier(each.name) if each.type == shared else f"CAST({identifier(each.name)} AS {sql_type(shared)})"
        for each in (one, other)
    )
    broken = f"{left} {_SQL.get(operator, operator)} {right}"
    if shared.kind not in FLOATING:
        return broken
    return f"(({broken} OR isnan({left}) OR isnan({right})) AND {left} IS NOT NULL AND {right} IS NOT NULL)"


def _multiple(rule: Rule, column: Column) -> str:
    name, kind = identifier(column.name), column.type
    if kind.kind not in FLOATING:
        unit = step(rule.arguments["value"], kind)
        return f"{name} <> 0" if unit is None else f"{name} % {_literal(unit, kind)} <> 0"
    quotient = f"(CAST({name} AS DOUBLE) / {_literal(typed(rule.arguments['value'], DOUBLE), DOUBLE)})"
    allowed = f"{FLOAT_STEP!r}::DOUBLE + {FLOAT_ROUNDING[kind.kind]!r}::DOUBLE * abs({quotient})"
    return f"(NOT isfinite({quotient}) OR abs({quotient} - round({quotient})) > {allowed})"


DOUBLE = ColumnType("double")


def _among(rule: Rule, column: Column) -> str:
    values = _values(rule, column)
    return f"{identifier(column.name)} IN ({values})" if values else "FALSE"


def _outside(rule: Rule, column: Column) -> str:
    name, values = identifier(column.name), _values(rule, column)
    return f"{name} NOT IN ({values})" if values else f"{name} IS NOT NULL"


def _values(rule: Rule, column: Column) -> str:
    return ", ".join(_literal(value, column.type) for value in listed(rule.arguments.get("values"), column.type))


def _length(function: str, operator: str) -> Predicate:
    return lambda rule, column: f"{function}({identifier(column.name)}) {operator} {int(rule.arguments['value'])}"


def _repeats(rule: Rule, column: Column) -> str:
    name = identifier(column.name)
    return f"len(list_distinct({name})) < list_count({name})"


def _mismatch(rule: Rule, column: Column, argument: str = "value") -> str:
    """What is extracted is empty where nothing matches. DuckDB extracts once per distinct value where these are few, and
    matches every row; but it cannot tell a match of no character from none."""
    pattern, name = rule.arguments[argument], identifier(column.name)
    if matches_nothing(pattern):
        return f"NOT regexp_matches({name}, {text(for_re2(pattern))})"
    return f"regexp_extract({name}, {text(for_re2(pattern))}) = ''"


def _null(rule: Rule, column: Column) -> str:
    return f"{identifier(column.name)} IS NULL"


def _missing(rule: Rule, column: Column) -> str:
    return f"({_null(rule, column)} OR {_among(rule, column)})"


def _invalid(rule: Rule, column: Column) -> str:
    parts = []
    if "values" in rule.arguments:
        parts.append(_outside(rule, column))
    if "pattern" in rule.arguments:
        parts.append(_mismatch(rule, column, "pattern"))
    return "(" + (" OR ".join(parts) or "FALSE") + ")"


PREDICATES: dict[str, Predicate] = {
    "required": _null,
    "minimum": _compare,
    "maximum": _compare,
    "exclusive_minimum": _compare,
    "exclusive_maximum": _compare,
    "comparison": _compare,
    "multiple_of": _multiple,
    "min_length": _length("length", "<"),
    "max_length": _length("length", ">"),
    "min_items": _length("len", "<"),
    "max_items": _length("len", ">"),
    "unique_items": _repeats,
    "pattern": _mismatch,
    "enum": _outside,
    "null_values": _null,
    "missing_values": _missing,
    "invalid_values": _invalid,
}


def breaks(rule: Rule, contract: Contract, lost: Mapping[str, str] | None = None) -> str:
    """The condition under which a conformed row breaks a rule of metric `rows`, other than `type`.

    `lost` has the condition under which a column's value was lost in its cast; such a value is neither there nor missing.
    """

    def unless(condition: str, columns: Sequence[Column]) -> str:
        gone = [lost[column.name] for column in columns if lost and column.name in lost]
        return f"({condition}{''.join(f' AND NOT {each}' for each in gone)})" if gone else condition

    return combine(PREDICATES, rule, contract, unless, lambda one, other: f"({one} OR {other})")


def _literal(value: Any, kind: ColumnType) -> str:
    if isinstance(value, bytes):
        return "'" + "".join(f"\\x{byte:02X}" for byte in value) + "'::BLOB"
    return literal(value, kind)
