"""A contract as `pandera.pyspark` says it. Nothing is raised there: what is broken stands in `frame.pandera.errors`.

All rules of a frame are counted together, in one job and one more for each key; pandera alone runs a job per check.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import pandera.pyspark as pa
from pandera.api.base.checks import CheckResult
from pandera.engines import pyspark_engine
from pyspark.sql import DataFrame
from pyspark.sql import types as t

from data_platform.contracts.model import Contract, Rule
from data_platform.quality.dialects.spark_types import type_of
from data_platform.quality.frames import FrameAudit, audit_frame
from data_platform.quality.pandera.plan import SHAPE, RuleCheck, about, is_needed, plan, refuses_nulls


@pyspark_engine.Engine.register_dtype
class Documented(pyspark_engine.DataType):
    """A column's type, for people: pandera does not tell Spark's two timestamps apart, so the shape check looks at it.

    Registered for the types that pandera does not know (structs, times), on which it would stop with an exception.
    """

    def __init__(self, native: t.DataType):
        object.__setattr__(self, "type", native)

    @classmethod
    def from_parametrized_dtype(cls, native: t.DataType) -> pyspark_engine.DataType:
        return cls(native)

    def check(self, pandera_dtype: Any, data_container: Any = None) -> bool:
        return True


def schema(contract: Contract) -> pa.DataFrameSchema:
    """The contract as a schema for Spark data frames."""
    planned, audits = plan(contract, can_query=False), Audits(contract)
    typed = [rule for rule in contract.rules if rule.kind == "type"]
    columns = {
        column.name: pa.Column(
            Documented(type_of(column.type, t.LongType())),
            [SparkCheck(rule, audits) for rule in planned.columns[column.name] if rule.kind != "type"],
            nullable=not refuses_nulls(contract, column.name),
            required=is_needed(contract, column.name),
            description=column.description or None,
        )
        for column in contract.columns
    }
    checks: list[Any] = [SparkCheck(rule, audits) for rule in (SHAPE, *typed, *planned.frame)]
    return pa.DataFrameSchema(columns, checks=checks, **about(contract, planned.left))


class Audits:
    """Audits a frame when the first of its checks asks, and remembers that one for the others."""

    def __init__(self, contract: Contract):
        self._contract = contract
        self._frame: Callable[[], DataFrame | None] = lambda: None
        self._audit = FrameAudit(contract)

    def complaints(self, frame: DataFrame, rule: Rule) -> list[str]:
        """Why a rule does not hold, by partition."""
        if self._frame() is not frame:
            self._audit, self._frame = audit_frame(frame, self._contract), ref(frame)
        if rule is SHAPE:
            return list(self._audit.problems)
        found = [each for each in self._audit.broken if each.rule.name == rule.name]
        return [f"{each.partition}: {each.reason}" if each.partition else each.reason for each in found]


class SparkCheck(RuleCheck):
    """A rule as a check that says what it found: pandera's Spark errors have no failure cases, but only `error`."""

    def __init__(self, rule: Rule, audits: Audits):
        def judge(frame: DataFrame) -> CheckResult:
            why = audits.complaints(frame, rule)
            self.error = f"{rule.name}: {'; '.join(why)}" if why else None
            return CheckResult(not why, not why, frame, None)

        super().__init__(rule, judge)
