"""One atomic Iceberg snapshot that replaces exactly some partitions, however many writers there are."""

from __future__ import annotations

import json
import logging
import random
import time
import warnings
from collections.abc import Mapping, Sequence

from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException, ValidationException
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import ancestors_of

from data_platform.contracts import Contract
from data_platform.lakehouse.errors import Conflict, LakehouseError
from data_platform.lakehouse.filters import rows_of
from data_platform.lakehouse.provenance import BLOCKED, EMPTY, PREFIX, read_properties

log = logging.getLogger(__name__)

ATTEMPTS = 12
NO_SNAPSHOT = 0
"""The `base` of what was made when the table was still empty."""


def replace_partitions(
    table: Table,
    contract: Contract,
    replaced: Sequence[str],
    empty: Sequence[str],
    files: Sequence[str],
    properties: Mapping[str, str],
    *,
    blocked: Sequence[str] = (),
    base: int | None = None,
) -> int:
    """Replace the rows of the partitions `replaced` by `files` in one commit; return the new snapshot's id.

    `empty` are those of them that have no rows now. `properties` must hold a unique `data-platform.publication`, by
    which a commit whose answer was lost is recognised. Conflicts with other writers are retried on the fresh table.
    `blocked` are further partitions that were produced and are not published; they are marked, until they are.
    `base` is the snapshot that the files were made from, where they were made from the table itself (NO_SNAPSHOT: when it
    had none).

    Raises LakehouseError when other writers win ATTEMPTS times, and Conflict where one of them wrote any of these
    partitions after `base`.
    """
    publication = properties[f"{PREFIX}publication"]
    produced = replaced if base is None else ()  # rows made from the table's own leave blocked what was blocked
    for attempt in range(ATTEMPTS):
        if base is not None and any(touches(each, replaced) for each in written_since(table, base)):
            raise Conflict(contract.dataset)
        try:
            with table.transaction() as transaction, warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Delete operation did not match any records")
                _replace(transaction, table, contract, replaced, files, dict(properties))
                _mark(transaction, table, _marks(produced, replaced, empty, blocked, publication))
        except (CommitFailedException, CommitStateUnknownException, ValidationException) as conflict:
            table = table.catalog.load_table(table.name())
            if (snapshot := _snapshot_of(table, publication)) is not None:
                return snapshot
            _wait(attempt, contract.dataset, conflict)
        else:
            snapshot = table.current_snapshot()
            assert snapshot is not None
            return snapshot.snapshot_id
    raise LakehouseError(
        f"{contract.dataset}: {ATTEMPTS} commits in a row lost to other writers; nothing was published. Run it again, "
        "and limit concurrent runs on this dataset (a Dagster pool) if this repeats."
    )


def written_since(table: Table, base: int) -> list[dict[str, str]]:
    """The platform's properties of each snapshot after `base`, newest first; with one without any where `base` is gone."""
    found: list[dict[str, str]] = []
    for snapshot in ancestors_of(table.current_snapshot(), table.metadata):
        if snapshot.snapshot_id == base:
            return found
        found.append(read_properties(snapshot.summary.additional_properties if snapshot.summary else {}))
    return found if base == NO_SNAPSHOT else [*found, {}]


def touches(written: Mapping[str, str], partitions: Sequence[str]) -> bool:
    """Whether a snapshot with these properties wrote any of the partitions; one that does not say which may have."""
    return "partitions" not in written or not set(partitions).isdisjoint(json.loads(written["partitions"]))


def holds_any(table: Table | None, contract: Contract, partitions: Sequence[str]) -> bool:
    """Whether the table has rows of any of these partitions."""
    return table is not None and any(True for _ in table.scan(row_filter=rows_of(contract, partitions)).plan_files())


def _replace(
    transaction: Transaction,
    table: Table,
    contract: Contract,
    replaced: Sequence[str],
    files: Sequence[str],
    properties: dict[str, str],
) -> None:
    if table.current_snapshot() is not None:
        transaction.delete(rows_of(contract, replaced), snapshot_properties=properties)
    if files:
        transaction.add_files(list(files), snapshot_properties=properties, check_duplicate_files=False)
    else:
        with transaction.update_snapshot(snapshot_properties=properties).fast_append():
            pass  # a publication without rows still leaves its trace


def _marks(
    produced: Sequence[str], replaced: Sequence[str], empty: Sequence[str], blocked: Sequence[str], publication: str
) -> dict[str, str]:
    """The table's properties that a publication sets ('': removes): which partitions have no rows, which are blocked."""
    marks = {f"{EMPTY}{partition}": "" for partition in replaced}
    marks |= {f"{BLOCKED}{partition}": "" for partition in produced}
    marks |= {f"{EMPTY}{partition}": "published" for partition in empty}
    return marks | {f"{BLOCKED}{partition}": publication for partition in blocked}


def _mark(transaction: Transaction, table: Table, marks: Mapping[str, str]) -> None:
    if gone := [name for name, value in marks.items() if not value and name in table.properties]:
        transaction.remove_properties(*gone)
    if new := {name: value for name, value in marks.items() if value and table.properties.get(name) != value}:
        transaction.set_properties(new)


def mark_blocked(table: Table, partitions: Sequence[str], publication: str) -> None:
    """Mark partitions whose publication was blocked, of which nothing else was published with them.

    Raises LakehouseError when other writers win ATTEMPTS times.
    """
    for attempt in range(ATTEMPTS):
        try:
            with table.transaction() as transaction:
                return _mark(transaction, table, _marks((), (), (), partitions, publication))
        except (CommitFailedException, CommitStateUnknownException) as conflict:
            _wait(attempt, ".".join(table.name()), conflict)
            table = table.catalog.load_table(table.name())
    raise LakehouseError(f"{'.'.join(table.name())}: {ATTEMPTS} commits in a row lost to other writers; run it again.")


def _wait(attempt: int, dataset: str, conflict: Exception) -> None:
    pause = min(2.0, 0.05 * 2**attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not security
    log.info("%s: another writer committed first (%s); retrying in %.2f s", dataset, conflict, pause)
    time.sleep(pause)


def _snapshot_of(table: Table, publication: str) -> int | None:
    for snapshot in reversed(table.metadata.snapshots):
        if snapshot.summary and snapshot.summary.additional_properties.get(f"{PREFIX}publication") == publication:
            return snapshot.snapshot_id
    return None
