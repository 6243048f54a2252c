"""A code location for the executor's tests: small assets that meet, crash, print, hang and fail on request.

They talk to the test through files in `$EXECUTOR_SCENE`, never through time.
"""

import os
import signal
import sys
import time
from pathlib import Path

import dagster as dg
from dagster import AssetExecutionContext

from data_platform.operations.executor import ISOLATION_TAG, warm_executor


def scene() -> Path:
    return Path(os.environ["EXECUTOR_SCENE"])


def wait_for(name: str) -> None:
    while not (scene() / name).exists():
        time.sleep(0.01)


def note_pid(name: str) -> None:
    """Written under another name first: a reader never finds half a note."""
    draft = scene() / f".{name}"
    draft.write_text(f"{os.getpid()} {os.getppid()}")
    draft.rename(scene() / name)


@dg.asset
def left() -> None:
    note_pid("left")
    wait_for("right")


@dg.asset
def right() -> None:
    note_pid("right")
    wait_for("left")


@dg.asset
def speaking() -> None:
    print("speaking to stdout")
    print("speaking to stderr", file=sys.stderr)


@dg.asset
def whispering() -> None:
    os.system("echo whispering from a subprocess")


@dg.asset(op_tags={ISOLATION_TAG: "interpreter"})
def isolated() -> None:
    note_pid("isolated")


@dg.asset
def crashing() -> None:
    os._exit(7)


@dg.asset
def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1))
def crashing_once(context: AssetExecutionContext) -> None:
    if context.retry_number == 0:
        os._exit(7)


@dg.asset(deps=[crashing])
def after_the_crash() -> None: ...


def a_deep_mistake() -> None:
    raise ValueError("no such listing")


@dg.asset
def raising() -> None:
    a_deep_mistake()


@dg.asset(check_specs=[dg.AssetCheckSpec("plausible", asset="doubtful", blocking=True)])
def doubtful() -> dg.MaterializeResult:
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False, check_name="plausible")])


@dg.asset(deps=[doubtful])
def after_the_doubt() -> None: ...


@dg.asset
def hanging() -> None:
    note_pid("hanging")
    wait_for("a file nobody writes")


@dg.asset(op_tags={ISOLATION_TAG: "interpreter"})
def hanging_in_a_clean_interpreter() -> None:
    note_pid("hanging_clean")
    wait_for("a file nobody writes")


@dg.asset(op_tags={ISOLATION_TAG: "planet"})
def misspelt() -> None: ...


@dg.asset
def counting_polars() -> None:
    import polars as pl

    assert pl.DataFrame({"a": [1, 1, 2]}).lazy().group_by("a").len().collect().height == 2


daily = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-03-01")
hourly = dg.HourlyPartitionsDefinition("2026-01-01-00:00", end_date="2026-01-03-00:00")


@dg.asset(partitions_def=daily)
def by_day(context: AssetExecutionContext) -> None:
    (scene() / f"day-{'+'.join(context.partition_keys)}").touch()


@dg.asset(partitions_def=hourly)
def by_hour(context: AssetExecutionContext) -> None:
    (scene() / f"hour-{context.partition_key}").touch()


@dg.asset_check(asset=by_hour)
def hour_is_full() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


defs = dg.Definitions(
    assets=[value for value in dict(globals()).values() if type(value) is dg.AssetsDefinition],
    asset_checks=[hour_is_full],
    executor=warm_executor,
)
