"""What waits for a journal, folded into its table: one atomic publication that holds each row once, whoever does it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect, stored
from data_platform.lakehouse.errors import Conflict, LakehouseError
from data_platform.lakehouse.journal import JOURNALS, waiting_files
from data_platform.lakehouse.provenance import Provenance
from data_platform.lakehouse.publish import Publication, publish, staging_folder
from data_platform.lakehouse.read import plan_read
from data_platform.lakehouse.staging import Staged, stage
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.sql import identifier

ATTEMPTS = 5


def fold(lakehouse: Lakehouse, contract: Contract) -> Publication | None:
    """Bring all that waits into the table of the journal whose contract this is; None where nothing waits.

    Of the days concerned everything is written anew, so that a day is one file, and a publication that is there already
    (its file could not be removed) comes in no second time.

    Raises LakehouseError where the contract refuses the rows, or others fold at the same time ATTEMPTS times.
    """
    from data_platform.lakehouse.commit import NO_SNAPSHOT  # pyiceberg: a second to import

    assert contract.dataset in JOURNALS
    journal = contract.dataset
    for _ in range(ATTEMPTS):
        files = waiting_files(lakehouse, journal)
        if not files:
            return None
        table = lakehouse.table(contract)
        snapshot = table.current_snapshot()
        base = snapshot.snapshot_id if snapshot else NO_SNAPSHOT
        with suppress(Conflict, _Gone):
            publication = _publish(lakehouse, contract, files, base)
            if publication.blocked:
                reasons = [each.reason for verdict in publication.verdicts for each in verdict.outcomes if each.action]
                raise LakehouseError(f"{journal} does not take what waits for it: {'; '.join(reasons[:3])}")
            _remove(lakehouse, files)
            return publication
    raise LakehouseError(f"{journal}: others folded it at the same time, {ATTEMPTS} times; run it again.")


class _Gone(Exception):
    """Somebody else folded, and removed, what waited."""


def _publish(lakehouse: Lakehouse, contract: Contract, files: Sequence[str], base: int) -> Publication:
    import duckdb

    try:
        staged, days = _staged(lakehouse, contract, files, base)
    except duckdb.IOException as error:
        if set(files) <= set(waiting_files(lakehouse, contract.dataset)):
            raise
        raise _Gone from error
    return publish(lakehouse, staged, contract, days, Provenance(engine="duckdb"), base=base)


def _staged(lakehouse: Lakehouse, contract: Contract, files: Sequence[str], base: int) -> tuple[Staged, list[str]]:
    """What there was at `base` of the days that the files are of, and what is new; by dataset, so that one is read
    quickly. And these days."""
    assert contract.partitioning is not None
    moment = identifier(contract.partitioning.keys[0].column)
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        new = stored(connection, contract.columns, files)
        found = connection.execute(f"SELECT DISTINCT CAST({moment} AS DATE)::VARCHAR FROM ({new}) ORDER BY 1")
        days = [day for (day,) in found.fetchall()]
        known = plan_read(lakehouse, contract, (), days, base, allow_missing=True).files if base else ()
        old = stored(connection, contract.columns, known)
        rows = f"SELECT * FROM ({new}) WHERE publication NOT IN (SELECT publication FROM ({old}))"
        relation = connection.sql(f"SELECT * FROM ({old} UNION ALL {rows}) ORDER BY dataset, {moment}")
        return stage(relation, contract, staging_folder(lakehouse, contract)), days


def _remove(lakehouse: Lakehouse, files: Sequence[str]) -> None:
    """They are in the table now; one that stays would only be folded again, to no effect."""
    storage = filesystem(lakehouse.settings.warehouse)
    for file in files:
        with suppress(FileNotFoundError):
            storage.rm_file(file)
