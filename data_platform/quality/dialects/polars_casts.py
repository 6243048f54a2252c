"""The casts of `quality/conform.py` as Polars expressions, as far as Polars can promise the same values and losses."""

from __future__ import annotations

import polars as pl

from data_platform.contracts.model import Column
from data_platform.contracts.patterns import translate
from data_platform.contracts.types import FLOATING, NUMERIC
from data_platform.quality.conform import Cast, spelling
from data_platform.quality.dialects import CLOCK, EXACT_DIGITS, SPACES
from data_platform.quality.dialects.polars import polars_type

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
Made = tuple[pl.Expr, pl.Expr | None]
"""A column's conformed values, null where one is lost, and when it is lost (None: never)."""


def cast(column: Column, staged: pl.DataType | None, planned: Cast) -> Made | None:
    """The cast of a column of the frame (None: it has none) to its contract type; None where Polars cannot promise it.

    `planned` is how DuckDB would cast it.
    """
    value, target = pl.col(column.name), polars_type(column.type)
    if staged is None or staged == pl.Null:
        return pl.lit(None, dtype=target), None
    if staged == pl.Time and target == pl.Time:  # which has nanoseconds in Polars
        return _kept(value, value, value.cast(pl.Int64) % 1000 != 0)
    if staged == target or (planned.is_identity and column.type.is_nested):
        return value, None
    if staged == pl.String:
        return _kept(value, *_from_text(value, column))
    if planned.is_lost is None:
        wider = _wider(value, staged, column)
        return None if wider is None else (wider, None)
    tried = _narrower(value, staged, column)
    if tried is None:
        return None
    return _kept(value, tried, tried.cast(staged, strict=False).ne_missing(value))


def _kept(value: pl.Expr, tried: pl.Expr, lost: pl.Expr) -> Made:
    lost = value.is_not_null() & (tried.is_null() | lost)
    return pl.when(value.is_not_null() & ~lost).then(tried), lost


def _wider(value: pl.Expr, staged: pl.DataType, column: Column) -> pl.Expr | None:
    target = polars_type(column.type)
    match column.type.kind:
        case "string" if staged.is_integer() or staged in (pl.Boolean, pl.Categorical, pl.Enum):
            return value.cast(target)
        case kind if kind in NUMERIC and staged.is_numeric():
            return value.cast(target)
        case "timestamp" | "timestamptz" if isinstance(staged, pl.Datetime) and staged.time_unit != "ns":
            instant = value.dt.convert_time_zone("UTC").dt.replace_time_zone(None) if staged.time_zone else value
            return _zoned(instant.cast(pl.Datetime("us")), column)
        case "timestamp" | "timestamptz" if staged == pl.Date:
            return _zoned(value.cast(pl.Datetime("us")), column)
    return None


def _zoned(value: pl.Expr, column: Column) -> pl.Expr:
    return value.dt.replace_time_zone("UTC") if column.type.kind == "timestamptz" else value


def _narrower(value: pl.Expr, staged: pl.DataType, column: Column) -> pl.Expr | None:
    """A value that may lose; where it does, it is null or does not lead back."""
    kind, target = column.type, polars_type(column.type)
    if staged.is_float():
        if kind.kind != "decimal":
            return value.cast(target, strict=False) if kind.is_numeric else None
        if staged == pl.Float64 and kind.precision <= EXACT_DIGITS:
            return pl.when(value.abs() < 10 ** (kind.precision - kind.scale)).then(value).cast(target, strict=False)
        return None
    if staged.is_integer() or (staged.is_decimal() and kind.kind not in FLOATING):
        return value.cast(target, strict=False) if kind.is_numeric else None
    if kind.kind == "date" and isinstance(staged, pl.Datetime) and staged.time_zone is None:
        return value.cast(target)
    if kind.kind == "timestamp" and staged == pl.Datetime("ns"):
        return value.cast(target)
    return None


def _from_text(value: pl.Expr, column: Column) -> tuple[pl.Expr, pl.Expr]:
    """The value that text spells, and whether it spells none."""
    kind, target = column.type, polars_type(column.type)
    if kind.kind == "binary":
        return value.cast(pl.Binary), pl.lit(False)
    text = value.str.strip_chars(SPACES)
    lost = ~text.str.contains(translate(f"^(?:{spelling(kind)})$", "rust"))
    text = pl.when(~lost).then(text)
    match kind.kind:
        case "boolean":
            word = text.str.to_lowercase()
            return pl.when(word.is_in(["true", "false"])).then(word == "true"), lost
        case "date":
            return text.str.to_date("%Y-%m-%d", strict=False), lost
        case "time":
            return (_micros(text) * 1000).cast(target), lost
        case "timestamp" | "timestamptz":
            days = text.str.head(10).str.to_date("%Y-%m-%d", strict=False).cast(pl.Int64)
            instant = (days * DAY + _micros(text)).cast(pl.Datetime("us"))
            return _zoned(instant, column), lost
        case "float" | "double":
            tried = text.cast(target, strict=False)
            return tried, lost | (tried.is_infinite() & ~text.str.to_lowercase().str.contains("inf", literal=True))
    return text.cast(target, strict=False), lost


def _micros(text: pl.Expr) -> pl.Expr:
    """The microseconds since midnight, UTC, that a clock in the text says, if any."""

    def number(group: int, unit: int) -> pl.Expr:
        return text.str.extract(CLOCK, group).cast(pl.Int64).fill_null(0) * unit

    fraction = text.str.extract(CLOCK, 4).str.pad_end(6, "0").cast(pl.Int64).fill_null(0)
    zone = number(6, HOUR) + number(7, MINUTE)
    west = text.str.extract(CLOCK, 5) == "-"
    clock = number(1, HOUR) + number(2, MINUTE) + number(3, SECOND) + fraction
    return clock + pl.when(west).then(zone).otherwise(-zone)
