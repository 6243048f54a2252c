"""Which publication's rows one sees of each partition, now or in an earlier snapshot."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot, ancestors_of

if TYPE_CHECKING:
    from data_platform.lakehouse.publications import Recorded

Ordered = dict[str, list[tuple[int, "Recorded"]]]
"""By partition, its publications from the earliest on, each with the place of its snapshot in a line."""


def visible(table: Table | None, records: Iterable[Recorded], snapshot_id: int | None = None) -> Mapping[str, Recorded]:
    """By partition, the one of these records (all of the table's dataset) whose rows a snapshot shows; None: the current."""
    return Visible(table, records).all(snapshot_id)


class Visible:
    """The same for whoever asks about many snapshots of one table.

    Snapshots that are kept are in the order in which they were committed; expired ones are older than all of them, and
    in the order of the records. What was rolled back is not seen. Nothing is where it cannot be said any more which
    publications the snapshot is of.
    """

    def __init__(self, table: Table | None, records: Iterable[Recorded]):
        self._table = table
        self._records = [each for each in records if each.published]
        self._kept = {each.snapshot_id for each in table.metadata.snapshots} if table is not None else set()
        current = table.current_snapshot() if table is not None else None
        self._line = self._line_to(current)
        self._ordered = self._order(self._line, self._records)
        self._now = self._line[current.snapshot_id] if current else None
        self._first = min((of[0][0] for of in self._ordered.values()), default=None)
        self._elsewhere: dict[int | None, dict[str, Recorded]] = {}

    def all(self, snapshot_id: int | None = None) -> Mapping[str, Recorded]:
        if self._place(snapshot_id) is None:
            return self._aside(snapshot_id)
        found = {name: self.of(name, snapshot_id) for name in self._ordered}
        return {name: each for name, each in found.items() if each is not None}

    def of(self, partition: str, snapshot_id: int | None = None) -> Recorded | None:
        place = self._place(snapshot_id)
        if place is None:
            return self._aside(snapshot_id).get(partition)
        mine = self._ordered.get(partition, [])
        before = bisect_right(mine, place, key=lambda each: each[0])
        return mine[before - 1][1] if before else None

    def any(self, snapshot_id: int | None = None) -> bool:
        """Whether anything is known of what the snapshot shows."""
        place = self._place(snapshot_id)
        if place is None:
            return bool(self._aside(snapshot_id))
        return self._first is not None and self._first <= place

    def _place(self, snapshot_id: int | None) -> int | None:
        """Where the snapshot is among those that led to the current one; None where it is not."""
        return self._now if snapshot_id is None else self._line.get(snapshot_id)

    def _aside(self, snapshot_id: int | None) -> dict[str, Recorded]:
        """What a snapshot shows that was rolled back, or has expired."""
        if snapshot_id not in self._elsewhere:
            self._elsewhere[snapshot_id] = self._look_aside(snapshot_id)
        return self._elsewhere[snapshot_id]

    def _look_aside(self, snapshot_id: int | None) -> dict[str, Recorded]:
        if self._table is None or snapshot_id is None:
            return {}
        records, line = self._records, self._line_to(self._table.snapshot_by_id(snapshot_id))
        if not line:  # expired
            last = next((each for each in records if each.snapshot_id == snapshot_id), None)
            if last is None:
                return {}
            records = [each for each in records if each.snapshot_id not in self._kept and each.at <= last.at]
        return {name: of[-1][1] for name, of in self._order(line, records).items()}

    def _line_to(self, snapshot: Snapshot | None) -> dict[int, int]:
        """The snapshots that led to this one, each with its place; 0 is for those that are not kept."""
        if self._table is None or snapshot is None:
            return {}
        line = [each.snapshot_id for each in ancestors_of(snapshot, self._table.metadata)]
        return {each: place for place, each in enumerate(reversed(line), 1)}

    def _order(self, line: Mapping[int, int], records: Iterable[Recorded]) -> Ordered:
        found: Ordered = {}
        for each in sorted(records, key=lambda each: (line.get(each.snapshot_id or 0, 0), each.at)):
            if each.snapshot_id in line or each.snapshot_id not in self._kept:
                found.setdefault(each.partition, []).append((line.get(each.snapshot_id or 0, 0), each))
        return found
