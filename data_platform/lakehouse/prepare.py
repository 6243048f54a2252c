"""The first half of a publication: staged files audited and split, nothing published yet.

Shared by `publish`, which publishes what a producer staged, and `replay`, which publishes what was refused before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from hashlib import md5
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.contracts.model import PUBLICATION
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.partitions import split as split_key
from data_platform.contracts.rules import describe
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect, restrict
from data_platform.lakehouse.errors import StructureError
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.references import gather
from data_platform.lakehouse.staging import WHOLE_FILES, Staged, write
from data_platform.quality.audit import FileCount, PartitionAudit, audit
from data_platform.quality.conform import Conform, conform, returning
from data_platform.quality.duplicates import LARGE
from data_platform.quality.examples import judge
from data_platform.quality.policy import Verdict
from data_platform.quality.profile import Profiler
from data_platform.quality.rows import create_views, partition_text
from data_platform.quality.split import Refusal, good_rows, refuse, refused_rows
from data_platform.quality.sql import buckets, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


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
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        create_views(connection, shape, staged.files, staged.columns)
        elsewhere, files = gather(connection, lakehouse, contract, rules, partitions, others or {}, inputs)
        restrict(connection, folders, spill, files)
        profiler = Profiler.of(contract, shape, staged.files, staged.footers)
        counted = audit(connection, contract, shape, partitions, rules, elsewhere, profiler)
        _refuse_unfit(contract, partitions, counted, staged.columns)
        verdicts = judge(connection, contract, shape, rules, partitions, counted, elsewhere)
        on_step("audited")
        refusal = refuse(connection, contract, verdicts, counted, elsewhere)
        prepared = _split(connection, contract, shape, refusal, verdicts, counted, staged, folders, stamp)
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
    connection: DuckDBPyConnection,
    contract: Contract,
    shape: Conform,
    refusal: Refusal,
    verdicts: Sequence[Verdict],
    counted: Mapping[str | None, PartitionAudit],
    staged: Staged,
    folders: tuple[str, str],
    stamp: Mapping[str, str],
) -> Prepared:
    """Leave clean files as they are; write again only those that also hold a refused or an uncast row, or the stamp of
    rows that come back. A file holds one partition, so those of blocked partitions are simply not published."""
    counts = {each.partition: counted[each.partition].files for each in verdicts if not each.blocked}
    kept = [file for files in counts.values() for file in files if file not in refusal.whole]
    dirty = {file for file in kept if file in refusal.mixed or file in staged.returned or not shape.is_identity}
    clean = [file for file in kept if file not in dirty]
    cuts = {f"__partition_{i}": cut for i, cut in enumerate(buckets(contract.partitioning))}
    good = [
        write(
            connection,
            good_rows(contract, shape, refusal, {} if partition is not None else cuts, files),
            f"{folders[0]}/good/{place}",
            WHOLE_FILES if partition is not None or not cuts else f"PARTITION_BY ({', '.join(cuts)})",
        )
        for place, (partition, files) in enumerate(_portions(counts, dirty, lambda count: count.rows))
    ]
    reasons = {rule.name: f"broken: {describe(rule)}" for rule in contract.rules}
    refused: list[Staged] = []
    for partition, files in _portions(counts, refusal.whole | refusal.mixed, lambda count: count.refused):
        named = partition_text(contract) if partition is None else text(partition)
        query = refused_rows(contract, shape, refusal, files, named, reasons, stamp)
        if partition is None:
            query = f"SELECT *, md5(_partition) AS __cut FROM ({query})"
            refused.append(write(connection, query, f"{folders[1]}/refused", "PARTITION_BY (__cut)"))
        else:
            refused.append(write(connection, query, f"{folders[1]}/refused/{_cut(partition)}", WHOLE_FILES))
    sizes = dict(zip(staged.files, staged.sizes, strict=True))
    return Prepared(
        tuple(verdicts),
        tuple(clean) + tuple(file for each in good for file in each.files),
        tuple(file for each in refused for file in each.files),
        _by_partition(refused, counts),
        sum(sizes[path] for path in clean) + sum(size for each in good for size in each.sizes),
        {each.partition: counted[each.partition] for each in verdicts},
    )


def _portions(
    counts: Mapping[str, Mapping[str, FileCount]], chosen: Collection[str], written: Callable[[FileCount], int]
) -> Iterator[tuple[str | None, list[str]]]:
    """The chosen files as they are written again: each large partition by itself, which takes half the work of cutting
    rows by partition; small ones all together, under None."""
    files = {partition: [file for file in of if file in chosen] for partition, of in counts.items()}
    rows = sum(written(count) for of in counts.values() for file, count in of.items() if file in chosen)
    touched = {partition: of for partition, of in files.items() if of}
    if rows > LARGE * len(touched):
        yield from touched.items()
    elif touched:
        yield None, [file for of in touched.values() for file in of]


def _cut(partition: str) -> str:
    """The folder of a partition's refused rows."""
    return f"__cut={md5(partition.encode(), usedforsecurity=False).hexdigest()}"


def _by_partition(refused: Sequence[Staged], partitions: Iterable[str]) -> dict[str, int]:
    """The refused rows by partition, as they were written."""
    written = [(path, rows) for each in refused for path, rows in zip(each.files, each.counts, strict=True)]
    counts: dict[str, int] = {}
    for partition in partitions if written else ():
        if rows := sum(rows for path, rows in written if f"/{_cut(partition)}/" in path):
            counts[partition] = rows
    return counts
