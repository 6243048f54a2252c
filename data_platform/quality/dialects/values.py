"""What a rule compares with, as values of its columns' types: no engine is left to convert it in its own way."""

from __future__ import annotations

import struct
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor, gcd, isfinite, isnan
from typing import Any

from data_platform.contracts.types import FLOATING, NUMERIC, ColumnType

MOST_DIGITS = 38
_BITS = {"int": 31, "long": 63}
_DIGITS = {"int": 10, "long": 19}
_INSTANTS = ("date", "timestamp", "timestamptz")


def typed(value: Any, kind: ColumnType) -> Any:
    """`value` as Python's value of the column's type, rounded to it where it is floating; ValueError where it is none.

    A time with a zone becomes UTC; one without is taken as UTC where the column has a zone.
    """
    try:
        match kind.kind:
            case "string":
                return str(value)
            case "binary":
                return str(value).encode()
            case "boolean" if isinstance(value, bool):
                return value
            case "float" | "double" if not isinstance(value, bool):
                return _rounded(float(value), kind)
            case "int" | "long" | "decimal" if not isinstance(value, bool):
                units, (least, most) = _units(value, kind), span(kind)
                if units.denominator == 1 and least <= units <= most:
                    return in_units(int(units), kind)
            case "date":
                return date.fromisoformat(str(value)[:10]) if isinstance(value, datetime) else _date(value)
            case "time":
                found = value if isinstance(value, time) else time.fromisoformat(str(value))
                return found.replace(tzinfo=None)
            case "timestamp" | "timestamptz":
                found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
                found = found if found.tzinfo else found.replace(tzinfo=UTC)
                return found.astimezone(UTC).replace(tzinfo=UTC if kind.kind == "timestamptz" else None)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{value!r} is not a value of type {kind}") from error
    raise ValueError(f"{value!r} is not a value of type {kind}")


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _rounded(value: float, kind: ColumnType) -> float:
    if kind.kind == "double" or not isfinite(value):
        return value
    try:
        return struct.unpack("f", struct.pack("f", value))[0]
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def listed(values: Any, kind: ColumnType) -> list[Any]:
    """Those of some values that a column of this type can have; null is never one of them."""
    found = []
    for value in values or ():
        try:
            found += [typed(value, kind)] if value is not None else []
        except ValueError:
            continue
    return found


def bound(operator: str, value: Any, kind: ColumnType) -> tuple[str, Any] | bool:
    """`x operator value` for every x of the type: an operator and a value of that same type.

    For an exact number type and a value it does not have (0.5 or 2**70 for an int), the nearest it has, or the plain
    truth where all x but null compare alike. ValueError where the value does not compare with the type.
    """
    if kind.kind not in NUMERIC or kind.kind in FLOATING:
        return operator, typed(value, kind)
    if isinstance(value, bool) or (isinstance(value, float) and isnan(value)):
        raise ValueError(f"{value!r} does not compare with type {kind}")
    if isinstance(value, float) and not isfinite(value):
        return operator == "!=" or (operator in ("<", "<=") if value > 0 else operator in (">", ">="))
    units, (least, most) = _units(value, kind), span(kind)
    if operator in ("==", "!="):
        has_it = units.denominator == 1 and least <= units <= most
        return (operator, in_units(int(units), kind)) if has_it else operator == "!="
    nearest = ceil(units) if operator in ("<", ">=") else floor(units)
    if nearest > most:
        return operator in ("<", "<=")
    if nearest < least:
        return operator in (">", ">=")
    return operator, in_units(nearest, kind)


def step(value: Any, kind: ColumnType) -> Any:
    """The smallest positive value of an exact number type of which all multiples of `value` are multiples.

    None where only zero is a multiple; ValueError where `value` is zero or no number.
    """
    wanted = abs(_units(value, kind))
    if not wanted:
        raise ValueError("nothing but zero is a multiple of zero")
    units = wanted.numerator // gcd(wanted.numerator, wanted.denominator)
    return in_units(units, kind) if units <= span(kind)[1] else None


def span(kind: ColumnType) -> tuple[int, int]:
    """The least and the largest value of an exact number type, in units of its last digit."""
    most = 10**kind.precision if kind.kind == "decimal" else 2 ** _BITS[kind.kind]
    return (1 - most if kind.kind == "decimal" else -most), most - 1


def in_units(units: int, kind: ColumnType) -> Any:
    return Decimal(f"{units}e-{kind.scale}") if kind.kind == "decimal" else units


def _units(value: Any, kind: ColumnType) -> Fraction:
    """A number in units of the last digit of an exact type. A float counts as what it is written as: 0.1 is 1/10."""
    try:
        return Fraction(Decimal(str(value))) * 10**kind.scale
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"{value!r} does not compare with type {kind}") from error


def common(one: ColumnType, other: ColumnType) -> ColumnType:
    """The type in which values of two types are compared; ValueError where they do not compare.

    Exact numbers compare exactly where 38 digits hold both types, and as doubles otherwise.
    """
    if one == other:
        return one
    if {one.kind, other.kind} <= NUMERIC:
        if {one.kind, other.kind} & FLOATING:
            return ColumnType("double")
        if "decimal" not in (one.kind, other.kind):
            return ColumnType("long")
        whole = max(_DIGITS.get(each.kind, each.precision - each.scale) for each in (one, other))
        scale = max(one.scale, other.scale)
        fits = whole + scale <= MOST_DIGITS
        return ColumnType("decimal", whole + scale, scale) if fits else ColumnType("double")
    if {one.kind, other.kind} <= set(_INSTANTS):
        return ColumnType(max(one.kind, other.kind, key=_INSTANTS.index))
    raise ValueError(f"{one} does not compare with {other}")
