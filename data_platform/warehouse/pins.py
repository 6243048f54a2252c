"""One moment of the lakehouse: whatever an invocation reads, it reads at the snapshot that was current when it began."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_platform.lakehouse import Lakehouse

if TYPE_CHECKING:
    from pyiceberg.table import Table


@dataclass(frozen=True)
class Pinned(Lakehouse):
    """A lakehouse whose tables stay as they were when they were first looked at."""

    tables: dict[str, Table | None] = field(default_factory=dict, compare=False, repr=False)

    def existing_table(self, dataset: str) -> Table | None:
        if dataset not in self.tables:
            self.tables[dataset] = super().existing_table(dataset)
        return self.tables[dataset]

    def pin(self, datasets: Iterable[str]) -> None:
        for dataset in datasets:
            self.existing_table(dataset)

    def follow(self, dataset: str) -> None:
        """Look again: it was published just now."""
        self.tables.pop(dataset, None)
