"""A frame audited against a contract where it is, without a lakehouse: for notebooks, unit tests and engines.

Belongs here: one module per kind of frame (`Rows`: what cannot be conformed, counting, failing rows) and what is said
about the result. Does not: publishing, and the meaning of rules, which `quality/dialects/` and `quality/audit.py` have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any, Protocol

from data_platform.contracts.model import PUBLICATION, Contract, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.rules import ABOUT_ROWS, KINDS, describe
from data_platform.quality.audit import PartitionAudit, RuleError
from data_platform.quality.policy import Outcome, Verdict, decide

FRAMES: dict[str, str] = {  # a frame's type, as its library and its name -> the class that reads it
    "polars.LazyFrame": "polars.PolarsRows",
    "polars.DataFrame": "polars.PolarsRows",
    "pandas.DataFrame": "duckdb.DuckRows",
    "pyarrow.Table": "duckdb.DuckRows",
    "duckdb.DuckDBPyRelation": "duckdb.DuckRows",
    "pyspark.DataFrame": "spark.SparkRows",
}


class Rows(Protocol):
    """A frame read as a contract's columns. `problems` say why it cannot be."""

    problems: tuple[str, ...]

    def cannot(self, rule: Rule) -> str:
        """Why a rule cannot be evaluated on this frame, or '' where it can."""
        ...

    def count(self, rules: Sequence[Rule]) -> dict[str | None, PartitionAudit]:
        """As `quality.audit.audit`, for the partitions there are rows of."""
        ...

    def failing(self, rule: Rule) -> Any:
        """The rows that break a rule, as the same kind of frame, with the columns and in the order they came in."""
        ...


@dataclass(frozen=True, slots=True)
class FrameAudit:
    """What a contract says about a frame.

    `verdicts` has one per partition found in it (one where there is none). `problems` are what would stop any
    publication of it, whatever the rules say; `skipped` are the rules that a frame alone cannot answer, and why.
    """

    contract: Contract
    verdicts: tuple[Verdict, ...] = ()
    problems: tuple[str, ...] = ()
    skipped: Mapping[str, str] = field(default_factory=dict)
    rows: Rows | None = field(default=None, repr=False, compare=False)

    @property
    def broken(self) -> tuple[Outcome, ...]:
        """What was found where a rule does not hold."""
        return tuple(each for verdict in self.verdicts for each in verdict.outcomes if not each.holds)

    @property
    def holds(self) -> bool:
        """Whether the frame breaks no rule that was evaluated, and has no other problem."""
        return not self.problems and not self.broken

    def failing_rows(self, rule: Rule | str) -> Any:
        """The rows that break a rule, as the same kind of frame as was audited, whatever its threshold.

        RuleError for a rule that is not about rows, or that this kind of frame cannot answer.
        """
        found = rule if isinstance(rule, Rule) else next((r for r in self.contract.rules if r.name == rule), None)
        if found is None:
            names = ", ".join(each.name for each in self.contract.rules)
            raise RuleError(f"{self.contract.dataset} has no rule {rule!r}; it has {names}")
        why = self.skipped.get(found.name, "")
        if KINDS[found.kind].metric not in ABOUT_ROWS:
            why = "is about the whole dataset"
        if why or self.rows is None or self.rows.problems:
            raise RuleError(f"{self.contract.dataset}: rule {found.name} has no failing rows to show: {why or self}")
        return self.rows.failing(found)

    def __str__(self) -> str:
        lines = [f"{self.contract.dataset}: {problem}" for problem in self.problems]
        for each in self.broken:
            where = f" [{each.partition}]" if each.partition else ""
            lines.append(f"{each.action}{where} {each.rule.name} ({describe(each.rule)}): {each.reason}")
        lines += [f"not evaluated: {name}: {why}" for name, why in self.skipped.items()]
        return "\n".join(lines) or f"{self.contract.dataset}: every rule holds"


def audit_frame(
    frame: Any,
    contract: Contract,
    rules: Sequence[Rule | str] | None = None,
    others: Mapping[str, Any] | None = None,
) -> FrameAudit:
    """Evaluate a contract's rules (or some of them, by name) on a frame of any kind in FRAMES.

    `others` are frames of the same kind that the rules read, by dataset. A Spark frame stays on its cluster. A rule that
    a frame alone cannot answer is skipped, and says so, or raises RuleError where it was asked for by name. TypeError
    where `frame` is none.
    """
    named = {rule.name: rule for rule in contract.rules}
    asked = contract.rules_at(PUBLICATION)
    if rules is not None:
        asked = tuple(named[each] if isinstance(each, str) else each for each in rules)
    audited = replace(contract, rules=asked)
    rows = _rows(frame, audited, others or {})
    if rows.problems:
        return FrameAudit(contract, problems=rows.problems, rows=rows)
    skipped = {rule.name: why for rule in asked if (why := rows.cannot(rule))}
    if rules is not None and skipped:
        raise RuleError("; ".join(f"{contract.dataset}: rule {name}: {why}" for name, why in skipped.items()))
    evaluated = replace(contract, rules=tuple(rule for rule in asked if rule.name not in skipped))
    counted = rows.count(evaluated.rules)
    homeless = counted.pop(None).rows if None in counted else 0
    problems = [f"{homeless} row(s) belong to no partition"] if homeless else []
    for column in {name: None for each in counted.values() for name, number in each.lost.items() if number}:
        lost = sum(each.lost[column] for each in counted.values())
        problems.append(f"{lost} value(s) of {column} cannot be cast to {contract.column(column).type} without loss")
    verdicts = tuple(decide(evaluated.rules, partition or WHOLE, each) for partition, each in sorted(counted.items()))
    return FrameAudit(contract, verdicts, tuple(problems), skipped, rows)


def _rows(frame: Any, contract: Contract, others: Mapping[str, Any]) -> Rows:
    kind = type(frame)
    name = f"{kind.__module__.split('.')[0].removeprefix('_')}.{kind.__qualname__}"
    if name not in FRAMES:
        raise TypeError(f"{name} is not a frame; frames are {', '.join(FRAMES)}")
    module, _, reader = FRAMES[name].partition(".")
    return getattr(import_module(f"{__name__}.{module}"), reader)(frame, contract, others)
