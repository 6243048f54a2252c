"""Where staged files are audited and split: on the cluster that staged them, or by DuckDB in this process.

`prepare` says what is done and in which order, whatever the bench; a bench does it where the rows are.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from data_platform.contracts import Contract, Rule
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.staging import Staged
from data_platform.quality.conform import Conform

if TYPE_CHECKING:
    from data_platform.quality.audit import FileCount, PartitionAudit
    from data_platform.quality.policy import Verdict
    from data_platform.quality.split import Refusal

Counts = Mapping[str, Mapping[str, "FileCount"]]
"""What each staged file of each partition holds."""


@dataclass(frozen=True, slots=True)
class Work:
    """Staged files of some partitions, to be judged by `rules`; `shape` is how they become the contract's columns.

    Good files are written below `folders[0]`, refused ones below `folders[1]` with the `stamp` of their publication;
    `spill` is a local folder for what does not fit in memory. `others` are the contracts of the datasets that the rules
    read; what `inputs` name is read at their snapshots.
    """

    lakehouse: Lakehouse
    contract: Contract
    staged: Staged
    shape: Conform
    rules: Sequence[Rule] = ()
    partitions: Sequence[str] = ()
    folders: tuple[str, str] = ("", "")
    spill: str = ""
    stamp: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, Contract] = field(default_factory=dict)
    inputs: Sequence[InputRead] = ()


class Bench(Protocol):
    """One piece of work on its bench. RuleError wherever a rule cannot be evaluated."""

    def count(self) -> dict[str | None, PartitionAudit]:
        """As `quality.audit.audit`: for every partition asked for, and every other one that rows are found of."""
        ...

    def judge(self, counted: Mapping[str | None, PartitionAudit]) -> tuple[Verdict, ...]:
        """The verdicts, with a few of the values that break a rule (see `quality.examples.judge`)."""
        ...

    def refuse(self, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]) -> Refusal:
        """Find the rows to quarantine in the partitions that are not blocked."""
        ...

    def good(self, refusal: Refusal, counts: Counts, dirty: Collection[str]) -> list[Staged]:
        """Write those rows of the files `dirty` that may be published, one partition per file."""
        ...

    def refused(self, refusal: Refusal, counts: Counts) -> list[Staged]:
        """Write the refused rows as the quarantine keeps them, one partition per file, in a folder `cut_of` it."""
        ...

    def sample(self, rules: Sequence[Rule], files: Collection[str], limit: int, path: str) -> None:
        """Write up to `limit` rows per rule about single rows that break it, of these files and as they were staged, to
        the Parquet file `path`."""
        ...
