"""Partitions as Iceberg expressions, and Iceberg's partition records as partition keys."""

# pyright: reportCallIssue=false
# (pyiceberg's expressions are built in __new__, which the type checker does not see)

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pyiceberg.expressions import (
    AlwaysFalse,
    AlwaysTrue,
    And,
    BooleanExpression,
    EqualTo,
    GreaterThanOrEqual,
    In,
    LessThan,
    Or,
)
from pyiceberg.typedef import Record

from data_platform.contracts import Contract, PartitionKey, partitions

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rows_of(contract: Contract, wanted: Sequence[str]) -> BooleanExpression:
    """The rows of these partitions, in as few terms as they allow: neighbouring days or hours become one range."""
    if contract.partitioning is None:
        return AlwaysTrue()
    time = contract.partitioning.time
    statics = [key for key in contract.partitioning.keys if key.granularity == "static"]
    if time is None:
        return In(statics[0].column, set(wanted))
    moments: dict[str | None, list[str]] = defaultdict(list)
    for partition in wanted:
        values = dict(zip(contract.partitioning.keys, partitions.split(contract.partitioning, partition), strict=True))
        moments[values[statics[0]] if statics else None].append(values[time])
    terms: list[BooleanExpression] = []
    for value, starts in moments.items():
        for start, end in partitions.ranges(time, starts):
            since = GreaterThanOrEqual(time.column, _moment(contract, time, start))
            within: BooleanExpression = And(since, LessThan(time.column, _moment(contract, time, end)))
            terms.append(And(EqualTo(statics[0].column, value), within) if value is not None else within)
    return Or(AlwaysFalse(), AlwaysFalse(), *terms)  # a balanced tree: hundreds of terms do not recurse deeply


def partition_of(contract: Contract, record: Record) -> str:
    """The partition key of a data file, from its Iceberg partition record."""
    if contract.partitioning is None:
        return partitions.WHOLE
    keys = contract.partitioning.keys
    return "|".join(partitions.spell(key, _value(key, record[place])) for place, key in enumerate(keys))


def _value(key: PartitionKey, raw: Any) -> date | datetime | str:
    """Iceberg stores days and hours since 1970; pyiceberg shows some of them as dates."""
    match key.granularity:
        case "day" if isinstance(raw, int):
            return (EPOCH + timedelta(days=raw)).date()
        case "hour" if isinstance(raw, int):
            return EPOCH + timedelta(hours=raw)
    return raw


def _moment(contract: Contract, key: PartitionKey, moment: datetime) -> str:
    match contract.column(key.column).type.kind:
        case "date":
            return moment.date().isoformat()
        case "timestamptz":
            return moment.isoformat()
    return moment.replace(tzinfo=None).isoformat()
