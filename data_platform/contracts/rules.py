"""The kinds of rule there are, as one table. A new kind is a row here and its predicate in `quality/predicates.py`.

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
    `rowCount` all rows, `query` the number a SQL query returns. Only `rows` and `duplicates` can be row rules.
    `types`: the column kinds it applies to (empty: all that are not nested, and with `nested` those, too);
    `arguments`: the names it takes.
    """

    meaning: str
    metric: str = "rows"
    types: frozenset[str] = frozenset()
    arguments: tuple[str, ...] = ()
    dimension: str = "conformity"
    nested: bool = False


TEXT = frozenset({"string"})

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
    "enum": RuleKind("the value is one of `values`", arguments=("values",), dimension="consistency"),
    "null_values": RuleKind(
        "ODCS nullValues: rows where the value is null",
        dimension="completeness",
        nested=True,
    ),
    "missing_values": RuleKind(
        "ODCS missingValues: rows where the value is null or one of `values`",
        arguments=("values",),
        dimension="completeness",
    ),
    "invalid_values": RuleKind(
        "ODCS invalidValues: rows whose value is outside `values` or does not match `pattern`",
        arguments=("values", "pattern"),
    ),
    "duplicate_values": RuleKind(
        "ODCS duplicateValues, unique and primaryKey: rows beyond the first of their key",
        metric="duplicates",
        arguments=("keepFirst",),
        dimension="uniqueness",
    ),
    "row_count": RuleKind("ODCS rowCount: the number of rows", metric="rowCount", dimension="completeness"),
    "sql": RuleKind("the number that `query` returns", metric="query", arguments=("query",), dimension="accuracy"),
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
    "enum": "one of {values}",
    "null_values": "nulls",
    "missing_values": "missing values",
    "invalid_values": "invalid values",
    "duplicate_values": "unique",
    "row_count": "rows",
    "sql": "{query}",
}
COUNTED = ("null_values", "missing_values", "invalid_values", "duplicate_values")


def condition(rule: Rule) -> str:
    """What must hold, in a few words and without the column's name: `> 0`, `one of new, used`, `nulls < 5%`."""
    arguments = {
        name: ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
        for name, value in rule.arguments.items()
    }
    words = CONDITIONS[rule.kind].format_map(arguments)
    if rule.threshold is not None:
        return f"{'duplicates' if rule.kind == 'duplicate_values' else words} {rule.threshold}"
    return f"no {words}" if rule.kind in COUNTED and rule.kind != "duplicate_values" else words


def describe(rule: Rule) -> str:
    """The rule as a sentence a person can act on: its own description, or its columns and what must hold for them."""
    if rule.description:
        return rule.description
    return f"{', '.join(rule.columns)}: {condition(rule)}" if rule.columns else condition(rule)
