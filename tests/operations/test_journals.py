"""What is noted of publications comes into the journals without a run, and the UI knows of it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from scenario import CLEAN, orders, put

import data_platform.domains
from data_platform.contracts import Contracts
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.journal import JOURNALS, waiting_files
from data_platform.operations.journals import fold_now, journal_sensor

CONTRACTS = Contracts.load(Path(data_platform.domains.__path__[0]))
KEYS = [dg.AssetKey(name.split(".")) for name in JOURNALS]


def test_the_sensor_folds_what_waits_and_tells_which_days(lakehouse: Lakehouse) -> None:
    sensor = journal_sensor(CONTRACTS)
    assert isinstance(sensor(dg.build_sensor_context()), dg.SkipReason)
    put(lakehouse, orders(), CLEAN)
    result = sensor(dg.build_sensor_context())
    assert isinstance(result, dg.SensorResult)
    for event, key, journal in zip(result.asset_events, KEYS, JOURNALS, strict=True):
        assert isinstance(event, dg.AssetMaterialization)
        assert (event.asset_key, event.partition) == (key, str(datetime.now(UTC).date()))
        assert event.metadata["dagster/partition_row_count"].value == plan_read(lakehouse, CONTRACTS[journal]).rows > 0
        assert waiting_files(lakehouse, journal) == []
    assert isinstance(sensor(dg.build_sensor_context()), dg.SkipReason)


def test_a_run_of_the_marketplace_folds_at_its_end(lakehouse: Lakehouse) -> None:
    put(lakehouse, orders(), CLEAN)
    with dg.DagsterInstance.ephemeral() as instance:
        fold_now(lakehouse, CONTRACTS, instance)
        fold_now(lakehouse, CONTRACTS, instance)
        for key in KEYS:
            events = instance.fetch_materializations(key, limit=5).records
            assert [event.partition_key for event in events] == [str(datetime.now(UTC).date())]
