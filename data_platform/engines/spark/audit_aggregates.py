"""Aggregates of comparisons between datasets as Spark columns: the numbers that `quality/expressions.py` has of DuckDB."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from data_platform.contracts.expression_tree import Aggregate, Condition, Literal
from data_platform.contracts.model import Column, Contract
from data_platform.contracts.types import FLOATING
from data_platform.quality.dialects.spark import micros, quoted, relation
from data_platform.quality.expressions import TIMES, Number

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import DataFrame

SECOND = 1_000_000
SECONDS_A_DAY = 86_400


def measures(each: Aggregate, contract: Contract) -> list[Expression]:
    """What Spark must measure over rows with the contract's columns (times of day as `bigint`), but for
    `count_distinct`, which `distinct_values` are counted for."""
    met = _met(each.where, contract)
    if not each.column:
        return [F.count(F.when(met, 1))]
    column = contract.column(each.column)
    value = F.when(met, F.col(quoted(column.name)))
    match each.function:
        case "count":
            return [F.count(value)]
        case "min":
            return [_number(F.min(value), column)]
        case "max":
            return [_number(F.max(value), column)]
    exact = column.type.kind not in FLOATING
    added = F.sum(value.cast("decimal(38,0)") if column.type.kind in ("int", "long") else value)
    return [added, F.count(value)] if exact else [added if each.function == "sum" else F.avg(value)]


def number(each: Aggregate, contract: Contract, measured: Sequence[Any]) -> Number | None:
    """The aggregate, from what was measured for it; None where there is nothing to aggregate."""
    first, *count = measured
    if first is None or each.function.startswith("count"):
        return first or (0 if each.function.startswith("count") else None)
    column = contract.column(each.column)
    if each.function in ("min", "max") and column.type.kind in TIMES:
        return seconds(int(first), column)
    if each.function == "avg" and count:  # as DuckDB divides: the sum as a whole number, then both as doubles
        return float(int(first.scaleb(column.type.scale))) / (count[0] * 10**column.type.scale)
    return first


def distinct_values(each: Aggregate, contract: Contract, rows: DataFrame, beside: Iterable[str]) -> DataFrame:
    """The values that a `count_distinct` counts, each once, with the columns `beside`."""
    name = quoted(each.column)
    return rows.where(_met(each.where, contract) & F.col(name).isNotNull()).select(*beside, name).distinct()


def epoch(value: Expression, column: Column) -> Expression:
    """The microseconds since 1970 (of a time of day: since midnight) as `bigint`."""
    match column.type.kind:
        case "date":
            return F.unix_date(value).cast("bigint") * (SECONDS_A_DAY * SECOND)
        case "timestamp":
            return micros(value)
        case "timestamptz":
            return F.unix_micros(value)
    return value


def seconds(since: int, column: Column) -> float:
    """The seconds of `epoch`'s microseconds, rounded as DuckDB rounds them."""
    if column.type.kind == "timestamptz":
        return since // 1000 / 1000 + since % 1000 / SECOND
    return float(since) / SECOND


def _number(value: Expression, column: Column) -> Expression:
    return epoch(value, column) if column.type.kind in TIMES else value


def _met(conditions: Sequence[Condition], contract: Contract) -> Expression:
    return reduce(and_, (_condition(each, contract) for each in conditions), F.lit(True))


def _condition(each: Condition, contract: Contract) -> Expression:
    column = contract.column(each.column)
    value = F.col(quoted(column.name))
    if each.right is None:
        return value.isNull() if each.operator == "is null" else value.isNotNull()
    right = each.right.value if isinstance(each.right, Literal) else contract.column(each.right)
    return relation(each.operator, column, right)
