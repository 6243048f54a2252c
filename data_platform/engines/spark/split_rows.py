"""What is written of good and of refused rows: Spark columns over `SparkRows.work`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from data_platform.contracts import Contract, Rule
from data_platform.contracts.rules import describe
from data_platform.engines.spark.split_text import as_text
from data_platform.engines.spark.types import schema_of
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.frames.spark import ORIGINAL, PARTITION, SparkRows

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

RULES, BROKEN = "__rules", "__broken"
"""Columns: the names of the rules that listed a row, and of each rule that a row breaks its name and the reason."""
UUID = r"^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$"


def published(rows: SparkRows, contract: Contract) -> list[Expression]:
    """The contract's columns, in the types that its files have; LakehouseError where this Spark has no such type."""
    casts, columns = {cast.column: cast for cast in rows.shape.casts}, []
    for field in schema_of(contract.dataset, contract.columns).fields:
        value = F.col(quoted(field.name))
        if casts[field.name].is_identity:
            value = F.col(quoted(ORIGINAL + field.name))
        elif contract.column(field.name).type.kind == "time":
            value = _clock(quoted(field.name))
        columns.append(value.cast(field.dataType).alias(field.name))
    return columns


def _clock(micros: str) -> Expression:
    """A time of day from the column of its microseconds since midnight."""
    seconds = f"CAST({micros} % 60000000 / 1000000 AS decimal(8, 6))"
    return F.expr(f"make_time(int({micros} div 3600000000), int({micros} div 60000000 % 60), {seconds})")


def any_broken(rows: SparkRows, rules: Sequence[Rule]) -> Expression:
    """The condition (never null) for rows that break one of the rules, which are about single rows."""
    return F.coalesce(reduce(or_, map(rows.broken, rules), F.lit(False)), F.lit(False))


def broken_rules(rows: SparkRows, contract: Contract, rules: Sequence[Rule], listed: Collection[str]) -> Expression:
    """The rules that a row breaks, sorted, and a reason for each: BROKEN. `listed` are names of rules in RULES."""
    conditions = {rule.name: rows.broken(rule) for rule in rules}
    conditions |= {name: F.array_contains(RULES, name) for name in listed}
    reasons = {rule.name: f"broken: {describe(rule)}" for rule in contract.rules}
    each = (
        F.when(conditions[name], F.struct(F.lit(name).alias("rule"), F.lit(reasons[name]).alias("reason")))
        for name in sorted(conditions)
    )
    return F.filter(F.array(*each), lambda item: item.isNotNull()).alias(BROKEN)


def stamp_columns(
    rows: SparkRows, staged: Mapping[str, str], stamp: Mapping[str, str], position: tuple[str, str]
) -> list[Expression]:
    """What the quarantine says about a row besides its values (see `quality.split.refused_rows`). `staged` are the
    columns' DuckDB types, `position` the columns that say where a row is, by which it is named: so it has the same name
    however often a task is tried."""
    named = F.md5(F.concat_ws(":", *(F.col(quoted(each)) for each in position)))
    texts = {
        name: F.when(lost, as_text(F.col(quoted(ORIGINAL + name)), staged[name])) for name, lost in rows.lost.items()
    }
    types = {name: F.when(lost, F.lit(staged[name])) for name, lost in rows.lost.items()}
    columns = {
        "_row": F.regexp_replace(named, UUID, "$1-$2-8$3-a$4-$5"),
        "_uncast": _by_column(texts, rows.lost.values()),
        "_types": _by_column(types, rows.lost.values()),
        "_rules": F.col(f"{BROKEN}.rule"),
        "_reasons": F.col(f"{BROKEN}.reason"),
        "_partition": F.col(PARTITION),
        **{name: F.lit(value) for name, value in stamp.items()},
        "_quarantined_at": F.current_timestamp(),
    }
    return [value.alias(name) for name, value in columns.items()]


def _by_column(texts: Mapping[str, Expression], lost: Iterable[Expression]) -> Expression:
    """The texts of those columns of which a value is lost, as JSON by column; null where none is."""
    if not texts:
        return F.lit(None).cast("string")
    found = F.struct(*(text.alias(name) for name, text in texts.items()))
    return F.when(reduce(or_, lost), F.to_json(found, {"ignoreNullFields": "true"}))
