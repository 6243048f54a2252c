"""Comparisons between datasets: aggregates as DuckDB SQL, and the arithmetic between them, which is exact.

Every aggregate is a number, or none (null over no rows, NaN where a NaN was among the values): then the comparison has
no answer, which fails the rule.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

from data_platform.contracts.expression_tree import (
    Absolute,
    Aggregate,
    Comparison,
    Condition,
    Literal,
    Negative,
    Operand,
    Operation,
)
from data_platform.contracts.model import Column, Contract
from data_platform.contracts.types import FLOATING
from data_platform.quality.sql import identifier, literal

Number = int | float | Decimal | Fraction
TIMES = ("date", "time", "timestamp", "timestamptz")


def aggregate_sql(each: Aggregate, contract: Contract) -> str:
    """The aggregate over a query of rows of its dataset."""
    where = " AND ".join(_condition(condition, contract) for condition in each.where)
    kept = f" FILTER (WHERE {where})" if where else ""
    if not each.column:
        return f"count(*){kept}"
    column = contract.column(each.column)
    name = identifier(column.name)
    match each.function:
        case "count_distinct":
            return f"count(DISTINCT {name}){kept}"
        case "min" | "max" if column.type.kind in TIMES:
            return f"epoch({each.function}({name}){kept})"
    return f"{each.function}({name}){kept}"


_SQL = {"==": "=", "!=": "<>"}


def _condition(condition: Condition, contract: Contract) -> str:
    """True for the rows that meet it; those with a null, or a NaN, on either side do not."""
    column = contract.column(condition.column)
    name = identifier(column.name)
    if condition.right is None:
        return f"{name} {condition.operator.upper()}"
    sides = [column]
    if isinstance(condition.right, Literal):
        right = literal(condition.right.value, column.type)
    else:
        sides.append(contract.column(condition.right))
        right = identifier(condition.right)
    met = f"{name} {_SQL.get(condition.operator, condition.operator)} {right}"
    return " AND ".join([met, *(f"NOT isnan({identifier(each.name)})" for each in sides if _may_be_nan(each))])


def _may_be_nan(column: Column) -> bool:
    return column.type.kind in FLOATING


def difference(comparison: Comparison, numbers: Mapping[Aggregate, Number | None]) -> tuple[float, str]:
    """What the comparison measures: left - right, or with a tolerance in percent 100 * (left - right) / right (no
    difference from 0 is 0%, any other is infinite); and both sides in words. NaN where there is no answer."""
    left, right = evaluate(comparison.left, numbers), evaluate(comparison.right, numbers)
    sides = f"{_shown(left)} against {_shown(right)}"
    if left is None or right is None:
        return math.nan, sides
    apart = left - right
    if comparison.is_percent:
        apart = 100 * apart / abs(right) if right else apart * math.inf if apart else 0
    return _float(apart), sides


def evaluate(operand: Operand, numbers: Mapping[Aggregate, Number | None]) -> Fraction | float | None:
    """The operand's value; None where there is none (a division by zero, say). Exact but for infinities."""
    match operand:
        case Aggregate():
            return _exact(numbers[operand])
        case Literal():
            return _exact(Decimal(repr(operand.value)))  # 0.99 is meant as written
        case Negative():
            value = evaluate(operand.operand, numbers)
            return None if value is None else -value
        case Absolute():
            value = evaluate(operand.operand, numbers)
            return None if value is None else abs(value)
        case Operation():
            left, right = evaluate(operand.left, numbers), evaluate(operand.right, numbers)
            return None if left is None or right is None else _operated(operand.operator, left, right)
    raise ValueError(f"{operand} is not a number")


def _operated(operator: str, left: Fraction | float, right: Fraction | float) -> Fraction | float | None:
    match operator:
        case "+":
            value = left + right
        case "-":
            value = left - right
        case "*":
            value = left * right
        case _:
            value = left / right if right else None
    return None if isinstance(value, float) and math.isnan(value) else value


def _exact(number: Number | None) -> Fraction | float | None:
    if number is None or number != number:
        return None
    return float(number) if isinstance(number, float | Decimal) and math.isinf(number) else Fraction(number)


def _float(value: Fraction | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _shown(value: Fraction | float | None) -> str:
    if value is None:
        return "no number"
    return (
        f"{value.numerator:,}" if isinstance(value, Fraction) and value.denominator == 1 else f"{_float(value):,.12g}"
    )
