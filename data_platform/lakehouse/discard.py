"""Rows taken out of quarantine for good: discarded by somebody, for a reason, or expired. Both leave their trace."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import datetime

from data_platform import clock
from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.commit import replace_partitions
from data_platform.lakehouse.duck import connect, stored
from data_platform.lakehouse.errors import Conflict, LakehouseError
from data_platform.lakehouse.provenance import to_properties
from data_platform.lakehouse.publish import tidy
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.read import plan_read
from data_platform.lakehouse.restage import BY_PARTITION, CUT
from data_platform.lakehouse.settle import settle
from data_platform.lakehouse.staging import write
from data_platform.quality.sql import text

ATTEMPTS = 5


def discard(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str] | None = None,
    rule: str = "",
    *,
    reason: str,
    who: str,
    run_id: str = "",
) -> dict[str, int]:
    """Remove the rows that wait in `partitions` (None: in all), or those that `rule` refused; rows by partition.

    Raises ValueError without a reason, and LakehouseError where other writers change them ATTEMPTS times.
    """
    if not reason.strip():
        raise ValueError("a discard needs a reason: it is all that will be left of the rows")
    condition = f"list_contains(_rules, {text(rule)})" if rule else "TRUE"
    noted = {"operation": "discard", "reason": reason.strip(), "who": who, "rule": rule, "run-id": run_id}
    return _remove(lakehouse, contract, partitions, condition, noted)


def expire(
    lakehouse: Lakehouse, contract: Contract, now: datetime | None = None, *, run_id: str = ""
) -> dict[str, int]:
    """Remove the rows that have waited longer than the contract retains rows; rows by partition."""
    if contract.retention is None:
        return {}
    since = (now or clock.now()) - contract.retention
    condition = f"_quarantined_at < CAST({text(since.isoformat())} AS TIMESTAMP WITH TIME ZONE)"
    reason = f"waited longer than {contract.retention.days} day(s)"
    noted = {"operation": "expire", "reason": reason, "who": "retention", "run-id": run_id}
    return _remove(lakehouse, contract, None, condition, noted)


def _remove(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str] | None,
    condition: str,
    noted: dict[str, str],
) -> dict[str, int]:
    for _ in range(ATTEMPTS):
        settle(lakehouse, contract)
        with suppress(Conflict):
            return _attempt(lakehouse, quarantine_contract(contract), partitions, condition, noted)
    raise LakehouseError(
        f"{contract.dataset}: other writers changed its quarantine {ATTEMPTS} times; nothing was removed. Run it again."
    )


def _attempt(
    lakehouse: Lakehouse, beside: Contract, partitions: Sequence[str] | None, condition: str, noted: dict[str, str]
) -> dict[str, int]:
    plan = plan_read(lakehouse, beside, (), partitions, allow_missing=True)
    if not plan.files:
        return {}
    publication = uuid.uuid4().hex
    folder = f"{lakehouse.location(beside)}/data/{publication}"
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        rows = stored(connection, beside.columns, plan.files)
        removed: dict[str, int] = dict(
            connection.execute(
                f"SELECT _partition, count(*) FROM ({rows}) WHERE {condition} GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        )
        if not removed:
            return {}
        among = ", ".join(text(partition) for partition in removed)
        left = f"SELECT *, {CUT} FROM ({rows}) WHERE _partition IN ({among}) AND NOT ({condition})"
        files = write(connection, left, folder, BY_PARTITION).files
    counts = {"partitions": json.dumps(list(removed)), "handled": json.dumps(removed)}
    properties = to_properties({**noted, **counts, "publication": publication})
    try:
        table = lakehouse.table(beside)
        replace_partitions(table, beside, list(removed), (), files, properties, base=plan.snapshot_id)
    except Conflict:
        tidy(lakehouse, folder, set())
        raise
    return removed
