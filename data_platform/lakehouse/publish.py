"""Write-audit-publish: the one way into a table.

Staged files are conformed to the contract, audited, split where the policy says so, and published as one atomic
snapshot that replaces exactly the partitions produced. What was refused was never visible; a crash anywhere leaves the
last good snapshot, and running again leaves each row once.
"""

from __future__ import annotations

import json
import logging
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from data_platform.contracts import Contract
from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import Conflict
from data_platform.lakehouse.metrics import record
from data_platform.lakehouse.note import Written, note
from data_platform.lakehouse.prepare import prepare
from data_platform.lakehouse.provenance import PREFIX, UNKNOWN, Provenance
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.refusals import forget, keep_blocked
from data_platform.lakehouse.staging import Staged
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.policy import Verdict
from data_platform.quality.profile import ColumnProfile
from data_platform.revision import revision

log = logging.getLogger(__name__)

STEPS = ("staged", "audited", "split", "quarantined", "committed")
"""The boundaries of a publication, in order; `on_step` is called after each."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of one publication, per partition.

    `rows` and `quarantined` count rows by partition (published partitions only); `snapshot_id` is None where every
    partition was blocked, so that nothing changed; `bytes` are those published; `seconds` is wall time. `profiles` say
    by partition what each column of the audited rows holds, refused ones included; `provenance` is what was recorded.
    """

    dataset: str
    publication_id: str
    verdicts: tuple[Verdict, ...]
    rows: Mapping[str, int]
    quarantined: Mapping[str, int]
    snapshot_id: int | None
    bytes: int
    seconds: float
    profiles: Mapping[str, Mapping[str, ColumnProfile]] = field(default_factory=dict)
    provenance: Provenance = UNKNOWN

    @property
    def published(self) -> tuple[str, ...]:
        return tuple(verdict.partition for verdict in self.verdicts if not verdict.blocked)

    @property
    def blocked(self) -> tuple[str, ...]:
        return tuple(verdict.partition for verdict in self.verdicts if verdict.blocked)


def staging_folder(lakehouse: Lakehouse, contract: Contract) -> str:
    """A new folder for one publication, inside the table's own data folder."""
    return f"{lakehouse.location(contract)}/data/{uuid.uuid4().hex}"


def publish(
    lakehouse: Lakehouse,
    staged: Staged,
    contract: Contract,
    partitions: Sequence[str] = (WHOLE,),
    provenance: Provenance = UNKNOWN,
    *,
    others: Mapping[str, Contract] | None = None,
    base: int | None = None,
    on_step: Callable[[str], None] = lambda step: None,
) -> Publication:
    """Publish staged files as the new content of `partitions` (all of them produced, even where without rows).

    `others` are the contracts of the datasets that the rules read; a dataset that the producer read is read at the same
    snapshot (`provenance.inputs`), any other at its current one. `base` is the snapshot of the table that the rows were
    made from, where they were (see `replace_partitions`).

    Raises StructureError where the files do not fit the contract, or hold rows of other partitions; RuleError where a
    rule cannot be evaluated; LakehouseError where the table cannot be written, Conflict where it is no longer as it was
    at `base`. In every case nothing is published and the staged files are removed.
    """
    from data_platform.lakehouse.commit import (
        holds_any,
        mark_blocked,
        replace_partitions,
    )  # pyiceberg: a second to import

    provenance = replace(provenance, revision=provenance.revision or revision(lakehouse.settings))
    steps = Steps(on_step)
    publication = staged.folder.rstrip("/").rpartition("/")[2]
    beside = quarantine_contract(contract)
    folders = (staged.folder, f"{lakehouse.location(beside)}/data/{publication}")
    spill = lakehouse.settings.home / "spill" / publication
    kept: set[str] = set()  # files that a commit may refer to; never removed, even where the commit then failed
    snapshot_id = None
    try:
        stamp = {"_run_id": provenance.run_id, "_contract_version": contract.version}
        prepared = prepare(
            lakehouse,
            staged,
            contract,
            partitions,
            folders,
            str(spill),
            stamp,
            others=others,
            inputs=provenance.inputs,
            on_step=steps,
        )
        rows, blocked = prepared.rows, [each.partition for each in prepared.verdicts if each.blocked]
        if blocked:
            keep_blocked(lakehouse, contract, staged, prepared, provenance.run_id)
        if rows:
            table = lakehouse.table(contract)
            properties = provenance.properties() | {
                f"{PREFIX}publication": publication,
                f"{PREFIX}contract-version": contract.version,
                f"{PREFIX}partitions": json.dumps(list(rows)),
                f"{PREFIX}quarantined-rows": str(sum(prepared.quarantined.values())),
                f"{PREFIX}rows": str(sum(rows.values())),
                f"{PREFIX}bytes": str(prepared.bytes),
                f"{PREFIX}rules": json.dumps(_broken(prepared.verdicts)),
                f"{PREFIX}durations": json.dumps({step: round(each, 3) for step, each in steps.durations.items()}),
            }
            # Quarantine first: a crash before the good rows is healed by running again, which replaces both.
            if prepared.refused or holds_any(lakehouse.existing_table(beside.dataset), beside, list(rows)):
                kept.update(prepared.refused)
                replace_partitions(lakehouse.table(beside), beside, list(rows), (), prepared.refused, properties)
            steps("quarantined")
            empty = [partition for partition, count in rows.items() if count == 0]
            kept.update(prepared.good)
            snapshot_id = replace_partitions(
                table, contract, list(rows), empty, prepared.good, properties, blocked=blocked, base=base
            )
            steps("committed")
            forget(lakehouse, contract, list(rows))
        elif (known := lakehouse.existing_table(contract.dataset)) is not None:
            mark_blocked(known, blocked, publication)
    except Conflict:
        kept.clear()
        raise
    finally:
        shutil.rmtree(spill, ignore_errors=True)
        for folder in folders:
            tidy(lakehouse, folder, kept)
    profiles = {partition: each.profile for partition, each in prepared.audited.items()}
    record(lakehouse, contract, publication, prepared.verdicts, profiles, provenance)
    seconds = steps.elapsed()
    written = Written(rows, prepared.quarantined, snapshot_id, prepared.bytes, seconds, steps.durations)
    note(lakehouse, contract, publication, prepared.verdicts, provenance, written)
    return Publication(
        contract.dataset,
        publication,
        prepared.verdicts,
        rows,
        prepared.quarantined,
        snapshot_id,
        prepared.bytes,
        seconds,
        profiles,
        provenance,
    )


class Steps:
    """Passes the boundaries of a publication on, and measures how long it took from each to the next."""

    def __init__(self, on_step: Callable[[str], None]):
        self.durations: dict[str, float] = {}
        self._on_step, self._started = on_step, time.monotonic()
        self._last = self._started

    def __call__(self, step: str) -> None:
        now = time.monotonic()
        self.durations[step], self._last = now - self._last, now
        self._on_step(step)

    def elapsed(self) -> float:
        return time.monotonic() - self._started


def _broken(verdicts: Sequence[Verdict]) -> dict[str, list[str]]:
    """The rules that did not hold in any partition, each with what followed from it."""
    found: dict[str, set[str]] = {}
    for outcome in (outcome for verdict in verdicts for outcome in verdict.outcomes if outcome.action):
        found.setdefault(outcome.rule.name, set()).add(str(outcome.action))
    return {name: sorted(actions) for name, actions in sorted(found.items())}


def tidy(lakehouse: Lakehouse, folder: str, kept: set[str]) -> None:
    """Remove what was staged and not published. What cannot be removed is invisible, and left to maintenance."""
    files = filesystem(lakehouse.settings.warehouse)
    names = {path.removeprefix("s3://") for path in kept}
    try:
        files.invalidate_cache(folder)
        found = files.find(folder) if files.exists(folder) else []
        if names.isdisjoint(found):
            if files.exists(folder):
                files.rm(folder, recursive=True)
            return
        for path in found:
            if path not in names:
                files.rm_file(path)
    except OSError as error:
        log.warning("%s: staged files could not be removed: %s", folder, error)
