"""The audit: rules over staged files, counted per partition, in one scan.

Only what truly needs a pass of its own has one: duplicates (a grouping by key), foreign keys (a join with the parent's
keys), rows of other datasets, and `sql` rules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data_platform.contracts.expressions import Aggregate, Comparison, parse
from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality import history, queries
from data_platform.quality.conform import Conform
from data_platform.quality.duplicates import count_surplus
from data_platform.quality.elsewhere import NOWHERE, Elsewhere
from data_platform.quality.errors import RuleError
from data_platform.quality.expressions import aggregate_sql, difference
from data_platform.quality.orphans import orphan_counts, own_keys
from data_platform.quality.profile import ColumnProfile, Profiler
from data_platform.quality.rows import (
    CONFORMED,
    FILE,
    INDEX,
    broken_rows,
    flag,
    partition_text,
    refusing,
    uncovered,
    within,
)
from data_platform.quality.sql import buckets, identifier, identifiers

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class FileCount:
    """The rows of a staged file, and those of them that a row rule refuses (see `rows.refusing`)."""

    rows: int
    refused: int


@dataclass(frozen=True, slots=True)
class PartitionAudit:
    """What the audit counted in one partition.

    `metrics` has, per rule name, the broken rows or the number measured (NaN: none), and `notes` what it was measured
    from, in words; rules in `unmeasured` hold for the reason given there. `files` are the staged files that hold the
    partition's rows. `lost` counts, by column, values that would not cast though no rule says what becomes of them.
    """

    rows: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, FileCount] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    profile: Mapping[str, ColumnProfile] = field(default_factory=dict)


def audit(
    connection: DuckDBPyConnection,
    contract: Contract,
    conform: Conform,
    partitions: Sequence[str],
    rules: Sequence[Rule],
    elsewhere: Elsewhere = NOWHERE,
    profiler: Profiler | None = None,
) -> dict[str | None, PartitionAudit]:
    """Count `rules` for every partition found in the staged rows and for every one of `partitions`.

    Rows that belong to no partition (a null in a partition column) are counted under None.
    Raises RuleError where a rule cannot be evaluated.
    """
    return _Audit(connection, contract, conform, rules, elsewhere, profiler or Profiler()).counted(partitions)


@dataclass(slots=True)
class _Found:
    """What one partition is found to hold, as it is filled in."""

    rows: int = 0
    scanned: Mapping[str, Any] = field(default_factory=dict)
    files: dict[str, FileCount] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Audit:
    connection: DuckDBPyConnection
    contract: Contract
    conform: Conform
    rules: Sequence[Rule]
    elsewhere: Elsewhere
    profiler: Profiler

    def counted(self, partitions: Sequence[str]) -> dict[str | None, PartitionAudit]:
        lost = [cast.column for cast in uncovered(self.rules, self.conform)]
        compared = {rule.name: parse(str(rule.arguments["expression"])) for rule in self._of_kind("expression")}
        found = self._scan(partitions, lost, compared)
        for each in found.values():
            each.metrics |= {rule.name: float(each.scanned.get(f"rule {rule.name}", 0)) for rule in self._of("rows")}
            each.metrics |= {rule.name: float(each.rows) for rule in self._of("rowCount")}
        for rule in self._of("duplicates"):
            self._duplicates(rule, found)
        audited = {partition: found[partition] for partition in partitions}
        for rule in self._of("orphans"):
            self._orphans(rule, audited)
        for rule in self._of_kind("expression"):
            self._compare(rule, compared[rule.name], audited)
        for rule in self._of_kind("sql"):
            self._query(rule, audited)
        for rule in self._of("history"):
            self._history(rule, audited)
        return {
            partition: PartitionAudit(
                each.rows,
                each.metrics,
                each.files,
                {column: each.scanned.get(f"lost {column}", 0) for column in lost},
                each.notes,
                each.unmeasured,
                self._profile(each),
            )
            for partition, each in found.items()
        }

    def _of(self, metric: str) -> list[Rule]:
        return [rule for rule in self.rules if KINDS[rule.kind].metric == metric]

    def _of_kind(self, kind: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.kind == kind]

    def _scan(
        self, partitions: Sequence[str], lost: Sequence[str], compared: Mapping[str, Comparison]
    ) -> dict[str | None, _Found]:
        """The one scan: every count of whole partitions, and of each file its rows and those that are refused.

        Grouped by cheap buckets, of which only the few distinct values become text. Each condition is a column of its own:
        evaluated once, and where its column's values are few, once per value.
        """
        asked = {f"rule {rule.name}": self._count(f"__c{i}") for i, rule in enumerate(self._of("rows"))}
        asked |= {f"lost {column}": self._count(identifier(flag(column))) for column in lost}
        asked |= {f"profile {i}": each for i, each in enumerate(self.profiler.expressions)}
        for comparison in compared.values():
            own = (each for each in comparison.aggregates if each.dataset == self.contract.dataset)
            asked |= {f"aggregate {each}": aggregate_sql(each, self.contract) for each in own}
        for rule in self._of("history"):
            if rule.arguments["of"] == "freshness":
                asked[f"newest {rule.name}"] = f"epoch(max({identifier(str(rule.arguments['column']))}))"
        found: dict[str | None, _Found] = {partition: _Found() for partition in partitions}
        for partition, index, file, rows, refused, *values in self._fetch(self._scan_query(list(asked.values()))):
            each = found.setdefault(partition, _Found())
            if index is None:
                each.rows, each.scanned = rows, dict(zip(asked, values, strict=True))
            else:
                each.files[file] = FileCount(rows, refused)
        return found

    def _scan_query(self, aggregates: Sequence[str]) -> str:
        cuts = buckets(self.contract.partitioning)
        keys = [f"__k{i}" for i in range(len(cuts))]
        conditions = {rule.name: broken_rows(rule, self.contract, self.conform) for rule in self._of("rows")}
        refused = [f"__c{list(conditions).index(rule.name)}" for rule in refusing(self.rules)]
        counts = ["count(*) AS __n", f"{self._count(' OR '.join(refused) or 'FALSE')} AS __r"]
        counts += [f"{aggregate} AS __m{i}" for i, aggregate in enumerate(aggregates)]
        named = [f"{cut} AS {key}" for cut, key in zip(cuts, keys, strict=True)]
        named += [f"({condition}) AS __c{i}" for i, condition in enumerate(conditions.values())]
        source = f"SELECT {', '.join([*named, '*'])} FROM {CONFORMED}"
        sets = f"({', '.join(keys)}), ({', '.join([*keys, INDEX])})"
        inner = ", ".join([*keys, INDEX, f"any_value({FILE}) AS __f", *counts])
        shown = ", ".join([INDEX, "__f", "__n", "__r", *(f"__m{i}" for i in range(len(aggregates)))])
        return (
            f"SELECT {partition_text(self.contract, keys)}, {shown} FROM "
            f"(SELECT {inner} FROM ({source}) GROUP BY GROUPING SETS ({sets}))"
        )

    @staticmethod
    def _count(condition: str) -> str:
        return f"count(*) FILTER (WHERE {condition})"

    def _profile(self, each: _Found) -> dict[str, ColumnProfile]:
        measured = (each.scanned.get(f"profile {i}") for i in range(len(self.profiler.expressions)))
        return self.profiler.profiles(each.rows, each.files, measured)

    def _duplicates(self, rule: Rule, found: Mapping[str | None, _Found]) -> None:
        files = {partition: tuple(each.files) for partition, each in found.items()}
        rows = {partition: each.rows for partition, each in found.items()}
        surplus = count_surplus(lambda query: self._fetch(query, rule), rule, self.contract, files, rows)
        for partition, each in found.items():
            each.metrics[rule.name] = float(surplus.get(partition, 0))

    def _orphans(self, rule: Rule, found: Mapping[str, _Found]) -> None:
        files = {partition: tuple(each.files) for partition, each in found.items()}
        parents = parent_rows(rule, self.contract, files, self.elsewhere)
        counted = [
            row for query in orphan_counts(rule, self.contract, parents, files) for row in self._fetch(query, rule)
        ]
        orphans = dict(counted)
        for partition, each in found.items():
            each.metrics[rule.name] = float(orphans.get(partition, 0))

    def _compare(self, rule: Rule, comparison: Comparison, found: Mapping[str, _Found]) -> None:
        """Other datasets are aggregated once per set of rows that partitions share."""
        known: dict[tuple[str, str], dict[Aggregate, Any]] = {}
        for partition, each in found.items():
            numbers: dict[Aggregate, Any] = {}
            for reference in rule.reads:
                wanted = [part for part in comparison.aggregates if part.dataset == reference.dataset]
                rows = self.elsewhere.views[reference][partition]
                if (reference.dataset, rows) not in known:
                    measured = self._aggregate(rule, wanted, rows)
                    known[reference.dataset, rows] = dict(zip(wanted, measured, strict=True))
                numbers |= known[reference.dataset, rows]
            for part in comparison.aggregates:
                if part.dataset == self.contract.dataset:
                    nothing = 0 if part.function.startswith("count") else None
                    numbers[part] = each.scanned.get(f"aggregate {part}", nothing)
            each.metrics[rule.name], each.notes[rule.name] = difference(comparison, numbers)

    def _aggregate(self, rule: Rule, wanted: Sequence[Aggregate], rows: str) -> tuple:
        of = self.elsewhere.contracts[wanted[0].dataset]
        (values,) = self._fetch(f"SELECT {', '.join(aggregate_sql(each, of) for each in wanted)} FROM ({rows})", rule)
        return values

    def _query(self, rule: Rule, found: Mapping[str, _Found]) -> None:
        import duckdb

        query, columns = queries.permitted(rule, self.contract), identifiers(self.contract.column_names)
        cannot = f"{self.contract.dataset}: rule {rule.name} cannot be evaluated"
        for partition, each in found.items():
            rows = {self.contract.dataset: f"SELECT {columns} FROM {CONFORMED} WHERE {within(each.files)}"}
            rows |= {reference.dataset: self.elsewhere.views[reference][partition] for reference in rule.reads}
            try:
                with queries.views(self.connection, self.contract, rows):
                    number = queries.run(self.connection, query)
            except duckdb.Error as error:
                raise RuleError(f"{cannot}: {error}; query: {query}") from error
            except (TypeError, ValueError) as error:
                raise RuleError(f"{cannot}: it must return a number ({error}): {query}") from error
            each.metrics[rule.name] = math.nan if number is None else number

    def _history(self, rule: Rule, found: Mapping[str, _Found]) -> None:
        for partition, each in found.items():
            past = self.elsewhere.past.get(rule.name, {}).get(partition, ())
            value = float(each.rows)
            if rule.arguments["of"] == "freshness":
                newest = each.scanned.get(f"newest {rule.name}")
                value = history.age(newest, self.contract, partition, self.elsewhere.now)
            metric, note, why = history.measured(rule, value, past)
            each.metrics[rule.name], each.notes[rule.name] = metric, note
            if why:
                each.unmeasured[rule.name] = why

    def _fetch(self, query: str, rule: Rule | None = None) -> list[tuple]:
        import duckdb

        try:
            return self.connection.execute(query).fetchall()
        except duckdb.Error as error:
            what = f"rule {rule.name}" if rule else "its rules"
            raise RuleError(f"{self.contract.dataset}: {what} cannot be evaluated: {error}") from error


def parent_rows(
    rule: Rule, contract: Contract, files: Mapping[str, Sequence[str]], elsewhere: Elsewhere
) -> Mapping[str, str]:
    """The rows that have the parent's keys, by audited partition."""
    (reference,) = rule.reads
    if reference.dataset == contract.dataset:
        return own_keys(contract, rule, files)
    return elsewhere.views[reference]
