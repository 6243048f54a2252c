"""Partition keys as text: the one spelling shared by tables, audits, provenance and Dagster.

A day is `2026-11-08`, an hour `2026-11-08-05:00` (UTC; Dagster's own spellings), a static value itself; two keys are
joined by `|` in the contract's order. An unpartitioned dataset has the single partition `WHOLE`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from data_platform.contracts.model import Partitioning, PartitionKey

WHOLE = ""
DAY_FORMAT = "%Y-%m-%d"
HOUR_FORMAT = "%Y-%m-%d-%H:%M"
STEP = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


def split(partitioning: Partitioning, partition: str) -> tuple[str, ...]:
    """The text of each key of `partition`, in the contract's order; ValueError where it does not fit."""
    values = tuple(partition.split("|"))
    if len(values) != len(partitioning.keys):
        expected = " | ".join(key.column for key in partitioning.keys)
        raise ValueError(f"partition {partition!r} does not name exactly: {expected}")
    for key, value in zip(partitioning.keys, values, strict=True):
        if key.granularity == "static":
            if key.values and value not in key.values:
                raise ValueError(f"partition {partition!r}: {value!r} is not a value of {key.column}: {key.values}")
        else:
            start_of(key, value)
    return values


def start_of(key: PartitionKey, value: str) -> datetime:
    """The first instant (UTC) of a day or hour; ValueError where `value` is not spelt as one."""
    spelling = DAY_FORMAT if key.granularity == "day" else HOUR_FORMAT
    return datetime.strptime(value, spelling).replace(tzinfo=UTC)


def spell(key: PartitionKey, value: date | datetime | str) -> str:
    """The text of one key's value, as read from a table or a frame."""
    match key.granularity, value:
        case "static", str():
            return value
        case "day", date():
            return value.strftime(DAY_FORMAT)
        case "hour", datetime():
            instant = value.astimezone(UTC) if value.tzinfo else value
            return instant.strftime("%Y-%m-%d-%H:00")
    raise ValueError(f"{value!r} cannot be a {key.granularity} partition of {key.column}")


def ranges(key: PartitionKey, values: list[str]) -> list[tuple[datetime, datetime]]:
    """Days or hours as the fewest half-open intervals [start, end), in order."""
    step = STEP[key.granularity]
    merged: list[tuple[datetime, datetime]] = []
    for start in sorted({start_of(key, value) for value in values}):
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], start + step)
        else:
            merged.append((start, start + step))
    return merged


def latest(partitioning: Partitioning | None, partitions: Iterable[str]) -> tuple[str, ...]:
    """Those of the latest day or hour among `partitions`, in order; all of them where nothing is cut by time."""
    time = partitioning.time if partitioning else None
    if partitioning is None or time is None:
        return tuple(sorted(partitions))
    place = partitioning.keys.index(time)
    by_time: dict[str, list[str]] = {}
    for partition in sorted(partitions):
        by_time.setdefault(partition.split("|")[place], []).append(partition)
    return tuple(by_time[max(by_time)]) if by_time else ()
