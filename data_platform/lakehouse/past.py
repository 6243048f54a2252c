"""The past that a `history` rule is held against: what the same dataset measured before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from data_platform.contracts import Contract, Rule
from data_platform.contracts.partitions import split, start_of
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.metrics import Measurement, history
from data_platform.quality.errors import RuleError
from data_platform.quality.history import age


def past(
    lakehouse: Lakehouse, contract: Contract, rule: Rule, partitions: Sequence[str]
) -> dict[str, tuple[float, ...]]:
    """What the rule measured before, by partition, the latest first.

    Of a dataset that is cut by time: the last publication of each of the last partitions before this one, those of the
    same static value. Of any other: the last publications of the partition itself. Blocked ones do not count.
    """
    column, last = str(rule.arguments.get("column", "")), int(rule.arguments["last"])
    if column and contract.column(column).is_sensitive:
        raise RuleError(
            f"{contract.dataset}: rule {rule.name} cannot be evaluated: {column} is sensitive, so that its values are not "
            "kept; use another column, or lower its classification"
        )
    found: dict[str, tuple[float, ...]] = {}
    for measured in history(lakehouse, contract.dataset, column):
        earlier = _earlier(contract, measured)
        for partition in partitions:
            place, start = _place(contract, partition)
            chosen = [each for at, each in earlier.get(place, ()) if start is None or (at is not None and at < start)]
            found[partition] = tuple(_value(contract, column, each) for each in chosen[:last])
        if all(len(values) == last for values in found.values()):
            break
    return found


_Place = tuple[str, ...]
"""What the past is told apart by: the static values of a partition."""


def _place(contract: Contract, partition: str) -> tuple[_Place, datetime | None]:
    """The static values of a partition, and its start where it is cut by time."""
    if contract.partitioning is None:
        return (), None
    values = dict(zip(contract.partitioning.keys, split(contract.partitioning, partition), strict=True))
    time = contract.partitioning.time
    statics = tuple(value for key, value in values.items() if key is not time)
    return statics, start_of(time, values[time]) if time is not None else None


def _earlier(
    contract: Contract, measured: Sequence[Measurement]
) -> dict[_Place, list[tuple[datetime | None, Measurement]]]:
    """Measurements by place, the latest first; of each partition in time only that of its last publication."""
    found: dict[_Place, list[tuple[datetime | None, Measurement]]] = {}
    seen: set[str] = set()
    for each in measured:
        try:
            place, start = _place(contract, each.partition)
        except ValueError:  # of a contract that cut the dataset in another way
            continue
        if start is None or each.partition not in seen:
            seen.add(each.partition)
            found.setdefault(place, []).append((start, each))
    for several in found.values():
        several.sort(key=lambda item: item[0] or item[1].at, reverse=True)
    return found


def _value(contract: Contract, column: str, measured: Measurement) -> float:
    if not column:
        return float(measured.rows)
    return age(measured.newest, contract, measured.partition, measured.at)
