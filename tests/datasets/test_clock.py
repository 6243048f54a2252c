"""A frozen clock: it is what a test says, for the platform and for Dagster."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.parquet as pq
import pytest

from data_platform import clock
from data_platform.datasets.partitions import partitions_definition
from data_platform.datasets.testing import frozen_clock, materialize, publish_frame, valid_frame
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.journal import METRICS, waiting_folder
from data_platform.quality.elsewhere import Elsewhere

from . import scenario

DAY = scenario.DAYS[0]


def test_it_is_the_moment_that_a_test_says_and_afterwards_now() -> None:
    before = datetime.now(UTC)
    with frozen_clock("2026-11-03T06:00") as at:
        assert clock.now() == at == datetime(2026, 11, 3, 6, tzinfo=UTC)
        assert Elsewhere().now == at
    assert clock.now() >= before
    with frozen_clock("2026-11-03T06:00+02:00") as at:
        assert at.hour == 4
    with pytest.raises(ValueError, match="soon"), frozen_clock("soon"):
        pass


def test_the_partitions_are_those_that_have_ended_by_then() -> None:
    days = partitions_definition(scenario.DAILY)
    assert days is not None
    with frozen_clock("2026-01-03T06:00"):
        assert days.get_partition_keys() == ["2026-01-01", "2026-01-02"]
    with frozen_clock("2026-01-04T00:00"):
        assert days.get_last_partition_key() == "2026-01-03"


def test_a_schedule_is_due_by_it() -> None:
    days = partitions_definition(scenario.DAILY)
    schedule = dg.build_schedule_from_partitioned_job(
        dg.define_asset_job("daily", [scenario.stats], partitions_def=days)
    )
    definitions = dg.Definitions(
        assets=[scenario.raw, scenario.stats], schedules=[schedule], resources={"source": scenario.Source()}
    )
    with frozen_clock("2026-01-03T06:00") as at:
        due = definitions.resolve_schedule_def(schedule.name).evaluate_tick(
            dg.build_schedule_context(scheduled_execution_time=at, repository_def=definitions.get_repository_def())
        )
    assert [request.partition_key for request in due.run_requests or ()] == ["2026-01-02"]


def test_what_is_measured_is_measured_at_that_moment(lakehouse: Lakehouse) -> None:
    with frozen_clock("2026-11-03T06:00") as at:
        publish_frame(valid_frame(scenario.RAW, 3, DAY), scenario.RAW, [DAY])
    assert {row["measured_at"] for row in waiting(lakehouse)} == {at}


def waiting(lakehouse: Lakehouse) -> list[dict[str, Any]]:
    """What publications measured, before it is folded into the dataset of metrics."""
    files = Path(waiting_folder(lakehouse, METRICS)).rglob("*.parquet")
    return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.mark.usefixtures("lakehouse")
def test_a_partition_that_is_still_to_come_cannot_be_materialized() -> None:
    rows = valid_frame(scenario.RAW, 7, DAY)
    with frozen_clock("2026-11-03T06:00"):
        assert materialize(scenario.stats, DAY, inputs={"listings": rows}).success
    with frozen_clock("2025-12-31"), pytest.raises(dg.DagsterError):
        materialize(scenario.stats, DAY)
