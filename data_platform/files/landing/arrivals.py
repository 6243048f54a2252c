"""A look at the landing folder: what is new is hashed once and told its partitions; what cannot have any is rejected."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from data_platform import clock
from data_platform.contracts import Contract
from data_platform.contracts.partitions import STEP, WHOLE, start_of
from data_platform.contracts.partitions import split as split_key
from data_platform.files.errors import FileError
from data_platform.files.landing.contents import Landed, State
from data_platform.files.landing.folder import Folder, Listed
from data_platform.files.landing.ledger import Ledger, now
from data_platform.files.landing.marker import Landing
from data_platform.files.landing.names import NoPartition, moment_in, partition_of
from data_platform.files.read import read
from data_platform.files.reading import Reading
from data_platform.quality.conform import cast
from data_platform.quality.sql import bucket, spelt

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

AHEAD = timedelta(days=2)
"""How long before its partition begins a file may come: clocks and time zones differ. It waits; later ones are refused."""
BATCH = 200
"""Files between two entries in the ledger, so that a look that is cut short was not for nothing."""


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a look found. `rejected` are files (in the ledger, where they are) whose partitions cannot be told, each
    with the reason: to be set aside. `unsettled` may still be written; `unread` was not looked at for want of time."""

    new: int = 0
    rejected: tuple[tuple[Landed, str], ...] = ()
    unsettled: tuple[str, ...] = ()
    unread: int = 0


@dataclass
class _Look:
    """One look, while it goes on."""

    landing: Landing
    contract: Contract
    folder: Folder
    reading: str
    by_content: dict[str, Landed]
    ingested: dict[str, Landed]
    entries: list[Landed] = field(default_factory=list)
    rejected: list[tuple[Landed, str]] = field(default_factory=list)


def look(landing: Landing, contract: Contract, base: str, ledger: Ledger, *, seconds: float = float("inf")) -> Arrivals:
    """Bring the ledger up to date with the folder, for no longer than about `seconds`.

    A file whose size and time (in a bucket: ETag) are known is not opened. Raises OSError where the folder cannot be read.
    """
    ends, folder, known = time.monotonic() + seconds, Folder.of(landing.location, base), ledger.files()
    ingested = {each.identity: each for each in known if each.state is State.INGESTED}
    by_content = {each.hash: each for each in known}
    looking = _Look(landing, contract, folder, _reading(landing, contract), by_content, ingested)
    seen = {(each.path, each.stamp): each for each in known}
    listed, watched, unsettled, new = folder.listed(), ledger.watched(), dict[str, tuple[Listed, float]](), 0
    there = {each.path for each in listed}
    looking.entries += [replace(each, present=False) for each in known if each.present and each.path not in there]
    by_key, unread = {(each.path, each.hash): each for each in known}, 0
    for place, each in enumerate(listed):
        old = seen.get((each.path, each.stamp))
        if old is not None and old.present and old.reading == looking.reading:
            if old.state is State.REFUSED:  # the process that refused it died before it was moved
                looking.rejected.append((old, old.reason))
            if old.partitions or old.state is not State.LANDED:  # else the one that rejected it did
                continue
        if old is None and not _settled(each, landing, folder, watched, unsettled):
            continue
        if time.monotonic() > ends:
            unread = len(listed) - place
            break
        with suppress(FileNotFoundError):
            digest = old.hash if old else folder.hash_of(each.path)
            if folder.listing(each.path) != each:  # changed while it was read
                unsettled[each.path] = each, time.time()
                continue
            new += old is None
            _enter(looking, each, digest, by_key.get((each.path, digest)))
        if len(looking.entries) >= BATCH:
            ledger.put(looking.entries)
            looking.entries.clear()
    ledger.put(looking.entries)
    ledger.watch(unsettled)
    return Arrivals(new, tuple(looking.rejected), tuple(sorted(unsettled)), unread)


def _settled(
    each: Listed,
    landing: Landing,
    folder: Folder,
    watched: Mapping[str, tuple[tuple, float]],
    unsettled: dict[str, tuple[Listed, float]],
) -> bool:
    """Whether nobody writes to it any more: objects of a bucket appear whole; a file has not changed for a while, by
    its own time or (clocks differ) by ours."""
    if folder.is_remote:
        return True
    at = time.time()
    stamp, since = watched.get(each.path, ((), at))
    since = since if stamp == each.stamp else at
    if min(at - each.modified, float("inf")) >= landing.settle or at - since >= landing.settle:
        return True
    unsettled[each.path] = each, since
    return False


def _enter(looking: _Look, listed: Listed, digest: str, old: Landed | None) -> None:
    """Enter a file, new or come back or differently read, with its partitions; or reject it."""
    at = now()
    moment = moment_in(listed.path) or datetime.fromtimestamp(listed.modified, UTC)
    entry = Landed(
        listed.path,
        digest,
        digest,
        *listed.stamp,
        looking.reading,
        moment.isoformat(),
        (),
        landed_at=old.landed_at if old else at,
        changed_at=at,
    )
    if old is not None and old.state is not State.REFUSED:
        entry = replace(entry, state=old.state, rows=old.rows, run_id=old.run_id, snapshot_id=old.snapshot_id)
    try:
        partitions, rows = _partitions(looking, entry)
        problem = _outside(looking.contract, partitions)
    except (NoPartition, FileError) as error:
        partitions, rows, problem = (), -1, str(error)
    named = looking.landing.partition == "name" and looking.contract.partitioning is not None
    identity = f"{digest}@{partitions[0]}" if named and partitions else digest
    entry = replace(entry, partitions=partitions, identity=identity, rows=max(rows, entry.rows))
    if entry.state is State.LANDED and (same := looking.ingested.get(identity)):  # under another name
        entry = replace(entry, state=State.INGESTED, rows=same.rows, run_id=same.run_id, snapshot_id=same.snapshot_id)
    if not partitions and not problem:  # no rows, so no partition: nothing is left to do
        entry = replace(entry, state=State.INGESTED)
    looking.entries.append(entry)
    looking.by_content[digest] = entry
    if problem:
        looking.rejected.append((entry, problem))


def _partitions(looking: _Look, entry: Landed) -> tuple[tuple[str, ...], int]:
    """The partitions of a file, and how many rows it has where they were counted (else -1)."""
    contract, landing = looking.contract, looking.landing
    if contract.partitioning is None:
        return (WHOLE,), -1
    if landing.partition == "name":
        return (partition_of(entry.path, contract.partitioning, landing.pattern),), -1
    same = looking.by_content.get(entry.hash)
    if same is not None and same.reading == looking.reading and same.partitions:
        return same.partitions, same.rows
    types = {column.name: column.type for column in contract.columns}
    where = looking.folder.at(entry.path)
    with Reading() as reading:
        counts = rows_by_partition(read([where], landing.format, types, reading=reading), contract, where)
    return tuple(sorted(counts)), sum(counts.values())


def rows_by_partition(rows: DuckDBPyRelation, contract: Contract, where: str = "") -> dict[str, int]:
    """How many rows each partition has. Raises FileError where the partition of a row cannot be told."""
    partitioning = contract.partitioning
    if partitioning is None:
        return {WHOLE: len(rows)}
    if lacking := [name for name in partitioning.columns if name not in rows.columns]:
        raise FileError(
            where,
            f"it has no column {', '.join(lacking)}, by which {contract.dataset} is partitioned",
            "name it so with the format's `rename`, or say the partition by the file's name: partition=\"name\"",
        )
    found: list[tuple[str | None, int]] = rows.aggregate(
        f"{partition_of_row(rows, contract)} AS p, count(*)"
    ).fetchall()
    counts = dict(found)
    if unknown := counts.get(None):
        raise FileError(
            where,
            f"{unknown:,} row(s) have no {' or '.join(partitioning.columns)} that says their partition",
            "deliver it corrected, or say how it is spelt with the format's `spellings`",
            column=partitioning.columns[0],
        )
    return {name: count for name, count in counts.items() if name is not None}


def partition_of_row(rows: DuckDBPyRelation, contract: Contract) -> str:
    """An expression of the partition of a row that was read but not yet conformed; null where it says none."""
    types, cuts = dict(zip(rows.columns, map(str, rows.types), strict=True)), []
    for key in contract.partitioning.keys if contract.partitioning else ():
        known = cast(contract.column(key.column), types[key.column])
        value = f"CASE WHEN NOT ({known.is_lost}) THEN {known.expression} END" if known.is_lost else known.expression
        cuts.append(bucket(key, f"({value})"))
    return spelt(contract.partitioning, cuts)


def _outside(contract: Contract, partitions: tuple[str, ...]) -> str:
    """Why partitions are none of the dataset's; '' where all are (or will be, soon)."""
    latest = clock.now() + AHEAD
    for partition in partitions if contract.partitioning else ():
        try:
            values = split_key(contract.partitioning, partition)  # type: ignore[arg-type]
        except ValueError as error:
            return str(error)
        for key, value in zip(contract.partitioning.keys, values, strict=True):  # type: ignore[union-attr]
            if key.granularity == "static":
                continue
            if value[:10] < key.start:
                return f"{value} is before {key.start}, where the partitions of {contract.dataset} begin (partitionBy)"
            if start_of(key, value) > latest:
                return f"{value} lies in the future; correct the time and deliver it again"
    return ""


def is_open(contract: Contract, partition: str) -> bool:
    """Whether a partition exists already: its day or hour is over, as Dagster has it."""
    if contract.partitioning is None or contract.partitioning.time is None:
        return True
    key = contract.partitioning.time
    value = partition.split("|")[contract.partitioning.keys.index(key)]
    return start_of(key, value) + STEP[key.granularity] <= clock.now()


def _reading(landing: Landing, contract: Contract) -> str:
    """A digest of all that says which partitions a file has; when it changes they are found again."""
    said = (landing.partition, landing.pattern, landing.format, contract.partitioning)
    return sha256(repr(said).encode()).hexdigest()[:16]
