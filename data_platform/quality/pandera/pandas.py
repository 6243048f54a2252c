"""A contract as `pandera.pandas` says it. As everywhere on the platform, NaN in pandas is null, but for Arrow's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import pandera.pandas as pa
import polars as pl
from pandera.api.base.checks import CheckResult
from pandera.engines import pandas_engine

from data_platform.contracts.model import MASK, Column, Contract, Rule
from data_platform.quality.dialects.polars import polars_type
from data_platform.quality.pandera.memory import PLACE, AuditsOnce, complaints, failing, is_readable
from data_platform.quality.pandera.plan import SHAPE, Judge, RuleCheck, about, is_needed, plan, refuses_nulls


class Schema(AuditsOnce, pa.DataFrameSchema):
    """For data frames, whose index is not looked at."""

    numbered = staticmethod(lambda frame: frame.assign(**{PLACE: range(len(frame))}))


class Conforming(pandas_engine.DataType):
    """A column's type in Arrow's words, and any that a publication would conform; the `type` rule looks at the values."""

    def __init__(self, column: Column):
        arrow = pl.Series([], dtype=polars_type(column.type)).to_arrow(compat_level=pl.CompatLevel.oldest()).type
        object.__setattr__(self, "type", pd.ArrowDtype(arrow))

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool:
        return is_readable(data_container.to_frame())


def schema(contract: Contract) -> Schema:
    """The contract as a schema for pandas."""
    planned = plan(contract)
    columns = {
        column.name: pa.Column(
            Conforming(column),
            [RuleCheck(rule, _judge(rule, contract)) for rule in planned.columns[column.name]],
            nullable=not refuses_nulls(contract, column.name),
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
    def judge_rows(frame: pd.DataFrame) -> CheckResult:
        broken = failing(Schema.numbered(frame), rule, contract)
        kept = pd.Series(True, index=frame.index)
        if broken is None:
            return CheckResult(kept, True, frame, None)
        places = sorted(broken[PLACE])
        kept.iloc[places] = False
        names = [name for name in dict.fromkeys(rule.columns) if name in frame.columns]
        cases = [
            (name, at, MASK if contract.column(name).is_sensitive else value)
            for name in names
            for at, value in frame[name].iloc[places].items()
        ]
        return CheckResult(kept, not places, frame, _cases(cases))

    def judge_whole(frame: pd.DataFrame) -> CheckResult:
        return _told(frame, complaints(Schema.numbered(frame), rule, contract))

    return judge_rows if rule.is_row_rule and rule is not SHAPE else judge_whole


def _told(frame: pd.DataFrame, complaints: Sequence[str]) -> CheckResult:
    """The result of a check of the whole, whose failure cases are sentences."""
    return CheckResult(not complaints, not complaints, frame, _cases([(None, None, each) for each in complaints]))


def _cases(cases: Sequence[tuple[Any, Any, Any]]) -> pd.DataFrame:
    """Failure cases in the one form that pandera leaves alone."""
    columns, places, values = zip(*cases, strict=True) if cases else ((), (), ())
    made = pd.DataFrame({"column": columns, "index": pd.Series(places, dtype=object)})
    return made.assign(failure_case=pd.Series(values, dtype=object))
