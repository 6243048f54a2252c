"""What rules mean, said a second time in plain Python, without any engine."""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction
from typing import Any

from data_platform.contracts import ColumnType, Contract, Rule

Row = Mapping[str, Any]
HOLDS = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}
BOUNDS = {"minimum": ">=", "maximum": "<=", "exclusive_minimum": ">", "exclusive_maximum": "<"}
PARSERS = {"date": date.fromisoformat, "time": time.fromisoformat, "timestamp": datetime.fromisoformat}


def breaks(rule: Rule, contract: Contract, row: Row) -> bool:
    """Null is missing, never invalid; NaN is invalid for a numeric rule."""
    values = [row[name] for name in rule.columns]
    kinds = [contract.column(name).type for name in rule.columns]
    if rule.kind == "comparison" and len(values) == 2:
        pair = [comparable(value, kind) for value, kind in zip(values, kinds, strict=True)]
        too_fine = "long" in {kind.kind for kind in kinds} and max(kind.scale for kind in kinds) > 19
        if too_fine or any(
            isinstance(each, float) for each in pair
        ):  # compared as doubles, as 38 digits do not hold both
            pair = [None if each is None else float(each) for each in pair]
        return _compared_badly(rule.arguments["operator"], *pair)
    return any(value_breaks(rule, value, kind) for value, kind in zip(values, kinds, strict=True))


def value_breaks(rule: Rule, value: Any, kind: ColumnType) -> bool:
    given = rule.arguments
    listed = [identity(meant(each, kind)) for each in given.get("values", ()) if is_of(each, kind)]
    if rule.kind in ("required", "null_values"):
        return value is None
    if rule.kind == "missing_values":
        return value is None or identity(value) in listed
    if value is None:
        return False
    if rule.kind in BOUNDS or rule.kind == "comparison":
        operator = BOUNDS.get(rule.kind) or given["operator"]
        return _compared_badly(operator, comparable(value, kind), comparable(meant(given["value"], kind), kind))
    if rule.kind == "multiple_of":
        return not is_multiple(value, given["value"], kind)
    if rule.kind in ("min_length", "min_items"):
        return len(value) < given["value"]
    if rule.kind in ("max_length", "max_items"):
        return len(value) > given["value"]
    if rule.kind == "unique_items":
        present = [identity(each) for each in value if each is not None]
        return len(set(present)) < len(present)
    if rule.kind == "pattern":
        return not matches(given["value"], value)
    outside = ("values" in given or rule.kind == "enum") and identity(value) not in listed
    return outside or ("pattern" in given and not matches(given["pattern"], value))


def matches(pattern: str, value: str) -> bool:
    """As far as Python's dialect agrees once `$` is the very end and classes are ASCII."""
    return re.search(pattern.replace("$", r"\Z"), value, re.ASCII) is not None


def _compared_badly(operator: str, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if any(isinstance(each, float) and math.isnan(each) for each in (one, other)):
        return True
    return not HOLDS[operator](one, other)


def comparable(value: Any, kind: ColumnType) -> Any:
    """Numbers exactly, days and times as instants, text by its code points."""
    if isinstance(value, Decimal):
        return Fraction(value) if value.is_finite() else float(value)
    if kind.kind == "date" or (isinstance(value, date) and not isinstance(value, datetime)):
        return value and datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value


def is_multiple(value: Any, of: Any, kind: ColumnType) -> bool:
    if kind.kind not in ("float", "double"):
        return (Fraction(value) / Fraction(Decimal(str(of)))).denominator == 1
    quotient = value / of if math.isfinite(value) else math.nan
    if not math.isfinite(quotient):
        return False
    rounding = {"float": 1e-7, "double": 1e-15}[kind.kind]
    return abs(quotient - round(quotient)) <= 1e-9 + rounding * abs(quotient)


def meant(value: Any, kind: ColumnType) -> Any:
    """A value written in a contract, as one of the column's type, or of a wider one."""
    match kind.kind:
        case "float":
            return struct.unpack("f", struct.pack("f", value))[0]
        case "double":
            return float(value)
        case "decimal":
            return Decimal(str(value))
        case "int" | "long":
            return Decimal(str(value)) if isinstance(value, float) else value
        case "binary":
            return value.encode()
        case "timestamptz" | "timestamp":
            found = datetime.fromisoformat(str(value))
            found = found if found.tzinfo else found.replace(tzinfo=UTC)
            return found if kind.kind == "timestamptz" else found.astimezone(UTC).replace(tzinfo=None)
        case "date" | "time":
            return PARSERS[kind.kind](str(value))
    return value


def is_of(value: Any, kind: ColumnType) -> bool:
    """Whether a listed value could be one of the type at all."""
    if value is None or kind.kind == "string":
        return value is not None
    is_number = isinstance(value, int | float | Decimal) and not isinstance(value, bool)
    wanted = {
        "boolean": isinstance(value, bool),
        **dict.fromkeys(("int", "long", "float", "double", "decimal"), is_number),
    }
    return wanted.get(kind.kind, isinstance(value, str | date | time))


def identity(value: Any) -> Any:
    """What makes two values the same: 0.0 is -0.0, and NaN is NaN."""
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else value + 0.0
    if isinstance(value, Mapping):
        return tuple((name, identity(each)) for name, each in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return tuple(map(identity, value))
    return value


def duplicates(rule: Rule, contract: Contract, rows: Iterable[Row]) -> list[Row]:
    """All rows but the first of each key, null keys left out."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        key = tuple(identity(row[name]) for name in rule.columns)
        if None not in key:
            groups.setdefault(key, []).append(row)
    return [row for group in groups.values() for row in in_order(rule, contract, group)[1:]]


def in_order(rule: Rule, contract: Contract, rows: Sequence[Row]) -> list[Row]:
    """By the rule's `keepFirst`, then by all columns; nulls last, also inside nested values. Sorts from the last column."""
    stated = [part.split() for part in str(rule.arguments.get("keepFirst", "")).split(",") if part.strip()]
    order = [(words[0], words[-1].lower() == "desc") for words in stated] + [
        (name, False) for name in contract.column_names
    ]
    found = list(rows)
    for name, descends in reversed(order):
        kind = contract.column(name).type
        found.sort(key=lambda row, name=name, kind=kind: _rank(row[name], kind), reverse=descends)
        found.sort(key=lambda row, name=name: row[name] is None)
    return found


def _rank(value: Any, kind: ColumnType | None) -> Any:
    match value, kind:
        case None, _:
            return (1, 0)
        case float(), _:
            return (0, (1, 0.0) if math.isnan(value) else (0, value))
        case _, ColumnType(kind="struct"):
            return (0, tuple(_rank(value[name], of) for name, of in kind.fields))
        case _, ColumnType(kind="map"):
            return (0, tuple((_rank(key, kind.key), _rank(each, kind.element)) for key, each in value.items()))
        case _, ColumnType(kind="list"):
            return (0, tuple(_rank(each, kind.element) for each in value))
    return (0, value)


def orphans(rule: Rule, rows: Iterable[Row], parents: Iterable[Row]) -> list[Row]:
    """Rows whose key, of which no part is null, no parent has."""
    known = {tuple(identity(each[name]) for name in rule.arguments["columns"]) for each in parents}
    keyed = ((row, tuple(identity(row[name]) for name in rule.columns)) for row in rows)
    return [row for row, key in keyed if None not in key and key not in known]
