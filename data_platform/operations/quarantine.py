"""Quarantines kept in view and within their time: a sensor that tells Dagster what was done to them outside of it (by
`dp quarantine`, say), and a nightly job that removes what has waited longer than its contract retains."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.metadata import asset_key
from data_platform.datasets.partitions import to_dagster
from data_platform.datasets.quarantine import waiting_metadata
from data_platform.lakehouse import Lakehouse, current_lakehouse
from data_platform.lakehouse.quarantine import quarantine_contract, waiting, with_quarantine

INTERVAL = 60
BUDGET = 20.0
"""Seconds between looks, and for one; where it is not enough for all quarantines, the next look goes on from there."""
NIGHTLY = "30 3 * * *"


def quarantine_sensor(contracts: Sequence[Contract]) -> dg.SensorDefinition:
    """On from the start. It looks at the metadata of quarantines that exist, and counts rows only where something
    changed that no run of Dagster did (a run tells of itself)."""

    @dg.sensor(
        name="quarantines",
        minimum_interval_seconds=INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Shows what was replayed or discarded from the command line: rows that wait, per rule.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen = json.loads(context.cursor or "{}")
        events = list(news(current_lakehouse(), contracts, seen))
        return dg.SensorResult(asset_events=events, cursor=json.dumps(seen))

    return sensor


def news(
    lakehouse: Lakehouse, contracts: Sequence[Contract], seen: dict[str, int | str]
) -> Iterable[dg.AssetMaterialization | dg.AssetObservation]:
    """What to tell of the quarantines that changed; `seen` (snapshot by dataset, and under '' the one looked at last)
    is brought up to date."""
    from data_platform.lakehouse.commit import NO_SNAPSHOT, written_since  # pyiceberg: a second to import

    ends = time.monotonic() + BUDGET
    known = {contract.dataset: contract for contract in with_quarantine(lakehouse, contracts)}
    last = str(seen.get("", ""))
    for dataset in sorted(known, key=lambda name: (name <= last, name)):
        contract = known[dataset]
        table = lakehouse.existing_table(quarantine_contract(contract).dataset)
        current = table.current_snapshot() if table is not None else None
        if table is not None and current is not None and current.snapshot_id != seen.get(dataset):
            untold = [
                each for each in written_since(table, int(seen.get(dataset, NO_SNAPSHOT))) if not each.get("run-id")
            ]
            yield from _told(lakehouse, contract, untold)
            seen[dataset] = current.snapshot_id
        seen[""] = dataset
        if time.monotonic() > ends:
            return


def _told(
    lakehouse: Lakehouse, contract: Contract, untold: Sequence[Mapping[str, str]]
) -> Iterable[dg.AssetMaterialization | dg.AssetObservation]:
    """What waits now in the partitions that were touched, and what came back into the dataset."""
    if not untold:
        return
    touched = {name for each in untold for name in json.loads(each.get("partitions", "[]"))}
    all_of_them = any("partitions" not in each for each in untold)  # the table no longer remembers what came first
    there = waiting(lakehouse, contract, None if all_of_them else sorted(touched))
    for partition in sorted(touched | there.keys()):
        yield dg.AssetMaterialization(
            asset_key(quarantine_contract(contract).dataset),
            partition=to_dagster(contract, partition) or None,
            metadata=waiting_metadata(contract, there.get(partition)),
        )
    replays = {each["publication"]: each for each in untold if each.get("operation") == "replay"}
    for each in replays.values():
        for partition, rows in json.loads(each["handled"]).items():
            yield dg.AssetObservation(
                asset_key(contract.dataset),
                partition=to_dagster(contract, partition) or None,
                description=f"{rows:,} row(s) came back from quarantine",
                metadata={"replayed": rows, "contract_version": each["contract-version"], "replayed_by": each["who"]},
            )


def retention_schedule(contracts: Sequence[Contract]) -> dg.ScheduleDefinition:
    """On from the start: every night at 03:30 UTC."""

    @dg.op(name="expire", description="Remove the rows that have waited longer than their contract retains.")
    def expire_all(context: dg.OpExecutionContext) -> None:
        from data_platform.lakehouse import refusals
        from data_platform.lakehouse.discard import expire
        from data_platform.lakehouse.settle import settle

        lakehouse = current_lakehouse()
        for contract in contracts:
            refusals.expire(lakehouse, contract)
        for contract in with_quarantine(lakehouse, contracts):
            settle(lakehouse, contract)
            removed = expire(lakehouse, contract, run_id=context.run_id)
            there = waiting(lakehouse, contract, sorted(removed)) if removed else {}
            for partition, rows in removed.items():
                context.log.info(f"{contract.dataset} {partition}: {rows:,} row(s) expired")
                context.log_event(
                    dg.AssetMaterialization(
                        asset_key(quarantine_contract(contract).dataset),
                        partition=to_dagster(contract, partition) or None,
                        metadata=waiting_metadata(contract, there.get(partition)),
                    )
                )

    @dg.job(
        name="expire_quarantines",
        executor_def=dg.in_process_executor,
        description="Remove what has waited in quarantine longer than its contract retains rows; and finish replays that "
        "died half-way.",
    )
    def job() -> None:
        expire_all()

    return dg.ScheduleDefinition(
        name="expire_quarantines",
        job=job,
        cron_schedule=NIGHTLY,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=job.description,
    )
