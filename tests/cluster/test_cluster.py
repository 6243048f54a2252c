"""Spark datasets on a real cluster: what they publish, and what the death of a worker or of a driver costs (nothing)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from scenario import put

from data_platform.contracts import Contract
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.maintenance import sweep
from data_platform.lakehouse.needed import needed
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.settings import Settings

from .datasets import EVENTS, SALES, SLOW, TASKS
from .drivers import Drivers
from .standalone import Standalone

pytestmark = pytest.mark.slow

DAYS = [f"2026-01-0{day}" for day in range(1, 5)]
FEW, MANY = 600, 250_000
"""Rows of a day."""
Sums = dict[str, tuple[Any, ...]]


@pytest.fixture(scope="module")
def drivers(standalone: Standalone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drivers]:
    drivers = Drivers(standalone, tmp_path_factory.mktemp("platform"))
    yield drivers
    drivers.kill()


@pytest.fixture
def lakehouse(drivers: Drivers) -> Lakehouse:
    """The one that drivers and executors share."""
    return Lakehouse(Settings.at(drivers.home))


def events(count: int, *days: str, bad: str = "") -> str:
    """A query of `count` rows of each day, of which every 50th is refused for its amount and every 100th for its id, and
    half of all on the `bad` day."""
    return " UNION ALL ".join(
        f"SELECT DATE '{day}' AS day, {count} * {int(day[-2:])} + i - (i % 100 = 2)::int AS id, "
        f"(CASE WHEN i % {2 if day == bad else 50} = 0 THEN -1 ELSE i % 100 END)::double AS amount FROM range({count}) t(i)"
        for day in days
    )


def sums(query: str) -> Sums:
    """What tells the rows of a day from any others."""
    summed = "count(*), count(DISTINCT id), sum(id), sum(amount)"
    return {
        str(day): tuple(sums) for day, *sums in duckdb.sql(f"SELECT day, {summed} FROM ({query}) GROUP BY 1").fetchall()
    }


def good(query: str) -> Sums:
    kept = "row_number() OVER (PARTITION BY id ORDER BY amount) = 1"
    return sums(f"SELECT * FROM ({query}) WHERE amount >= 0 QUALIFY {kept}")


def bad(query: str) -> Sums:
    return sums(f"FROM ({query}) WHERE amount < 0 OR (amount = 2)")


def published(lakehouse: Lakehouse, contract: Contract) -> Sums:
    plan = plan_read(lakehouse, contract, ("day", "id", "amount"), allow_missing=True)
    return sums(f"FROM read_parquet({list(plan.files)})") if plan.files else {}


def refused(lakehouse: Lakehouse, contract: Contract) -> Sums:
    return published(lakehouse, quarantine_contract(contract))


def files(lakehouse: Lakehouse, contract: Contract) -> set[str]:
    both = (contract, quarantine_contract(contract))
    return {str(path) for each in both for path in Path(lakehouse.location(each), "data").rglob("*") if path.is_file()}


def wait_for_tasks(drivers: Drivers, count: int) -> None:
    ends = time.monotonic() + 120
    while len([*drivers.marks.iterdir()]) < count:
        assert time.monotonic() < ends, "no tasks have begun"
        time.sleep(0.02)


@pytest.fixture
def marks(drivers: Drivers) -> None:
    for each in drivers.marks.glob("*"):
        each.unlink()


def test_days_are_published_in_one_run_but_for_the_bad_one_and_no_row_comes_to_the_driver(
    drivers: Drivers, lakehouse: Lakehouse
) -> None:
    before, after = events(FEW, DAYS[2]), events(MANY, *DAYS, bad=DAYS[2])
    put(lakehouse, EVENTS, duckdb.sql(before), DAYS[2])
    assert drivers.ask(dataset="sales", first=DAYS[2], last=DAYS[2])["materialized"] == [DAYS[2]]
    put(lakehouse, EVENTS, duckdb.sql(after), *DAYS)
    done = drivers.ask(dataset="sales", first=DAYS[0], last=DAYS[3])
    assert not done["success"] and done["failed"]["amount"] == "ERROR", done["said"]
    assert done["materialized"] == [DAYS[0], DAYS[1], DAYS[3]]
    last_good = {DAYS[2]: good(before)[DAYS[2]]}
    assert published(lakehouse, SALES) == good(after) | last_good
    assert refused(lakehouse, SALES) == bad(after) | {DAYS[2]: bad(before)[DAYS[2]]}
    work = drivers.ask(work=True)
    assert work.pop("driver") == [0, 0]
    assert len(work) == 2 and all(tasks > 0 and read > 0 for tasks, read in work.values())
    assert "spark.driver.maxResultSize" in drivers.ask(collect=EVENTS.dataset)["said"], "rows would not have passed"


def test_a_worker_that_dies_costs_no_row_and_doubles_none(
    drivers: Drivers,
    lakehouse: Lakehouse,
    standalone: Standalone,
    marks: None,
) -> None:
    rows = events(FEW, *DAYS)
    put(lakehouse, EVENTS, duckdb.sql(rows), *DAYS)
    drivers.send(dataset="slow", first=DAYS[0], last=DAYS[3])
    wait_for_tasks(drivers, 3)  # of two at a time: one is done
    standalone.kill_worker(standalone.workers[0])
    try:
        done = drivers.answer()
    finally:
        standalone.add_workers(1)
    assert done["success"], done["said"]
    assert len([*drivers.marks.iterdir()]) > TASKS, "something was done again"
    assert published(lakehouse, SLOW) == good(rows)
    assert refused(lakehouse, SLOW) == bad(rows)


def test_a_driver_that_dies_before_its_commit_shows_nothing_and_maintenance_removes_what_it_left(
    drivers: Drivers, lakehouse: Lakehouse, marks: None
) -> None:
    rows = events(FEW, *DAYS)
    put(lakehouse, EVENTS, duckdb.sql(rows), *DAYS)
    before = published(lakehouse, SALES), refused(lakehouse, SALES), published(lakehouse, SLOW)
    assert drivers.ask(dataset="sales", first=DAYS[0], last=DAYS[3], stop="split") == {"stopped": "split"}
    drivers.send(dataset="slow", first=DAYS[0], last=DAYS[3])
    wait_for_tasks(drivers, 3)
    drivers.kill()
    assert (published(lakehouse, SALES), refused(lakehouse, SALES), published(lakehouse, SLOW)) == before
    for name, contract in (("sales", SALES), ("slow", SLOW)):
        done = drivers.ask(dataset=name, first=DAYS[0], last=DAYS[3])
        assert done["success"], done["said"]
        assert published(lakehouse, contract) == good(rows) and refused(lakehouse, contract) == bad(rows)
    assert files(lakehouse, SALES) > (there := files(lakehouse, SALES) & needed(lakehouse, SALES))
    done = sweep(lakehouse, [SALES, SLOW], datetime.now(UTC) + timedelta(days=1))
    assert not done.problems and files(lakehouse, SALES) == there
    assert files(lakehouse, SLOW) == files(lakehouse, SLOW) & needed(lakehouse, SLOW)
    assert published(lakehouse, SALES) == published(lakehouse, SLOW) == good(rows)
