"""Visits on Spark: the cases that are easy to get wrong, what hypothesis draws, and the whole step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_platform.datasets.partitions import range_tags
from data_platform.datasets.testing import publish_frame, read_dataset, temporary_lakehouse
from data_platform.domains.tracking import assets as tracking
from data_platform.engines import Engine
from data_platform.lakehouse.quarantine import quarantine_contract

from .visits import HAPPENED, HOUR, Event, at, polars_visits, rows_of, visits_of

pytestmark = pytest.mark.slow

SPARK = Engine("pyspark.DataFrame")
FRAMES = {"views": "view", "searches": "search", "contacts": "contact"}
CONTRACTS = {
    "view": tracking.listing_views.contract,
    "search": tracking.searches.contract,
    "contact": tracking.contacts.contract,
}
MORE = {
    "view": {"referrer": pl.lit("home"), "dwell_ms": pl.lit(9)},
    "search": {"query": pl.lit("bike"), "category_id": pl.lit(None, pl.Int32), "results": pl.lit(3)},
    "contact": {"channel": pl.lit("phone")},
}
"""What the datasets have beside what visits are made of."""
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ON_TIME = timedelta(seconds=1)


@dataclass(frozen=True)
class Case:
    """Events of one visitor, and the visits that they are: day, first and last event, views, late events."""

    name: str
    events: Sequence[tuple[datetime, timedelta]]
    """When each happened, and how long after it was received."""
    visits: Sequence[tuple[datetime, datetime, int, int]]


def each_minutes(first: datetime, step: int, count: int) -> list[tuple[datetime, timedelta]]:
    return [(first + n * step * MINUTE, ON_TIME) for n in range(count)]


CASES = [
    Case(
        "half an hour to the microsecond is a pause, a microsecond less is none",
        [(at(5, "09:00"), ON_TIME), (at(5, "09:29:59.999999"), ON_TIME), (at(5, "09:59:59.999999"), ON_TIME)],
        [
            (at(5, "09:00"), at(5, "09:29:59.999999"), 2, 0),
            (at(5, "09:59:59.999999"), at(5, "09:59:59.999999"), 1, 0),
        ],
    ),
    Case(
        "the order of arrival is not the order of events",
        [(at(5, "09:00"), 5 * HOUR), (at(5, "09:20"), ON_TIME), (at(5, "09:40"), 2 * HOUR)],
        [(at(5, "09:00"), at(5, "09:40"), 3, 0)],
    ),
    Case(
        "an event that comes at the end of the next day joins what was two visits without it",
        [(at(5, "10:00"), ON_TIME), (at(5, "10:25"), at(6, "23:59:59") - at(5, "10:25")), (at(5, "10:50"), ON_TIME)],
        [(at(5, "10:00"), at(5, "10:50"), 3, 1)],
    ),
    Case(
        "an event that comes a second later is too late",
        [(at(5, "10:00"), ON_TIME), (at(5, "10:25"), at(7, "00:00") - at(5, "10:25")), (at(5, "10:50"), ON_TIME)],
        [(at(5, "10:00"), at(5, "10:00"), 1, 0), (at(5, "10:50"), at(5, "10:50"), 1, 0)],
    ),
    Case(
        "midnight in UTC is no pause, and the visit is of the day on which it began",
        [(at(5, "23:50"), ON_TIME), (at(6, "00:10"), ON_TIME), (at(6, "00:45"), ON_TIME)],
        [(at(5, "23:50"), at(6, "00:10"), 2, 0), (at(6, "00:45"), at(6, "00:45"), 1, 0)],
    ),
    Case(
        "the late half of a visit over midnight is received on the last day that counts",
        [(at(5, "23:50"), DAY), (at(6, "00:10"), DAY + 23 * HOUR)],
        [(at(5, "23:50"), at(6, "00:10"), 2, 2)],
    ),
    Case(
        "midnight elsewhere is nothing",
        [(at(5, "02:20"), ON_TIME), (at(5, "02:35"), ON_TIME)],
        [(at(5, "02:20"), at(5, "02:35"), 2, 0)],
    ),
    Case(
        "when clocks go back, half an hour is half an hour",
        [(at(1, each, month=11), ON_TIME) for each in ("04:05", "04:25", "04:35", "05:04", "05:34", "05:50")],
        [
            (at(1, "04:05", month=11), at(1, "05:04", month=11), 4, 0),
            (at(1, "05:34", month=11), at(1, "05:50", month=11), 2, 0),
        ],
    ),
    Case(
        "a clock may be an hour ahead, but no more",
        [(at(5, "12:00"), -HOUR), (at(5, "12:20"), -HOUR - timedelta(microseconds=1)), (at(6, "00:30"), -HOUR)],
        [(at(5, "12:00"), at(5, "12:00"), 1, 0), (at(6, "00:30"), at(6, "00:30"), 1, 0)],
    ),
    Case(
        "who never rests has one visit, until the end of the second day",
        each_minutes(at(5, "13:00"), 29, 150),
        [(at(5, "13:00"), at(6, "23:19") + 29 * MINUTE, 73, 0)],
    ),
]


def cases_events() -> list[Event]:
    """The events of every case, with the case's place as the user."""
    return [
        Event("view", f"{user}-{n}", user, "s", "web", 7, happened, happened + delay)
        for user, case in enumerate(CASES)
        for n, (happened, delay) in enumerate(case.events)
    ]


def published(kind: str, events: Iterable[Event]) -> pl.DataFrame:
    """The events of a kind as their dataset has them."""
    types = {"day": pl.Date, "event_id": pl.String, "session_id": pl.String, "user_id": pl.Int64, "device": pl.String}
    times = {"received_at": INSTANT, HAPPENED[kind]: INSTANT}
    return pl.DataFrame(rows_of(kind, events), types | times | ({} if kind == "search" else {"listing_id": pl.Int64}))


def made(events: Sequence[Event], days: Iterable[date]) -> pl.DataFrame:
    """What the dataset makes of these events for these days, in one run."""
    context: Any = SimpleNamespace(partition_keys=[str(day) for day in days])
    rows = {name: published(kind, events).to_arrow() for name, kind in FRAMES.items()}
    frames = {name: SPARK.convert(duckdb.from_arrow(each)) for name, each in rows.items()}
    return in_order(pl.from_arrow(tracking.visits(context, **frames).toArrow()))


def by_hand(events: Iterable[Event], days: Iterable[date]) -> pl.DataFrame:
    return typed(visits_of(events, days))


def by_twin(events: Sequence[Event], days: Sequence[date]) -> pl.DataFrame:
    frames = {kind: published(kind, events).lazy() for kind in FRAMES.values()}
    return in_order(polars_visits(days, frames).collect())


INSTANT = pl.Datetime("us", "UTC")
TYPES = [pl.Date, pl.String, pl.String, pl.Int64, pl.String, pl.Date, INSTANT, INSTANT, *[pl.Int64] * 6]


def typed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return in_order(pl.DataFrame(rows, dict(zip(tracking.visits.contract.column_names, TYPES, strict=True))))


def in_order(found: Any) -> pl.DataFrame:
    types = zip(tracking.visits.contract.column_names, TYPES, strict=True)
    return found.select(pl.col(name).cast(kind) for name, kind in types).sort("visitor", "started_at")


def same(*frames: pl.DataFrame) -> bool:
    first, *others = [each.rows() for each in frames]
    for each in others:
        assert each == first
    return True


def settled(events: Iterable[Event]) -> list[date]:
    """Every day on which a visit of these events can be settled."""
    return sorted({each.happened.date() + 2 * DAY for each in events})


@pytest.mark.usefixtures("spark")
def test_each_case_has_its_visits():
    events = cases_events()
    found = made(events, days := settled(events))
    columns = ("started_at", "ended_at", "views", "late_events")
    told = {user: found.filter(pl.col("user_id") == user).select(columns).rows() for user in range(len(CASES))}
    assert {CASES[user].name: visits for user, visits in told.items()} == {case.name: case.visits for case in CASES}
    assert same(found, by_hand(events, days), by_twin(events, days))


CLOCKS = [h * HOUR + m * MINUTE for h, m in ((0, 0), (0, 10), (0, 29), (0, 30), (1, 0), (12, 0), (23, 30), (23, 50))]
DELAYS = [timedelta(), ON_TIME, -HOUR, -HOUR - ON_TIME, 5 * HOUR, DAY - HOUR, DAY, DAY + 2 * HOUR, 2 * DAY]


@st.composite
def some_events(draw: st.DrawFn) -> list[Event]:
    """A few visitors around a few midnights; some events are delivered again on a later day."""
    events = []
    for n in range(draw(st.integers(40, 120))):
        of = draw(st.sampled_from(("view", "search", "contact")))
        who, session = draw(st.sampled_from((1, 2, None))), draw(st.sampled_from("ab"))
        happened = at(5, "00:00") + draw(st.integers(0, 3)) * DAY + draw(st.sampled_from(CLOCKS))
        happened -= draw(st.sampled_from((0, 0, 1))) * timedelta(microseconds=1)
        received = happened + draw(st.sampled_from(DELAYS))
        device, listing = draw(st.sampled_from(("web", "ios"))), draw(st.sampled_from((1, 2)))
        listing = None if of == "search" else listing
        events.append(Event(of, f"e{n}", who, session, device, listing, happened, received))
        if draw(st.integers(0, 5)) == 0:
            events.append(events[-1]._replace(received=received + draw(st.sampled_from((DAY, 2 * DAY)))))
    return events


@pytest.mark.usefixtures("spark")
@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(some_events(), st.integers(5, 8))
def test_whatever_is_drawn_python_polars_and_spark_agree_on_one_day_and_on_many(events: list[Event], day: int):
    days = settled(events)
    found = made(events, days)
    assert same(found, by_hand(events, days), by_twin(events, days))
    one = date(2026, 10, day) + 2 * DAY
    window = [each for each in events if one - 3 * DAY <= each.day <= one]
    assert same(made(window, [one]), found.filter(pl.col("day") == one))


def lived(seed: int) -> list[Event]:
    """Two hundred visitors of six days, and one who never rests."""
    draw, events = Random(seed), list[Event]()
    for user in range(200):
        happened = at(2, "20:00") + timedelta(minutes=draw.randrange(6 * 24 * 60))
        for n in range(draw.randrange(1, 9)):
            happened += timedelta(minutes=draw.choice((1, 5, 29, 30, 31, 200)))
            of = draw.choice(("view", "view", "search", "contact"))
            received = happened + draw.choice((ON_TIME, ON_TIME, 6 * HOUR, DAY))
            known = user if user % 2 or of == "contact" else None
            listing = None if of == "search" else user % 7
            events.append(Event(of, f"{user}-{n}", known, f"s{user}", "ios", listing, happened, received))
    for n in range(100):
        happened = at(4, "01:00") + 20 * n * MINUTE
        events.append(Event("view", f"r{n}", 999, "r", "web", 1, happened, happened + ON_TIME))
    return [each for each in events if date(2026, 10, 3) <= each.day <= date(2026, 10, 8)]


DAYS = [date(2026, 10, day) for day in (6, 7, 8)]


def run(first: date, last: date) -> list[dict[str, Any]]:
    """Materialize these days in one run; what is published then, in order."""
    tags = range_tags(str(first), str(last))
    assert dg.materialize([tracking.visits], tags=tags).success
    rows = read_dataset(tracking.visits.contract).to_pylist()
    return sorted(rows, key=lambda row: (row["visitor"], row["started_at"]))


@pytest.mark.usefixtures("spark")
def test_days_one_by_one_in_one_run_and_again_are_the_same_rows_and_robots_are_set_aside():
    events = lived(seed=1)
    with temporary_lakehouse():
        for kind, contract in CONTRACTS.items():
            rows = published(kind, events).with_columns(**MORE[kind])
            publish_frame(rows, contract, sorted(map(str, rows["day"].unique())))
        one_by_one = [run(day, day) for day in DAYS][-1]
        assert run(DAYS[0], DAYS[-1]) == one_by_one
        assert run(DAYS[0], DAYS[-1]) == one_by_one
        refused = read_dataset(quarantine_contract(tracking.visits.contract)).to_pylist()
    found = by_hand(events, DAYS)
    assert same(typed(one_by_one), found.filter(pl.col("visitor") != "user 999"))
    robot = found.filter(pl.col("visitor") == "user 999").row(0, named=True)
    assert [(each["visit_id"], each["seconds"], each["_rules"]) for each in refused] == [
        (robot["visit_id"], robot["seconds"], ["seconds_maximum"])
    ]
    assert found["late_events"].sum() > 0
