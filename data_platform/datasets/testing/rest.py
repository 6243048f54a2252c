"""The rules that rows alone do not decide (queries, how many rows break one), asked of each frame that was drawn."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from data_platform.contracts import Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.datasets.testing.bounds import CannotDrawError
from data_platform.datasets.testing.convert import converter

if TYPE_CHECKING:
    import pyarrow as pa

ENOUGH = 25
"""Frames thrown away, none kept, before a rule is called impossible to keep by chance."""


class RestAudit:
    """Whether a table keeps the rules that rows alone do not decide; CannotDrawError where never one does."""

    def __init__(self, contract: Contract, rules: Sequence[Rule], others: Mapping[str, pa.Table]) -> None:
        self._contract, self._rules = contract, [rule for rule in rules if rule.kind != "row_count"]
        self._polars = converter("polars.DataFrame")
        self._others = {dataset: self._polars(each) for dataset, each in others.items()}
        self._kept, self._missed = 0, dict[str, int]()
        self._told: dict[bytes, CannotDrawError | None] = {}  # hypothesis draws again, and expects the same answers

    def __call__(self, table: pa.Table) -> bool:
        if not self._rules:
            return True
        known = digest(table)
        if known not in self._told:
            try:
                if self._keeps(table):
                    return True
                self._told[known] = None
            except CannotDrawError as error:
                self._told[known] = error
        if (told := self._told[known]) is not None:
            raise told
        return False

    def _keeps(self, table: pa.Table) -> bool:
        from data_platform.quality.errors import RuleError
        from data_platform.quality.frames import audit_frame

        try:
            found = audit_frame(self._polars(table), self._contract, self._rules, others=self._others)
        except RuleError:  # a sum too large for its type, say
            return self._miss([rule.name for rule in self._rules if KINDS[rule.kind].metric == "query"])
        self._kept += found.holds
        return found.holds or self._miss([each.rule.name for each in found.broken])

    def _miss(self, names: Sequence[str]) -> bool:
        for name in names:
            self._missed[name] = self._missed.get(name, 0) + 1
        if not self._kept and (most := max(self._missed.values(), default=0)) >= ENOUGH:
            name = next(name for name, times in self._missed.items() if times == most)
            raise CannotDrawError(
                f"{self._contract.dataset}: of {ENOUGH} frames drawn by chance none keeps the rule {name}; say with "
                f"`columns` how its columns are drawn, or leave it out: without=[{name!r}]"
            )
        return False


def digest(table: pa.Table) -> bytes:
    """The same for equal tables."""
    return hashlib.sha256(repr(table.to_pylist()).encode()).digest()
