"""DuckDB's types, by which Parquet and JSON come with types of their own, as types of a contract."""

from __future__ import annotations

import re

from data_platform.contracts import ColumnType
from data_platform.contracts.types import PRIMITIVES

KINDS: dict[str, ColumnType] = {
    **{sql: ColumnType(kind) for kind, sql in PRIMITIVES.items()},
    **dict.fromkeys(("TINYINT", "SMALLINT", "UTINYINT", "USMALLINT"), ColumnType("int")),
    "UINTEGER": ColumnType("long"),
    "UBIGINT": ColumnType("decimal", 20, 0),
    "HUGEINT": ColumnType("decimal", 38, 0),
    **dict.fromkeys(("TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"), ColumnType("timestamp")),
}
TEXT = ColumnType("string")


def column_type(spelt: str) -> ColumnType:
    """The contract's type for a DuckDB type as it is spelt; what no contract has (UUID, JSON, ENUM, ...) is text."""
    if found := KINDS.get(spelt):
        return found
    if sized := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", spelt):
        return ColumnType("decimal", int(sized[1]), int(sized[2]))
    if listed := re.fullmatch(r"(.*)\[\d*\]", spelt, re.DOTALL):
        return ColumnType("list", element=column_type(listed[1]))
    if spelt.startswith("MAP(") and spelt.endswith(")"):
        key, value = _parts(spelt[4:-1])
        return ColumnType("map", key=column_type(key), element=column_type(value))
    if spelt.startswith("STRUCT(") and spelt.endswith(")"):
        return ColumnType("struct", fields=tuple(map(_field, _parts(spelt[7:-1]))))
    return TEXT


def _field(spelt: str) -> tuple[str, ColumnType]:
    if quoted := re.match(r'"((?:[^"]|"")*)" (.*)', spelt, re.DOTALL):
        return quoted[1].replace('""', '"'), column_type(quoted[2])
    name, _, kind = spelt.partition(" ")
    return name, column_type(kind)


def _parts(spelt: str) -> list[str]:
    """What stands between the commas that are in no parentheses and no quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for at, character in enumerate(spelt):
        quoted ^= character == '"'
        depth += 0 if quoted else (character == "(") - (character == ")")
        if character == "," and not quoted and not depth:
            parts.append(spelt[start:at].strip())
            start = at + 1
    return [*parts, spelt[start:].strip()]
