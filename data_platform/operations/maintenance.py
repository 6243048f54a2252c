"""What processes that died have left behind, removed every week."""

from collections.abc import Sequence

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.metadata import asset_key
from data_platform.lakehouse import current_lakehouse

NAME = "maintenance"
WEEKLY = "30 4 * * 0"


def maintenance_schedule(contracts: Sequence[Contract]) -> dg.ScheduleDefinition:
    """On from the start: every Sunday at 04:30 UTC. In the launchpad: `older_than_days`, `dry_run`."""
    config = {
        "older_than_days": dg.Field(float, default_value=3.0, description="At least 1: a publication may take long."),
        "dry_run": dg.Field(bool, default_value=False, description="Only say what would be removed."),
    }

    @dg.op(name="remove_leftovers", config_schema=config, description="Remove the files that no snapshot refers to.")
    def remove_leftovers(context: dg.OpExecutionContext) -> None:
        from datetime import timedelta

        from data_platform.lakehouse.maintenance import since, sweep

        asked = context.op_config
        before = since(timedelta(days=asked["older_than_days"]))
        found = sweep(current_lakehouse(), contracts, before, dry_run=asked["dry_run"])
        done = "would be removed" if asked["dry_run"] else "removed"
        for contract in (each for each in contracts if each.dataset in found.datasets):
            there = found.datasets[contract.dataset]
            context.log.info(f"{contract.dataset}: {len(there.files):,} file(s), {there.bytes:,} bytes {done}")
            if there.files and not asked["dry_run"]:
                removed = {"files_removed": len(there.files), "bytes_removed": there.bytes}
                observed = dg.AssetObservation(asset_key(contract.dataset), description="maintenance", metadata=removed)
                context.log_event(observed)
        files = sum(len(there.files) for there in found.datasets.values())
        context.add_output_metadata(
            {
                "dry_run": asked["dry_run"],
                "files": files,
                "bytes": found.bytes,
                "datasets": dg.MetadataValue.json({name: len(there.files) for name, there in found.datasets.items()}),
                "scratch_folders": len(found.scratch),
            }
        )
        if found.problems:
            raise dg.Failure(
                "; ".join(f"{name}: {problem}" for name, problem in found.problems.items()), allow_retries=False
            )

    @dg.job(
        name=NAME,
        executor_def=dg.in_process_executor,
        description="Remove what publications and replays that died have left behind: files that no snapshot refers to, "
        "and scratch folders.",
    )
    def job() -> None:
        remove_leftovers()

    return dg.ScheduleDefinition(
        name=NAME,
        job=job,
        cron_schedule=WEEKLY,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=job.description,
    )
