"""What rules need from elsewhere, found before the audit: files of other datasets at pinned snapshots, and the past."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data_platform import clock
from data_platform.contracts import Column, Contract, Partitioning, Reference, Rule
from data_platform.contracts.partitions import STEP, spell, split, start_of
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import stored
from data_platform.lakehouse.past import past
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.read import ReadPlan, plan_read
from data_platform.quality.elsewhere import Elsewhere
from data_platform.quality.errors import RuleError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Source:
    """What a rule reads of another dataset: `columns` of the planned files. `wanted` has, by audited partition, which of
    the other's partitions it is held against; None: all of them."""

    contract: Contract
    columns: tuple[Column, ...]
    plan: ReadPlan
    wanted: Mapping[str, tuple[str, ...] | None]

    def files(self, partition: str) -> tuple[str, ...]:
        """The files of the rows that an audited partition is held against."""
        names = self.wanted[partition]
        return self.plan.files if names is None else self.plan.files_of(names)


def sources(
    lakehouse: Lakehouse,
    contract: Contract,
    rules: Iterable[Rule],
    partitions: Sequence[str],
    others: Mapping[str, Contract],
    inputs: Iterable[InputRead],
) -> dict[Reference, Source]:
    """What the rules read of other datasets to judge these partitions, whatever engine then reads it.

    A dataset that `inputs` name is read at their snapshot, any other at its current one.
    Raises RuleError where a dataset or a partition is not there, or a rule may not read it.
    """
    pins = {each.dataset: each.snapshot_id for each in inputs}
    found: dict[Reference, Source] = {}
    for rule in rules:
        for reference in rule.reads:
            if reference.dataset != contract.dataset and reference not in found:
                other = _contract(contract, rule, reference, others)
                columns = _columns(contract, rule, reference, other)
                plan, wanted = _plan(lakehouse, contract, rule, reference, other, partitions, pins)
                found[reference] = Source(other, tuple(columns), plan, wanted)
    return found


def before(
    lakehouse: Lakehouse, contract: Contract, rules: Iterable[Rule], partitions: Sequence[str]
) -> dict[str, Mapping[str, tuple[float, ...]]]:
    """What `history` rules measured before, by rule and partition."""
    return {rule.name: past(lakehouse, contract, rule, partitions) for rule in rules if rule.kind == "history"}


def gather(
    connection: DuckDBPyConnection,
    lakehouse: Lakehouse,
    contract: Contract,
    rules: Sequence[Rule],
    partitions: Sequence[str],
    others: Mapping[str, Contract],
    inputs: Iterable[InputRead],
) -> tuple[Elsewhere, list[str]]:
    """What the rules need to judge these partitions, for DuckDB, and the files that it is in; errors as `sources`."""
    found = sources(lakehouse, contract, rules, partitions, others, inputs)
    views = {reference: _views(connection, source) for reference, source in found.items()}
    files = dict.fromkeys(file for source in found.values() for file in source.plan.files)
    past_of = before(lakehouse, contract, rules, partitions)
    return Elsewhere(views, others, past_of, clock.now()), list(files)


def overlapping(mine: Partitioning | None, partition: str, theirs: Partitioning | None) -> tuple[str, ...] | None:
    """Those of their partitions that overlap one of mine in time and in static values of the same column; None where
    that may be all of them."""
    if mine is None or theirs is None:
        return None
    values = dict(zip(mine.keys, split(mine, partition), strict=True))
    statics = {key.column: value for key, value in values.items() if key.granularity == "static"}
    found: list[tuple[str, ...]] = [()]
    for key in theirs.keys:
        if key.granularity == "static":
            choices = [statics[key.column]] if key.column in statics else list(key.values)
        elif mine.time is None:
            return None
        else:
            start, first = start_of(mine.time, values[mine.time]), start_of_day(key.start)
            step, end = STEP[key.granularity], start + STEP[mine.time.granularity]
            at = start - (start - first) % step
            choices = []
            while at < end:
                choices += [spell(key, at)] if at >= first else []
                at += step
        found = [(*each, choice) for each in found for choice in choices]
    return tuple("|".join(each) for each in found)


def start_of_day(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def _contract(contract: Contract, rule: Rule, reference: Reference, others: Mapping[str, Contract]) -> Contract:
    if reference.dataset not in others:
        raise RuleError(
            f"{contract.dataset}: rule {rule.name} reads {reference.dataset}, which has no contract here; write one, or "
            "correct the name in the rule"
        )
    return others[reference.dataset]


def _columns(contract: Contract, rule: Rule, reference: Reference, other: Contract) -> list[Column]:
    """The columns the rule may see: those it reads, or all for which the contract is cleared."""
    if not reference.columns:
        return [column for column in other.columns if contract.may_read(column)]
    columns = [other.column(name) for name in reference.columns]
    if secret := [column.name for column in columns if not contract.may_read(column)]:
        raise RuleError(
            f"{contract.dataset}: rule {rule.name} reads {', '.join(secret)} of {other.dataset}, for which its contract "
            "is not cleared; raise its `clearance`, or leave them out"
        )
    return columns


def _plan(
    lakehouse: Lakehouse,
    contract: Contract,
    rule: Rule,
    reference: Reference,
    other: Contract,
    partitions: Sequence[str],
    pins: Mapping[str, int | None],
) -> tuple[ReadPlan, dict[str, tuple[str, ...] | None]]:
    """The files to read, and which of the other's partitions (None: all) each of mine is held against."""
    wanted: dict[str, tuple[str, ...] | None] = dict.fromkeys(partitions)
    if reference.partitions == "same":
        wanted = {each: overlapping(contract.partitioning, each, other.partitioning) for each in partitions}
    every = None if None in wanted.values() else sorted({name for each in wanted.values() for name in each or ()})
    plan = plan_read(lakehouse, other, (), every, pins.get(other.dataset), allow_missing=True)
    missing = {each: sorted(set(names or ()) - set(plan.partitions)) for each, names in wanted.items()}
    if plan.snapshot_id is None or any(missing.values()):
        at = next((each for each, names in missing.items() if names), next(iter(partitions), ""))
        what = f"partition {', '.join(missing[at][:3])}" if missing.get(at) else "data"
        raise RuleError(
            f"{contract.dataset}: rule {rule.name} cannot be evaluated{f' for {at}' if at else ''}: {other.dataset} has no "
            f"published {what}. Materialize {other.dataset} first, or repair what blocks it."
        )
    return plan, wanted


def _views(connection: DuckDBPyConnection, source: Source) -> dict[str, str]:
    """A query of the rows that each partition is held against; the same text for the same rows."""
    queries: dict[tuple[str, ...], str] = {}
    found = {}
    for partition in source.wanted:
        files = source.files(partition)
        if files not in queries:
            queries[files] = stored(connection, source.columns, files)
        found[partition] = queries[files]
    return found
