"""Reading: which files of which snapshot hold the columns and partitions asked for. Engines then read those files."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform.contracts import Column, Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import LakehouseError, MissingPartitions
from data_platform.lakehouse.provenance import BLOCKED, EMPTY, InputRead

if TYPE_CHECKING:
    from pyiceberg.table import Table
    from pyiceberg.table.snapshots import Snapshot


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """Exactly what to read. `rows` and `bytes` come from Iceberg's metadata; `partitions` are those that exist, and
    `placed` says which of them each file is of. `blocked` are those asked for whose last publication a rule forbade, so
    that what is read of them is older; none where an older snapshot was asked for.
    """

    dataset: str
    columns: tuple[Column, ...]
    files: tuple[str, ...]
    snapshot_id: int | None
    partitions: tuple[str, ...]
    rows: int
    bytes: int
    blocked: tuple[str, ...] = ()
    placed: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [column.name for column in self.columns]

    def files_of(self, partitions: Collection[str]) -> tuple[str, ...]:
        """The files of some of the partitions."""
        return tuple(file for file, place in zip(self.files, self.placed, strict=True) if place in partitions)

    @property
    def trace(self) -> InputRead:
        return InputRead(self.dataset, self.snapshot_id, self.partitions, tuple(self.names))


def plan_read(
    lakehouse: Lakehouse,
    contract: Contract,
    columns: Sequence[str] = (),
    partitions: Sequence[str] | None = None,
    at: int | str | None = None,
    *,
    allow_missing: bool = False,
) -> ReadPlan:
    """Plan a read of `columns` (none: all) of `partitions` (None: every one there is).

    `at` is a snapshot id, a tag or a branch; None is the current snapshot.
    Raises MissingPartitions where a partition was never published and `allow_missing` is false.
    """
    from data_platform.lakehouse.filters import partition_of, rows_of  # pyiceberg: a second to import

    wanted = tuple(contract.column(name) for name in columns) if columns else contract.columns
    table = lakehouse.existing_table(contract.dataset)
    snapshot = _snapshot(table, contract, at) if table is not None else None
    if table is None or snapshot is None:
        if allow_missing:
            return ReadPlan(contract.dataset, wanted, (), None, (), 0, 0)
        raise MissingPartitions(contract.dataset, tuple(partitions or ()))
    scan = table.scan(snapshot_id=snapshot.snapshot_id)
    if partitions is not None and contract.partitioning is not None:
        scan = scan.filter(rows_of(contract, partitions))
    files, placed, rows, size = [], [], 0, 0
    for task in scan.plan_files():
        if task.delete_files:
            raise LakehouseError(
                f"{contract.dataset}: {task.file.file_path} has row-level deletes (another writer made them); "
                "compact the table with that writer before reading it here."
            )
        files.append(task.file.file_path)
        placed.append(partition_of(contract, task.file.partition))
        rows, size = rows + task.file.record_count, size + task.file.file_size_in_bytes
    found = set(placed) if contract.partitioning is not None else set()
    if contract.partitioning is not None and partitions is not None:
        found |= {partition for partition in partitions if f"{EMPTY}{partition}" in table.properties}
        missing = tuple(sorted(set(partitions) - found))
        if missing and not allow_missing:
            raise MissingPartitions(contract.dataset, missing)
    return ReadPlan(
        contract.dataset,
        wanted,
        tuple(files),
        snapshot.snapshot_id,
        tuple(sorted(found)),
        rows,
        size,
        _blocked(table, contract, partitions) if at is None else (),
        tuple(placed),
    )


def _blocked(table: Table, contract: Contract, partitions: Sequence[str] | None) -> tuple[str, ...]:
    marked = {key.removeprefix(BLOCKED) for key in table.properties if key.startswith(BLOCKED)}
    asked = marked if partitions is None or contract.partitioning is None else marked.intersection(partitions)
    return tuple(sorted(asked))


def _snapshot(table: Table, contract: Contract, at: int | str | None) -> Snapshot | None:
    if at is None:
        return table.current_snapshot()
    found = table.snapshot_by_id(at) if isinstance(at, int) else table.snapshot_by_name(at)
    if found is None:
        raise LakehouseError(
            f"{contract.dataset} has no snapshot or tag {at!r}; it has snapshots "
            f"{[each.snapshot_id for each in table.metadata.snapshots[-5:]]} and refs {sorted(table.metadata.refs)}"
        )
    return found
