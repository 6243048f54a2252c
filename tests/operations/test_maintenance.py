"""Maintenance by schedule and from the command line."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from scenario import CLEAN, orders, put, staged
from typer.testing import CliRunner

from data_platform.cli import app
from data_platform.datasets.testing import frozen_clock
from data_platform.lakehouse import Lakehouse
from data_platform.operations.maintenance import maintenance_schedule

CONTRACT = orders()


def left_over(lakehouse: Lakehouse) -> Path:
    """A dataset, and beside its rows a file that was staged and not published; returns that."""
    put(lakehouse, CONTRACT, CLEAN)
    (file,) = staged(lakehouse, CONTRACT, CLEAN).files
    return Path(file)


def run(lakehouse: Lakehouse, **config: Any) -> dg.ExecuteInProcessResult:
    job = maintenance_schedule([CONTRACT]).job
    assert isinstance(job, dg.JobDefinition)
    asked = {"ops": {"remove_leftovers": {"config": config}}} if config else {}
    return job.execute_in_process(run_config=asked, raise_on_error=False)


def told(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """What the run says it removed: in its output, and of the dataset."""
    (output,) = (each.step_output_data.metadata for each in result.get_step_success_events() and outputs(result))
    seen = [each.asset_observation_data.asset_observation for each in result.get_asset_observation_events()]
    return {name: value.value for name, value in output.items()} | {
        each.asset_key.to_user_string(): {name: value.value for name, value in each.metadata.items()} for each in seen
    }


def outputs(result: dg.ExecuteInProcessResult) -> list[dg.DagsterEvent]:
    return [each for each in result.all_events if each.is_successful_output]


def test_the_schedule_removes_what_is_old_and_says_how_much(lakehouse: Lakehouse) -> None:
    file = left_over(lakehouse)
    size, found = file.stat().st_size, {"files": 1, "scratch_folders": 0, "datasets": {"shop.orders": 1}}
    assert told(run(lakehouse)) == {"dry_run": False, "files": 0, "bytes": 0, "datasets": {}, "scratch_folders": 0}
    with frozen_clock(datetime.now(UTC) + timedelta(days=4)):
        assert told(run(lakehouse, dry_run=True)) == found | {"dry_run": True, "bytes": size}
        assert file.exists()
        removed = {"files_removed": 1, "bytes_removed": size}
        assert told(run(lakehouse)) == found | {"dry_run": False, "bytes": size, "shop/orders": removed}
        assert not file.exists()


def test_a_run_that_asks_for_too_little_time_fails_and_removes_nothing(lakehouse: Lakehouse) -> None:
    file = left_over(lakehouse)
    assert not run(lakehouse, older_than_days=0.1).success
    assert file.exists()


def test_the_command_says_what_it_would_remove_and_removes_it(lakehouse: Lakehouse, monkeypatch: Any) -> None:
    command = sys.modules["data_platform.cli.maintenance"]
    monkeypatch.setattr(command, "all_contracts", lambda: {CONTRACT.dataset: CONTRACT})
    file = left_over(lakehouse)
    (spilt := lakehouse.settings.home / "spill" / "x").mkdir(parents=True)

    def dp(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["maintenance", *arguments])
        return result.exit_code, result.output

    assert dp() == (0, "Nothing is left over.\n")
    code, said = dp("--older-than", "2h")
    assert code == 2 and "--nothing-runs" in said
    assert dp("--older-than", "soon")[0] == 2
    with frozen_clock(datetime.now(UTC) + timedelta(hours=3)):
        now = ("--older-than", "2h", "--nothing-runs")
        code, said = dp(*now, "--dry-run")
        assert code == 0 and "shop.orders" in said and str(spilt) in said and "would be removed" in said
        code, said = dp(*now, "--dry-run", "--format", "json")
        assert json.loads(said)["files"] == {"shop.orders": [str(file)]} and file.exists() and spilt.exists()
        code, said = dp("shop.orders", *now)
        assert code == 0 and "bytes removed" in said and not file.exists() and not spilt.exists()
    metadata = lakehouse.catalog.load_table(CONTRACT.dataset).current_snapshot()
    assert metadata is not None
    Path(metadata.manifest_list).unlink()
    staged(lakehouse, CONTRACT, CLEAN)
    code, said = dp("--older-than", "0.001s", "--nothing-runs")
    assert code == 1 and "shop.orders: left alone" in said
