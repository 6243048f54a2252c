"""The casts of `quality/conform.py` as Spark columns, as far as Spark can promise the same values and losses."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from data_platform.contracts.model import Column
from data_platform.contracts.patterns import translate
from data_platform.contracts.types import FLOATING, NUMERIC, ColumnType
from data_platform.quality.conform import Cast, spelling
from data_platform.quality.dialects import CLOCK, EXACT_DIGITS, SPACES
from data_platform.quality.dialects.spark import EPOCH, micros, quoted, spark_type

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
WHOLE = frozenset({"tinyint", "smallint", "int", "bigint"})
TEXT = re.compile(r"string|(var)?char\(\d+\)")
Made = tuple["Expression", "Expression | None"]
"""A column's conformed values, null where one is lost, and when it is lost (None: never)."""


def cast(column: Column, staged: str | None, planned: Cast) -> Made | None:
    """The cast of a column of the frame (a Spark type as `simpleString` spells it; None: it has none) to its contract
    type; None where Spark cannot promise it. `planned` is how DuckDB would cast it."""
    value, target = F.col(quoted(column.name)), spark_type(column.type)
    if staged is None or staged == "void":
        return F.lit(None).cast(target), None
    if staged.startswith("time(") and column.type.kind == "time":
        return F.when(value.isNotNull(), _clock(value.cast("string"))), None
    if (staged == target and column.type.kind != "time") or (planned.is_identity and column.type.is_nested):
        return value, None
    if TEXT.fullmatch(staged):
        return _kept(value, *_from_text(value, column))
    if planned.is_lost is None:
        wider = _wider(value, staged, column)
        return None if wider is None else (wider, None)
    return _narrower(value, staged, column)


def _kept(value: Expression, tried: Expression, lost: Expression) -> Made:
    lost = value.isNotNull() & (tried.isNull() | lost)
    return F.when(value.isNotNull() & ~lost, tried), lost


def _wider(value: Expression, staged: str, column: Column) -> Expression | None:
    kind, target = column.type.kind, spark_type(column.type)
    is_number = staged in WHOLE or staged.startswith("decimal") or staged == "float"
    if (kind in NUMERIC and is_number) or (kind == "string" and (staged in WHOLE or staged == "boolean")):
        return value.cast(target)
    if kind in ("timestamp", "timestamptz"):
        since = {"date": F.unix_date(value).cast("bigint") * DAY} if staged == "date" else {}
        since |= {"timestamp": F.unix_micros(value)} if staged == "timestamp" else {}
        since |= {"timestamp_ntz": micros(value)} if staged == "timestamp_ntz" else {}
        return _instant(since[staged], column) if staged in since else None
    return None


def _instant(since: Expression, column: Column) -> Expression:
    """A timestamp from its microseconds since 1970, UTC."""
    if column.type.kind == "timestamptz":
        return F.timestamp_micros(since)
    seconds = (since.cast("decimal(20,0)") / F.lit(SECOND)).cast("decimal(18,6)")
    return F.lit(str(EPOCH)).cast("timestamp_ntz") + F.make_dt_interval(secs=seconds)


def _narrower(value: Expression, staged: str, column: Column) -> Made | None:
    """A value that may lose; where it does, it is null or does not lead back."""
    kind = column.type
    if kind.kind == "string" and staged == "binary" and hasattr(F, "is_valid_utf8"):  # since Spark 4.0
        return _kept(value, value.cast("string"), ~F.is_valid_utf8(value.cast("string")))
    if not _leads_back(staged, kind):
        return None
    there = f"try_cast({quoted(column.name)} AS {spark_type(kind)})"
    tried, back = F.expr(there), F.expr(f"try_cast({there} AS {staged})")
    lost = ~back.eqNullSafe(value)
    floating = value if staged in FLOATING else tried if kind.kind in FLOATING else None
    if floating is not None and "bigint" in (staged, spark_type(kind)):  # Spark casts 2.0**63 to the largest integer
        lost |= floating >= F.lit(2.0**63)
    return _kept(value, tried, lost)


def _leads_back(staged: str, kind: ColumnType) -> bool:
    """Whether a value that survives the way there and back in Spark survives it in DuckDB, and no other."""
    if kind.kind == "date":
        return staged == "timestamp_ntz"
    if not kind.is_numeric:
        return False
    if staged in FLOATING:
        return kind.kind != "decimal" or (staged == "double" and kind.precision <= EXACT_DIGITS)
    return staged in WHOLE or (staged.startswith("decimal") and kind.kind not in FLOATING)


def _from_text(value: Expression, column: Column) -> tuple[Expression, Expression]:
    """The value that text spells, and whether it spells none."""
    kind, name = column.type, quoted(column.name)
    if kind.kind == "binary":
        return value.cast("binary"), F.lit(False)
    trimmed = f"btrim({name}, '{SPACES}')"
    text = F.expr(trimmed)
    lost = ~text.rlike(translate(f"^(?:{spelling(kind)})$", "java"))
    match kind.kind:
        case "boolean":
            word = F.lower(text)
            return F.when(word.isin("true", "false"), word == "true"), lost
        case "time":
            return _clock(text), lost
        case "timestamp" | "timestamptz":
            days = F.unix_date(F.expr(f"try_cast(substring({trimmed}, 1, 10) AS date)"))
            return _instant(days.cast("bigint") * DAY + _clock(text), column), lost
    tried = F.expr(f"try_cast({trimmed} AS {spark_type(kind)})")
    if kind.kind in FLOATING:
        lost |= (F.abs(tried) == float("inf")) & ~F.contains(F.lower(text), F.lit("inf"))
    return tried, lost


def _clock(text: Expression) -> Expression:
    """The microseconds since midnight, UTC, that a clock in the text says, if any."""

    def number(group: int, unit: int) -> Expression:
        digits = F.nullif(F.regexp_extract(text, CLOCK, group), F.lit(""))
        return F.coalesce((F.rpad(digits, 6, "0") if unit == 1 else digits).cast("bigint") * unit, F.lit(0))

    zone = number(6, HOUR) + number(7, MINUTE)
    west = F.regexp_extract(text, CLOCK, 5) == "-"
    clock = number(1, HOUR) + number(2, MINUTE) + number(3, SECOND) + number(4, 1)
    return clock + F.when(west, zone).otherwise(-zone)
