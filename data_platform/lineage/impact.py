"""What was derived from some published rows: by the snapshots that were recorded, not by the graph's shape alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.lakehouse import InputRead, Lakehouse
from data_platform.lakehouse.publications import Recorded
from data_platform.lineage.graph import ROWS, Graph
from data_platform.lineage.past import Begin, Key, Past
from data_platform.lineage.reach import Reach, Reached, merged, onward

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Affected:
    """A published partition ('': the whole dataset) that was derived from what was asked about.

    Its columns by how they were: `direct` ones hold its values, perhaps transformed or aggregated; `indirect` ones were
    chosen, joined, grouped or sorted by it; `opaque` ones may be either. `steps` says how many datasets away it is.
    """

    dataset: str
    partition: str
    direct: tuple[str, ...]
    indirect: tuple[str, ...]
    opaque: tuple[str, ...]
    steps: int
    owners: tuple[str, ...]
    publication: str
    snapshot_id: int | None
    run_id: str
    at: datetime


def impact(
    lakehouse: Lakehouse,
    graph: Graph,
    contracts: Mapping[str, Contract],
    dataset: str,
    column: str = ROWS,
    partition: str | None = None,
    snapshot_id: int | None = None,
) -> list[Affected]:
    """Every partition visible now that was derived from the dataset (from a column; from a partition), the near ones first.

    With a snapshot only what was made while the rows were those of that snapshot: of the partition named, else of those
    that the snapshot's publication wrote. Without, whatever was ever published of it. What was derived in between counts
    as it was when it was read, though it may have been replaced since. Where a publication recorded no column lineage,
    the graph's counts.

    Raises LakehouseError where the snapshot is of no publication that is recorded.
    """
    past = Past(lakehouse, graph)
    begin = Begin(dataset, partition, past.written(dataset, partition, snapshot_id))
    return _derived(past, begin, contracts, column)


def _derived(past: Past, begin: Begin, contracts: Mapping[str, Contract], column: str) -> list[Affected]:
    columns = past.columns(begin.dataset)
    first = {column: Reach.DIRECT} if column != ROWS else dict.fromkeys([*columns, ROWS], Reach.DIRECT)
    reached: dict[Key, Reached] = {}
    steps: dict[Key, int] = {}
    by_key: dict[Key, Recorded] = {}
    left: deque[Key] = deque()

    def follow(reader: Recorded, read: InputRead, affected: Reached, far: int) -> None:
        key = (reader.publication, reader.partition)
        found = onward(past.lineage(reader), read.dataset, read.columns, affected)
        known = reached.get(key, {})
        if (better := merged(known, found)) != known:
            reached[key], by_key[key] = better, reader
            steps[key] = min(far, steps.get(key, far))
            left.append(key)

    for reader, read in past.readers_of(begin):
        follow(reader, read, first, 1)
    while left:
        key = left.popleft()
        made = by_key[key]
        mine = Begin(made.dataset, made.partition, {made.partition: made.publication})
        for reader, read in past.readers_of(mine):
            follow(reader, read, reached[key], steps[key] + 1)
    found = []
    for key, each in by_key.items():
        if past.is_visible(each):
            owners = contracts[each.dataset].owners if each.dataset in contracts else ()
            found.append(_affected(each, reached[key], steps[key], tuple(owners)))
    return sorted(found, key=lambda each: (each.steps, each.dataset, each.partition))


def _affected(made: Recorded, reached: Reached, steps: int, owners: tuple[str, ...]) -> Affected:
    def by(how: Reach) -> tuple[str, ...]:
        return tuple(name for name, each in reached.items() if each is how and name != ROWS)

    return Affected(
        made.dataset,
        made.partition,
        by(Reach.DIRECT),
        by(Reach.INDIRECT),
        by(Reach.OPAQUE),
        steps,
        owners,
        made.publication,
        made.snapshot_id,
        made.run_id,
        made.at,
    )
