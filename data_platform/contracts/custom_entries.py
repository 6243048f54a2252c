"""`type: custom, engine: data-platform`: what ODCS has no words for. A text compares datasets, a mapping compares a
dataset with its own past."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from data_platform.contracts.expression_tree import OPPOSITES
from data_platform.contracts.expressions import ColumnOf, Comparison, ExpressionError, Literal, parse
from data_platform.contracts.model import OPERATORS
from data_platform.contracts.naming import did_you_mean, slug
from data_platform.contracts.said import Add, Place, Said
from data_platform.contracts.thresholds import threshold

WORDS = {  # what a sign is in a rule's name
    "==": "is",
    "=": "is",
    "!=": "is not",
    "<>": "is not",
    "<=": "at most",
    ">=": "at least",
    "<": "below",
    ">": "above",
    "+": "plus",
    "-": "minus",
    "/": "per",
    "%": "percent",
    ".": " ",
}
_SIGN = re.compile(r"(?<!\d)\.|==|!=|<>|<=|>=|[=<>+/%-]")
_TEXT = re.compile(r"'[^']*'")
LONGEST_NAME = 100


def expression(text: str, place: Place, partitions: str) -> Said:
    """What a comparison says; ExpressionError where it says nothing. `partitions` are those of other datasets."""
    domain, _, table = (dataset := place.dataset).partition(".")
    comparison = parse(text, domain)
    own = rf"\b(?:{re.escape(domain)}\.)?{re.escape(table)}\.(?=\w+\b(?!\())"  # says nothing in front of a column
    text = _TEXT.sub(lambda match: slug(match[0]), re.sub(own, "", text))
    name = slug(_SIGN.sub(lambda match: f" {WORDS[match[0]]} ", text))[:LONGEST_NAME].strip("_")
    if any(isinstance(part, ColumnOf) for part in comparison.parts):
        return _row_rule(comparison, dataset, name)
    if not comparison.aggregates:
        raise ExpressionError("it names no dataset")
    if odd := next((part for part in comparison.parts if isinstance(part, Literal) and _is_odd(part)), None):
        raise ExpressionError(f"{odd} is not a number; only a column compares with it")
    return Said(
        "expression",
        place.own,
        {"expression": str(comparison)},
        comparison.threshold,
        comparison.reads(dataset, partitions),
        name,
        about_itself=any(each.dataset == dataset for each in comparison.aggregates),
    )


def _row_rule(comparison: Comparison, dataset: str, name: str) -> Said:
    """A comparison of a column with a literal or another column of its row."""
    left, operator, right = comparison.left, comparison.operator, comparison.right
    if isinstance(left, Literal):
        left, operator, right = right, OPPOSITES.get(operator, operator), left
    if not isinstance(left, ColumnOf) or not isinstance(right, ColumnOf | Literal) or comparison.has_tolerance:
        fix = "compare it with a value or a column, or aggregate it, as in `sum(...)`; for more, write a `sql` rule"
        raise ExpressionError(f"a column stands for its value in each row: {fix}")
    for each in (left, right):
        if isinstance(each, ColumnOf) and each.dataset != dataset:
            raise ExpressionError(f"{each} is in no row of {dataset}; aggregate it, as in `{each.dataset}.count(*)`")
    if isinstance(right, ColumnOf):
        return Said("comparison", (left.column, right.column), {"operator": operator}, name=name)
    return Said("comparison", (left.column,), {"operator": operator, "value": right.value}, name=name)


def _is_odd(literal: Literal) -> bool:
    return isinstance(literal.value, str | bool)


MEASURES = ("rowCount", "freshness")
UNITS: dict[str, str] = {  # unit of a history rule -> as a threshold's
    "percent": "percent",
    "score": "score",
    "rows": "rows",
    "seconds": "rows",
}
LAST, LEAST = 14, 3
"""Publications a history rule looks back on, and how many there must be before it says anything."""


def history(add: Add, given: Mapping[str, Any], place: Place) -> Said | None:
    """What `{history: rowCount, last: 14, unit: percent, mustBeBetween: [-50, 50]}` says; None where it is reported."""
    known = ("history", "column", "last", "least", "unit", *OPERATORS)
    for key in given:
        if key not in known:
            add("C504", key, f"a history rule does not know `{key}`", did_you_mean(str(key), known))
    measure = given.get("history")
    if measure not in MEASURES:
        fix = did_you_mean(str(measure), MEASURES)
        add("C511", "history" if "history" in given else "", f"no history is kept of {measure!r}", fix)
        return None
    arguments: dict[str, Any] = {"of": measure, "last": given.get("last", LAST)}
    arguments["least"] = given.get("least", min(LEAST, arguments["last"]) if _is_count(arguments["last"]) else LEAST)
    for key in ("last", "least"):
        if not _is_count(arguments[key]):
            add("C504", key, f"`{key}` is a number of publications, not {arguments[key]!r}", "give a number from 1")
            return None
    if arguments["least"] > arguments["last"]:
        add("C504", "least", f"{arguments['least']} are never among the last {arguments['last']}", "lower `least`")
    if measure == "freshness":
        time = given.get("column", place.column)
        if not time or not isinstance(time, str):
            add("C504", "column", "freshness needs the column that says when", "add `column: <a timestamp>`")
            return None
        arguments["column"] = time
    elif "column" in given:
        add("C504", "column", "rowCount takes no column", "remove it")
    units = [unit for unit in UNITS if unit != ("rows" if measure == "freshness" else "seconds")]
    unit = given.get("unit")
    if unit not in units:
        fix = did_you_mean(str(unit), units) if unit else f"add `unit`, one of {', '.join(units)}"
        add("C503", "unit", f"{measure} is not compared in {unit!r}" if unit else "no `unit`", fix)
    limit = threshold(add, given, UNITS.get(str(unit), "rows"))
    return Said("history", place.own, arguments, limit, name=slug(f"{measure}_history"))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
