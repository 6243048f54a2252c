"""What waits for the journals, folded into them every few minutes, without a run."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.metadata import asset_key
from data_platform.lakehouse import Lakehouse, Publication, current_lakehouse
from data_platform.lakehouse.journal import JOURNALS

INTERVAL = 300
"""Seconds between two looks."""


def journal_sensor(contracts: Mapping[str, Contract]) -> dg.SensorDefinition:
    """On from the start. It is a sensor and not an asset's job: a run every five minutes would fill the list of runs
    with what nobody looks for."""

    @dg.sensor(
        name="journals",
        minimum_interval_seconds=INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Brings what is noted of publications into {' and '.join(JOURNALS)}.",
    )
    def sensor() -> dg.SensorResult | dg.SkipReason:
        from data_platform.lakehouse.fold import fold  # pyiceberg: a second to import

        done = {name: fold(current_lakehouse(), contracts[name]) for name in JOURNALS}
        events = [event for name, each in done.items() if each for event in folded(contracts[name], each)]
        return dg.SensorResult(asset_events=events) if events else dg.SkipReason("nothing was published since")

    return sensor


def fold_now(lakehouse: Lakehouse, contracts: Mapping[str, Contract], instance: dg.DagsterInstance) -> None:
    """Fold without waiting for the sensor, and tell Dagster."""
    from data_platform.lakehouse.fold import fold

    for name in JOURNALS:
        if (publication := fold(lakehouse, contracts[name])) is not None:
            for event in folded(contracts[name], publication):
                instance.report_runless_asset_event(event)


def folded(contract: Contract, publication: Publication) -> list[dg.AssetMaterialization]:
    """What to tell Dagster: the days that were written."""
    return [
        dg.AssetMaterialization(
            asset_key(contract.dataset),
            partition=day,
            metadata={"dagster/partition_row_count": rows, "snapshot_id": str(publication.snapshot_id)},
        )
        for day, rows in publication.rows.items()
    ]
