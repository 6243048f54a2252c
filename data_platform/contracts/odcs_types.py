"""ODCS types as ours: `logicalType` decides; `physicalType` and `format` only say how wide it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from data_platform.contracts.formats import BOUNDS, PATTERNS
from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.report import Report
from data_platform.contracts.types import ColumnType
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaProperty

UNKNOWN = ColumnType("unknown")
"""Stands for a type that was reported; no rule is checked against it, and no contract is built with it."""

PLAIN: dict[str, str] = {  # logicalType -> our type, where nothing narrows it
    "string": "string",
    "integer": "long",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "timestamp": "timestamp",
}
NARROWED: dict[tuple[str, str], str] = {  # (logicalType, physicalType in lower case) -> our type
    ("string", "binary"): "binary",
    ("string", "bytes"): "binary",
    ("integer", "int"): "int",
    ("integer", "int32"): "int",
    ("integer", "integer"): "int",
    ("number", "float"): "float",
    ("number", "real"): "float",
    ("timestamp", "timestamptz"): "timestamptz",
    ("timestamp", "timestamp with time zone"): "timestamptz",
}
FORMATS: dict[str, str] = {  # logicalTypeOptions.format -> our type; what is not here does not fit any
    **dict.fromkeys(("i8", "u8", "i16", "u16", "i32"), "int"),
    **dict.fromkeys(("u32", "i64"), "long"),
    "u64": "decimal",
    "f32": "float",
    "f64": "double",
}
_DECIMAL = re.compile(r"(?:decimal|numeric)\s*(\(.*\))?", re.IGNORECASE)
_PRECISION = re.compile(r"\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)")
MOST_DIGITS = 38


def column_type(report: Report, path: Path, prop: SchemaProperty) -> ColumnType:
    """The type of a column, list item, map part or field; UNKNOWN where it was reported."""
    logical = prop.logicalType
    match logical:
        case "array":
            return _list(report, path, prop)
        case "object":
            return _struct(report, path, prop)
        case "map":
            return _map(report, path, prop)
        case str() if logical in PLAIN:
            return _primitive(report, path, prop, logical)
        case None:
            report.add("C403", (*path, "logicalType"), "no `logicalType`", "say what the values are")
        case _:
            fix = did_you_mean(logical, (*PLAIN, "array", "object", "map"))
            report.add("C403", (*path, "logicalType"), f"`{logical}` is not supported", fix)
    return UNKNOWN


def _primitive(report: Report, path: Path, prop: SchemaProperty, logical: str) -> ColumnType:
    options = prop.logicalTypeOptions or {}
    physical = " ".join((prop.physicalType or "").lower().split())
    if logical == "number" and (decimal := _DECIMAL.fullmatch(physical)):
        return _decimal(report, (*path, "physicalType"), decimal[1] or "")
    if logical in ("integer", "number") and isinstance(spelling := options.get("format"), str):
        if spelling not in FORMATS:
            at = (*path, "logicalTypeOptions", "format")
            report.add("C403", at, f"no type holds every {spelling}", f"use one of {', '.join(FORMATS)}")
        kind = FORMATS.get(spelling, "unknown")
        return ColumnType(kind, precision=20) if kind == "decimal" else ColumnType(kind)
    if logical == "timestamp" and options.get("timezone") is True:
        return ColumnType("timestamptz")
    return ColumnType(NARROWED.get((logical, physical), PLAIN[logical]))


def _decimal(report: Report, path: Path, digits: str) -> ColumnType:
    match = _PRECISION.fullmatch(digits)
    precision, scale = (int(match[1]), int(match[2] or 0)) if match else (0, 0)
    if 1 <= precision <= MOST_DIGITS and scale <= precision:
        return ColumnType("decimal", precision=precision, scale=scale)
    what = f"decimal{digits}" if digits else "a decimal without digits"
    report.add("C404", path, f"{what} is not a type", f"write decimal(precision, scale), precision 1 to {MOST_DIGITS}")
    return UNKNOWN


def _list(report: Report, path: Path, prop: SchemaProperty) -> ColumnType:
    if prop.items is None:
        report.add("C403", path, "an array says what it holds", "add `items` with a `logicalType`")
        return UNKNOWN
    return ColumnType("list", element=_part(report, (*path, "items"), prop.items))


def _map(report: Report, path: Path, prop: SchemaProperty) -> ColumnType:
    if prop.map is None or prop.map.value is None:
        report.add("C403", path, "a map says what it holds", "add `map` with `key` and `value`")
        return UNKNOWN
    key = ColumnType("string") if prop.map.key is None else _part(report, (*path, "map", "key"), prop.map.key)
    return ColumnType("map", key=key, element=_part(report, (*path, "map", "value"), prop.map.value))


def _struct(report: Report, path: Path, prop: SchemaProperty) -> ColumnType:
    if not prop.properties:
        report.add("C403", path, "an object says what it holds", "add `properties`")
        return UNKNOWN
    fields: dict[str, ColumnType] = {}
    for position, part in enumerate(prop.properties):
        at = (*path, "properties", position)
        if (name := part.name or "") in fields:
            report.add("C402", at, f"the field `{name}` is named twice", "remove or rename one of them")
        fields[name] = _part(report, at, part)
    return ColumnType("struct", fields=tuple(fields.items()))


TYPE_OPTIONS = frozenset({"format", "timezone", "defaultTimezone"})
"""Options that are part of a type, or documentation; all others are promises about values."""
PROMISES = (
    "required",
    "unique",
    "primaryKey",
    "partitioned",
    "enum",
    "quality",
    "relationships",
    "classification",
    "customProperties",
)


def _part(report: Report, path: Path, prop: SchemaProperty) -> ColumnType:
    """The type of a part of a nested column, which cannot promise more than its type."""
    options = [
        ("logicalTypeOptions", name)
        for name, value in (prop.logicalTypeOptions or {}).items()
        if name not in TYPE_OPTIONS or value in (*PATTERNS, *BOUNDS)
    ]
    for place in [*((name,) for name in PROMISES if getattr(prop, name)), *options]:
        message = f"`{place[-1]}` of a nested field is not audited by this version"
        report.add("C405", (*path, *place), message, "promise it of a column, or with a `sql` rule")
    return column_type(report, path, prop)
