"""What a failing rule does: the policy table as one pure function.

| policy                      | rows that break a row rule | check           | published     |
|-----------------------------|----------------------------|-----------------|---------------|
| block                       | nothing is published       | ERROR, blocking | no            |
| quarantine                  | moved to the quarantine    | WARN            | the good rows |
| quarantine over its limit   | as block                   | ERROR, blocking | no            |
| warn                        | published                  | WARN            | yes           |

A whole-dataset rule has no rows to move: it blocks or warns. One that finds no number (null, NaN) fails.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from data_platform.contracts.model import Policy, Rule
from data_platform.quality.audit import PartitionAudit


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule in one partition: its metric (broken rows, or the number measured) and what follows from it.

    `action` is None where the rule holds. `reason` says in words why it does not, or why it holds unmeasured (its
    metric is then NaN: there is no history yet to compare with, say).
    """

    rule: Rule
    partition: str
    rows: int
    metric: float
    action: Policy | None = None
    reason: str = ""
    examples: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.action is None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens to one partition."""

    partition: str
    rows: int
    outcomes: tuple[Outcome, ...]

    @property
    def blocked(self) -> bool:
        return any(outcome.action is Policy.BLOCK for outcome in self.outcomes)

    @property
    def quarantining(self) -> tuple[Rule, ...]:
        """The rules whose broken rows are moved; none where the partition is blocked."""
        if self.blocked:
            return ()
        return tuple(outcome.rule for outcome in self.outcomes if outcome.action is Policy.QUARANTINE)


def decide(rules: Iterable[Rule], partition: str, counted: PartitionAudit) -> Verdict:
    """Apply the policy table to what was counted in one partition."""
    return Verdict(partition, counted.rows, tuple(_outcome(rule, partition, counted) for rule in rules))


def _outcome(rule: Rule, partition: str, counted: PartitionAudit) -> Outcome:
    rows, metric = counted.rows, counted.metrics.get(rule.name, 0.0)
    if rule.name in counted.unmeasured:
        return Outcome(rule, partition, rows, math.nan, None, counted.unmeasured[rule.name])
    percent = 100 * metric / rows if rows else 0.0
    if rule.threshold is not None:
        is_share = rule.threshold.unit == "percent" and rule.kind not in IN_PERCENT
        measured = percent if is_share else metric
        if not math.isnan(measured) and rule.threshold.holds(measured):
            return Outcome(rule, partition, rows, measured)
        action = Policy.WARN if rule.on_failure.policy is Policy.WARN else Policy.BLOCK
        return Outcome(rule, partition, rows, measured, action, _missed(rule, measured, counted.notes.get(rule.name)))
    if metric == 0:
        return Outcome(rule, partition, rows, metric)
    reason = f"{metric:,.0f} of {rows:,} rows ({percent:.3g}%)"
    if rule.on_failure.policy is Policy.QUARANTINE and (limit := _limit_passed(rule, metric, percent)):
        return Outcome(rule, partition, rows, metric, Policy.BLOCK, f"{reason}, more than the {limit} allowed")
    return Outcome(rule, partition, rows, metric, rule.on_failure.policy, reason)


IN_PERCENT = ("expression", "history")
"""Kinds that measure a percentage themselves; of others it is that of the rows."""


def _missed(rule: Rule, measured: float, note: str | None) -> str:
    """Why a number is not what it must be."""
    assert rule.threshold is not None
    unit = "%" if rule.threshold.unit == "percent" else ""
    found = "no number" if math.isnan(measured) else f"{measured:g}{unit}"
    return f"{found} is not {rule.threshold}" + (f" ({note})" if note else "")


def _limit_passed(rule: Rule, broken: float, percent: float) -> str:
    """The limit of a quarantine that is passed, in words; '' where none is."""
    most = rule.on_failure
    if most.max_percent is not None and percent > most.max_percent:
        return f"{most.max_percent:g}%"
    return f"{most.max_rows:,} rows" if most.max_rows is not None and broken > most.max_rows else ""
