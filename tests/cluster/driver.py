"""A driver as a process of its own: takes requests, one line of JSON each, and answers each with one.

`{"dataset": "sales", "first": day, "last": day}` materializes a range of days in one run; with `"stop": step` it stops
for good when its publication comes to that boundary, and answers then. `{"work": true}` tells what each
executor, and the driver itself, did so far; `{"collect": "shop.events"}` tries to bring rows here.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any, TextIO
from unittest.mock import patch

import dagster as dg

from data_platform.datasets import attempt
from data_platform.datasets.dataset import Dataset
from data_platform.datasets.partitions import range_tags
from data_platform.lakehouse import current_lakehouse, plan_read, publish
from tests.cluster import datasets


def main(answers: TextIO) -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        match asked:
            case {"stop": _}:
                threading.Thread(target=materialize, args=(asked, answers), daemon=True).start()
                continue
            case {"dataset": _}:
                found = materialize(asked, answers)
            case {"collect": name}:
                found = collect(name)
            case _:
                found = work()
        tell(answers, found)


def tell(answers: TextIO, found: Any) -> None:
    answers.write(json.dumps(found) + "\n")
    answers.flush()


def materialize(asked: dict[str, str], answers: TextIO) -> dict[str, Any]:
    dataset: Dataset = getattr(datasets, asked["dataset"])

    def until(*arguments: Any, **options: Any) -> Any:
        return publish(*arguments, **options | {"on_step": on_step})

    def on_step(step: str) -> None:
        if step == asked.get("stop"):
            tell(answers, {"stopped": step})
            threading.Event().wait()

    tags = range_tags(asked["first"], asked["last"])
    with patch.object(attempt, "publish", until):
        result = dg.materialize([dataset], tags=tags, raise_on_error=False)
    events = [each for each in result.get_asset_materialization_events() if each.asset_key == dataset.key]
    checks = [each for each in result.get_asset_check_evaluations() if not each.passed]
    return {
        "run": result.run_id,
        "success": result.success,
        "materialized": sorted(str(each.partition) for each in events),
        "failed": {each.check_name: each.severity.value for each in checks},
        "said": [each.event_specific_data.error_display_string for each in result.get_step_failure_events()],  # type: ignore[union-attr]
    }


def collect(name: str) -> dict[str, Any]:
    from data_platform.engines import Engine

    lakehouse = current_lakehouse()
    frame = Engine("pyspark.DataFrame").read(plan_read(lakehouse, datasets.CONTRACTS[name]), lakehouse)
    try:
        return {"rows": len(frame.collect())}
    except Exception as error:  # what a JVM says
        return {"said": str(error)}


def work() -> dict[str, list[int]]:
    """By executor, its tasks and the bytes that it read."""
    from pyspark.sql import SparkSession

    told = SparkSession.active().sparkContext._jsc.sc().statusStore().executorList(False)  # type: ignore[union-attr]
    each = [told.apply(place) for place in range(told.size())]
    return {str(one.id()): [one.completedTasks(), one.totalInputBytes()] for one in each}


if __name__ == "__main__":
    out, sys.stdout = sys.stdout, sys.stderr
    main(out)
