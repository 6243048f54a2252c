"""Keys of a dataset: the columns its rows are told apart by, and those its partitions are cut by."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from data_platform.contracts.model import Column, Partitioning, PartitionKey
from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.properties import Given
from data_platform.contracts.report import Report
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaProperty

GRANULARITIES: dict[str, tuple[str, ...]] = {  # granularity -> the column kinds it can cut
    "day": ("date", "timestamp", "timestamptz"),
    "hour": ("timestamp", "timestamptz"),
    "static": ("string",),
}
VALUE = re.compile(r"[^|,/\x00-\x1f]+")
"""What a static partition may be called: keys are joined by `|`, listed with `,` and used as folders."""


@dataclass(frozen=True, slots=True)
class Part:
    """One column's part in a key, and its position there (None: the order of the columns)."""

    column: str
    position: int | None
    path: Path


def in_order(report: Report, parts: list[Part], key: str) -> tuple[str, ...]:
    """The columns of a key, by position; all positions are given, or none."""
    taken: dict[int, str] = {}
    given = [part for part in parts if part.position is not None]
    for part in given:
        if part.position in taken:
            message = f"position {part.position} in the {key} key is taken by `{taken[part.position]}`"
            report.add("C706", part.path, message, "number the columns 1, 2, ...")
        taken[part.position or 0] = part.column
    if given and len(given) < len(parts):
        missing = next(part for part in parts if part.position is None)
        report.add("C706", missing.path, f"no position in the {key} key", "give every column of the key one, or none")
    return tuple(part.column for part in sorted(parts, key=lambda part: part.position or 0))


def primary_part(report: Report, path: Path, prop: SchemaProperty) -> Part | None:
    """A column's part in the primary key."""
    at = (*path, "primaryKeyPosition")
    position = _position(prop.primaryKeyPosition)
    if prop.primaryKey:
        return Part(prop.name or "", position, at)
    if position is not None:
        report.add("C706", at, "a position in the primary key, but no `primaryKey: true`", "add `primaryKey: true`")
    return None


def partition_part(report: Report, path: Path, prop: SchemaProperty, by: Given | None) -> Part | None:
    """A column's part in the partitioning, which takes both the standard's `partitioned` and our `partitionBy`."""
    at = (*path, "partitionKeyPosition")
    position = _position(prop.partitionKeyPosition)
    if prop.partitioned and by is not None:
        return Part(prop.name or "", position, at)
    if prop.partitioned:
        fix = "add the customProperty `partitionBy: {granularity: day, start: 2026-10-01}`"
        report.add("C701", (*path, "partitioned"), "partitioned, but nothing says by what", fix)
    elif by is not None or position is not None:
        what = "`partitionBy`" if by is not None else "a partition key's position"
        report.add("C701", by.path if by else at, f"{what}, but no `partitioned: true`", "add `partitioned: true`")
    return None


def _position(value: int | None) -> int | None:
    return None if value is None or value < 0 else value


def partition_key(report: Report, column: Column, by: Given) -> PartitionKey | None:
    """How one column cuts the dataset, as `partitionBy` says; None where it was reported."""
    value: Any = by.value
    known = ("granularity", "start", "values")
    if not isinstance(value, dict):
        report.add("C702", by.path, "`partitionBy` is a mapping", "write {granularity: day, start: 2026-10-01}")
        return None
    for key in value:
        if key not in known:
            report.add("C702", (*by.path, key), f"`partitionBy` does not know `{key}`", did_you_mean(str(key), known))
    granularity = value.get("granularity")
    if not isinstance(granularity, str) or granularity not in GRANULARITIES:
        fix = did_you_mean(str(granularity), GRANULARITIES)
        report.add("C702", (*by.path, "granularity"), f"unknown granularity {granularity!r}", fix)
        return None
    kinds = GRANULARITIES[granularity]
    if column.type.kind not in (*kinds, "unknown"):
        message = f"`{column.name}` is a {column.type}; {granularity} partitions need {' or '.join(kinds)}"
        report.add("C702", (*by.path, "granularity"), message, "change the granularity, or cut by another column")
    if granularity == "static":
        return PartitionKey(column.name, granularity, values=_values(report, value, by.path))
    return PartitionKey(column.name, granularity, start=_start(report, value, by.path, granularity))


def _values(report: Report, value: dict[str, Any], path: Path) -> tuple[str, ...]:
    values = value.get("values")
    if "start" in value:
        report.add("C703", (*path, "start"), "static partitions have no start", "remove it")
    if not isinstance(values, list) or not values:
        report.add("C704", (*path, "values"), "static partitions need their values", "add `values: [...]`")
        return ()
    for at, item in enumerate(values):
        if not isinstance(item, str) or not VALUE.fullmatch(item) or ".." in item:
            fix = "use text without | , / and .." if isinstance(item, str) else "quote it"
            report.add("C704", (*path, "values", at), f"{item!r} cannot name a partition", fix)
        elif item in values[:at]:
            report.add("C704", (*path, "values", at), f"{item!r} is given twice", "remove one of them")
    return tuple(map(str, values))


def _start(report: Report, value: dict[str, Any], path: Path, granularity: str) -> str:
    start = value.get("start")
    if "values" in value:
        report.add("C704", (*path, "values"), f"{granularity} partitions have no values", "remove them")
    try:
        return date.fromisoformat(start if isinstance(start, str) and len(start) == 10 else "").isoformat()
    except ValueError:
        what = "no `start`" if start is None else f"{start!r} is not a day"
        report.add(
            "C703", (*path, "start"), f"{what}: {granularity} partitions begin somewhere", "write start: 2026-10-01"
        )
        return ""


def partitioning(report: Report, schema: Path, keys: Iterable[PartitionKey | None]) -> Partitioning | None:
    """The partitioning by `keys`: one, or a time key and a static key."""
    usable = tuple(key for key in keys if key is not None)
    times = [key.column for key in usable if key.granularity != "static"]
    statics = [key.column for key in usable if key.granularity == "static"]
    for kind, columns in (("time", times), ("static", statics)):
        if len(columns) > 1:
            message = f"{len(columns)} {kind} partition keys: {', '.join(columns)}"
            report.add("C705", (*schema, "properties"), message, "keep one time key and at most one static key")
    return Partitioning(usable) if usable else None
