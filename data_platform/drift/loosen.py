"""How each kind of promise is loosened, by the least that accepts the rows at hand.

`LOOSENINGS` is the table: one function per kind of rule, which says what changes and how the text is edited, or why
nothing is suggested. A patch never shows a sensitive value: bounds, lists and patterns of such columns are for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from data_platform.contracts import Rule
from data_platform.contracts.edit import extend, put, remove, rename
from data_platform.drift.changes import BY_HAND, INSTEAD
from data_platform.drift.rows import Rows
from data_platform.drift.written import Unchangeable, Written

MOST_VALUES, MOST_SHAPES = 50, 5
"""More new values than that are no closed list, and more new forms no pattern."""
DIGITS = 2
"""To how many significant digits a new bound is rounded, outward."""


@dataclass(frozen=True, slots=True)
class Loosening:
    """What changes (`kind` is a key of changes.LEVELS) and the edit that does it."""

    kind: str
    what: str
    edit: Callable[[str], str]


def loosening(rows: Rows, written: Written, rule: Rule) -> Loosening:
    """How a rule that rows break is loosened; Unchangeable where it is not, with what to do instead."""
    if rule.kind not in LOOSENINGS:
        raise Unchangeable(INSTEAD.get(rule.kind, BY_HAND))
    make, shows_values = LOOSENINGS[rule.kind]
    if shows_values and any(written.contract.column(name).is_sensitive for name in rule.columns):
        raise Unchangeable(f"a patch never shows values of a sensitive column; {BY_HAND}")
    return make(rows, written, rule)


def _required(rows: Rows, written: Written, rule: Rule) -> Loosening:
    if rule.path[-1] != "required" or rule.columns[0] in written.contract.primary_key:
        raise Unchangeable("repair the source: a key is never null")
    return Loosening("required", "may be null", lambda text: put(text, rule.path, False))


def _enum(rows: Rows, written: Written, rule: Rule) -> Loosening:
    values = rows.values(rule, MOST_VALUES)
    if len(values) > MOST_VALUES:
        raise Unchangeable(f"over {MOST_VALUES} new values are no closed list; {BY_HAND}")
    plain = [_plain(value) for value in values]
    first = written.at(*rule.path, 0)
    items: list[Any] = [{"value": each} for each in plain] if isinstance(first, dict) else plain
    return Loosening("enum", f"also {_listed(plain)}", lambda text: extend(text, rule.path, items))


def _valid_values(rows: Rows, written: Written, rule: Rule) -> Loosening:
    path, values = (*rule.path, "arguments", "validValues"), rows.values(rule, MOST_VALUES)
    if "pattern" in rule.arguments or not written.at(*path) or len(values) > MOST_VALUES or len(rule.columns) > 1:
        raise Unchangeable(BY_HAND)
    plain = [_plain(value) for value in values]
    return Loosening("enum", f"also {_listed(plain)}", lambda text: extend(text, path, plain))


def _bound(rows: Rows, written: Written, rule: Rule) -> Loosening:
    upward = rule.kind in ("maximum", "exclusive_maximum")
    if rule.path[-2:-1] != ("logicalTypeOptions",) or rule.path[-1] == "format":
        raise Unchangeable(BY_HAND)
    column = f'"{rule.columns[0].replace(chr(34), chr(34) * 2)}"'
    found = rows.extreme(rule, f"{'max' if upward else 'min'}({column})")
    if isinstance(found, float) and (found != found or found in (float("inf"), float("-inf"))):
        raise Unchangeable("repair the source: NaN and infinity are no numbers to set a bound by")
    value = outward(found, upward)
    inclusive = "maximum" if upward else "minimum"
    what = f"{inclusive} {value} instead of {_words(rule)}"
    if rule.path[-1] == inclusive:
        return Loosening("bound", what, lambda text: put(text, rule.path, value))
    options = rule.path[:-1]
    if written.at(*options, inclusive) is not None:  # that one says enough, and is loosened in its turn
        return Loosening("bound", f"no {rule.path[-1]}", lambda text: remove(text, rule.path))
    return Loosening("bound", what, lambda text: rename(put(text, rule.path, value), rule.path, inclusive))


def _size(function: str, kind: str) -> Callable[[Rows, Written, Rule], Loosening]:
    def loosened(rows: Rows, written: Written, rule: Rule) -> Loosening:
        if rule.path[-2:-1] != ("logicalTypeOptions",):
            raise Unchangeable(BY_HAND)
        upward = rule.kind.startswith("max")
        column = f'"{rule.columns[0].replace(chr(34), chr(34) * 2)}"'
        found = int(rows.extreme(rule, f"{'max' if upward else 'min'}({function}({column}))"))
        value = int(outward(found, True)) if upward else found
        what = f"{rule.path[-1]} {value} instead of {rule.arguments['value']}"
        return Loosening(kind, what, lambda text: put(text, rule.path, value))

    return loosened


def _pattern(rows: Rows, written: Written, rule: Rule) -> Loosening:
    if rule.path[-2:] != ("logicalTypeOptions", "pattern"):
        raise Unchangeable(BY_HAND)
    values = rows.values(rule)
    found = shapes(values) if len(values) <= MOST_VALUES * 200 else None
    if found is None or len(found) > MOST_SHAPES:
        raise Unchangeable(f"the values have too many forms for a pattern; {BY_HAND}")
    more = "|".join(found)
    pattern = f"{rule.arguments['value']}|^(?:{more})$"
    return Loosening("pattern", f"also {more}", lambda text: put(text, rule.path, pattern))


LOOSENINGS: dict[str, tuple[Callable[[Rows, Written, Rule], Loosening], bool]] = {  # kind -> how, and: shows values
    "required": (_required, False),
    "enum": (_enum, True),
    "invalid_values": (_valid_values, True),
    "minimum": (_bound, True),
    "maximum": (_bound, True),
    "exclusive_minimum": (_bound, True),
    "exclusive_maximum": (_bound, True),
    "min_length": (_size("length", "length"), False),
    "max_length": (_size("length", "length"), False),
    "min_items": (_size("len", "items"), False),
    "max_items": (_size("len", "items"), False),
    "pattern": (_pattern, True),
}


def outward(value: Any, upward: bool) -> Any:
    """A bound that is a little wider, and rounder: 1,234 becomes 1,300 (or 1,200 downward); days are what they are."""
    match value:
        case bool() | None:
            return value
        case datetime():
            midnight = datetime.combine(value.date(), time(), value.tzinfo)
            return (midnight + timedelta(days=1 if upward and midnight != value else 0)).isoformat()
        case date() | time():
            return value.isoformat()
        case int() | float() | Decimal():
            exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            step = Decimal(1).scaleb(exact.adjusted() - DIGITS + 1) if exact else Decimal(1)
            step = max(step, Decimal(1)) if isinstance(value, int) else step
            rounded = (exact / step).to_integral_value(ROUND_CEILING if upward else ROUND_FLOOR) * step
            if isinstance(value, int):
                return int(rounded) if _bits(int(rounded)) == _bits(value) else value
            return Decimal(format(rounded.normalize(), "f"))
    return value


def _bits(value: int) -> int:
    """Which of the integer types a value needs."""
    return next((bits for bits in (31, 63) if -(2**bits) <= value < 2**bits), 127)


def shapes(values: Sequence[str]) -> list[str] | None:
    """Regular expressions of the forms that texts have, such as `[A-Z]{2}-[0-9]{4,6}`; None where one has letters of
    which there is no plain range, or no letter at all."""
    found: dict[tuple[str, ...], list[list[int]]] = {}
    for value in values:
        if not value or not value.isascii() or not value.isprintable():
            return None
        parts = [(_class(run[0]), len(run[0])) for run in re.finditer(r"[A-Z]+|[a-z]+|[0-9]+|[^A-Za-z0-9]", value)]
        widths = found.setdefault(tuple(each for each, _ in parts), [[length, length] for _, length in parts])
        for width, (_, length) in zip(widths, parts, strict=True):
            width[:] = [min(width[0], length), max(width[1], length)]
    return ["".join(map(_repeated, form, widths)) for form, widths in found.items()]


def _class(run: str) -> str:
    first = run[0]
    if first.isdigit():
        return "[0-9]"
    if first.isalpha():
        return "[A-Z]" if first.isupper() else "[a-z]"
    return f"[{first}]" if first not in "]^\\" else f"\\{first}"


def _repeated(part: str, width: list[int]) -> str:
    low, high = width
    return part if (low, high) == (1, 1) else f"{part}{{{low}}}" if low == high else f"{part}{{{low},{high}}}"


def _plain(value: Any) -> Any:
    """A value as a contract writes it."""
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, float):
        return Decimal(repr(value))
    return value if isinstance(value, int | str | Decimal | bool) else str(value)


def _listed(values: Sequence[Any]) -> str:
    shown = ", ".join(map(str, values[:5]))
    return shown + (f" and {len(values) - 5} more" if len(values) > 5 else "")


def _words(rule: Rule) -> str:
    from data_platform.contracts.rules import condition

    return condition(rule)
