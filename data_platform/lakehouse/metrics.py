"""What every publication measured, kept in the journal METRICS: one row per rule and one per column, of each partition."""

from __future__ import annotations

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
from data_platform.lakehouse.journal import METRICS, leave, reading
from data_platform.lakehouse.provenance import Provenance
from data_platform.quality.policy import Outcome, Verdict
from data_platform.quality.profile import ColumnProfile
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import identifier, identifiers, text

if TYPE_CHECKING:
    import pyarrow as pa

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
    """Leave what a publication measured (see `journal.leave`)."""
    stamp = {
        "measured_at": clock.now(),
        "dataset": contract.dataset,
        "publication": publication,
        "run_id": provenance.run_id,
        "contract_version": contract.version,
    }

    def rows() -> list[dict[str, Any]]:
        return [stamp | row for each in verdicts for row in _rows(contract, each, profiles.get(each.partition, {}))]

    leave(lakehouse, METRICS, contract.dataset, publication, rows, _schema)


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
    more."""

    def read(waiting: list[str], committed: list[str]) -> tuple[list[Measurement], bool]:
        latest = committed[:most]
        return _measurements(lakehouse, dataset, column, [*waiting, *latest]), latest != committed

    return reading(lakehouse, METRICS, [dataset], read)


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
        yield shared | about_rule(outcome)
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


def about_rule(outcome: Outcome) -> dict[str, Any]:
    """What is kept of a rule's outcome, by the names of COLUMNS."""
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


def _schema() -> pa.Schema:
    import pyarrow as pa

    types = {
        "timestamptz": pa.timestamp("us", "UTC"),
        "string": pa.string(),
        "boolean": pa.bool_(),
        "long": pa.int64(),
        "double": pa.float64(),
    }
    return pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
