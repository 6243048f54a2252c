"""The audit on the cluster: as `quality/audit.py`, one pass for all that single rows say, one more for each key."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from data_platform import clock
from data_platform.contracts import Rule
from data_platform.contracts.expressions import Aggregate, Comparison, parse
from data_platform.contracts.rules import KINDS
from data_platform.engines.spark.audit_aggregates import distinct_values, measures, number, seconds
from data_platform.engines.spark.audit_elsewhere import StagedRows, seen
from data_platform.engines.spark.audit_errors import told
from data_platform.engines.spark.audit_examples import with_examples
from data_platform.engines.spark.audit_footers import footers
from data_platform.engines.spark.audit_jobs import collected
from data_platform.engines.spark.audit_queries import answers
from data_platform.engines.spark.audit_scan import ROWS, Scan
from data_platform.engines.spark.reading import plain_path, read_files
from data_platform.engines.spark.session import session
from data_platform.engines.spark.types import schema_of
from data_platform.lakehouse import StructureError
from data_platform.lakehouse.bench import Work
from data_platform.lakehouse.references import before
from data_platform.quality import history
from data_platform.quality.audit import FileCount, PartitionAudit
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.expressions import difference
from data_platform.quality.frames.spark import COUNT, GROUP, ORIGINAL, PARTITION
from data_platform.quality.policy import Verdict, decide
from data_platform.quality.profile import Profiler
from data_platform.quality.rows import refusing, uncovered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FILE = "__staged_file"
QUERIED = 30
"""How many partitions a job asks an sql rule's query of."""


@dataclass(slots=True)
class _Found:
    """What one partition is found to hold, as it is filled in."""

    scanned: Mapping[Any, Sequence[Any]] = field(default_factory=dict)
    files: dict[str, FileCount] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    unmeasured: dict[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return self.scanned.get(ROWS, (0,))[0]


class Auditing:
    """The staged rows as the audit and the split see them.

    `rows` are a `SparkRows` whose `work` has, for each row, the staged columns as ORIGINAL + name (also FILE, the URI as
    Spark spells it), the contract's columns, LOST + name for casts that may lose, and `partition`, the column with the
    partition as text (null: none). `rows.broken(rule)` is the condition of a rule of metric `rows`;
    `rows.duplicates(rule)` and `rows.orphans(rule)` are those of the rows of `rows.work` that such a rule refuses.
    """

    partition = PARTITION
    file = ORIGINAL + FILE

    def __init__(self, work: Work) -> None:
        self.work = work
        self._rows_of: dict[frozenset[str], StagedRows] = {}

    @cached_property
    def rows(self) -> StagedRows:
        rows = StagedRows(self.staged(), self.work.contract, self.elsewhere, (FILE,))
        if rows.problems:
            raise StructureError(self.work.contract.dataset, rows.problems)
        return rows

    @cached_property
    def elsewhere(self):
        """What the rules see of other datasets, by reference (see `audit_elsewhere.Seen`)."""
        return seen(self.work, self.work.rules, self.work.others)

    def rows_of(self, files: Collection[str]) -> StagedRows:
        """As `rows`, of some of the files (plain paths) only."""
        key = frozenset(files)
        if key not in self._rows_of:
            self._rows_of[key] = StagedRows(self.staged(files), self.work.contract, self.elsewhere, (FILE,))
        return self._rows_of[key]

    def staged(self, files: Collection[str] | None = None) -> DataFrame:
        """The rows as they were staged, of all files or of some (plain paths), with FILE, the URI of their file."""
        paths = self.work.staged.files if files is None else files
        if not paths:
            return session().createDataFrame([], self._schema).withColumn(FILE, F.lit(""))
        return read_files(session(), paths, self._schema).withColumn(FILE, F.col("_metadata.file_path"))

    @cached_property
    def _schema(self):
        """One file's, for all have the same, asked for once; the contract's, where nothing was staged."""
        if not self.work.staged.files:
            return schema_of(self.work.contract.dataset, self.work.contract.columns)
        return read_files(session(), self.work.staged.files[:1]).schema

    def count(self) -> dict[str | None, PartitionAudit]:
        """See `lakehouse.bench.Bench.count`."""
        work, contract = self.work, self.work.contract
        compared = {rule.name: parse(str(rule.arguments["expression"])) for rule in self._of_kind("expression")}
        lost = [cast.column for cast in uncovered(work.rules, work.shape)]
        profiler = Profiler.of(contract, work.shape, work.staged.files, self._footers())
        found = self._scan(lost, compared, profiler)
        for each in found.values():
            each.metrics |= {rule.name: float(each.rows) for rule in self._of("rowCount")}
        audited = {partition: found[partition] for partition in work.partitions}
        self._between_rows(found, audited)
        for rule in self._of_kind("expression"):
            self._compare(rule, compared[rule.name], audited)
        for rule in self._of_kind("sql"):
            self._query(rule, audited)
        self._history(audited)
        return {
            partition: PartitionAudit(
                each.rows,
                each.metrics,
                each.files,
                {column: each.scanned.get(("lost", column), (0,))[0] for column in lost},
                each.notes,
                each.unmeasured,
                profiler.profiles(each.rows, each.files, self._profiled(each, profiler)),
            )
            for partition, each in found.items()
        }

    def judge(self, counted: Mapping[str | None, PartitionAudit]) -> tuple[Verdict, ...]:
        """See `quality.examples.judge`."""
        counts = {partition: counted[partition] for partition in self.work.partitions}
        verdicts = [decide(self.work.rules, partition, each) for partition, each in counts.items()]
        return with_examples(self, verdicts, counted)

    def _of(self, metric: str) -> list[Rule]:
        return [rule for rule in self.work.rules if KINDS[rule.kind].metric == metric]

    def _of_kind(self, kind: str) -> list[Rule]:
        return [rule for rule in self.work.rules if rule.kind == kind]

    def _footers(self):
        staged = self.work.staged
        return staged.footers or footers(staged.files, self.work.contract.columns)

    def _scan(
        self, lost: Sequence[str], compared: Mapping[str, Comparison], profiler: Profiler
    ) -> dict[str | None, _Found]:
        """The one pass over all columns, and the one over those that say which rows of which file are refused."""
        scan, contract = Scan(), self.work.contract
        for rule in self._of("rows"):
            scan.rule(rule, self.rows.broken(rule))
        for column in lost if self.work.staged.files else ():
            scan.lost(column, self.rows.lost[column])
        for comparison in compared.values():
            scan.aggregates(comparison, contract)
        for rule in self._of("history"):
            if rule.arguments["of"] == "freshness":
                scan.newest(rule, contract.column(str(rule.arguments["column"])))
        scan.profile(profiler)
        found: dict[str | None, _Found] = {partition: _Found() for partition in self.work.partitions}
        with told(contract):
            for partition, scanned in scan.run(self.rows).items():
                if scanned[ROWS][0] or partition in found:
                    found.setdefault(partition, _Found()).scanned = scanned
            for partition, file, rows, refused in self._by_file():
                found[partition].files[plain_path(file)] = FileCount(rows, refused)
        for each in found.values():
            for rule in self._of("rows"):
                each.metrics[rule.name] = float(each.scanned.get(("rule", rule.name), (0,))[0])
        return found

    def _by_file(self) -> list[Any]:
        """The partition, file, rows and refused rows of each part of a file that is of one partition."""
        broken = reduce(
            or_, (F.coalesce(self.rows.broken(rule), F.lit(False)) for rule in refusing(self.work.rules)), F.lit(False)
        )
        rows = self.rows.work.groupBy(*self.rows.cuts, self.file)
        counted = rows.agg(F.count(F.lit(1)).alias("__rows"), F.count(F.when(broken, 1)).alias("__refused"))
        return counted.select(self.rows.spelt.alias(PARTITION), self.file, "__rows", "__refused").collect()

    def _profiled(self, each: _Found, profiler: Profiler):
        for column in profiler.columns:
            for part in profiler.parts(column):
                yield each.scanned.get(("profile", column.name, part), (None,))[0]

    def _between_rows(self, found: Mapping[str | None, _Found], audited: Mapping[str, _Found]) -> None:
        rules = {rule.name: rule for metric in ("duplicates", "orphans") for rule in self._of(metric)}
        with told(self.work.contract):
            broken = {}
            for name, rule in rules.items():
                with told(self.work.contract, rule):
                    broken[name] = self.rows.broken_between(rule)
            counted = collected(broken, lambda name: told(self.work.contract, rules[name]))
        for name, rule in rules.items():
            numbers = {row[PARTITION]: row[COUNT] for row in counted[name].to_pylist()}
            for partition, each in (found if KINDS[rule.kind].metric == "duplicates" else audited).items():
                each.metrics[name] = float(numbers.get(partition) or 0)

    def _compare(self, rule: Rule, comparison: Comparison, found: Mapping[str, _Found]) -> None:
        contract = self.work.contract
        own = [each for each in comparison.aggregates if each.dataset == contract.dataset]
        with told(contract, rule):
            counted = {each: self._distinct(each) for each in own if each.function == "count_distinct"}
            others = [self._aggregated(reference, comparison) for reference in rule.reads]
        for partition, each in found.items():
            numbers: dict[Aggregate, Any] = {}
            for by_partition in others:
                numbers |= by_partition[partition]
            for part in own:
                if part in counted:
                    numbers[part] = counted[part].get(partition, 0)
                else:
                    numbers[part] = number(part, contract, each.scanned.get(("aggregate", part), (None, 0)))
            each.metrics[rule.name], each.notes[rule.name] = difference(comparison, numbers)

    def _distinct(self, each: Aggregate) -> dict[str | None, int]:
        values = distinct_values(each, self.work.contract, self.rows.work, self.rows.cuts)
        counted = self.rows.by_partition(values, F.count(F.lit(1)).alias(COUNT)).collect()
        return dict(counted)

    def _aggregated(self, reference: Any, comparison: Comparison) -> dict[str, dict[Aggregate, Any]]:
        """The numbers of another dataset that each partition is compared with, in one job for all."""
        found = self.elsewhere[reference]
        of, rows = found.source.contract, found.all_rows()
        wanted = [each for each in comparison.aggregates if each.dataset == reference.dataset]
        plain = [each for each in wanted if each.function != "count_distinct"]
        measured = [(each, value) for each in plain for value in measures(each, of)]
        names = [value.alias(f"m{i}") for i, (_, value) in enumerate(measured)]
        numbers: dict[int, dict[Aggregate, Any]] = {group: {} for group in range(len(found.sets))}
        by_group = {row[GROUP]: row for row in rows.groupBy(GROUP).agg(F.count(F.lit(1)), *names).collect()}
        for each in plain:
            places = [i for i, (part, _) in enumerate(measured) if part == each]
            for group in numbers:
                values = [by_group[group][f"m{i}"] for i in places] if group in by_group else [None, 0]
                numbers[group][each] = number(each, of, values)
        for each in wanted:
            if each.function == "count_distinct":
                counted = distinct_values(each, of, rows, [GROUP]).groupBy(GROUP).count().collect()
                for group in numbers:
                    numbers[group][each] = {row[GROUP]: row["count"] for row in counted}.get(group, 0)
        return {partition: numbers[group] for partition, group in found.groups.items()}

    def _query(self, rule: Rule, found: Mapping[str, _Found]) -> None:
        contract = self.work.contract
        names = [*map(quoted, contract.column_names)]
        partitions = list(found)
        for start in range(0, len(partitions), QUERIED):
            rows = {
                partition: {contract.dataset: self.rows_of(found[partition].files).work.select(*names)}
                | {reference.dataset: self.elsewhere[reference].rows(partition) for reference in rule.reads}
                for partition in partitions[start : start + QUERIED]
            }
            for partition, metric in answers(rule, contract, rows).items():
                found[partition].metrics[rule.name] = metric

    def _history(self, found: Mapping[str, _Found]) -> None:
        work, now = self.work, clock.now()
        past_of = before(work.lakehouse, work.contract, work.rules, work.partitions)
        for rule in self._of("history"):
            for partition, each in found.items():
                value = float(each.rows)
                if rule.arguments["of"] == "freshness":
                    newest = each.scanned.get(("newest", rule.name), (None,))[0]
                    column = work.contract.column(str(rule.arguments["column"]))
                    newest = None if newest is None else seconds(newest, column)
                    value = history.age(newest, work.contract, partition, now)
                metric, note, why = history.measured(rule, value, past_of[rule.name].get(partition, ()))
                each.metrics[rule.name], each.notes[rule.name] = metric, note
                if why:
                    each.unmeasured[rule.name] = why
