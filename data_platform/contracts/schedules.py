"""Cron schedules: five fields (minute, hour, day of the month, month, day of the week), in UTC."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TERM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()
    """Names for the numbers from `least` on."""


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of the week", 0, 7, _DAYS),
)


def cron_complaint(cron: str) -> str:
    """Why `cron` is not a schedule, or '' where it is one that comes round."""
    parts = cron.split()
    if len(parts) != len(_FIELDS):
        return f"a schedule has five fields ({', '.join(field.name for field in _FIELDS)}), not {len(parts)}"
    values: list[set[int]] = []
    for field, part in zip(_FIELDS, parts, strict=True):
        values.append(set())
        for term in part.split(","):
            found = _numbers(field, term)
            if not found:
                return f"{term!r} is no {field.name}, which is {field.least} to {field.most}"
            values[-1] |= found
    _, _, days, months, _ = values
    if not any(min(days) <= _LONGEST[month - 1] for month in months):
        return f"no such day: {parts[2]} in month {parts[3]}"
    return ""


def _numbers(field: _Field, term: str) -> set[int]:
    """The numbers a term such as `*/5`, `3`, `1-5` or `mon-fri` stands for; none where it is malformed."""
    match = _TERM.fullmatch(term)
    if match is None:
        return set()
    step = int(match["step"] or 1)
    first = _number(field, match["first"]) if match["first"] else field.least
    last = _number(field, match["last"]) if match["last"] else first if match["first"] else field.most
    if first is None or last is None or (match["first"] and match["step"] and not match["last"]):
        return set()  # `5/10` means different things to different schedulers
    return set(range(first, last + 1, step)) if step and field.least <= first <= last <= field.most else set()


def _number(field: _Field, word: str) -> int | None:
    if word.lower() in field.words:
        return field.least + field.words.index(word.lower())
    return int(word) if word.isascii() and word.isdigit() else None
