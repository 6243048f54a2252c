"""How text can spell values: one row per spelling, from the strictest to the widest.

A shape holds for a column where every value has it, so that casting loses nothing. The regular expressions mean the
same in Python and RE2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from data_platform.files.formats import Booleans, Dates, Numbers, Spelling
from data_platform.quality.sql import text

V = "{v}"
"""Stands for the value, trimmed, in a shape's SQL."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`kind` is the type, or `number` where digits decide which. `value` is SQL of that type, null for other text.

    `printed` says that DuckDB prints most such values as they were spelt, which is cheaper to test than `regex`; those of
    another `width` are not tested so.
    `plain` is, for a number, SQL of the same number in the usual spelling. Shapes with one `meaning` differ in nothing.
    """

    name: str
    kind: str
    regex: str
    value: str = ""
    printed: bool = False
    spelling: Spelling | None = None
    plain: str = V
    width: int = 0

    def fits(self, v: str) -> str:
        """SQL: whether a value, SQL `v`, has this shape. A cast trims it; what reads other spellings does not.

        The cheap test comes first; the others are made only where it fails."""
        if self.spelling:
            return self._slow(v)
        trimmed = f"trim({v})"
        quick = f"CAST({self.value.replace(V, v)} AS VARCHAR) = {v}" if self.printed else self._slow(v)
        if self.width:  # `infinity` and `10000-01-01` are printed as they are spelt, too
            quick += f" AND strlen({v}) = {self.width}"
        return f"CASE WHEN {quick} THEN TRUE ELSE {self._slow(trimmed)} END"

    def _slow(self, v: str) -> str:
        value = self.value.replace(V, v)
        digits = f" AND ({EXACTLY.replace(V, v)})" if self.kind == "double" else ""
        return f"regexp_full_match({v}, {text(self.regex)})" + (f" AND {value} IS NOT NULL" if value else "") + digits


EXACTLY = (
    f"strlen(regexp_extract({V}, '^[^eE]*')) <= 15 OR CAST(TRY_CAST({V} AS DOUBLE) AS VARCHAR) = {V} OR lower({V}) = 'nan' "
    f"OR CAST(TRY_CAST({V} AS DOUBLE) AS VARCHAR) = replace(lower({V}), 'e+', 'e')"
)
"""Whether a floating point number keeps all digits that are written."""
AMOUNTS = 4
"""More digits after the point than this are measurements, not amounts."""
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_MINUTE, _SECOND = "(?:[01][0-9]|2[0-3]):[0-5][0-9]", r"[0-5][0-9](?:\.[0-9]{1,6}0*)?"
_CLOCK, _ZONE = f"{_MINUTE}(?::{_SECOND})?", "(?:Z| UTC|[+-][0-9]{2}(?::?[0-9]{2})?)"
WHOLE = Shape("whole number", "number", r"[+-]?(?:0|[1-9][0-9]*)", f"TRY_CAST({V} AS HUGEINT)", printed=True)
FIXED = Shape("decimal number", "number", r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)")
FLOATING = Shape(
    "floating point number",
    "double",
    r"(?i)[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|[+-]?inf(?:inity)?",
    f"TRY_CAST({V} AS DOUBLE)",
)
ISO: tuple[Shape, ...] = (
    Shape("date", "date", _DAY, f"TRY_CAST({V} AS DATE)", printed=True, width=10),
    Shape("time", "time", f"{_MINUTE}:{_SECOND}", f"TRY_CAST({V} AS TIME)"),
    Shape("timestamp", "timestamp", rf"{_DAY}(?:[ T]{_CLOCK})?", f"TRY_CAST({V} AS TIMESTAMP)", printed=True, width=19),
    Shape("timestamp with zone", "timestamptz", rf"{_DAY}[ T]{_CLOCK}{_ZONE}", f"TRY_CAST({V} AS TIMESTAMPTZ)"),
)
WORDS: tuple[tuple[str, str], ...] = (("true", "false"), ("yes", "no"), ("y", "n"), ("t", "f"))
"""Pairs that mean true and false; all but the first only where both occur."""

_D, _M, _MONTH = "[0-9]{1,2}", "[0-9]{1,2}", "[A-Za-z]{3}"
DAYS: tuple[tuple[str, str], ...] = (  # strptime -> regular expression
    ("%d.%m.%Y", rf"{_D}\.{_M}\.[0-9]{{4}}"),
    ("%d/%m/%Y", rf"{_D}/{_M}/[0-9]{{4}}"),
    ("%m/%d/%Y", rf"{_M}/{_D}/[0-9]{{4}}"),
    ("%d-%m-%Y", rf"{_D}-{_M}-[0-9]{{4}}"),
    ("%m-%d-%Y", rf"{_M}-{_D}-[0-9]{{4}}"),
    ("%Y/%m/%d", rf"[0-9]{{4}}/{_M}/{_D}"),
    ("%Y.%m.%d", rf"[0-9]{{4}}\.{_M}\.{_D}"),
    ("%Y%m%d", "(?:19|20)[0-9]{2}[01][0-9][0-3][0-9]"),
    ("%d %b %Y", rf"{_D} {_MONTH} [0-9]{{4}}"),
    ("%d-%b-%Y", rf"{_D}-{_MONTH}-[0-9]{{4}}"),
    ("%b %d, %Y", rf"{_MONTH} {_D}, [0-9]{{4}}"),
    ("%d %B %Y", rf"{_D} [A-Za-z]{{3,9}} [0-9]{{4}}"),
    ("%B %d, %Y", rf"[A-Za-z]{{3,9}} {_D}, [0-9]{{4}}"),
)
CLOCKS: tuple[tuple[str, str], ...] = (
    ("", ""),
    (" %H:%M:%S", " [0-2]?[0-9]:[0-5][0-9]:[0-5][0-9]"),
    (" %H:%M", " [0-2]?[0-9]:[0-5][0-9]"),
    ("T%H:%M:%S", "T[0-2]?[0-9]:[0-5][0-9]:[0-5][0-9]"),
    (" %I:%M:%S %p", " [01]?[0-9]:[0-5][0-9]:[0-5][0-9] [AaPp][Mm]"),
    (" %I:%M %p", " [01]?[0-9]:[0-5][0-9] [AaPp][Mm]"),
)
COMPACT = "%Y%m%d"
"""Eight digits are a date only where the column's name says so."""
SHORT_YEAR = r"[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2}(?: .*)?"
"""A date with two digits for the year can be read in three ways: it stays text."""
GROUPS = (".", ",", " ", "'", "\u00a0", "\u202f")


def dates() -> Iterator[Shape]:
    """Days and moments in other spellings than ISO 8601."""
    for (day, days), (clock, clocks) in product(DAYS, CLOCKS):
        pattern = day + clock
        moment = f"TRY_STRPTIME({V}, {text(pattern)})"
        kind, value = ("timestamp", moment) if clock else ("date", f"CAST({moment} AS DATE)")
        yield Shape(pattern, kind, days + clocks, value, spelling=Dates(pattern))


def booleans(seen: Sequence[str]) -> Iterator[Shape]:
    """Pairs of words for true and false, of those that occur."""
    lower = {value.lower() for value in seen}
    for yes, no in WORDS:
        if lower and lower <= {yes, no} and (yes == "true" or len(lower) == 2):
            spelling = None if yes == "true" else Booleans(yes, no)
            yield Shape(f"{yes}/{no}", "boolean", f"(?i){yes}|{no}", spelling=spelling)


def numbers() -> Iterator[Shape]:
    """Numbers in other spellings than `1234.5`, with a comma or groups of three digits."""
    whole = "(?:0|[1-9][0-9]*)"
    for decimal, group in product((".", ","), ("", *GROUPS)):
        if decimal == group or (decimal, group) == (".", ""):
            continue
        fraction = rf"(?:[{decimal}][0-9]+)?"
        grouped = rf"[1-9][0-9]{{0,2}}(?:[{group}][0-9]{{3}})+|" if group else ""
        plain = f"replace({V}, {text(group)}, '')" if group else V
        plain = f"replace({plain}, ',', '.')" if decimal == "," else plain
        name = f"numbers as {'1' + group + '234' if group else '1234'}{decimal}5"
        yield Shape(name, "number", f"[+-]?(?:{grouped}{whole}){fraction}", "", False, Numbers(decimal, group), plain)
