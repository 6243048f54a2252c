"""Maintenance: what processes that died have left behind, found and removed.

A publication that is killed between staging and its commit leaves files that no snapshot refers to: nobody sees them,
and nobody removes them. They are removed here once they are so old that nobody can be about to commit them. Of a
table's metadata only manifests and their lists are: from a metadata file a table can be registered again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from data_platform import clock
from data_platform.contracts import Contract
from data_platform.lakehouse.aged import aged
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import LakehouseError
from data_platform.lakehouse.storage import filesystem
from data_platform.settings import Settings

GRACE = timedelta(days=3)
"""How old a file has to be: no publication takes longer from its last file to its commit."""
LEAST = timedelta(days=1)
"""Younger files are removed only where somebody says that nothing is being published."""
AT_ONCE = 8
"""Files that are removed at the same time."""
SCRATCH = ("spill/*", "dbt/run-*", "spark/local/*")
"""What processes on this machine keep below the home for as long as they live."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file that nothing needs, or the scratch folder of a process: `bytes` in all, last written to `at`."""

    path: str
    bytes: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is left of a dataset's publications: files, and local folders, the inner ones first."""

    files: tuple[Leftover, ...] = ()
    folders: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.files)


@dataclass(frozen=True, slots=True)
class Sweep:
    """What was left over, or was removed: by dataset (where there was anything), and the scratch folders of this home.
    `problems` says by dataset why nothing was done there."""

    datasets: Mapping[str, Leftovers]
    scratch: Sequence[Leftover]
    problems: Mapping[str, str]

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in (*self.datasets.values(), *self.scratch))


def since(grace: timedelta = GRACE, *, nothing_runs: bool = False) -> datetime:
    """The moment before which what nothing needs is left over; ValueError for a grace period too short to be safe."""
    if grace < LEAST and not nothing_runs:
        raise ValueError(
            f"a publication may be under way for longer than {grace}: files are safe to remove after {LEAST.days} day, "
            "or where you say that nothing is being published"
        )
    return clock.now() - grace


def sweep(
    lakehouse: Lakehouse,
    contracts: Iterable[Contract],
    before: datetime,
    *,
    dry_run: bool = False,
    advance: Callable[[], object] = lambda: None,
) -> Sweep:
    """Remove what is left over of these datasets and in this home, or, in a dry run, only say what it is."""
    found, problems = dict[str, Leftovers](), dict[str, str]()
    for contract in contracts:
        try:
            there = leftovers(lakehouse, contract, before)
            there = there if dry_run else remove(lakehouse, contract, there)
            if there.files or there.folders:
                found[contract.dataset] = there
        except (LakehouseError, OSError) as error:  # of one table; the others are none the worse
            problems[contract.dataset] = str(error)
        advance()
    aside = scratch(lakehouse.settings, before)
    if not dry_run:
        remove_scratch(aside)
    return Sweep(found, aside, problems)


def leftovers(lakehouse: Lakehouse, contract: Contract, before: datetime) -> Leftovers:
    """What neither the dataset's table nor its quarantine needs, and no publication has written to since `before`.

    Raises LakehouseError where that cannot be told.
    """
    old = aged(lakehouse, contract, before)  # first: what is committed from here on, is found to be needed
    there = _needed(lakehouse, contract) if old else set[str]()
    held = {str(folder) for entry in old if entry.path in there for folder in PurePosixPath(entry.path).parents}
    return Leftovers(
        tuple(Leftover(e.path, e.bytes, e.at) for e in old if e.bytes is not None and e.path not in there),
        tuple(sorted((e.path for e in old if e.bytes is None and e.path not in held), key=len, reverse=True)),
    )


def remove(lakehouse: Lakehouse, contract: Contract, found: Leftovers) -> Leftovers:
    """Remove what was found, and folders that are empty then; returns what was removed.

    Raises LakehouseError where one of the files was published in the very moment of its removal.
    """
    still = _needed(lakehouse, contract) if found.files else set[str]()
    gone = tuple(each for each in found.files if each.path not in still)
    paths = [each.path for each in gone]
    with ThreadPoolExecutor(AT_ONCE) as pool:  # one by one: in a list, file systems take `*` and `[` for patterns
        list(pool.map(partial(_remove_file, filesystem(lakehouse.settings.warehouse)), paths))
    folders = []
    for folder in found.folders:
        with suppress(OSError):  # something is in it
            Path(folder).rmdir()
            folders.append(folder)
    if lost := _needed(lakehouse, contract).intersection(paths) if paths else ():
        raise LakehouseError(
            f"{contract.dataset}: {len(lost)} file(s) were published while they were removed, first {min(lost)}; "
            "materialize again what was published last, and leave more time"
        )
    return Leftovers(gone, tuple(folders))


def scratch(settings: Settings, before: datetime) -> list[Leftover]:
    """Folders in this home of processes that have not written there since `before`."""
    found = []
    for folder in (each for pattern in SCRATCH for each in settings.home.glob(pattern)):
        with suppress(FileNotFoundError):  # its process is ending
            stats = [each.stat() for each in (folder, *folder.rglob("*"))]
            at = datetime.fromtimestamp(max(each.st_mtime for each in stats), UTC)
            if at < before:
                found.append(Leftover(str(folder), sum(each.st_size for each in stats), at))
    return sorted(found, key=lambda each: each.path)


def remove_scratch(found: Sequence[Leftover]) -> None:
    for each in found:
        shutil.rmtree(each.path, ignore_errors=True)


def _remove_file(files: Any, path: str) -> None:
    with suppress(FileNotFoundError):  # somebody else was first
        files.rm_file(path)


def _needed(lakehouse: Lakehouse, contract: Contract) -> set[str]:
    from data_platform.lakehouse.needed import needed  # pyiceberg: a second to import

    return needed(lakehouse, contract)
