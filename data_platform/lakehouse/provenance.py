"""The trace a publication leaves in its Iceberg snapshot: who wrote it, from what, under which contract."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "data-platform."
EMPTY = f"{PREFIX}empty."
"""Table property per published partition without rows: Iceberg has no file to remember it by."""
BLOCKED = f"{PREFIX}blocked."
"""Table property per partition whose last publication was blocked: the rows there are those of an earlier one."""


@dataclass(frozen=True, slots=True)
class InputRead:
    """One input as it was actually read: dataset, snapshot, partitions (empty: all) and columns.

    `by_partition` says of a produced partition which of `partitions` it is made from; one that it does not name is made
    from all of them.
    """

    dataset: str
    snapshot_id: int | None
    partitions: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    by_partition: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file from outside as it was actually read: its name, size and SHA-256 ('' where it was not taken)."""

    name: str
    size: int
    sha256: str = ""


REPLAY = "replay"
"""The `engine` of rows that came back from quarantine: their own dataset and its quarantine are what they were made from."""
NAMED = 1000
"""How many files are named: Iceberg rewrites its metadata with every commit."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where rows come from. `run_id` and `step` are the orchestrator's; `code_version` is the producer's own, `revision`
    that of the whole project (git's); `lineage` is the column lineage as an OpenLineage facet in JSON, '' where unknown.
    """

    run_id: str = ""
    code_version: str = ""
    engine: str = ""
    inputs: tuple[InputRead, ...] = ()
    files: tuple[FileRead, ...] = ()
    step: str = ""
    revision: str = ""
    lineage: str = ""

    def properties(self) -> dict[str, str]:
        """As Iceberg snapshot properties (all text)."""
        inputs = [
            {
                "dataset": each.dataset,
                "snapshot": each.snapshot_id,
                "partitions": list(each.partitions),
                "columns": list(each.columns),
            }
            for each in self.inputs
        ]
        known = {
            f"{PREFIX}run-id": self.run_id,
            f"{PREFIX}code-version": self.code_version,
            f"{PREFIX}engine": self.engine,
            f"{PREFIX}step": self.step,
            f"{PREFIX}revision": self.revision,
            f"{PREFIX}inputs": json.dumps(inputs, separators=(",", ":")),
        }
        if self.files:
            files = [{"name": each.name, "size": each.size, "sha256": each.sha256} for each in self.files[:NAMED]]
            known[f"{PREFIX}files"] = json.dumps(files, separators=(",", ":"))
            known[f"{PREFIX}file-count"] = str(len(self.files))
        return known


UNKNOWN = Provenance()


def to_properties(known: Mapping[str, str]) -> dict[str, str]:
    """As the platform's own snapshot properties, with their prefix."""
    return {f"{PREFIX}{key}": value for key, value in known.items()}


def read_properties(summary: Mapping[str, str]) -> dict[str, str]:
    """The platform's own properties of a snapshot, without their prefix."""
    return {key.removeprefix(PREFIX): value for key, value in summary.items() if key.startswith(PREFIX)}
