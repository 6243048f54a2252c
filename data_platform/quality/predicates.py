"""What it is for a row to break a rule, as DuckDB SQL; one entry per rule kind, true (not null) for broken rows.

Null never breaks a rule that is not about missing values: every comparison with it is null, which counts as no.
"""

from __future__ import annotations

from collections.abc import Callable

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.contracts.types import FLOATING
from data_platform.quality.sql import identifier, literal, text

Predicate = Callable[[Rule, Column], str]


def _compare(operator: str) -> Predicate:
    """A comparison that is broken by NaN too: DuckDB would sort NaN above every number."""

    def predicate(rule: Rule, column: Column) -> str:
        name = identifier(column.name)
        broken = f"{name} {operator} {literal(rule.arguments['value'], column.type)}"
        return f"({broken} OR isnan({name}))" if column.type.kind in FLOATING else broken

    return predicate


def _among(rule: Rule, column: Column) -> str:
    return f"{identifier(column.name)} IN ({_values(rule, column)})" if _values(rule, column) else "FALSE"


def _outside(rule: Rule, column: Column) -> str:
    name, values = identifier(column.name), _values(rule, column)
    return f"{name} NOT IN ({values})" if values else f"{name} IS NOT NULL"


def _values(rule: Rule, column: Column) -> str:
    return ", ".join(literal(value, column.type) for value in rule.arguments.get("values", ()) if value is not None)


def _length(operator: str) -> Predicate:
    return lambda rule, column: f"length({identifier(column.name)}) {operator} {int(rule.arguments['value'])}"


def _mismatch(rule: Rule, column: Column, argument: str) -> str:
    return f"NOT regexp_matches({identifier(column.name)}, {text(rule.arguments[argument])})"


def _missing(rule: Rule, column: Column) -> str:
    null = f"{identifier(column.name)} IS NULL"
    return f"({null} OR {_among(rule, column)})"


def _invalid(rule: Rule, column: Column) -> str:
    parts = []
    if "values" in rule.arguments:
        parts.append(_outside(rule, column))
    if "pattern" in rule.arguments:
        parts.append(_mismatch(rule, column, "pattern"))
    return "(" + (" OR ".join(parts) or "FALSE") + ")"


PREDICATES: dict[str, Predicate] = {
    "required": lambda rule, column: f"{identifier(column.name)} IS NULL",
    "minimum": _compare("<"),
    "maximum": _compare(">"),
    "exclusive_minimum": _compare("<="),
    "exclusive_maximum": _compare(">="),
    "min_length": _length("<"),
    "max_length": _length(">"),
    "pattern": lambda rule, column: _mismatch(rule, column, "value"),
    "enum": _outside,
    "null_values": lambda rule, column: f"{identifier(column.name)} IS NULL",
    "missing_values": _missing,
    "invalid_values": _invalid,
}


def breaks(rule: Rule, contract: Contract) -> str:
    """The condition under which a conformed row breaks a rule whose kind has the metric `rows`."""
    return PREDICATES[rule.kind](rule, contract.column(rule.columns[0]))
