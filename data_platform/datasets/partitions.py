"""A contract's partitioning as Dagster's, and their keys into each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import dagster as dg

from data_platform.contracts import Contract, Partitioning, PartitionKey
from data_platform.datasets.reads import Window


def partitions_definition(partitioning: Partitioning | None) -> dg.PartitionsDefinition | None:
    """Equal partitionings give the same object, so that Dagster compares them quickly."""
    return _definition(partitioning) if partitioning else None


@lru_cache
def _definition(partitioning: Partitioning) -> dg.PartitionsDefinition:
    definitions = {key.column: _one(key) for key in partitioning.keys}
    if len(definitions) == 1:
        return next(iter(definitions.values()))
    return dg.MultiPartitionsDefinition(definitions)


def _one(key: PartitionKey) -> dg.PartitionsDefinition:
    match key.granularity:
        case "day":
            return dg.DailyPartitionsDefinition(key.start)
        case "hour":
            return dg.HourlyPartitionsDefinition(f"{key.start}-00:00")
    return dg.StaticPartitionsDefinition(list(key.values))


def partition_mapping(how: str | Window, reader: Contract, read: Contract) -> dg.PartitionMapping | None:
    """How the reader's partitions choose those of what it reads; None where an unpartitioned dataset is read.

    Raises ValueError where the two are cut in ways that do not correspond.
    """
    if isinstance(how, Window) and not (_is_time(reader.partitioning) and _is_time(read.partitioning)):
        raise ValueError(
            f"{reader.dataset} reads a window of {read.dataset}, but a window needs both datasets partitioned by time and "
            'nothing else; use partitions="all"'
        )
    if read.partitioning is None:
        return None
    if how == "all" or reader.partitioning is None:
        return dg.AllPartitionMapping()
    if isinstance(how, Window):
        return dg.TimeWindowPartitionMapping(
            start_offset=1 - how.length, end_offset=0, allow_nonexistent_upstream_partitions=True
        )
    mine, theirs = reader.partitioning.keys, read.partitioning.keys
    if len(mine) == len(theirs) == 1 and "static" not in (mine[0].granularity, theirs[0].granularity):
        return dg.TimeWindowPartitionMapping()
    if _cut(mine) == _cut(theirs):
        return dg.IdentityPartitionMapping()
    if len(mine) != len(theirs):
        several, one = (mine, theirs) if len(mine) > 1 else (theirs, mine)
        for key in several:
            if _cut([key]) == _cut(one):
                return dg.MultiToSingleDimensionPartitionMapping(key.column)
    raise ValueError(
        f"{reader.dataset} is partitioned by {' x '.join(map(_spelt, mine))} but {read.dataset} by "
        f'{" x ".join(map(_spelt, theirs))}, which do not correspond; use partitions="all"'
    )


def _is_time(partitioning: Partitioning | None) -> bool:
    return partitioning is not None and len(partitioning.keys) == 1 and partitioning.time is not None


def _cut(keys: Sequence[PartitionKey]) -> list[tuple[object, ...]]:
    """What must be equal for two cuts to correspond: not where they start, nor, where there is one, its column."""
    named = len(keys) > 1
    return sorted((key.column if named else "", key.granularity, tuple(sorted(key.values))) for key in keys)


def _spelt(key: PartitionKey) -> str:
    return f"{key.column} ({key.granularity})"


def partitions_read(
    mapping: dg.PartitionMapping | None, reader: Contract, keys: Sequence[str], read: Contract
) -> tuple[str, ...] | None:
    """The partitions (in the contract's spelling) that these of the reader (in Dagster's) are made from; None for all.

    The mapping is the very object that Dagster plans backfills with."""
    if mapping is None or isinstance(mapping, dg.AllPartitionMapping):
        return None
    mine, theirs = partitions_definition(reader.partitioning), partitions_definition(read.partitioning)
    assert mine is not None and theirs is not None
    wanted = mine.subset_with_partition_keys(keys)
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(wanted, mine, theirs).partitions_subset
    return to_contract(read, found.get_partition_keys())


def to_contract(contract: Contract, keys: Iterable[str]) -> tuple[str, ...]:
    """Dagster's partition keys in the contract's spelling: several keys in the contract's order, not by name."""
    if contract.partitioning is None or len(contract.partitioning.keys) == 1:
        return tuple(keys)
    order = _places(contract.partitioning)
    return tuple("|".join(parts[place] for place in order) for parts in (key.split("|") for key in keys))


def to_dagster(contract: Contract, partition: str) -> str:
    """A partition in Dagster's spelling: several keys in the order of their names."""
    if contract.partitioning is None or len(contract.partitioning.keys) == 1:
        return partition
    named = dict(zip(contract.partitioning.columns, partition.split("|"), strict=True))
    return "|".join(named[name] for name in sorted(named))


def range_tags(first: str, last: str) -> dict[str, str]:
    """What a run is tagged with that is of all partitions from one to another, as Dagster spells them."""
    return {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last}


def _places(partitioning: Partitioning) -> list[int]:
    by_name = sorted(partitioning.columns)
    return [by_name.index(column) for column in partitioning.columns]
