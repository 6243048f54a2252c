"""Which wider type holds values, and how a contract writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from data_platform.contracts import Column, ColumnType
from data_platform.contracts.as_odcs import LOGICAL
from data_platform.contracts.edit import put, remove
from data_platform.contracts.odcs_types import FORMATS
from data_platform.drift.rows import Rows
from data_platform.drift.written import Written
from data_platform.quality.conform import SPELT

MOST_DIGITS = 38
_NUMBER = re.compile(r"\s*[+-]?0*(\d*)(?:\.(\d*?)0*)?\s*")
CAME: dict[str, str] = {  # DuckDB's type of a column that came -> ours, where no value has to be looked at
    **dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT", "INTEGER"), "int"),
    **dict.fromkeys(("BIGINT", "UINTEGER"), "long"),
    "FLOAT": "float",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), "timestamp"),
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "BLOB": "binary",
}
SPELLINGS = ("long", "double", "date", "timestamp", "boolean")
"""What text is tried as, in this order."""


def decimal_for(texts: Sequence[str], least: ColumnType | None = None) -> ColumnType | None:
    """The smallest decimal type for numbers in texts, and for what `least` holds already; None where there is none."""
    whole, scale = (least.precision - least.scale, least.scale) if least else (0, 0)
    for text in texts:
        found = _NUMBER.fullmatch(text)
        if found is None:
            return None
        whole, scale = max(whole, len(found[1])), max(scale, len(found[2] or ""))
    precision = max(whole + scale, 1)
    return ColumnType("decimal", precision, scale) if precision <= MOST_DIGITS else None


def wider(kind: ColumnType, texts: Sequence[str]) -> Iterator[ColumnType]:
    """The types that hold all values of a type and maybe these too, the closest first."""
    match kind.kind:
        case "int":
            yield ColumnType("long")
            yield from filter(None, [decimal_for(texts, ColumnType("decimal", 10, 0))])
        case "long":
            yield from filter(None, [decimal_for(texts, ColumnType("decimal", 19, 0))])
        case "float":
            yield ColumnType("double")
        case "decimal":
            yield from filter(None, [decimal_for(texts, kind)])
        case "date":
            yield ColumnType("timestamp")


def widened(rows: Rows, column: Column) -> ColumnType | None:
    """The closest wider type that every value that came fits."""
    texts = rows.lost_texts(column.name)
    return next((kind for kind in wider(column.type, texts) if rows.fits(replace(column, type=kind))), None)


def of_new(rows: Rows, name: str) -> ColumnType | None:
    """The type of a column nobody knows, by the type it came with or how its text is spelt; None for a nested one."""
    came = rows.came[name]
    if came in CAME:
        return ColumnType(CAME[came])
    if came.startswith("DECIMAL"):
        precision, scale = map(int, re.findall(r"\d+", came))
        return ColumnType("decimal", precision, scale)
    if came in ("UBIGINT", "HUGEINT", "UHUGEINT"):
        return ColumnType("decimal", MOST_DIGITS, 0)
    if came.endswith("]") or came.startswith(("STRUCT", "MAP", "UNION")):
        return None
    texts = rows.texts(name) if came == "VARCHAR" else []
    if not texts or any(
        re.fullmatch(r"[+-]?0\d+", each) for each in texts
    ):  # 00123 names something, and counts nothing
        return ColumnType("string")
    for kind in SPELLINGS:
        if all(re.fullmatch(SPELT[kind], each.strip()) for each in texts):
            if kind == "double" and (exact := decimal_for(texts)):
                return exact
            made = ColumnType(kind)
            if rows.fits(Column(name, made)):
                return made
    return ColumnType("string")


def physical(kind: ColumnType) -> tuple[str, str]:
    """A plain type's logicalType, and its physicalType where that is needed."""
    return ("number", str(kind)) if kind.kind == "decimal" else LOGICAL[kind.kind]


def retyped(text: str, written: Written, column: str, kind: ColumnType) -> str:
    """The contract's text with another type of a column."""
    place, (logical, narrowed) = written.place(column), physical(kind)
    if written.at(*place, "logicalType") != logical:
        text = put(text, (*place, "logicalType"), logical)
    if written.at(*place, "logicalTypeOptions", "format") in FORMATS:
        options = written.at(*place, "logicalTypeOptions")
        text = remove(
            text, (*place, *(("logicalTypeOptions", "format") if len(options) > 1 else ("logicalTypeOptions",)))
        )
    if narrowed:
        return put(text, (*place, "physicalType"), narrowed, after="logicalType")
    return remove(text, (*place, "physicalType")) if written.at(*place, "physicalType") else text
