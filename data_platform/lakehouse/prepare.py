"""The first half of a publication: staged files audited and split, nothing published yet.

Shared by `publish`, which publishes what a producer staged, and `replay`, which publishes what was refused before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from data_platform.contracts import Contract
from data_platform.contracts.model import PUBLICATION
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.partitions import split as split_key
from data_platform.lakehouse.bench import Bench, Work
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck_bench import cut_of, duck_bench
from data_platform.lakehouse.errors import StructureError
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.staging import Staged
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.conform import conform, returning
from data_platform.quality.policy import Verdict


@dataclass(frozen=True, slots=True)
class Prepared:
    """Staged rows as they would be published: one verdict per partition, the files of good and of refused rows, and
    how many rows of each partition were refused. `bytes` are those of the good files; `audited` is what was counted."""

    verdicts: tuple[Verdict, ...]
    good: tuple[str, ...]
    refused: tuple[str, ...]
    quarantined: Mapping[str, int]
    bytes: int
    audited: Mapping[str, PartitionAudit] = field(default_factory=dict)

    @property
    def staged(self) -> dict[str, tuple[str, ...]]:
        """The files that were staged for each partition."""
        return {partition: tuple(each.files) for partition, each in self.audited.items()}

    @property
    def rows(self) -> dict[str, int]:
        """Good rows by partition, of those that are not blocked."""
        return {
            each.partition: each.rows - self.quarantined.get(each.partition, 0)
            for each in self.verdicts
            if not each.blocked
        }


def prepare(
    lakehouse: Lakehouse,
    staged: Staged,
    contract: Contract,
    partitions: Sequence[str],
    folders: tuple[str, str],
    spill: str,
    stamp: Mapping[str, str],
    *,
    others: Mapping[str, Contract] | None = None,
    inputs: Sequence[InputRead] = (),
    on_step: Callable[[str], None] = lambda step: None,
) -> Prepared:
    """Audit and split staged files; good files are written below `folders[0]`, refused ones below `folders[1]`.

    `others` are the contracts of the datasets that the rules read; what `inputs` name is read at their snapshots.
    Raises StructureError where the files do not fit the contract or hold rows of other partitions, and RuleError where
    a rule cannot be evaluated.
    """
    shape, rules = conform(contract, staged.columns), contract.rules_at(PUBLICATION)
    if staged.returned:
        shape = returning(shape, staged.lost)
    if problems := (*shape.problems, *_misspelt(contract, partitions)):
        raise StructureError(contract.dataset, problems)
    partitions = tuple(dict.fromkeys(partitions))
    on_step("staged")
    work = Work(
        lakehouse, contract, staged, shape, rules, partitions, folders, spill, dict(stamp), others or {}, tuple(inputs)
    )
    with (staged.bench or duck_bench)(work) as bench:
        counted = bench.count()
        _refuse_unfit(contract, partitions, counted, staged.columns)
        verdicts = bench.judge(counted)
        on_step("audited")
        prepared = _split(bench, work, verdicts, counted)
    on_step("split")
    return prepared


def _misspelt(contract: Contract, partitions: Sequence[str]) -> list[str]:
    """What is wrong with the names of the partitions."""
    problems = []
    for partition in partitions:
        try:
            if contract.partitioning is not None:
                split_key(contract.partitioning, partition)
            elif partition != WHOLE:
                problems.append(f"partition {partition!r} of an unpartitioned dataset")
        except ValueError as error:
            problems.append(str(error))
    return problems


def _refuse_unfit(
    contract: Contract,
    partitions: Sequence[str],
    counted: Mapping[str | None, PartitionAudit],
    came: Mapping[str, str],
) -> None:
    """Refuse rows that could be published under no policy; `came` are the types of the columns that were staged."""
    problems = []
    if outside := [f"{name or 'null'} ({counted[name].rows} rows)" for name in counted.keys() - set(partitions)]:
        asked = ", ".join(partitions[:3]) + (", ..." if len(partitions) > 3 else "")
        found = ", ".join(sorted(outside)[:5])
        problems.append(f"rows belong to partitions that were not asked for ({asked}): {found}")
    files = [file for each in counted.values() for file in each.files]
    if len(set(files)) < len(files):
        problems.append("a staged file holds rows of several partitions; stage the frame again with `stage`")
    for column in {name: None for each in counted.values() for name, count in each.lost.items() if count}:
        lost = sum(each.lost[column] for each in counted.values())
        problems.append(
            f"{lost} value(s) of {column} cannot be cast to {contract.column(column).type} without loss (they came as "
            f"{came[column]}), and no `type` rule says to block or to quarantine such rows"
        )
    if problems:
        raise StructureError(contract.dataset, tuple(problems))


def _split(
    bench: Bench, work: Work, verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit]
) -> Prepared:
    """Leave clean files as they are; write again only those that also hold a refused or an uncast row, or the stamp of
    rows that come back. A file holds one partition, so those of blocked partitions are simply not published."""
    staged, refusal = work.staged, bench.refuse(verdicts, counted)
    counts = {each.partition: counted[each.partition].files for each in verdicts if not each.blocked}
    kept = [file for files in counts.values() for file in files if file not in refusal.whole]
    dirty = {file for file in kept if file in refusal.mixed or file in staged.returned or not work.shape.is_identity}
    clean = [file for file in kept if file not in dirty]
    good = bench.good(refusal, counts, dirty)
    refused = bench.refused(refusal, counts)
    sizes = dict(zip(staged.files, staged.sizes, strict=True))
    return Prepared(
        tuple(verdicts),
        tuple(clean) + tuple(file for each in good for file in each.files),
        tuple(file for each in refused for file in each.files),
        _by_partition(refused, counts),
        sum(sizes[path] for path in clean) + sum(size for each in good for size in each.sizes),
        {each.partition: counted[each.partition] for each in verdicts},
    )


def _by_partition(refused: Sequence[Staged], partitions: Iterable[str]) -> dict[str, int]:
    """The refused rows by partition, as they were written."""
    written = [(path, rows) for each in refused for path, rows in zip(each.files, each.counts, strict=True)]
    counts: dict[str, int] = {}
    for partition in partitions if written else ():
        if rows := sum(rows for path, rows in written if f"/{cut_of(partition)}/" in path):
            counts[partition] = rows
    return counts
