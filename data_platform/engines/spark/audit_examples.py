"""A few of the values that break a rule, found on the cluster; at most LOOKED_AT of them are looked at."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from data_platform.contracts import Rule
from data_platform.contracts.rules import KINDS
from data_platform.engines.spark.audit_errors import told
from data_platform.engines.spark.audit_text import spelt
from data_platform.engines.spark.driver import collect
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.examples import EXAMPLES, LOOKED_AT
from data_platform.quality.frames.spark import COUNT, ORIGINAL, PARTITION
from data_platform.quality.rows import lossy

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from data_platform.engines.spark.auditing import Auditing


def examples(auditing: Auditing, rule: Rule, partition: str, files: Collection[str]) -> tuple[str, ...]:
    """As `quality.examples.examples`: sensitive columns show no value, and a missing value none either."""
    contract = auditing.work.contract
    named = [cast.column for cast in lossy(rule, auditing.work.shape)] if rule.kind == "type" else rule.columns
    shown = [name for name in named if not contract.column(name).is_sensitive]
    if not shown or (rule.kind != "type" and len(shown) < len(named)):
        return ()
    with told(contract, rule):
        if rule.kind == "type":
            found = {text for name in shown for text in _lost(auditing, name, files)}
        else:
            found = set(_broken(auditing, rule, partition, files))
    return tuple(sorted(found)[:EXAMPLES])


def _lost(auditing: Auditing, name: str, files: Collection[str]) -> list[str]:
    """Values that would not cast, as they came."""
    rows = auditing.rows_of(files)
    came = rows.work.where(rows.lost[name]).select(F.col(quoted(ORIGINAL + name)).alias(name))
    return [f"{name}: {row[name]}" for row in spelt(_some(came), {name: None}) if row[name] is not None]


def _broken(auditing: Auditing, rule: Rule, partition: str, files: Collection[str]) -> list[str]:
    match KINDS[rule.kind].metric:
        case "duplicates":
            rows = auditing.rows.keys(rule).where((F.col(PARTITION) == partition) & (F.col(COUNT) > 1))
        case "orphans":
            rows = auditing.rows.missing_keys(rule).where(F.col(PARTITION) == partition)
        case _:
            some = auditing.rows_of(files)
            rows = some.work.where(some.broken(rule))
    columns = {name: auditing.work.contract.column(name) for name in dict.fromkeys(rule.columns)}
    found = spelt(_some(rows.select(*map(quoted, columns))), columns)
    return [", ".join(row[name] for name in rule.columns) for row in found if None not in row.values()]


def _some(rows: DataFrame):
    return collect(rows.limit(LOOKED_AT))
