"""Metrics that wait, folded into `platform.quality_metrics` every few minutes, without a run."""

from __future__ import annotations

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.metadata import asset_key
from data_platform.lakehouse import Lakehouse, Publication, current_lakehouse

INTERVAL = 300
"""Seconds between two looks."""


def metrics_sensor(contract: Contract) -> dg.SensorDefinition:
    """On from the start. It is a sensor and not an asset's job: a run every five minutes would fill the list of runs
    with what nobody looks for."""

    @dg.sensor(
        name="quality_metrics",
        minimum_interval_seconds=INTERVAL,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Brings what publications measured into {contract.dataset}.",
    )
    def sensor() -> dg.SensorResult | dg.SkipReason:
        from data_platform.lakehouse.fold import fold  # pyiceberg: a second to import

        publication = fold(current_lakehouse(), contract)
        if publication is None:
            return dg.SkipReason("nothing was published since")
        return dg.SensorResult(asset_events=folded(contract, publication))

    return sensor


def fold_now(lakehouse: Lakehouse, contract: Contract, instance: dg.DagsterInstance) -> None:
    """Fold without waiting for the sensor, and tell Dagster."""
    from data_platform.lakehouse.fold import fold

    if (publication := fold(lakehouse, contract)) is not None:
        for event in folded(contract, publication):
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
