"""Which publication's rows one sees of each partition, now or in an earlier snapshot."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyiceberg.table import Table
from pyiceberg.table.snapshots import ancestors_of

if TYPE_CHECKING:
    from data_platform.lakehouse.publications import Recorded


def visible(table: Table | None, records: Iterable[Recorded], snapshot_id: int | None = None) -> dict[str, Recorded]:
    """By partition, the one of these records (all of the table's dataset) whose rows a snapshot shows; None: the current.

    Snapshots that are kept are in the order in which they were committed; expired ones are older than all of them, and
    in the order of the records. What was rolled back is not seen. Nothing where it cannot be said any more which
    publications the snapshot is of.
    """
    records = [each for each in records if each.published]
    if table is None:
        return {}
    kept = {each.snapshot_id for each in table.metadata.snapshots}
    shown = table.current_snapshot() if snapshot_id is None else table.snapshot_by_id(snapshot_id)
    line = {each.snapshot_id: each.sequence_number or 0 for each in ancestors_of(shown, table.metadata)}
    if shown is None:  # expired, or of a table without any
        last = next((each for each in records if each.snapshot_id == snapshot_id), None)
        if last is None:
            return {}
        records = [each for each in records if each.snapshot_id not in kept and each.at <= last.at]
    found: dict[str, Recorded] = {}
    for each in sorted(records, key=lambda each: (line.get(each.snapshot_id or 0, 0), each.at)):
        if each.snapshot_id in line or each.snapshot_id not in kept:
            found[each.partition] = each
    return found
