"""The operator of a rule: exactly one, of a number or two that a metric can have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from data_platform.contracts.model import OPERATORS, Threshold
from data_platform.contracts.said import Add


def threshold(add: Add, given: Mapping[str, Any], unit: str, *, counts: bool = False) -> Threshold:
    """The threshold among the keys of `given`, which are there if they are not None.

    `counts`: the metric is a number of rows, or a share of them; others can be anything, also true (1) or false (0).
    """
    found = [(name, given[name]) for name in OPERATORS if given.get(name) is not None]
    if len(found) != 1:
        add("C501", "", "a rule has exactly one operator", f"use one of {', '.join(OPERATORS)}")
        return Threshold("mustBe", 0, unit)
    operator, value = found[0]
    if isinstance(value, bool) and not counts and operator in ("mustBe", "mustNotBe"):
        return Threshold(operator, int(value), unit)
    is_pair = operator.endswith("Between")
    numbers: list[Any] = list(value) if is_pair and isinstance(value, list) else [value]
    if len(numbers) != 1 + is_pair or any(
        isinstance(number, bool) or not isinstance(number, int | float) for number in numbers
    ):
        wanted = "two numbers" if is_pair else "a number"
        add("C513", operator, f"`{operator}` must be {wanted}, not {value!r}", f"give {wanted}")
        return Threshold("mustBe", 0, unit)
    if counts and any(number < 0 or (unit == "percent" and number > 100) for number in numbers):
        most = "between 0 and 100 percent" if unit == "percent" else "0 or more rows"
        add("C513", operator, f"{value} can never be reached", f"give {most}")
    elif is_pair and numbers[0] > numbers[1]:
        add("C506", operator, f"no number lies between {numbers[0]} and {numbers[1]}", "smaller number first")
    return Threshold(operator, (numbers[0], numbers[1]) if is_pair else numbers[0], unit)
