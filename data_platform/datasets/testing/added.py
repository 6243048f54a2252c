"""Rules that a row's place and its other values add to those of a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_platform.contracts import Column, Contract, Rule
from data_platform.contracts.partitions import STEP, WHOLE, split, start_of

TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def is_pair(rule: Rule) -> bool:
    return rule.kind == "comparison" and len(rule.columns) == 2


def about(rule: Rule, column: Column, row: Mapping[str, Any]) -> Rule | None:
    """A comparison of two columns as one with the value that was drawn for the other; None where there is none yet."""
    one, other = rule.columns
    if column.name not in rule.columns:
        return None
    operator, value = rule.arguments["operator"], row.get(other)
    if column.name == other:
        operator, value = TURNED[operator], row.get(one)
    if value is None:
        return None
    return Rule(rule.name, "comparison", (column.name,), {"operator": operator, "value": value})


def bounds_of(contract: Contract, partition: str, column: Column) -> Sequence[Rule]:
    """What keeps a partition's column in its partition."""
    if contract.partitioning is None or partition == WHOLE:
        return ()
    for key, value in zip(contract.partitioning.keys, split(contract.partitioning, partition), strict=True):
        if key.column != column.name:
            continue
        there = Rule("partition", "required", (column.name,))
        if key.granularity == "static":
            return there, Rule("partition", "enum", (column.name,), {"values": (value,)})
        start = start_of(key, value)
        if column.type.kind == "date":
            return there, Rule("partition", "enum", (column.name,), {"values": (start.date(),)})
        end = start + STEP[key.granularity]
        return (
            there,
            Rule("partition", "minimum", (column.name,), {"value": start}),
            Rule("partition", "exclusive_maximum", (column.name,), {"value": end}),
        )
    return ()
