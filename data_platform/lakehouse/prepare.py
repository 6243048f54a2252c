"""The first half of a publication: staged files audited and split, nothing published yet.

Shared by `publish`, which publishes what a producer staged, and `replay`, which publishes what was refused before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from data_platform.contracts import Contract
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.partitions import split as split_key
from data_platform.contracts.rules import describe
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect, restrict
from data_platform.lakehouse.errors import StructureError
from data_platform.lakehouse.staging import WHOLE_FILES, Staged, copy, make_folder, staged_files
from data_platform.quality.audit import PartitionAudit, audit, create_views
from data_platform.quality.conform import Conform, conform
from data_platform.quality.policy import Verdict, decide
from data_platform.quality.split import (
    create_refused,
    examples,
    good_rows,
    refused_counts,
    refused_rows,
    touched_files,
)
from data_platform.quality.sql import buckets

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SHOWN = 5
"""In how many partitions a failing rule shows examples: each costs a query."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """Staged rows as they would be published: one verdict per partition, the files of good and of refused rows, and
    how many rows of each partition were refused. `bytes` are those of the good files."""

    verdicts: tuple[Verdict, ...]
    good: tuple[str, ...]
    refused: tuple[str, ...]
    quarantined: Mapping[str, int]
    bytes: int

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
    on_step: Callable[[str], None] = lambda step: None,
) -> Prepared:
    """Audit and split staged files; good files are written below `folders[0]`, refused ones below `folders[1]`.

    Raises StructureError where the files do not fit the contract or hold rows of other partitions, and RuleError where
    a rule cannot be evaluated.
    """
    shape = conform(contract, staged.columns)
    if problems := (*shape.problems, *_misspelt(contract, partitions)):
        raise StructureError(contract.dataset, problems)
    on_step("staged")
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        create_views(connection, shape, staged.files, staged.columns)
        restrict(connection, folders, spill)
        counted = _audit(connection, contract, shape, partitions)
        verdicts = _decide(connection, contract, shape, partitions, counted)
        on_step("audited")
        blocked = {file for each in verdicts if each.blocked for file in counted[each.partition].files}
        prepared = _split(connection, contract, shape, verdicts, blocked, staged, folders, stamp)
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


def _audit(
    connection: DuckDBPyConnection, contract: Contract, shape: Conform, partitions: Sequence[str]
) -> dict[str | None, PartitionAudit]:
    """Count, and refuse rows that could be published under no policy."""
    counted = audit(connection, contract, shape, partitions)
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
            f"{lost} value(s) of {column} cannot be cast to {contract.column(column).type} without loss, and no `type` "
            "rule says to block or to quarantine such rows"
        )
    if problems:
        raise StructureError(contract.dataset, tuple(problems))
    return counted


def _decide(
    connection: DuckDBPyConnection,
    contract: Contract,
    shape: Conform,
    partitions: Sequence[str],
    counted: Mapping[str | None, PartitionAudit],
) -> tuple[Verdict, ...]:
    """The verdicts, with examples for the first few partitions in which a rule fails."""
    shown: Counter[str] = Counter()
    verdicts = []
    for partition in dict.fromkeys(partitions):
        verdict = decide(contract, partition, counted[partition])
        outcomes = []
        for each in verdict.outcomes:
            if not each.holds and each.rule.is_row_rule and shown[each.rule.name] < SHOWN:
                shown[each.rule.name] += 1
                found = examples(connection, contract, shape, each.rule, counted[partition].files)
                each = replace(each, examples=tuple(found))
            outcomes.append(each)
        verdicts.append(replace(verdict, outcomes=tuple(outcomes)))
    return tuple(verdicts)


def _split(
    connection: DuckDBPyConnection,
    contract: Contract,
    shape: Conform,
    verdicts: Sequence[Verdict],
    blocked: set[str],
    staged: Staged,
    folders: tuple[str, str],
    stamp: Mapping[str, str],
) -> Prepared:
    """Leave clean files as they are; write again only those that hold a refused or an uncast row. A file holds one
    partition, so those of `blocked` partitions are simply not published."""
    refused = create_refused(connection, contract, shape, verdicts, sorted(blocked))
    touched = touched_files(connection) if refused else set()
    dirty = (touched if shape.is_identity else set(staged.files)) - blocked
    clean = [path for path in staged.files if path not in dirty | blocked]
    rewritten = quarantine = Staged("", (), {})
    if dirty:
        cuts = {f"__partition_{i}": cut for i, cut in enumerate(buckets(contract.partitioning))}
        options = f"PARTITION_BY ({', '.join(cuts)})" if cuts else WHOLE_FILES
        query = good_rows(contract, cuts, sorted(dirty), has_refused=bool(refused))
        rewritten = _copy(connection, query, f"{folders[0]}/good", options)
    if refused:
        reasons = {rule.name: f"broken: {describe(rule)}" for rule in contract.rules}
        query = f"SELECT *, md5(_partition) AS __cut FROM ({refused_rows(contract, shape, reasons, stamp)})"
        quarantine = _copy(connection, query, f"{folders[1]}/refused", "PARTITION_BY (__cut)")
    sizes = dict(zip(staged.files, staged.sizes, strict=True))
    return Prepared(
        tuple(verdicts),
        tuple(clean) + rewritten.files,
        quarantine.files,
        refused_counts(connection) if refused else {},
        sum(sizes[path] for path in clean) + sum(rewritten.sizes),
    )


def _copy(connection: DuckDBPyConnection, query: str, folder: str, options: str) -> Staged:
    make_folder(folder)
    return staged_files(folder, connection.execute(copy(query, folder, options)).fetchall(), {})
