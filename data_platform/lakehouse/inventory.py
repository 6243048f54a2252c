"""What is published of a dataset, from Iceberg's metadata alone: no data file is opened."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.filters import partition_of
from data_platform.lakehouse.provenance import EMPTY, read_properties
from data_platform.lakehouse.quarantine import quarantine_contract

FILES = 3
"""How many of the files that a publication read are named."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One publication as its table remembers it."""

    snapshot_id: int
    published_at: datetime
    run_id: str
    contract_version: str
    partitions: tuple[str, ...]
    inputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What there is of one dataset now. `partitions` are the published ones, those without rows included."""

    rows: int = 0
    bytes: int = 0
    files: int = 0
    partitions: tuple[str, ...] = ()
    quarantined: int = 0
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def published_at(self) -> datetime | None:
        return self.snapshots[0].published_at if self.snapshots else None


def inventory(lakehouse: Lakehouse, contract: Contract, *, history: int = 5) -> Inventory:
    """The dataset's current content and its last publications, newest first; empty where it was never published."""
    table = lakehouse.existing_table(contract.dataset)
    if table is None or table.current_snapshot() is None:
        return Inventory()
    rows = size = files = 0
    partitions = {key.removeprefix(EMPTY) for key in table.properties if key.startswith(EMPTY)}
    for task in table.scan().plan_files():
        rows, size, files = rows + task.file.record_count, size + task.file.file_size_in_bytes, files + 1
        partitions.add(partition_of(contract, task.file.partition))
    snapshots, seen = [], set[str]()
    for snapshot in reversed(table.metadata.snapshots):
        known = read_properties(snapshot.summary.additional_properties if snapshot.summary else {})
        publication = known.get("publication", str(snapshot.snapshot_id))
        if publication not in seen:  # one publication is a delete and an append
            seen.add(publication)
            snapshots.append(
                Snapshot(
                    snapshot.snapshot_id,
                    datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC),
                    known.get("run-id", ""),
                    known.get("contract-version", ""),
                    tuple(json.loads(known.get("partitions", "[]"))),
                    (*_datasets_read(known), *_files_read(known)),
                )
            )
        if len(snapshots) == history:
            break
    beside = lakehouse.existing_table(quarantine_contract(contract).dataset)
    current = beside.current_snapshot() if beside is not None else None
    waiting = int((current.summary or {}).get("total-records") or 0) if current is not None and current.summary else 0
    return Inventory(rows, size, files, tuple(sorted(partitions)), waiting, tuple(snapshots))


def _datasets_read(known: Mapping[str, str]) -> list[str]:
    return [f"{each['dataset']}@{each['snapshot']}" for each in json.loads(known.get("inputs", "[]"))]


def _files_read(known: Mapping[str, str]) -> list[str]:
    """The files from outside, the first few by name."""
    files = [f"{each['name']} ({each['sha256'][:8]})" for each in json.loads(known.get("files", "[]"))]
    left = int(known.get("file-count", 0)) - FILES
    return files[:FILES] + ([f"and {left:,} more files"] if left > 0 else [])
