"""Replay: rows that wait in quarantine run through the current contract again, and join their partition where they pass.

The outcome is that of a publication to which all rows of the partition, published and waiting, had arrived together: a
waiting row may turn out to be the one to keep of two with the same key, and published rows that a contract tightened
since refuses go to the quarantine. Where that would block the partition, nothing of it changes.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from data_platform.contracts import Contract
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.commit import replace_partitions, touches, written_since
from data_platform.lakehouse.errors import Conflict, LakehouseError
from data_platform.lakehouse.judge import Judged, Scope, judge, scope_of
from data_platform.lakehouse.metrics import record
from data_platform.lakehouse.note import Written, note
from data_platform.lakehouse.provenance import REPLAY, Provenance, to_properties
from data_platform.lakehouse.publish import Steps, tidy
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.settle import Debt, settle
from data_platform.quality.policy import Verdict
from data_platform.revision import revision

ATTEMPTS = 5
STEPS = ("staged", "audited", "split", "committed", "settled")
"""The boundaries of a replay, in order; `on_step` is called after each."""


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of one replay, by partition.

    `merged` counts the rows that came out of quarantine, `withdrawn` the published ones that went into it, `waiting`
    what is there now. `snapshot_id` is None where the dataset did not change. `unfinished` are partitions left alone,
    because the publication that refused their rows is under way or died: it has to be run again.
    """

    dataset: str
    publication_id: str = ""
    verdicts: tuple[Verdict, ...] = ()
    merged: Mapping[str, int] = field(default_factory=dict)
    withdrawn: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    unfinished: tuple[str, ...] = ()
    snapshot_id: int | None = None

    @property
    def blocked(self) -> tuple[str, ...]:
        return tuple(verdict.partition for verdict in self.verdicts if verdict.blocked)


def replay(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str] | None = None,
    rule: str = "",
    *,
    others: Mapping[str, Contract] | None = None,
    run_id: str = "",
    who: str = "",
    on_step: Callable[[str], None] = lambda step: None,
) -> Replay:
    """Run the rows that wait in `partitions` (None: in all), or those that `rule` refused, through the contract again.

    All partitions are published in one snapshot; rows that still fail wait on, with the reasons of today. Doing it
    twice does nothing the second time. `others` are the contracts of the datasets that the rules read; `run_id` and
    `who` are noted.

    Raises what `publish` raises, and LakehouseError where other writers change these partitions ATTEMPTS times.
    """
    for _ in range(ATTEMPTS):
        settle(lakehouse, contract)
        with suppress(Conflict):
            scope = scope_of(lakehouse, contract, partitions, rule)
            return _replay(lakehouse, contract, scope, others, run_id, who, on_step)
    raise LakehouseError(
        f"{contract.dataset}: other writers changed these partitions {ATTEMPTS} times while they were replayed; nothing "
        "was replayed. Run it again when they are done."
    )


def _replay(
    lakehouse: Lakehouse,
    contract: Contract,
    scope: Scope,
    others: Mapping[str, Contract] | None,
    run_id: str,
    who: str,
    on_step: Callable[[str], None],
) -> Replay:
    """One attempt; Conflict where another writer changes what it was made from."""
    if not scope.there:
        return Replay(contract.dataset, unfinished=scope.unfinished)
    publication = uuid.uuid4().hex
    folders = (
        f"{lakehouse.location(contract)}/data/{publication}",
        f"{lakehouse.location(quarantine_contract(contract))}/data/{publication}",
    )
    spill = lakehouse.settings.home / "spill" / publication
    kept: set[str] = set()  # files that a commit may refer to
    steps = Steps(on_step)
    try:
        judged = judge(lakehouse, contract, scope, folders, str(spill), others, run_id, steps)
        noted = {"publication": publication, "run-id": run_id, "contract-version": contract.version}
        noted |= {"who": who, "rule": scope.rule}
        kept.update(judged.good, *judged.aside.values())
        snapshot_id = None
        if judged.moved:
            inputs, code = scope.inputs(contract), revision(lakehouse.settings)
            provenance = Provenance(run_id, "", REPLAY, inputs, revision=code)
            snapshot_id = _commit(lakehouse, contract, scope, judged, noted, provenance)
            steps("committed")
            settle(lakehouse, contract)
            kept.intersection_update(judged.good)  # what was written ahead is settled
            steps("settled")
            moved = [verdict for verdict in judged.prepared.verdicts if verdict.partition in judged.moved]
            profiles = {name: each.profile for name, each in judged.prepared.audited.items()}
            record(lakehouse, contract, publication, moved, profiles, provenance)
            counts, size = judged.prepared.quarantined, judged.prepared.bytes
            written = Written(judged.prepared.rows, counts, snapshot_id, size, steps.elapsed(), steps.durations)
            note(lakehouse, contract, publication, moved, provenance, written)
        elif judged.changes:
            _relabel(lakehouse, contract, scope, judged, noted)
    except Conflict:
        kept.clear()
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)
        for folder in folders:
            tidy(lakehouse, folder, kept)
    return Replay(
        contract.dataset,
        publication,
        judged.prepared.verdicts,
        {name: change.merged for name, change in judged.changes.items() if change.merged},
        {name: change.withdrawn for name, change in judged.changes.items() if change.withdrawn},
        {name: judged.waiting(scope, name) for name in scope.there},
        scope.unfinished,
        snapshot_id,
    )


def _commit(
    lakehouse: Lakehouse,
    contract: Contract,
    scope: Scope,
    judged: Judged,
    noted: Mapping[str, str],
    provenance: Provenance,
) -> int:
    """Publish the partitions that change, and write ahead in the same snapshot what becomes of their quarantine."""
    moved, quarantine = judged.moved, lakehouse.existing_table(quarantine_contract(contract).dataset)
    if quarantine is None or any(
        touches(each, scope.partitions) for each in written_since(quarantine, scope.quarantine)
    ):
        raise Conflict(contract.dataset)  # somebody discarded rows, say; what is done from here on, `settle` sees
    merged = {name: change.merged for name, change in judged.changes.items()}
    settled = {**noted, "operation": "replay", "handled": json.dumps(merged)}
    debt = Debt(noted["publication"], scope.quarantine, judged.aside, settled)
    written = {
        **noted,
        "partitions": json.dumps(moved),
        "quarantined-rows": str(sum(judged.prepared.quarantined.get(name, 0) for name in moved)),
        "replay": debt.written_ahead(),
    }
    properties = provenance.properties() | to_properties(written)
    empty = [name for name in moved if judged.prepared.rows[name] == 0]
    table = lakehouse.table(contract)
    return replace_partitions(table, contract, moved, empty, judged.good, properties, base=scope.base)


def _relabel(lakehouse: Lakehouse, contract: Contract, scope: Scope, judged: Judged, noted: Mapping[str, str]) -> None:
    """Give rows that wait on the reasons of today, where the dataset does not change."""
    beside, partitions = quarantine_contract(contract), list(judged.changes)
    properties = to_properties({**noted, "operation": "relabel", "partitions": json.dumps(partitions)})
    files = [file for of in judged.aside.values() for file in of]
    replace_partitions(lakehouse.table(beside), beside, partitions, (), files, properties, base=scope.quarantine)
