"""Good rows and refused rows, separated on the cluster, as `quality/split.py` has it: read from the staged files alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import reduce

import pyarrow.parquet as pq
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from data_platform.contracts import Rule
from data_platform.contracts.rules import KINDS
from data_platform.engines.spark.audit_elsewhere import StagedRows
from data_platform.engines.spark.auditing import FILE, Auditing
from data_platform.engines.spark.driver import collect
from data_platform.engines.spark.reading import plain_path, spark_path
from data_platform.engines.spark.session import session, with_settings
from data_platform.engines.spark.split_rows import (
    BROKEN,
    RULES,
    any_broken,
    broken_rules,
    published,
    stamp_columns,
)
from data_platform.lakehouse import Staged
from data_platform.lakehouse.bench import Counts, Work
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.frames.spark import ORIGINAL, PARTITION
from data_platform.quality.policy import Verdict
from data_platform.quality.split import Refusal, refusal

ROW = "__staged_row"
POSITION = (ORIGINAL + FILE, ORIGINAL + ROW)
"""Where a row is: its file and its place in it."""
CUT = "__cut"
"""The column that files are cut by; `duck_bench.cut_of` says the same of a partition."""


class Splitting:
    def __init__(self, work: Work, auditing: Auditing) -> None:
        self._work, self._auditing = work, auditing
        self._listed = f"{work.folders[1]}/listed"

    def refuse(self, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]) -> Refusal:
        def list_rows(rules: Sequence[Rule], files: Mapping[str, Collection[str]]) -> frozenset[str]:
            return self._list_rows([(rule, _broken_in(rule, files, counted)) for rule in rules])

        with self._settled():
            return refusal(verdicts, counted, list_rows)

    def good(self, refusal: Refusal, counts: Counts, dirty: Collection[str]) -> list[Staged]:
        if not dirty:
            return []
        with self._settled():
            rows = self._rows(dirty)
            kept = rows.work.where(~any_broken(rows, refusal.rules))
            if refusal.listed:
                kept = kept.join(self._read_listed(), [*POSITION], "left_anti")
            kept = kept.select(*published(rows, self._work.contract), F.md5(PARTITION).alias(CUT))
            return _write(kept, f"{self._work.folders[0]}/good", scattered=bool(refusal.listed))

    def refused(self, refusal: Refusal, counts: Counts) -> list[Staged]:
        work, files = self._work, refusal.whole | refusal.mixed
        if not files:
            return []
        with self._settled():
            rows = self._rows(files)
            found = rows.work
            if refusal.listed:
                found = found.join(self._read_listed(), [*POSITION], "left")
            broken = broken_rules(rows, work.contract, refusal.rules, refusal.listed)
            found = found.select("*", broken).where(F.size(BROKEN) > 0)
            stamp = stamp_columns(rows, work.staged.columns, work.stamp, POSITION)
            found = found.select(*published(rows, work.contract), *stamp, F.md5(PARTITION).alias(CUT))
            return _write(found, f"{work.folders[1]}/refused", scattered=True)

    def sample(self, rules: Sequence[Rule], files: Collection[str], limit: int, path: str) -> None:
        with self._settled():
            rows = self._rows(files)
            first = [rows.work.where(rows.broken(rule)).limit(limit) for rule in rules]
            picked = reduce(DataFrame.unionAll, first).dropDuplicates([*POSITION])
            names = (F.col(quoted(ORIGINAL + name)).alias(name) for name in self._work.staged.columns)
            found = collect(picked.select(*names))
        # without statistics: DuckDB takes those of Arrow, which leave NaN out, to say that there is none
        with filesystem(path).open(path, "wb") as file:
            pq.write_table(found, file, write_statistics=False)

    def _list_rows(self, broken: Sequence[tuple[Rule, Mapping[str, Collection[str]]]]) -> frozenset[str]:
        """Keep the positions of rows that rules about several rows refuse, with these rules' names, in a folder of their
        own, which goes with all else that is staged and not published; returns the rows' files."""
        found = [self._refused_by(rule, files) for rule, files in broken if files]
        if not found:
            return frozenset()
        listed = reduce(DataFrame.unionAll, found).groupBy(*POSITION).agg(F.collect_set("rule").alias(RULES))
        listed.write.parquet(spark_path(self._listed))
        files = self._read_listed().select(POSITION[0]).distinct().collect()
        return frozenset(plain_path(file) for (file,) in files)

    def _refused_by(self, rule: Rule, files: Mapping[str, Collection[str]]) -> DataFrame:
        if KINDS[rule.kind].metric == "duplicates":
            rows = self._rows(file for each in files.values() for file in each)
            found = rows.duplicates(rule)
        else:
            found = self._rows().orphans(rule).where(F.col(PARTITION).isin(list(files)))
        return found.select(*POSITION, F.lit(rule.name).alias("rule"))

    def _rows(self, files: Iterable[str] | None = None) -> StagedRows:
        """The rows of some staged files (None: of all) with their POSITION."""
        staged = self._auditing.staged(None if files is None else sorted(files))
        placed = staged.withColumn(ROW, F.col("_metadata.row_index"))
        return StagedRows(placed, self._work.contract, self._auditing.elsewhere, (FILE, ROW))

    def _read_listed(self) -> DataFrame:
        return session().read.parquet(spark_path(self._listed))

    def _settled(self) -> AbstractContextManager[None]:
        from data_platform.engines.spark.staging import SETTINGS

        return with_settings(session(), SETTINGS)


def _write(rows: DataFrame, folder: str, *, scattered: bool) -> list[Staged]:
    """Write the rows, cut by CUT. `scattered` ones are brought together first: they would become a file of every task for
    each partition."""
    from data_platform.engines.spark.staging import OPTIONS, staged_files  # which needs the bench

    if scattered:
        rows = rows.hint("rebalance", F.col(CUT))
    rows.write.options(**OPTIONS).partitionBy(CUT).parquet(spark_path(folder), mode="append")
    return [staged_files(folder, {})]


def _broken_in(
    rule: Rule, files: Mapping[str, Collection[str]], counted: Mapping[str | None, PartitionAudit]
) -> dict[str, Collection[str]]:
    """The partitions in which the audit found that rows break the rule, and their files."""
    return {partition: each for partition, each in files.items() if counted[partition].metrics[rule.name]}
