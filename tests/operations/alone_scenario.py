"""Two days of `ads.checked` (five rows on the first, eight on the second), and its checks executed alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from data_platform.datasets.partitions import range_tags
from data_platform.datasets.testing import publish_frame
from data_platform.lakehouse import Lakehouse
from data_platform.settings import PROJECT
from tests.datasets.rules_scenario import ANNOUNCED, DAY, LIMITS, NEXT, checked, incoming
from tests.datasets.scenario import RAW, materialize

KEY = dg.AssetKey(["ads", "checked"])
NAMES = {spec.name for spec in checked.check_specs}
SCHEDULED = {"as_announced", "many"}


@contextmanager
def world(home: Path) -> Iterator[dg.DagsterInstance]:
    """The two days, in a home of their own; and the project's instance, as `dagster.yaml` has it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_PLATFORM_HOME", str(home))
        patch.setenv("DAGSTER_HOME", str(home / "dagster"))
        (home / "dagster").mkdir()
        (home / "dagster" / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
        with dg.DagsterInstance.get() as instance:
            publish_frame(pl.DataFrame({"most": [100]}), LIMITS)
            for day, rows in ((DAY, 5), (NEXT, 8)):
                publish_frame(incoming(rows, day), RAW, [day])
                announced = pl.DataFrame({"day": [day], "rows": [5]}).with_columns(pl.col("day").str.to_date())
                publish_frame(announced, ANNOUNCED, [day])
                assert materialize(checked, day=day, instance=instance).success
            yield instance


def snapshots(lakehouse: Lakehouse) -> list[int]:
    table = lakehouse.existing_table("ads.checked")
    return [each.snapshot_id for each in table.metadata.snapshots] if table else []


def history(instance: dg.DagsterInstance, name: str) -> list:
    return list(instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(KEY, name), limit=50))


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {each.check_name: each for each in result.get_asset_check_evaluations()}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    return result.get_step_failure_events()[0].step_failure_data.error.message


def alone(instance: dg.DagsterInstance, *names: str, day: str = "", last: str = "") -> dg.ExecuteInProcessResult:
    """As the UI does it: a run of no asset and these checks, with partition tags or none."""
    job = dg.Definitions(assets=[checked]).resolve_implicit_global_asset_job_def()
    keys = frozenset(dg.AssetCheckKey(KEY, name) for name in names)
    part = job.get_subset(asset_selection=frozenset(), asset_check_selection=keys)
    tags = {"dagster/partition": day} if day else {}
    if last:
        tags = range_tags(day, last)
    return part.execute_in_process(instance=instance, tags=tags, raise_on_error=False)
