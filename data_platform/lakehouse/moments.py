"""The past by the clock: which snapshot of a table people read at a moment."""

from __future__ import annotations

from datetime import UTC, datetime

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import LakehouseError
from data_platform.lakehouse.provenance import read_properties


def snapshot_at(lakehouse: Lakehouse, contract: Contract, moment: datetime) -> int:
    """The snapshot that was current at `moment` (UTC where it names no zone).

    A publication is a delete and an append, committed together: what lies between the two nobody ever saw, so only the
    last snapshot of a publication counts. Raises LakehouseError where nothing was published yet.
    """
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    table = lakehouse.existing_table(contract.dataset)
    first, later = None, ""
    for snapshot in reversed(table.metadata.snapshots if table is not None else ()):
        known = read_properties(snapshot.summary.additional_properties if snapshot.summary else {})
        publication = known.get("publication", str(snapshot.snapshot_id))
        if publication != later:
            later, first = publication, datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC)
            if first <= moment:
                return snapshot.snapshot_id
    when = f"its oldest snapshot is of {first:%Y-%m-%d %H:%M:%S} UTC" if first else "it was never published"
    raise LakehouseError(f"{contract.dataset} had no published data at {moment:%Y-%m-%d %H:%M:%S %Z}: {when}")
