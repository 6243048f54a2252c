"""Rules about single rows in each engine's own words: DuckDB SQL, Polars expressions, Spark columns.

Belongs here: one module per engine, each with the table PREDICATES (rule kind -> the condition under which a row breaks
it: true for broken rows, false or null for others) and the casts it can promise; and what they share, because it must
not differ. Does not: counting, policies, frames. A library is imported only by its own module.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.quality.errors import RuleError

BREAKING: dict[str, str] = {  # kind -> how a value that breaks it compares with its bound
    "minimum": "<",
    "maximum": ">",
    "exclusive_minimum": "<=",
    "exclusive_maximum": ">=",
}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
OPPOSITE: dict[str, str] = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
ACROSS = frozenset({"comparison"})
"""Kinds that relate their columns; any other kind is broken as soon as one of its columns breaks it."""
FLOAT_STEP = 1e-9
FLOAT_ROUNDING = {"float": 1e-7, "double": 1e-15}
"""`multiple_of` on floating numbers: how far a quotient may be from a whole number, absolutely and for its rounding."""
EXACT_DIGITS = 15
"""Decimals that all engines make of the same doubles have at most so many digits."""
SPACES = " \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
"""What DuckDB trims from text."""
CLOCK = (
    r"(?:\A|[ T])([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,6})[0-9]*)?)?"
    r"(?:Z| UTC|([+-])([0-9]{2})(?::?([0-9]{2}))?)?\z"
)
"""The parts of a time as text, for Rust and Java alike: hours to seconds, fraction, sign and hours and minutes of a zone."""


def breaking(rule: Rule) -> str:
    """The operator that holds between a value and its bound where the rule is broken."""
    return OPPOSITE[rule.arguments["operator"]] if rule.kind == "comparison" else BREAKING[rule.kind]


def keep_first(rule: Rule, contract: Contract) -> list[tuple[Column, bool]]:
    """The order in which the first row of a key is kept, nulls last: columns, and whether each descends."""
    stated = [part.split() for part in str(rule.arguments.get("keepFirst") or "").split(",") if part.strip()]
    order = [(contract.column(name), bool(rest) and rest[0].lower() == "desc") for name, *rest in stated]
    return [*order, *((column, False) for column in contract.columns)]


def columns_of(rule: Rule, contract: Contract) -> list[Column]:
    return [contract.column(name) for name in rule.columns]


def combine(
    predicates: Mapping[str, Callable[..., Any]],
    rule: Rule,
    contract: Contract,
    unless: Callable[[Any, Sequence[Column]], Any],
    either: Callable[[Any, Any], Any],
) -> Any:
    """The condition under which a row breaks the rule, from those about its columns; RuleError where there is none.

    `unless` withdraws a condition where a value of its columns was lost in a cast: the `type` rule speaks for that.
    """
    columns, predicate = columns_of(rule, contract), predicates[rule.kind]
    try:
        if rule.kind in ACROSS:
            return unless(predicate(rule, *columns), columns)
        return reduce(either, (unless(predicate(rule, column), [column]) for column in columns))
    except ValueError as error:
        raise RuleError(f"{contract.dataset}: rule {rule.name} cannot be evaluated: {error}") from error
