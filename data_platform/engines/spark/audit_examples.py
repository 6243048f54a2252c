"""A few of the values that break a rule, found on the cluster; at most LOOKED_AT of them are looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from data_platform.contracts import Rule
from data_platform.contracts.rules import KINDS
from data_platform.engines.spark.audit_errors import told
from data_platform.engines.spark.audit_jobs import collected
from data_platform.engines.spark.audit_text import spelt
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.examples import EXAMPLES, LOOKED_AT, SHOWN, with_broken
from data_platform.quality.frames.spark import COUNT, ORIGINAL, PARTITION
from data_platform.quality.policy import Verdict
from data_platform.quality.rows import lossy

if TYPE_CHECKING:
    from data_platform.engines.spark.audit_elsewhere import StagedRows
    from data_platform.engines.spark.auditing import Auditing

Files = Mapping[str, Collection[str]]
"""Partition -> its files to look at."""


def with_examples(
    auditing: Auditing, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]
) -> tuple[Verdict, ...]:
    """The verdicts with examples of the first SHOWN partitions in which a row rule fails: a job for each such rule."""
    failing: dict[str, dict[str, Collection[str]]] = defaultdict(dict)
    rules = {rule.name: rule for rule in auditing.work.rules}
    for verdict in verdicts:
        for each in verdict.outcomes:
            if not each.holds and each.rule.is_row_rule and len(files := failing[each.rule.name]) < SHOWN:
                files[verdict.partition] = with_broken(each.rule, counted[verdict.partition].files)
    found = _examples(auditing, {name: (rules[name], files) for name, files in failing.items()})
    return tuple(
        replace(
            verdict,
            outcomes=tuple(
                replace(each, examples=found.get((each.rule.name, verdict.partition), each.examples))
                for each in verdict.outcomes
            ),
        )
        for verdict in verdicts
    )


def _examples(auditing: Auditing, failing: Mapping[str, tuple[Rule, Files]]) -> dict[tuple[str, str], tuple[str, ...]]:
    """As `quality.examples.examples`, by rule and partition: sensitive columns show no value, and a missing value none
    either."""
    contract, asked = auditing.work.contract, {}
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    with told(contract):
        for name, (rule, files) in failing.items():
            with told(contract, rule):
                asked |= {(name, lost): _some(rows) for lost, rows in _rows(auditing, rule, files).items()}
        for (name, lost), some in collected(asked, lambda key: told(contract, failing[key[0]][0])).items():
            columns = failing[name][0].columns
            for row in spelt(some, {lost: None} if lost else {each: contract.column(each) for each in columns}):
                if None not in row.values():
                    value = f"{lost}: {row[lost]}" if lost else ", ".join(row[each] for each in columns)
                    values[name, row[PARTITION]].add(value)
    return {place: tuple(sorted(each)[:EXAMPLES]) for place, each in values.items()}


def _rows(auditing: Auditing, rule: Rule, files: Files) -> dict[str, dict[str, DataFrame]]:
    """The rows to look at, or their keys, by partition: those of each column that did not cast, as they came, or of ''."""
    contract = auditing.work.contract
    rows = {partition: auditing.rows_of(some) for partition, some in files.items()}
    if rule.kind == "type":
        named = [cast.column for cast in lossy(rule, auditing.work.shape)]
        came = {name: F.col(quoted(ORIGINAL + name)).alias(name) for name in named}
        return {
            name: {partition: of.work.where(of.lost[name]).select(value) for partition, of in rows.items()}
            for name, value in came.items()
            if not contract.column(name).is_sensitive
        }
    if not rule.columns or any(contract.column(name).is_sensitive for name in rule.columns):
        return {}
    names = [*map(quoted, dict.fromkeys(rule.columns))]
    return {"": {each: _broken(auditing, of, rule, each).select(*names) for each, of in rows.items()}}


def _broken(auditing: Auditing, rows: StagedRows, rule: Rule, partition: str) -> DataFrame:
    match KINDS[rule.kind].metric:
        case "duplicates":
            return rows.keys(rule).where((F.col(PARTITION) == partition) & (F.col(COUNT) > 1))
        case "orphans":  # whose parents may be in other partitions
            return auditing.rows.missing(rule, rows.keys(rule)).where(F.col(PARTITION) == partition)
    return rows.work.where(rows.broken(rule))


def _some(rows: Mapping[str, DataFrame]) -> DataFrame:
    """At most LOOKED_AT rows of each partition behind the partition's name."""
    some = [of.select(F.lit(partition).alias(PARTITION), "*").limit(LOOKED_AT) for partition, of in rows.items()]
    return reduce(DataFrame.unionAll, some)
