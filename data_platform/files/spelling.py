"""Spellings as SQL: a value that is wholly in the spelling becomes ISO text; any other stays as it is, but for a number
that would be taken for another one."""

from __future__ import annotations

import re

from data_platform.files.formats import DATE_PARTS, Booleans, Dates, Numbers, Spelling
from data_platform.quality.sql import text

MISSING = ("NA", "N/A", "n/a", "NaN", "-", "--", "null", "NULL", "None", "\\N", "#N/A", "?")
"""Texts that often stand for a missing value. Only profiling can tell, by column: `NA` is Namibia, too."""


def canonical(value: str, spelling: Spelling) -> str:
    """An expression of `value` (an expression of text) in the spelling that contracts understand."""
    match spelling:
        case Dates(pattern):
            parsed = f"try_strptime(trim({value}), {text(pattern)})"
            iso = f"strftime({parsed}, {text(_iso(pattern))})"
            return f"CASE WHEN {_matches(value, date(spelling))} THEN coalesce({iso}, {value}) ELSE {value} END"
        case Numbers(decimal, group):
            plain = f"trim({value})"
            plain = f"replace({plain}, {text(group)}, '')" if group else plain
            plain = f"replace({plain}, {text(decimal)}, '.')" if decimal != "." else plain
            marked = (
                f"WHEN {_matches(value, MISLEADING)} THEN {value} || {text(other(spelling))}" if decimal != "." else ""
            )
            return f"CASE WHEN {_matches(value, number(spelling))} THEN {plain} {marked} ELSE {value} END"
        case Booleans(true, false):
            spelt = f"lower(trim({value}))"
            return (
                f"CASE {spelt} WHEN {text(true.lower())} THEN 'true' WHEN {text(false.lower())} THEN 'false' "
                f"ELSE {value} END"
            )


MISLEADING = r"[+-]?[0-9]*\.[0-9]*([eE][+-]?[0-9]+)?"
"""What a contract would take for a number with a point, where the file writes commas."""


def other(spelling: Numbers) -> str:
    """What is put behind such a value, so that the contract refuses it and people see why."""
    return f" (not as 1{spelling.group}234{spelling.decimal}5)"


def _matches(value: str, pattern: str) -> str:
    return f"regexp_full_match(trim({value}), {text(pattern)})"


def number(spelling: Numbers) -> str:
    """The regular expression of a whole number in the spelling."""
    group, decimal = (f"[{re.escape(sign)}]" for sign in (spelling.group, spelling.decimal))
    whole = rf"([0-9]+|[0-9]{{1,3}}({group}[0-9]{{3}})+)" if spelling.group else "[0-9]+"
    return rf"[+-]?{whole}({decimal}[0-9]+)?"


def date(spelling: Dates) -> str:
    """The regular expression of a whole date or time in the spelling; `strptime` alone takes 24 for a year of four
    digits."""
    pieces = re.split(r"(%.)", spelling.pattern)
    return "".join(DATE_PARTS.get(piece, re.escape(piece)) for piece in pieces)


def _iso(pattern: str) -> str:
    """What of ISO 8601 a pattern tells."""
    told = {piece for piece in DATE_PARTS if piece in pattern}
    has_date, has_time = told & {"%d", "%m", "%Y", "%y", "%b", "%B"}, told & {"%H", "%I"}
    iso = " ".join((["%Y-%m-%d"] if has_date else []) + (["%H:%M:%S"] if has_time else []))
    return iso + (".%f" if "%f" in told else "") + ("+00:00" if "%z" in told else "")
