"""Step by step to a contract that accepts some evidence: columns, then types, then rules; and what remains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from data_platform.contracts import ColumnType, Contract, Policy, Rule
from data_platform.contracts.edit import add_mapping, put
from data_platform.contracts.model import PUBLICATION
from data_platform.contracts.naming import closest
from data_platform.contracts.rules import KINDS, describe
from data_platform.drift.changes import BY_HAND, INSTEAD, Change, Concern, Remaining
from data_platform.drift.evidence import Evidence
from data_platform.drift.loosen import Loosening, loosening
from data_platform.drift.rows import Rows
from data_platform.drift.types import of_new, physical, retyped, widened
from data_platform.drift.written import Unchangeable, Written
from data_platform.quality.frames import audit_frame
from data_platform.quality.policy import Outcome

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

ROUNDS = 8
"""How often rows are asked again: a loosened type lets further rules be judged, which takes a round each."""
TO_DO = "TO DO: what this column holds."
Widens = Callable[[ColumnType, ColumnType], bool]
"""Whether a dataset's table can follow a column from one type to another."""


class Steps:
    """What is collected on the way, evidence by evidence."""

    def __init__(self, may_widen: Widens) -> None:
        self._may_widen = may_widen
        self.changes: dict[tuple[str, str], Change] = {}
        self.remaining: list[Remaining] = []
        self.concerns: list[Concern] = []
        self._refused: set[str] = set()

    def accept(self, now: Written, evidence: Evidence) -> Written:
        self._refused = set()
        if evidence.rows is not None:
            now = self._columns(now, evidence)
            for _ in range(ROUNDS):
                before = now
                now = self._types(now, evidence)
                now = self._rules(now, evidence)
                if now is before:
                    break
        self._told(now, evidence)
        return now

    def remain(self, rule: str, column: str, why: str, fix: str) -> None:
        self.remaining.append(Remaining(rule, column, why, fix))

    def _columns(self, now: Written, evidence: Evidence) -> Written:
        """New columns, and required ones that did not come."""
        came, contract = evidence.columns, now.contract
        assert evidence.rows is not None
        new = [name for name in came if name not in contract.column_names] if _refuses(contract) else []
        missing = [each for each in contract.columns if each.name not in came]
        for name in new:
            rows = Rows(evidence.rows, now.contract)
            kind, meant = of_new(rows, name), closest(name, [each.name for each in missing])
            self._concern(f"new column {name} ({came[name]})", evidence, None, rows.examples(None, name))
            if meant:
                how = f"if it is {meant}, give it that name: in the producer, or with `rename` of the file's format"
                self.remain("", name, f"{meant} did not come, and {name} did", how)
            if kind is None:
                self.remain("", name, f"a new column of type {came[name]}", "describe its parts by hand")
                continue
            logical, narrowed = physical(kind)
            column = {"name": name, "logicalType": logical} | ({"physicalType": narrowed} if narrowed else {})
            column["description"] = TO_DO
            step = Loosening("new column", f"{kind}, may be null", _adding(column))
            now = self._step(now, name, "", step)
        for each in missing:
            cut = now.contract.partitioning.columns if now.contract.partitioning else ()
            if not each.required and each.name not in cut:
                continue
            self._concern(f"column {each.name} ({each.type}) is missing", evidence, None, ())
            if each.name in (*cut, *now.contract.primary_key):
                self.remain("", each.name, "the column is missing", "repair the source: rows are named or cut by it")
                continue
            path = (*now.place(each.name), "required")
            step = Loosening("required", "may be missing", lambda text, path=path: put(text, path, False))
            now = self._step(now, each.name, f"{each.name}_required", step)
        return now

    def _types(self, now: Written, evidence: Evidence) -> Written:
        assert evidence.rows is not None
        rows = Rows(evidence.rows, now.contract)
        for name, count in rows.lost().items():
            column = now.contract.column(name)
            what = f"{name} came as {rows.came[name]}, and does not fit {column.type}"
            if what in self._refused:
                continue
            self._refused.add(what)
            self._concern(what, evidence, count, rows.examples(None, name))
            kind = None if column.type.is_nested else widened(rows, column)
            cut = now.contract.partitioning.columns if now.contract.partitioning else ()
            if kind is None:
                shown = "" if column.is_sensitive else f", such as {rows.lost_texts(name)[0]!r}"
                self.remain("types", name, f"{count:,} value(s) are no {column.type}{shown}", INSTEAD["type"])
            elif name in cut or not self._may_widen(column.type, kind):
                fix = f"add a column of type {kind} beside it, or publish under a new dataset name"
                self.remain("types", name, f"needs {kind}; published {column.type} columns cannot become that", fix)
            else:
                edit = _retyping(now, name, kind)
                now = self._step(now, name, "types", Loosening("type", f"{kind} instead of {column.type}", edit))
                rows = Rows(evidence.rows, now.contract)
        return now

    def _rules(self, now: Written, evidence: Evidence) -> Written:
        assert evidence.rows is not None
        rows = Rows(evidence.rows, now.contract)
        for name, count in rows.counts().items():
            rule = next(each for each in now.contract.rules if each.name == name)
            if name in self._refused:
                continue
            self._refused.add(name)
            column = rule.columns[0] if rule.columns else ""
            told = max(count, evidence.rules.get(name, 0))
            self._concern(f"{name}: {describe(rule)}", evidence, told, rows.examples(rule, column))
            try:
                step = loosening(rows, now, rule)
            except Unchangeable as error:
                self.remain(name, column, f"{told:,} row(s) break it", str(error))
                continue
            now = self._step(now, column, name, step)
        return now

    def _told(self, now: Written, evidence: Evidence) -> None:
        """What only the refusal itself knows: rules that take other rows to judge by, and other problems."""
        known = {each.rule for each in self.remaining} | self._refused
        kinds: Mapping[str, Rule] = {rule.name: rule for rule in now.contract.rules}
        for name, count in evidence.rules.items():
            rule = kinds.get(name)
            if rule is None or name in known or _is_judged(rule):
                continue
            why = evidence.reasons.get(name) or f"{count:,} row(s) break it"
            self._concern(f"{name}: {describe(rule)}", evidence, count, ())
            self.remain(name, ", ".join(rule.columns), why, INSTEAD.get(rule.kind, BY_HAND))
        for problem in evidence.problems:
            if not _is_about_columns(problem):
                self.remain("", "", problem, "repair the producer")
        if evidence.is_whole and evidence.rows is not None:
            for each in broken_as_a_whole(evidence.rows, now.contract):
                self._concern(f"{each.rule.name}: {describe(each.rule)}", evidence, int(each.metric), ())
                fix = INSTEAD.get(each.rule.kind, BY_HAND)
                self.remain(each.rule.name, ", ".join(each.rule.columns), each.reason, fix)

    def _step(self, now: Written, column: str, rule: str, step: Loosening) -> Written:
        try:
            after = now.edited(step.edit, column)
        except Unchangeable as error:
            self.remain(rule, column, f"would need: {step.what}", str(error))
            return now
        self.changes[column, step.kind] = Change(column, step.kind, step.what)
        return after

    def _concern(self, what: str, evidence: Evidence, rows: int | None, examples: Sequence[Mapping[str, str]]) -> None:
        count = rows
        if count is None and evidence.rows is not None:
            ((count,),) = Rows(evidence.rows, _NOBODY).ask("SELECT count(*) FROM frame")
        self.concerns.append(Concern(what, count or 0, evidence.partitions, tuple(examples)))


_NOBODY = Contract("", "", "", ())


def broken_as_a_whole(rows: DuckDBPyRelation, contract: Contract) -> list[Outcome]:
    """What all rows together break: duplicate keys, counts; nothing that would need other datasets or the past."""
    rules = [
        rule
        for rule in contract.rules_at(PUBLICATION)
        if not _is_judged(rule) and not rule.reads and rule.on_failure.policy is not Policy.WARN
    ]
    found = audit_frame(rows, replace(contract, rules=tuple(rules)))
    return [each for each in found.broken if each.metric == each.metric]


def _refuses(contract: Contract) -> bool:
    return contract.unknown_columns == "refuse"


def _adding(column: Mapping[str, str]) -> Callable[[str], str]:
    return lambda text: add_mapping(text, ("schema", 0, "properties"), column)


def _retyping(now: Written, column: str, kind: ColumnType) -> Callable[[str], str]:
    return lambda text: retyped(text, now, column, kind)


def _is_judged(rule: Rule) -> bool:
    """Whether the rows alone say if they break it."""
    return rule.is_row_rule and KINDS[rule.kind].metric == "rows"


def _is_about_columns(problem: str) -> bool:
    return problem.startswith(("column(s) ", "required column "))
