"""Values written in a contract: is one of a column's type, does one lie below another, how long is a duration."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from data_platform.contracts.types import NUMERIC, ColumnType

INSTANTS = frozenset({"date", "timestamp", "timestamptz"})

PARSERS = {
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamptz": datetime.fromisoformat,
}
WRITTEN: dict[str, str] = {  # type -> how its values are written in a contract
    "date": "a date as text, such as 2026-10-01",
    "time": "a time as text, such as 08:30:00",
    "timestamp": "a timestamp as text, such as 2026-10-01T08:30:00",
    "timestamptz": "a timestamp as text, such as 2026-10-01T08:30:00+00:00",
    "boolean": "true or false",
    "int": "a whole number",
    "long": "a whole number",
}
_DURATION = re.compile(
    r"P(?!$)(?:(?P<years>\d+)Y)?(?:(?P<months>\d+)M)?(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)
_DAYS = {"years": 365, "months": 30, "weeks": 7, "days": 1}
_UNITS: dict[str, timedelta] = {
    **dict.fromkeys(("y", "yr", "year", "years"), timedelta(days=365)),
    **dict.fromkeys(("month", "months"), timedelta(days=30)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("h", "hr", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("m", "min", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("s", "sec", "second", "seconds"), timedelta(seconds=1)),
}


def written(kind: ColumnType) -> str:
    """How a value of this type is written in a contract."""
    return WRITTEN.get(kind.kind) or ("a number" if kind.is_numeric else "text")


def is_value(value: Any, kind: ColumnType) -> bool:
    """Whether `value`, as read from YAML, is of the column's type."""
    match kind.kind:
        case "boolean":
            return isinstance(value, bool)
        case "int" | "long":
            return isinstance(value, int) and not isinstance(value, bool)
        case "float" | "double" | "decimal":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "date" | "time" | "timestamp" | "timestamptz":
            return isinstance(value, str) and _parsed(value, kind) is not None
        case "string" | "binary":
            return isinstance(value, str)
    return False


def are_comparable(one: ColumnType, other: ColumnType) -> bool:
    """Whether values of two types compare: numbers of any kind, days and instants (by UTC), else plain values of one
    kind."""
    kinds = {one.kind, other.kind}
    return "unknown" in kinds or kinds <= NUMERIC or kinds <= INSTANTS or (len(kinds) == 1 and not one.is_nested)


def is_above(low: Any, high: Any, kind: ColumnType, strictly: bool = True) -> bool:
    """Whether a lower bound lies above an upper one (or, not `strictly`, on it); False where they do not compare."""
    if kind.kind in PARSERS:
        low, high = _parsed(low, kind), _parsed(high, kind)
    try:
        return low > high or (not strictly and low == high)
    except TypeError:
        return False


def _parsed(value: Any, kind: ColumnType) -> date | time | datetime | None:
    try:
        return PARSERS[kind.kind](value)
    except (TypeError, ValueError):
        return None


def duration(value: Any, unit: str | None, m_is_month: bool = False) -> timedelta | None:
    """A positive duration: ISO 8601 (`P90D`, `PT6H`), or a number and a unit; None where it is neither.

    A month is 30 days, a year 365. The unit `m` is minutes, or months where durations are long (`m_is_month`)."""
    try:
        found = (
            _iso(value)
            if isinstance(value, str) and value.upper().startswith("P")
            else _counted(value, unit, m_is_month)
        )
        return found if found is not None and found > timedelta(0) else None
    except OverflowError:
        return None


def _iso(text: str) -> timedelta | None:
    if (match := _DURATION.fullmatch(text.upper())) is None:
        return None
    parts = {name: int(number) for name, number in match.groupdict(default="0").items()}
    days = sum(parts.pop(name) * length for name, length in _DAYS.items())
    return timedelta(days=days, **parts)


def _counted(value: Any, unit: str | None, m_is_month: bool) -> timedelta | None:
    name = (unit or "").lower()
    length = _UNITS.get("month" if m_is_month and name == "m" else name)
    try:
        return None if length is None or isinstance(value, bool) else float(value) * length
    except (TypeError, ValueError):
        return None
