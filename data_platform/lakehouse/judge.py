"""What a replay begins with, and what it finds: waiting rows and the published rows beside them, audited together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect, limit, stored
from data_platform.lakehouse.errors import Conflict
from data_platform.lakehouse.prepare import Prepared, prepare
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.quarantine import Waiting, quarantine_contract, waiting
from data_platform.lakehouse.read import plan_read
from data_platform.lakehouse.restage import BY_PARTITION, CUT, Change, changes, files_of, restage
from data_platform.lakehouse.settle import debts, unfinished
from data_platform.lakehouse.staging import write
from data_platform.quality.sql import text


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be replayed, by partition, and the snapshots of both tables that it is made from."""

    rule: str
    there: Mapping[str, Waiting] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    base: int = 0
    quarantine: int = 0

    @property
    def condition(self) -> str:
        return f"list_contains(_rules, {text(self.rule)})" if self.rule else "TRUE"

    @property
    def partitions(self) -> tuple[str, ...]:
        return tuple(self.there)

    def inputs(self, contract: Contract) -> tuple[InputRead, ...]:
        """What a replay reads: both tables."""
        beside, own = quarantine_contract(contract), {each: (each,) for each in self.partitions}
        return (
            InputRead(contract.dataset, self.base, self.partitions, contract.column_names, own),
            InputRead(beside.dataset, self.quarantine, self.partitions, beside.column_names, own),
        )

    def asked(self, partition: str) -> int:
        """The rows to replay."""
        there = self.there[partition]
        return there.rules.get(self.rule, 0) if self.rule else there.rows


def scope_of(lakehouse: Lakehouse, contract: Contract, partitions: Sequence[str] | None, rule: str) -> Scope:
    """Look at the dataset's table first: what a publication does to either table later is a conflict, or unfinished."""
    beside = quarantine_contract(contract)
    table, quarantine = lakehouse.existing_table(contract.dataset), lakehouse.existing_table(beside.dataset)
    if quarantine is None or (held := quarantine.current_snapshot()) is None:
        return Scope(rule)
    there = waiting(lakehouse, contract, partitions, at=held.snapshot_id)
    there = {name: each for name, each in there.items() if not rule or rule in each.rules}
    if table is None or (current := table.current_snapshot()) is None:
        return Scope(rule, {}, tuple(there))
    if debts(table, quarantine):
        raise Conflict(contract.dataset)
    left = unfinished(table, quarantine, there)
    if contract.partitioning is not None:
        published = plan_read(lakehouse, contract, (), tuple(there), current.snapshot_id, allow_missing=True)
        left |= there.keys() - published.partitions
    chosen = {name: each for name, each in there.items() if name not in left}
    return Scope(rule, chosen, tuple(sorted(left)), current.snapshot_id, held.snapshot_id)


@dataclass(frozen=True, slots=True)
class Judged:
    """Published and waiting rows after their audit. `good` are the files to publish, `aside` those of the rows that
    wait on, of the partitions that change."""

    prepared: Prepared
    changes: Mapping[str, Change]
    good: tuple[str, ...]
    aside: Mapping[str, list[str]]

    @property
    def moved(self) -> list[str]:
        """The partitions of the dataset that change."""
        return [name for name, change in self.changes.items() if change.moves]

    def waiting(self, scope: Scope, partition: str) -> int:
        """Rows that wait in the end."""
        before = scope.there[partition].rows
        if partition not in self.prepared.rows:
            return before
        return before - scope.asked(partition) + self.prepared.quarantined.get(partition, 0)


def judge(
    lakehouse: Lakehouse,
    contract: Contract,
    scope: Scope,
    folders: tuple[str, str],
    spill: str,
    others: Mapping[str, Contract] | None,
    run_id: str,
    on_step: Callable[[str], None],
) -> Judged:
    """Stage and audit the rows asked for with the published ones of their partitions; files are written below
    `folders` (the dataset's and its quarantine's), and nothing is committed."""
    partitions = scope.partitions
    published = plan_read(lakehouse, contract, (), partitions, scope.base, allow_missing=True)
    held = plan_read(lakehouse, quarantine_contract(contract), (), partitions, scope.quarantine)
    with closing(connect(lakehouse.settings.warehouse)) as connection:
        limit(connection, f"{spill}/replay")
        rows = stored(connection, held.columns, held.files)
        asked = f"SELECT * FROM ({rows}) WHERE {scope.condition}"
        staged = restage(connection, contract, published.files, asked, folders[0])
        rest = f"SELECT *, {CUT} FROM ({rows}) WHERE NOT {scope.condition}"
        left = write(connection, rest, f"{folders[1]}/left", BY_PARTITION).files
        stamp = {"_run_id": run_id, "_contract_version": contract.version}
        prepared = prepare(
            lakehouse,
            staged,
            contract,
            partitions,
            folders,
            f"{spill}/audit",
            stamp,
            others=others,
            on_step=on_step,
        )
        changed = changes(connection, asked, prepared)
    still = [name for name in partitions if name not in changed or not changed[name].moves]
    same = {file for name in still for file in prepared.staged[name]}
    good = tuple(file for file in prepared.good if file not in same)
    aside = {name: [*files_of(prepared.refused, name), *files_of(left, name)] for name in changed}
    return Judged(prepared, changed, good, aside)
