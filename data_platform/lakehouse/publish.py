"""Write-audit-publish: the one way into a table.

Staged files are conformed to the contract, audited, split where the policy says so, and published as one atomic
snapshot that replaces exactly the partitions produced. What was refused was never visible; a crash anywhere leaves the
last good snapshot, and running again leaves each row once.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
import uuid
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
from data_platform.lakehouse.provenance import PREFIX, UNKNOWN, Provenance
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.staging import WHOLE_FILES, Staged, copy, make_folder, staged_files
from data_platform.lakehouse.storage import filesystem
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

log = logging.getLogger(__name__)

SHOWN = 5
"""In how many partitions a failing rule shows examples: each costs a query."""
STEPS = ("staged", "audited", "split", "quarantined", "committed")
"""The boundaries of a publication, in order; `on_step` is called after each."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of one publication, per partition.

    `rows` and `quarantined` count rows by partition (published partitions only); `snapshot_id` is None where every
    partition was blocked, so that nothing changed; `bytes` are those published; `seconds` is wall time.
    """

    dataset: str
    publication_id: str
    verdicts: tuple[Verdict, ...]
    rows: Mapping[str, int]
    quarantined: Mapping[str, int]
    snapshot_id: int | None
    bytes: int
    seconds: float

    @property
    def published(self) -> tuple[str, ...]:
        return tuple(verdict.partition for verdict in self.verdicts if not verdict.blocked)

    @property
    def blocked(self) -> tuple[str, ...]:
        return tuple(verdict.partition for verdict in self.verdicts if verdict.blocked)


@dataclass(frozen=True, slots=True)
class _Split:
    """The files to publish and to quarantine, and how many rows of each partition were refused."""

    good: tuple[str, ...]
    refused: tuple[str, ...]
    quarantined: Mapping[str, int]
    bytes: int


def staging_folder(lakehouse: Lakehouse, contract: Contract) -> str:
    """A new folder for one publication, inside the table's own data folder."""
    return f"{lakehouse.location(contract)}/data/{uuid.uuid4().hex}"


def publish(
    lakehouse: Lakehouse,
    staged: Staged,
    contract: Contract,
    partitions: Sequence[str] = (WHOLE,),
    provenance: Provenance = UNKNOWN,
    *,
    on_step: Callable[[str], None] = lambda step: None,
) -> Publication:
    """Publish staged files as the new content of `partitions` (all of them produced, even where without rows).

    Raises StructureError where the files do not fit the contract, or hold rows of other partitions; RuleError where a
    rule cannot be evaluated; LakehouseError where the table cannot be written. In every case nothing is published and
    the staged files are removed.
    """
    from data_platform.lakehouse.commit import holds_any, replace_partitions  # pyiceberg: a second to import

    started = time.monotonic()
    shape = conform(contract, staged.columns)
    publication = staged.folder.rstrip("/").rpartition("/")[2]
    beside = quarantine_contract(contract)
    folders = (staged.folder, f"{lakehouse.location(beside)}/data/{publication}")
    spill = lakehouse.settings.home / "spill" / publication
    kept: set[str] = set()  # files that a commit may refer to; never removed, even where the commit then failed
    snapshot_id = None
    try:
        if problems := (*shape.problems, *_misspelt(contract, partitions)):
            raise StructureError(contract.dataset, problems)
        on_step("staged")
        with closing(connect(lakehouse.settings.warehouse)) as connection:
            create_views(connection, shape, staged.files, staged.columns)
            restrict(connection, folders, str(spill))
            counted = _audit(connection, contract, shape, partitions)
            verdicts = _decide(connection, contract, shape, partitions, counted)
            on_step("audited")
            stamp = {"_run_id": provenance.run_id, "_contract_version": contract.version}
            blocked = {file for each in verdicts if each.blocked for file in counted[each.partition].files}
            split = _split(connection, contract, shape, verdicts, blocked, staged, folders, stamp)
        on_step("split")
        rows = {
            each.partition: each.rows - split.quarantined.get(each.partition, 0)
            for each in verdicts
            if not each.blocked
        }
        if rows:
            table = lakehouse.table(contract)
            properties = provenance.properties() | {
                f"{PREFIX}publication": publication,
                f"{PREFIX}contract-version": contract.version,
                f"{PREFIX}partitions": json.dumps(list(rows)),
                f"{PREFIX}quarantined-rows": str(sum(split.quarantined.values())),
            }
            # Quarantine first: a crash before the good rows is healed by running again, which replaces both.
            if split.refused or holds_any(lakehouse.existing_table(beside.dataset), beside, list(rows)):
                kept.update(split.refused)
                replace_partitions(lakehouse.table(beside), beside, list(rows), (), split.refused, properties)
            on_step("quarantined")
            empty = [partition for partition, count in rows.items() if count == 0]
            kept.update(split.good)
            snapshot_id = replace_partitions(table, contract, list(rows), empty, split.good, properties)
            on_step("committed")
    finally:
        shutil.rmtree(spill, ignore_errors=True)
        for folder in folders:
            _tidy(lakehouse, folder, kept)
    seconds = time.monotonic() - started
    return Publication(
        contract.dataset, publication, verdicts, rows, split.quarantined, snapshot_id, split.bytes, seconds
    )


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
) -> _Split:
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
    return _Split(
        tuple(clean) + rewritten.files,
        quarantine.files,
        refused_counts(connection) if refused else {},
        sum(sizes[path] for path in clean) + sum(rewritten.sizes),
    )


def _copy(connection: DuckDBPyConnection, query: str, folder: str, options: str) -> Staged:
    make_folder(folder)
    return staged_files(folder, connection.execute(copy(query, folder, options)).fetchall(), {})


def _tidy(lakehouse: Lakehouse, folder: str, kept: set[str]) -> None:
    """Remove what was staged and not published. What cannot be removed is invisible, and left to maintenance."""
    files = filesystem(lakehouse.settings.warehouse)
    names = {path.removeprefix("s3://") for path in kept}
    try:
        files.invalidate_cache(folder)
        found = files.find(folder) if files.exists(folder) else []
        if names.isdisjoint(found):
            if files.exists(folder):
                files.rm(folder, recursive=True)
            return
        for path in found:
            if path not in names:
                files.rm_file(path)
    except OSError as error:
        log.warning("%s: staged files could not be removed: %s", folder, error)
