"""The quarantine of a dataset: a table of the rows its rules refused, with why, replaced partition by partition.

Each row keeps the dataset's columns: values as they were, or, where a value could not be cast, null here and its text
and type in the stamp, so that `replay` can try again. Columns that the contract ignores are dropped before any rule
sees them and are nowhere kept: nobody has classified them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from data_platform.contracts import MASK, Column, ColumnType, Contract, Partitioning, PartitionKey
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect, stored
from data_platform.lakehouse.provenance import read_properties
from data_platform.lakehouse.read import plan_read
from data_platform.quality.restore import noted
from data_platform.quality.sql import identifier, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyiceberg.table import Table

SUFFIX = "__quarantine"

_TEXT = ColumnType("string")
STAMP = (
    Column("_row", _TEXT, description="The row's own name as long as it waits"),
    Column("_uncast", _TEXT, description="JSON: the original text of values that cannot be cast, by column"),
    Column("_types", _TEXT, description="JSON: the type such values had, by column"),
    Column("_rules", ColumnType("list", element=_TEXT), description="The rules that refused the row"),
    Column("_reasons", ColumnType("list", element=_TEXT), description="Why, one text per rule"),
    Column("_partition", _TEXT, description="The partition the row was produced for"),
    Column("_run_id", _TEXT, description="The run that brought the row here"),
    Column("_contract_version", _TEXT, description="The contract that refused it last"),
    Column("_quarantined_at", ColumnType("timestamptz"), description="Since when the row has been here"),
)


def quarantine_contract(contract: Contract) -> Contract:
    """The contract of `<dataset>__quarantine`: the dataset's columns, none required, then the stamp."""
    columns = tuple(replace(column, required=False, unique=False) for column in contract.columns)
    return replace(
        contract,
        name=contract.name + SUFFIX,
        columns=columns + STAMP,
        description=f"Rows that the rules of {contract.dataset} refused, with the reason.",
        primary_key=(),
        rules=(),
        partitioning=Partitioning((PartitionKey("_partition", "static"),)),
        freshness=None,
    )


def with_quarantine(lakehouse: Lakehouse, contracts: Iterable[Contract]) -> list[Contract]:
    """Those of the contracts whose dataset ever had refused rows; asks the catalog once per domain, and no table."""
    from pyiceberg.exceptions import NoSuchNamespaceError

    found, there = [], dict[str, set[str]]()
    for contract in contracts:
        if contract.domain not in there:
            try:
                there[contract.domain] = {name for *_, name in lakehouse.catalog.list_tables(contract.domain)}
            except NoSuchNamespaceError:
                there[contract.domain] = set()
        if quarantine_contract(contract).name in there[contract.domain]:
            found.append(contract)
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in the quarantine of one partition. `rules` counts rows per rule (a row may break several); `since`
    is when the oldest row came."""

    partition: str
    rows: int
    rules: Mapping[str, int]
    since: datetime


def waiting(
    lakehouse: Lakehouse, contract: Contract, partitions: Sequence[str] | None = None, *, at: int | None = None
) -> dict[str, Waiting]:
    """What waits, by partition (None: all of them), now or `at` a snapshot; partitions where nothing waits are left out.

    Counted from the table's stamp columns; no row is read whole.
    """
    with _opened(lakehouse, contract, ("_partition", "_rules", "_quarantined_at"), partitions, at) as (
        connection,
        rows,
    ):
        if not rows:
            return {}
        counts = connection.execute(
            f"SELECT _partition, count(*), epoch_us(min(_quarantined_at)) FROM ({rows}) GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        found = connection.execute(
            f"SELECT _partition, __rule, count(*) FROM (SELECT _partition, unnest(_rules) AS __rule FROM ({rows})) "
            "GROUP BY ALL ORDER BY ALL"
        ).fetchall()
    rules: dict[str, dict[str, int]] = {}
    for partition, rule, count in found:
        rules.setdefault(partition, {})[rule] = count
    return {
        partition: Waiting(partition, count, rules.get(partition, {}), datetime.fromtimestamp(since / 1e6, UTC))
        for partition, count, since in counts
    }


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One row as a person may see it: `values` as text, in the contract's order, nulls left out, sensitive ones
    masked."""

    partition: str
    rules: tuple[str, ...]
    reasons: tuple[str, ...]
    values: Mapping[str, str]
    run_id: str
    contract_version: str
    since: datetime


def rows_waiting(
    lakehouse: Lakehouse, contract: Contract, partitions: Sequence[str] | None = None, rule: str = "", limit: int = 10
) -> list[WaitingRow]:
    """The first few rows that wait (oldest first), of all partitions and rules or of some.

    Sensitive values are masked inside the query, and never leave it; a value that could not be cast shows its text.
    """
    beside = quarantine_contract(contract)
    with _opened(lakehouse, contract, beside.column_names, partitions) as (connection, rows):
        if not rows:
            return []
        values = ", ".join(_shown(column) for column in contract.columns)
        where = f"WHERE list_contains(_rules, {text(rule)})" if rule else ""
        found = connection.execute(
            f"SELECT _partition, _rules, _reasons, _run_id, _contract_version, epoch_us(_quarantined_at), {values} "
            f"FROM ({rows}) {where} ORDER BY _quarantined_at, _partition, _row LIMIT {int(limit)}"
        ).fetchall()
    return [
        WaitingRow(
            partition,
            tuple(rules),
            tuple(reasons),
            {name: value for name, value in zip(contract.column_names, shown, strict=True) if value is not None},
            run_id or "",
            version or "",
            datetime.fromtimestamp(since / 1e6, UTC),
        )
        for partition, rules, reasons, run_id, version, since, *shown in found
    ]


def _shown(column: Column) -> str:
    name = identifier(column.name)
    value = f"coalesce({noted('_uncast', column.name)}, CAST({name} AS VARCHAR))"
    if column.is_sensitive:
        value = f"CASE WHEN {value} IS NOT NULL THEN {text(MASK)} END"
    return f"{value} AS {name}"


@contextmanager
def _opened(
    lakehouse: Lakehouse,
    contract: Contract,
    columns: Sequence[str],
    partitions: Sequence[str] | None = None,
    at: int | None = None,
) -> Iterator[tuple[DuckDBPyConnection, str]]:
    """A connection and a query of these columns of what waits; the query is '' where nothing does."""
    plan = plan_read(lakehouse, quarantine_contract(contract), columns, partitions, at, allow_missing=True)
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        yield connection, stored(connection, plan.columns, plan.files) if plan.files else ""


@dataclass(frozen=True, slots=True)
class Handling:
    """Something that was done to the rows that wait: a `replay`, a `discard` or an `expire`.

    `rows` counts, by partition, those that left the quarantine; `rule` is '' where it was done to all.
    """

    operation: str
    at: datetime
    who: str
    reason: str
    rule: str
    rows: Mapping[str, int]


def handlings(lakehouse: Lakehouse, contract: Contract) -> list[Handling]:
    """What was done to the rows that waited, newest first, as far back as the table's snapshots reach."""
    table = lakehouse.existing_table(quarantine_contract(contract).dataset)
    return [
        Handling(
            known["operation"],
            datetime.fromtimestamp(at / 1000, UTC),
            known.get("who", ""),
            known.get("reason", ""),
            known.get("rule", ""),
            json.loads(known.get("handled", "{}")),
        )
        for at, known in (publications(table) if table is not None else ())
        if "operation" in known
    ]


def publications(table: Table) -> list[tuple[int, dict[str, Any]]]:
    """When (milliseconds) and with which properties each publication came into a table, newest first."""
    found: dict[str, tuple[int, dict[str, Any]]] = {}
    for snapshot in reversed(table.metadata.snapshots):
        known = read_properties(snapshot.summary.additional_properties if snapshot.summary else {})
        found.setdefault(known.get("publication", str(snapshot.snapshot_id)), (snapshot.timestamp_ms, known))
    return list(found.values())
