"""A contract as `pandera.polars` says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.api.base.checks import CheckResult
from pandera.constants import CHECK_OUTPUT_KEY
from pandera.engines import polars_engine

from data_platform.contracts.model import MASK, Column, Contract, Rule
from data_platform.contracts.types import FLOATING
from data_platform.quality.dialects.polars import polars_type
from data_platform.quality.pandera.memory import PLACE, AuditsOnce, complaints, failing, is_readable
from data_platform.quality.pandera.plan import SHAPE, Judge, RuleCheck, about, is_needed, plan, refuses_nulls


class Schema(AuditsOnce, pa.DataFrameSchema):
    """For data frames and lazy frames."""

    numbered = staticmethod(lambda frame: frame.lazy().with_row_index(PLACE))


class Conforming(polars_engine.DataType):
    """A column's type, and any that a publication would conform to it; the `type` rule looks at the values."""

    def __init__(self, column: Column):
        object.__setattr__(self, "type", polars_type(column.type))

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool:
        return is_readable(data_container.lazyframe)


def schema(contract: Contract) -> Schema:
    """The contract as a schema for Polars."""
    planned = plan(contract)
    columns = {
        column.name: pa.Column(
            Conforming(column),
            [RuleCheck(rule, _judge(rule, contract)) for rule in planned.columns[column.name]],
            # pandera takes NaN for null, so floating columns leave nulls to the rule
            nullable=column.type.kind in FLOATING or not refuses_nulls(contract, column.name),
            required=is_needed(contract, column.name),
            description=column.description or None,
        )
        for column in contract.columns
    }
    checks: list[Any] = [RuleCheck(rule, _judge(rule, contract)) for rule in (SHAPE, *planned.frame)]
    made = Schema(columns, checks=checks, **about(contract, planned.left))
    made.contract = contract
    return made


def _judge(rule: Rule, contract: Contract) -> Judge:
    def judge_rows(frame: pl.LazyFrame) -> CheckResult:
        broken = failing(Schema.numbered(frame), rule, contract)
        kept = frame.select(pl.repeat(True, pl.len()).alias(CHECK_OUTPUT_KEY))
        if broken is None:
            return _result(frame, kept, kept.clear())
        rows = broken.collect().sort(PLACE)
        places = rows[PLACE].implode()
        kept = frame.select(~pl.int_range(pl.len(), dtype=pl.UInt32).is_in(places).alias(CHECK_OUTPUT_KEY))
        names = [name for name in dict.fromkeys(rule.columns) if name in rows.columns]
        return _result(frame, kept, rows.lazy().select(_shown(name, rows.schema[name], contract) for name in names))

    def judge_whole(frame: pl.LazyFrame) -> CheckResult:
        return _told(frame, complaints(Schema.numbered(frame), rule, contract))

    return judge_rows if rule.is_row_rule and rule is not SHAPE else judge_whole


def _told(frame: pl.LazyFrame, complaints: Sequence[str]) -> CheckResult:
    """The result of a check of the whole, whose failure cases are sentences."""
    kept = pl.LazyFrame({CHECK_OUTPUT_KEY: [False] * len(complaints)}, schema={CHECK_OUTPUT_KEY: pl.Boolean})
    return _result(frame, kept, pl.LazyFrame({"failure_case": complaints}, schema={"failure_case": pl.String}))


def _result(frame: pl.LazyFrame, kept: pl.LazyFrame, cases: pl.LazyFrame) -> CheckResult:
    return CheckResult(kept, kept.select(pl.col(CHECK_OUTPUT_KEY).all()), frame, cases)


def _shown(name: str, kind: pl.DataType, contract: Contract) -> pl.Expr:
    """A value as it may be shown: sensitive ones masked, and what Polars cannot write as JSON spelt out."""
    value = pl.col(name)
    if contract.column(name).is_sensitive:
        return pl.repeat(MASK, pl.len()).alias(name)
    if kind == pl.Binary:
        return value.bin.encode("hex")
    return value.map_elements(_spelt, pl.String, skip_nulls=False) if kind.is_nested() else value


def _spelt(value: Any) -> str:
    return repr(value.to_list() if isinstance(value, pl.Series) else value)
