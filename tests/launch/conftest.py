"""A lakehouse with orders of three days, and a deployment of one's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from data_platform.datasets.partitions import range_tags
from data_platform.datasets.testing import publish_frame, temporary_lakehouse
from data_platform.lakehouse import Lakehouse
from tests.launch.launched_datasets import DAYS, ORDERS


@pytest.fixture
def lakehouse(tmp_path: Path) -> Iterator[Lakehouse]:
    with temporary_lakehouse(tmp_path / "home") as lakehouse:
        for day, amounts in DAYS.items():
            frame = {"day": [date.fromisoformat(day)] * 2, "id": [1, 2], "amount": amounts}
            publish_frame(pl.DataFrame(frame), ORDERS, (day,))
        yield lakehouse


@pytest.fixture
def deploy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Makes a text the deployment file."""

    def deploy(text: str) -> Path:
        file = tmp_path / f"deployment-{len(list(tmp_path.glob('deployment-*')))}.yaml"
        file.write_text(text)
        monkeypatch.setenv("DATA_PLATFORM_DEPLOYMENT", str(file))
        return file

    return deploy


def run(asset: dg.AssetsDefinition, mode: str = "well", **config: Any) -> dg.ExecuteInProcessResult:
    """The three days of a dataset, as one range."""
    op = asset.node_def.name
    with dg.DagsterInstance.ephemeral() as instance:
        return dg.materialize(
            [asset],
            instance=instance,
            raise_on_error=False,
            tags=range_tags(min(DAYS), max(DAYS)),
            run_config={"ops": {op: {"config": {"mode": mode, **config}}}, "loggers": {"console": {"config": {}}}},
        )


def error_of(result: dg.ExecuteInProcessResult) -> Any:
    """What the step failed with, the innermost cause."""
    (failed,) = [each for each in result.all_events if each.is_step_failure]
    error = failed.step_failure_data.error
    while error.cause is not None and "Failure" not in (error.cls_name or ""):
        error = error.cause
    return error


def events_of(result: dg.ExecuteInProcessResult) -> list[tuple[Any, ...]]:
    """What a step told Dagster: checks, materializations and their numbers, in order; times and identifiers left out."""
    told: list[tuple[Any, ...]] = []
    for event in result.all_events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            shown = {name: str(value.value) for name, value in check.metadata.items()}
            told.append((check.check_name, check.passed, check.severity, check.description, shown))
        elif event.is_step_materialization:
            made = event.step_materialization_data.materialization
            told.append((made.asset_key.to_user_string(), made.partition, *_comparable(made.metadata)))
    return told


def _comparable(metadata: Any) -> Iterator[tuple[str, str]]:
    unlike = {"snapshot_id", "publish_seconds", "seconds", "bytes"}
    for name, value in sorted(metadata.items()):
        yield name, "" if name in unlike else str(value.value)
