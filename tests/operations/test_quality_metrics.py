"""Metrics come into their dataset without a run, and the UI knows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from scenario import CLEAN, orders, put

import data_platform.domains
from data_platform.contracts import Contracts
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.metrics import METRICS, waiting_files
from data_platform.operations.quality_metrics import fold_now, metrics_sensor

CONTRACT = Contracts.load(Path(data_platform.domains.__path__[0]))[METRICS]
KEY = dg.AssetKey(["platform", "quality_metrics"])


def test_the_sensor_folds_what_waits_and_tells_which_days(lakehouse: Lakehouse) -> None:
    sensor = metrics_sensor(CONTRACT)
    assert isinstance(sensor(dg.build_sensor_context()), dg.SkipReason)
    put(lakehouse, orders(), CLEAN)
    result = sensor(dg.build_sensor_context())
    assert isinstance(result, dg.SensorResult)
    (event,) = result.asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert (event.asset_key, event.partition) == (KEY, str(datetime.now(UTC).date()))
    assert event.metadata["dagster/partition_row_count"].value == plan_read(lakehouse, CONTRACT).rows > 0
    assert waiting_files(lakehouse) == []
    assert isinstance(sensor(dg.build_sensor_context()), dg.SkipReason)


def test_a_run_of_the_marketplace_folds_at_its_end(lakehouse: Lakehouse) -> None:
    put(lakehouse, orders(), CLEAN)
    with dg.DagsterInstance.ephemeral() as instance:
        fold_now(lakehouse, CONTRACT, instance)
        fold_now(lakehouse, CONTRACT, instance)
        events = instance.fetch_materializations(KEY, limit=5).records
        assert [event.partition_key for event in events] == [str(datetime.now(UTC).date())]
