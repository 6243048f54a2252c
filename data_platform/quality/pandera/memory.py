"""What frames in memory, Polars' and pandas', break: which rows, or in words why the whole does.

A frame is audited once per validation. Where that cannot be done in one go, because the shape is wrong or a rule cannot
be evaluated, each check audits its own rule, so that pandera can say which of them it is (RuleError).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import replace
from typing import Any

import polars as pl
import pyarrow as pa
from pandera.config import ValidationDepth, config_context, get_config_context

from data_platform.contracts.model import Contract, Rule
from data_platform.quality.errors import RuleError
from data_platform.quality.frames import FrameAudit, audit_frame
from data_platform.quality.frames.arrow import arrow_table
from data_platform.quality.pandera.plan import SHAPE, narrowed

PLACE = "__place"
"""The column that a frame's rows are numbered in before they are judged; a contract's columns begin with a letter."""
_current: ContextVar[tuple[Contract, FrameAudit] | None] = ContextVar(
    "audit of the frame under validation", default=None
)


class AuditsOnce:
    """What a schema of ours does besides pandera's: audit a frame once for all checks, and look at every row of it.

    pandera's own Polars schemas pass any LazyFrame that has the right types."""

    contract: Contract
    numbered: Callable[[Any], Any]

    @classmethod
    def get_backend(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.__bases__[-1].get_backend(*args, **kwargs)  # pandera looks it up by the exact class

    def validate(
        self,
        check_obj: Any,
        head: int | None = None,
        tail: int | None = None,
        sample: int | None = None,
        random_state: int | None = None,
        lazy: bool = False,
        inplace: bool = False,
    ) -> Any:
        config, plain = get_config_context(), super()
        is_whole = head is tail is sample is None and config.validation_depth is not ValidationDepth.SCHEMA_ONLY
        audit = nullcontext()
        if is_whole and config.validation_enabled:
            audit = _audited(type(self).numbered(check_obj), self.contract)
        with config_context(validation_depth=config.validation_depth), audit:
            validate: Any = plain.validate  # pyright: ignore[reportAttributeAccessIssue]
            return validate(check_obj, head, tail, sample, random_state, lazy, inplace)


@contextmanager
def _audited(numbered: Any, contract: Contract) -> Iterator[None]:
    try:
        found = audit_frame(numbered, replace(contract, unknown_columns="ignore"))
    except (RuleError, pa.ArrowException):
        found = None
    token = _current.set((contract, found) if found is not None and not found.problems else None)
    try:
        yield
    finally:
        _current.reset(token)


def failing(numbered: Any, rule: Rule, contract: Contract) -> Any:
    """The rows of a frame that break a rule, or None where none does."""
    found = _audit(numbered, rule, contract)
    return found.failing_rows(rule) if _broken(found, rule) else None


def complaints(numbered: Any, rule: Rule, contract: Contract) -> list[str]:
    """Why a rule about the whole dataset does not hold, by partition; for SHAPE, what would stop any publication."""
    if rule is SHAPE:
        return _misshapen(numbered, contract)
    found = _broken(_audit(numbered, rule, contract), rule)
    return [f"{each.partition}: {each.reason}" if each.partition else each.reason for each in found]


def is_readable(column: Any) -> bool:
    """Whether a frame of one column can be read at all, as it was where it has been audited. Whether its values can be
    cast, the `type` rule says of each."""
    try:
        return _current.get() is not None or arrow_table(column) is not None
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException):
        return False


def _audit(numbered: Any, rule: Rule, contract: Contract) -> FrameAudit:
    known = _current.get()
    if known is not None and known[0] is contract:
        return known[1]
    return audit_frame(numbered, narrowed(contract, rule), [rule])


def _broken(found: FrameAudit, rule: Rule) -> list[Any]:
    return [each for each in found.broken if each.rule.name == rule.name]


def _misshapen(numbered: Any, contract: Contract) -> list[str]:
    if (known := _current.get()) is not None and known[0] is contract:
        return []
    types = tuple(rule for rule in contract.rules if rule.kind == "type")
    try:
        return list(audit_frame(numbered, replace(contract, rules=types, unknown_columns="ignore")).problems)
    except (RuleError, pa.ArrowException) as error:
        return [str(error)]
