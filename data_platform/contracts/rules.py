"""The kinds of rule there are, as one table. A new kind is a row here and its predicates in `quality/dialects/`.

Meaning fixed for every engine: null is *missing*, never *invalid*; NaN is invalid for a numeric rule; an empty
dataset passes row rules; null keys are not duplicates; of rows sharing a key within a partition the first by the rule's
`keepFirst`, then by all columns in the contract's order, is kept and the others are the duplicates; between is inclusive.
"""

from __future__ import annotations

from dataclasses import dataclass

from data_platform.contracts.model import Rule
from data_platform.contracts.types import NUMERIC, TEMPORAL

ORDERED = NUMERIC | TEMPORAL


@dataclass(frozen=True, slots=True)
class RuleKind:
    """What a kind of rule says.

    `metric`: `rows` counts the rows that break a predicate, `duplicates` the rows beyond the first of their key,
    `orphans` the rows whose key another dataset lacks, `rowCount` all rows, `query` the number a SQL query or an
    expression returns, `history` how far a number is from what it was before. Only ABOUT_ROWS can be row rules.
    `types`: the column kinds it applies to (empty: all that are not nested, and with `nested` those, too);
    `arguments`: the names it takes.
    """

    meaning: str
    metric: str = "rows"
    types: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    dimension: str = "conformity"
    nested: bool = False


ABOUT_ROWS = ("rows", "duplicates", "orphans")
"""Metrics that count broken rows, so that "none" is a promise about each row."""
TEXT = frozenset({"string"})
LISTS = frozenset({"list"})

KINDS: dict[str, RuleKind] = {
    "type": RuleKind("the value can be cast to the column's type without loss", nested=True),
    "required": RuleKind("the value is not null", dimension="completeness", nested=True),
    "minimum": RuleKind("the value is at least `value`", types=ORDERED, arguments=("value",), dimension="accuracy"),
    "maximum": RuleKind("the value is at most `value`", types=ORDERED, arguments=("value",), dimension="accuracy"),
    "exclusive_minimum": RuleKind("above `value`", types=ORDERED, arguments=("value",), dimension="accuracy"),
    "exclusive_maximum": RuleKind("below `value`", types=ORDERED, arguments=("value",), dimension="accuracy"),
    "min_length": RuleKind("at least `value` characters", types=TEXT, arguments=("value",)),
    "max_length": RuleKind("at most `value` characters", types=TEXT, arguments=("value",)),
    "pattern": RuleKind("the regular expression `value` matches somewhere", types=TEXT, arguments=("value",)),
    "multiple_of": RuleKind("the value divided by `value` is a whole number", types=NUMERIC, arguments=("value",)),
    "min_items": RuleKind("at least `value` items, nulls included", types=LISTS, arguments=("value",), nested=True),
    "max_items": RuleKind("at most `value` items, nulls included", types=LISTS, arguments=("value",), nested=True),
    "unique_items": RuleKind("no item that is not null stands twice", types=LISTS, nested=True),
    "comparison": RuleKind(
        "the column compares with the literal `value`, or with a second column, as `operator` says; null never breaks "
        "it, NaN always does",
        arguments=("operator", "value"),
        dimension="accuracy",
    ),
    "enum": RuleKind("the value is one of `values`", arguments=("values",), dimension="consistency"),
    "null_values": RuleKind(
        "ODCS nullValues: rows where the value (of any of the columns) is null",
        dimension="completeness",
        nested=True,
    ),
    "missing_values": RuleKind(
        "ODCS missingValues: rows where the value (of any of the columns) is null or one of `values`",
        arguments=("values",),
        dimension="completeness",
    ),
    "invalid_values": RuleKind(
        "ODCS invalidValues: rows whose value (of any of the columns) is outside `values` or does not match `pattern`",
        arguments=("values", "pattern"),
    ),
    "duplicate_values": RuleKind(
        "ODCS duplicateValues, unique and primaryKey: rows beyond the first of their key",
        metric="duplicates",
        arguments=("keepFirst",),
        dimension="uniqueness",
    ),
    "row_count": RuleKind("ODCS rowCount: the number of rows", metric="rowCount", dimension="completeness"),
    "foreign_key": RuleKind(
        "ODCS relationships: rows whose key, of which no part is null, is not found in the `columns` of the parent",
        metric="orphans",
        arguments=("columns",),
        dimension="consistency",
    ),
    "sql": RuleKind("the number that `query` returns", metric="query", arguments=("query",), dimension="accuracy"),
    "expression": RuleKind(
        "left side - right side of a comparison between datasets (`expressions.py`), with unit percent in % of the right",
        metric="query",
        arguments=("expression",),
        dimension="consistency",
    ),
    "history": RuleKind(
        "`of` (rowCount; freshness: seconds from the newest `column` to the partition's end, or to now) against the "
        "`last` publications, of which there must be `least`: as it is, in % away from their median, or as robust "
        "z-score",
        metric="history",
        arguments=("of", "column", "last", "least"),
        dimension="timeliness",
    ),
}


CONDITIONS: dict[str, str] = {  # how each kind reads in a few words, its arguments filled in
    "type": "fits its type",
    "required": "not null",
    "minimum": "≥ {value}",
    "maximum": "≤ {value}",
    "exclusive_minimum": "> {value}",
    "exclusive_maximum": "< {value}",
    "min_length": "at least {value} characters",
    "max_length": "at most {value} characters",
    "pattern": "matches {value}",
    "multiple_of": "a multiple of {value}",
    "min_items": "at least {value} items",
    "max_items": "at most {value} items",
    "unique_items": "no item twice",
    "comparison": "{operator} {value}",
    "enum": "one of {values}",
    "null_values": "no nulls",
    "missing_values": "no missing values",
    "invalid_values": "no invalid values",
    "duplicate_values": "unique",
    "foreign_key": "found in {parent}",
    "expression": "{expression}",
}
MEASURES: dict[str, str] = {  # what the threshold of a rule about the whole dataset is compared with
    "null_values": "nulls",
    "missing_values": "missing values",
    "invalid_values": "invalid values",
    "duplicate_values": "duplicates",
    "foreign_key": "not found in {parent}:",
    "row_count": "rows",
    "sql": "{query}",
    "history": "{of} {against}",
}
AGAINST = {  # unit -> how a history rule compares
    "rows": "itself",
    "percent": "away from the median of the last {last}",
    "score": "as robust z-score among the last {last}",
}


def condition(rule: Rule) -> str:
    """What must hold, in a few words and without the column's name: `> 0`, `one of new, used`, `nulls < 5%`."""
    words = {
        "value": rule.columns[-1] if rule.columns else "",  # of two columns compared, the second
        "parent": ", ".join(each.dataset for each in rule.reads),
        **{
            name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
            for name, value in rule.arguments.items()
        },
    }
    if rule.threshold is None or rule.kind not in MEASURES:
        return CONDITIONS[rule.kind].format_map(words)
    against = AGAINST.get(rule.threshold.unit, "").format_map(words) if rule.kind == "history" else ""
    return f"{MEASURES[rule.kind].format_map(words | {'against': against})} {rule.threshold}"


def describe(rule: Rule) -> str:
    """The rule as a sentence a person can act on: its own description, or its columns and what must hold for them."""
    if rule.description:
        return rule.description
    columns = rule.columns[:1] if rule.kind == "comparison" else rule.columns
    return f"{', '.join(columns)}: {condition(rule)}" if columns else condition(rule)
