"""Which files a partition is made of, and which partitions have to be published again. Pure.

Nothing here says "process this file": a partition's content is the set of all its good files, and it is pending while
that is another set than the one published last. So order, repeats, crashes and concurrent arrivals change nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256


class State(StrEnum):
    """What became of a file."""

    LANDED = "landed"
    INGESTED = "ingested"
    REFUSED = "refused"
    FORGOTTEN = "forgotten"


@dataclass(frozen=True, slots=True)
class Landed:
    """One content under one name. `present` says that the name still has this content.

    `identity` is what makes it the same delivery: the hash of its bytes, and, where its name says the partition, that
    (two days without rows are two deliveries). `reading` is a digest of how partitions were found. `rows` is -1 where
    nobody counted. `aside` is where a refused file was moved, below the landing folder. Times are ISO 8601 in UTC;
    `moment` is that of its name, else of its last change.
    """

    path: str
    hash: str
    identity: str
    size: int
    modified: float
    etag: str
    reading: str
    moment: str
    partitions: tuple[str, ...]
    present: bool = True
    state: State = State.LANDED
    rows: int = -1
    run_id: str = ""
    snapshot_id: str = ""
    reason: str = ""
    aside: str = ""
    landed_at: str = ""
    changed_at: str = ""

    @property
    def stamp(self) -> tuple[int, float, str]:
        return self.size, self.modified, self.etag


Contents = Mapping[str, tuple[Landed, ...]]
"""The files of each partition: each delivery once, those that are still there before those that are not."""


def contents(files: Iterable[Landed], keep: str = "all") -> dict[str, tuple[Landed, ...]]:
    """What every partition is made of, by partition.

    A file that was ingested counts even when it is gone: to publish its partition without it would lose its rows.
    Another content under the same name takes its place.
    """
    files = tuple(files)
    now = {each.path: each for each in files if each.present and each.state in (State.LANDED, State.INGESTED)}
    found: dict[str, dict[str, Landed]] = {}
    for each in sorted(files, key=lambda file: (not file.present, file.landed_at, file.path)):
        if not (each.state is State.INGESTED or (each.state is State.LANDED and each.present)):
            continue
        follower = None if each.present else now.get(each.path)
        for partition in each.partitions:
            if follower and (follower.state is State.INGESTED or partition in follower.partitions):
                continue
            found.setdefault(partition, {}).setdefault(each.identity, each)
    if keep == "latest":
        return {partition: (max(of.values(), key=_recency),) for partition, of in found.items()}
    return {partition: tuple(of.values()) for partition, of in found.items()}


def _recency(file: Landed) -> tuple[str, str, str]:
    return file.moment, file.landed_at, file.path


def identities(files: Iterable[Landed]) -> tuple[str, ...]:
    return tuple(sorted(each.identity for each in files))


def pending(there: Contents, published: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The partitions whose content is not what was published last, with a fingerprint of the content (and of which of it
    is there); `published` has the identities that each was published from."""
    return {
        partition: fingerprint(f"{each.identity} {each.present}" for each in there.get(partition, ()))
        for partition in sorted({*there, *published})
        if identities(there.get(partition, ())) != published.get(partition, ())
    }


def fingerprint(content: Iterable[str]) -> str:
    return sha256(json.dumps(sorted(content)).encode()).hexdigest()[:16]


def duplicates(files: Iterable[Landed]) -> dict[tuple[str, str], str]:
    """The (path, hash) of files that hold what another one does, with the path of that."""
    first: dict[str, Landed] = {}
    found: dict[tuple[str, str], str] = {}
    for each in sorted(files, key=lambda file: (file.landed_at, file.path)):
        if each.state not in (State.LANDED, State.INGESTED):
            continue
        if (same := first.setdefault(each.identity, each)) is not each:
            found[each.path, each.hash] = same.path
    return found
