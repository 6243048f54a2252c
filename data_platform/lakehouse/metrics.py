"""What every publication measured, kept: one row per rule and one per column, of each partition.

A publication leaves its rows as one small file, waiting; `fold` brings what waits into the table of METRICS, one file
per day. Whoever reads, reads both.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from data_platform import clock
from data_platform.contracts import Contract
from data_platform.contracts.rules import ABOUT_ROWS, KINDS
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect
from data_platform.lakehouse.errors import LakehouseError
from data_platform.lakehouse.provenance import Provenance
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.policy import Outcome, Verdict
from data_platform.quality.profile import ColumnProfile
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import identifier, identifiers, text

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)

METRICS = "platform.quality_metrics"
PROFILE = "profile"
"""What the rows about columns have as their `kind`."""
COLUMNS: dict[str, str] = {  # of the table, with their types; its contract says what they mean
    "measured_at": "timestamptz",
    "dataset": "string",
    "partition": "string",
    "publication": "string",
    "run_id": "string",
    "contract_version": "string",
    "published": "boolean",
    "rule": "string",
    "kind": "string",
    "columns": "string",
    "rows": "long",
    "failing_rows": "long",
    "failing_percent": "double",
    "measured": "double",
    "action": "string",
    "reason": "string",
    "nulls": "long",
    "distinct_values": "long",
    "minimum": "string",
    "maximum": "string",
}
RECENT = 60
"""Days of publications that are looked at first for a dataset's history."""
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one publication of one partition held: its rows, and the newest value of a column in seconds since 1970."""

    partition: str
    publication: str
    at: datetime
    rows: int
    newest: float | None = None


def record(
    lakehouse: Lakehouse,
    contract: Contract,
    publication: str,
    verdicts: Sequence[Verdict],
    profiles: Mapping[str, Mapping[str, ColumnProfile]],
    provenance: Provenance,
) -> None:
    """Leave what a publication measured; a failure is logged, for the publication has taken place. Of the metrics' own
    table nothing is recorded."""
    if contract.dataset == METRICS:
        return
    stamp = {
        "measured_at": clock.now(),
        "dataset": contract.dataset,
        "publication": publication,
        "run_id": provenance.run_id,
        "contract_version": contract.version,
    }
    try:
        rows = [stamp | row for each in verdicts for row in _rows(contract, each, profiles.get(each.partition, {}))]
        _write(lakehouse, f"{waiting_folder(lakehouse)}/{contract.dataset}/{publication}.parquet", rows)
    except Exception as error:  # whatever it is: the rows are published, and nobody should produce them again for it
        log.warning("%s: what publication %s measured could not be kept: %s", contract.dataset, publication, error)


def waiting_folder(lakehouse: Lakehouse) -> str:
    domain, _, name = METRICS.partition(".")
    return f"{lakehouse.settings.warehouse.rstrip('/')}/{domain}/{name}/waiting"


def waiting_files(lakehouse: Lakehouse, dataset: str = "") -> list[str]:
    """The files that wait, of one dataset or of all."""
    files, folder = filesystem(lakehouse.settings.warehouse), waiting_folder(lakehouse)
    folder = f"{folder}/{dataset}" if dataset else folder
    files.invalidate_cache(folder)
    if not files.exists(folder):
        return []
    scheme = "s3://" if folder.startswith("s3://") else ""
    return [f"{scheme}{path}" for path in sorted(files.find(folder)) if path.endswith(".parquet")]


def history(lakehouse: Lakehouse, dataset: str, column: str = "") -> Iterator[list[Measurement]]:
    """What the dataset's publications measured that were not blocked, newest first; with the newest value of `column`.

    First of the last RECENT days on which anything was published; then, where that is asked for, of all days.
    """
    for most in (RECENT, None):
        measured, has_more = _measured(lakehouse, dataset, column, most)
        yield measured
        if not has_more:
            return


def _measured(lakehouse: Lakehouse, dataset: str, column: str, most: int | None) -> tuple[list[Measurement], bool]:
    """What `history` yields, of the table's latest files, at `most` so many, and of what waits; and whether there are
    more. Others may fold what waits meanwhile."""
    import duckdb

    for _ in range(ATTEMPTS):
        waiting = waiting_files(lakehouse, dataset)  # first, so that what is folded now is in the table's files
        committed = _committed(lakehouse)
        try:
            return _measurements(lakehouse, dataset, column, [*waiting, *committed[:most]]), committed[
                :most
            ] != committed
        except duckdb.IOException:
            if waiting == waiting_files(lakehouse, dataset):
                raise
    raise LakehouseError(f"{METRICS}: what waits was folded {ATTEMPTS} times while it was read; run it again.")


def _committed(lakehouse: Lakehouse) -> list[str]:
    """The table's files, of the latest day first."""
    table = lakehouse.existing_table(METRICS)
    if table is None or table.current_snapshot() is None:
        return []
    tasks = sorted(table.scan().plan_files(), key=lambda task: task.file.partition[0], reverse=True)
    return [task.file.file_path for task in tasks]


def _measurements(lakehouse: Lakehouse, dataset: str, column: str, files: Sequence[str]) -> list[Measurement]:
    if not files:
        return []
    about = f"kind = {text(PROFILE)} AND {identifier('columns')} = {text(column)}" if column else "TRUE"
    newest = "epoch(TRY_CAST(maximum AS TIMESTAMPTZ))" if column else "CAST(NULL AS DOUBLE)"
    query = (
        f"SELECT DISTINCT {identifiers(('partition', 'publication', 'measured_at', 'rows'))}, {newest} "
        f"FROM {parquet(files, ', union_by_name=true')} WHERE dataset = {text(dataset)} AND published AND {about} "
        f"ORDER BY measured_at DESC, publication, partition"
    )
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        return [Measurement(*row) for row in connection.execute(query).fetchall()]


def _rows(contract: Contract, verdict: Verdict, profile: Mapping[str, ColumnProfile]) -> Iterator[dict[str, Any]]:
    """One row per rule, then one per column."""
    shared = {"partition": verdict.partition, "rows": verdict.rows, "published": not verdict.blocked}
    for outcome in verdict.outcomes:
        yield shared | _about_rule(outcome)
    for column, each in profile.items():
        yield shared | {
            "rule": "",
            "kind": PROFILE,
            "columns": column,
            "nulls": each.nulls,
            "distinct_values": each.distinct,
            "minimum": each.minimum,
            "maximum": each.maximum,
        }


def _about_rule(outcome: Outcome) -> dict[str, Any]:
    rule = outcome.rule
    row: dict[str, Any] = {
        "rule": rule.name,
        "kind": rule.kind,
        "columns": ", ".join(rule.columns),
        "measured": None if math.isnan(outcome.metric) else outcome.metric,
        "action": str(outcome.action) if outcome.action else None,
        "reason": outcome.reason or None,
    }
    if KINDS[rule.kind].metric in ABOUT_ROWS:
        in_percent = rule.threshold is not None and rule.threshold.unit == "percent"
        failing = round(outcome.metric * outcome.rows / 100 if in_percent else outcome.metric)
        row["failing_rows"] = failing
        row["failing_percent"] = 100 * failing / outcome.rows if outcome.rows else 0.0
    return row


def _write(lakehouse: Lakehouse, path: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Whole or not at all: a reader never sees a file half written."""
    import pyarrow.parquet as pq

    table = _table(rows)
    files, content = filesystem(lakehouse.settings.warehouse), io.BytesIO()
    pq.write_table(table, content)
    if path.startswith("s3://"):
        files.pipe_file(path, content.getvalue())
        return
    files.makedirs(path.rpartition("/")[0], exist_ok=True)
    files.pipe_file(f"{path}.part", content.getvalue())
    files.mv(f"{path}.part", path)


def _table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    types = {
        "timestamptz": pa.timestamp("us", "UTC"),
        "string": pa.string(),
        "boolean": pa.bool_(),
        "long": pa.int64(),
        "double": pa.float64(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    return pa.Table.from_pylist(list(rows), schema=schema)
