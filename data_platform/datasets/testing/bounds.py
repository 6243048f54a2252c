"""What the rules of a column leave of its type's values: bounds, and the error where they leave none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from data_platform.contracts import ColumnType, Rule
from data_platform.quality.dialects import BREAKING, OPPOSITE, breaking
from data_platform.quality.dialects.values import bound

BOUNDS = (*BREAKING, "comparison")
"""Kinds of rule that compare a value with one of the contract's."""


class CannotDrawError(ValueError):
    """No value, or no frame, that keeps all rules: by which rules, and what to do."""


def bounds(kind: ColumnType, rules: Sequence[Rule]) -> list[tuple[str, Any]]:
    """What a value must be compared with, as operators and values of its type; CannotDrawError where none would do."""
    found = []
    for rule in rules:
        if rule.kind in BOUNDS:
            match bound(OPPOSITE[breaking(rule)], rule.arguments["value"], kind):
                case False:
                    raise nothing([rule])
                case (operator, value):
                    found.append((operator, value))
    return found


def sizes(rules: Sequence[Rule], least_kind: str, most_kind: str) -> tuple[int, int | None]:
    """The least and the greatest length (None: any); CannotDrawError where the one is above the other."""
    least = max((int(rule.arguments["value"]) for rule in rules if rule.kind == least_kind), default=0)
    most = min((int(rule.arguments["value"]) for rule in rules if rule.kind == most_kind), default=None)
    if most is not None and most < max(least, 0):
        raise nothing([rule for rule in rules if rule.kind in (least_kind, most_kind)])
    return least, most


def nothing(rules: Sequence[Rule]) -> CannotDrawError:
    names = ", ".join(rule.name for rule in rules)
    return CannotDrawError(f"no value keeps {names}: correct the contract")
