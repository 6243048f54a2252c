"""What can go wrong in the lakehouse; every message says what, where, why and what to do."""

from __future__ import annotations


class LakehouseError(Exception):
    """A table, partition or snapshot that cannot be read or written."""


class StructureError(LakehouseError):
    """A frame whose columns or partitions do not fit the contract at all; nothing was written.

    `problems` has one sentence each.
    """

    def __init__(self, dataset: str, problems: tuple[str, ...]):
        self.dataset, self.problems = dataset, problems
        super().__init__(
            f"{dataset}: the frame does not fit the contract: {'; '.join(problems)}. "
            f"What would accept it: dp contracts suggest {dataset}"
        )


class Conflict(LakehouseError):
    """Another writer changed what a commit was made from; nothing was committed."""

    def __init__(self, dataset: str):
        super().__init__(f"{dataset}: another writer changed these partitions meanwhile; run it again.")


class MissingPartitions(LakehouseError):
    """Input partitions that were never published (or whose publication was blocked)."""

    def __init__(self, dataset: str, partitions: tuple[str, ...]):
        self.dataset, self.partitions = dataset, partitions
        shown = ", ".join(partitions[:5]) + (f" and {len(partitions) - 5} more" if len(partitions) > 5 else "")
        super().__init__(
            f"{dataset} has no published data for {shown or 'any partition'}: it was never materialized, or a check "
            f"blocked it. Materialize {dataset} first, or repair what blocks it."
        )
