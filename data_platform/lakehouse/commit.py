"""One atomic Iceberg snapshot that replaces exactly some partitions, however many writers there are."""

from __future__ import annotations

import logging
import random
import time
import warnings
from collections.abc import Mapping, Sequence

from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException, ValidationException
from pyiceberg.table import Table, Transaction

from data_platform.contracts import Contract
from data_platform.lakehouse.errors import LakehouseError
from data_platform.lakehouse.filters import rows_of
from data_platform.lakehouse.provenance import EMPTY, PREFIX

log = logging.getLogger(__name__)

ATTEMPTS = 12


def replace_partitions(
    table: Table,
    contract: Contract,
    replaced: Sequence[str],
    empty: Sequence[str],
    files: Sequence[str],
    properties: Mapping[str, str],
) -> int:
    """Replace the rows of the partitions `replaced` by `files` in one commit; return the new snapshot's id.

    `empty` are those of them that have no rows now. `properties` must hold a unique `data-platform.publication`, by
    which a commit whose answer was lost is recognised. Conflicts with other writers are retried on the fresh table.

    Raises LakehouseError when other writers win ATTEMPTS times.
    """
    publication = properties[f"{PREFIX}publication"]
    for attempt in range(ATTEMPTS):
        try:
            with table.transaction() as transaction, warnings.catch_warnings():
                warnings.filterwarnings("ignore", message="Delete operation did not match any records")
                _replace(transaction, table, contract, replaced, empty, files, dict(properties))
        except (CommitFailedException, CommitStateUnknownException, ValidationException) as conflict:
            table = table.catalog.load_table(table.name())
            if (snapshot := _snapshot_of(table, publication)) is not None:
                return snapshot
            pause = min(2.0, 0.05 * 2**attempt) * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not security
            log.info("%s: another writer committed first (%s); retrying in %.2f s", contract.dataset, conflict, pause)
            time.sleep(pause)
        else:
            snapshot = table.current_snapshot()
            assert snapshot is not None
            return snapshot.snapshot_id
    raise LakehouseError(
        f"{contract.dataset}: {ATTEMPTS} commits in a row lost to other writers; nothing was published. Run it again, "
        "and limit concurrent runs on this dataset (a Dagster pool) if this repeats."
    )


def holds_any(table: Table | None, contract: Contract, partitions: Sequence[str]) -> bool:
    """Whether the table has rows of any of these partitions."""
    return table is not None and any(True for _ in table.scan(row_filter=rows_of(contract, partitions)).plan_files())


def _replace(
    transaction: Transaction,
    table: Table,
    contract: Contract,
    replaced: Sequence[str],
    empty: Sequence[str],
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
    marks = {f"{EMPTY}{partition}" for partition in empty}
    stale = {f"{EMPTY}{partition}" for partition in replaced} - marks
    if gone := stale & table.properties.keys():
        transaction.remove_properties(*gone)
    if marks - table.properties.keys():
        transaction.set_properties(dict.fromkeys(marks, "published"))


def _snapshot_of(table: Table, publication: str) -> int | None:
    for snapshot in reversed(table.metadata.snapshots):
        if snapshot.summary and snapshot.summary.additional_properties.get(f"{PREFIX}publication") == publication:
            return snapshot.snapshot_id
    return None
