"""What visits are, said twice: plainly in Python, and by a Polars twin of the Spark dataset that must give equal rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import polars as pl

PAUSE, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
HAPPENED = {"view": "viewed_at", "search": "searched_at", "contact": "contacted_at"}


class Event(NamedTuple):
    kind: str
    event_id: str
    user_id: int | None
    session_id: str
    device: str
    listing_id: int | None
    happened: datetime
    received: datetime

    @property
    def day(self) -> date:
        return self.received.date()

    @property
    def visitor(self) -> str:
        return f"session {self.session_id}" if self.user_id is None else f"user {self.user_id}"


def rows_of(kind: str, events: Iterable[Event]) -> list[dict[str, object]]:
    """The events of a kind as rows of the dataset that holds them."""
    return [
        {
            **{"day": each.day, "event_id": each.event_id, "session_id": each.session_id, "user_id": each.user_id},
            **{"device": each.device, "received_at": each.received, HAPPENED[kind]: each.happened},
            **({} if kind == "search" else {"listing_id": each.listing_id}),
        }
        for each in events
        if each.kind == kind
    ]


def visits_of(events: Iterable[Event], days: Iterable[date]) -> list[dict[str, object]]:
    """The visits that are settled on these days, of all events there ever were."""
    once: dict[tuple[str, str], Event] = {}
    for each in sorted(events, key=lambda event: event.received):
        if each.day - each.happened.date() <= DAY and each.happened - each.received <= HOUR:
            once.setdefault((each.kind, each.event_id), each)
    by_visitor = defaultdict(list)
    for each in sorted(once.values(), key=lambda event: (event.happened, event.kind, event.event_id)):
        by_visitor[each.visitor].append(each)
    found = [_row(visit) for events in by_visitor.values() for visit in _cut(events)]
    return [row for row in found if row["day"] in set(days)]


def _cut(events: Sequence[Event]) -> list[list[Event]]:
    visits: list[list[Event]] = []
    for before, each in zip([None, *events], events, strict=False):
        if before is None or each.happened - before.happened >= PAUSE:
            visits.append([])
        visits[-1].append(each)
    return visits


def _row(visit: Sequence[Event]) -> dict[str, object]:
    first = visit[0]
    counted = [each for each in visit if each.happened.date() - first.happened.date() <= DAY]
    last = counted[-1]
    return {
        "day": first.happened.date() + 2 * DAY,
        "visit_id": first.event_id,
        "visitor": first.visitor,
        "user_id": first.user_id,
        "device": first.device,
        "started_on": first.happened.date(),
        "started_at": first.happened,
        "ended_at": last.happened,
        "seconds": (last.happened - first.happened) // timedelta(seconds=1),
        "views": sum(each.kind == "view" for each in counted),
        "listings": len({each.listing_id for each in counted if each.kind == "view"}),
        "searches": sum(each.kind == "search" for each in counted),
        "contacts": sum(each.kind == "contact" for each in counted),
        "late_events": sum(each.day > each.happened.date() for each in counted),
    }


def polars_visits(days: Sequence[date], events: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The twin: `events` are those of each kind, as published."""
    alike = [
        frame.select(
            "event_id",
            "user_id",
            "device",
            kind=pl.lit(kind),
            visitor=pl.coalesce(
                pl.format("user {}", pl.col("user_id").cast(pl.String)), pl.format("session {}", "session_id")
            ),
            listing_id=pl.col("listing_id") if kind == "view" else pl.lit(None, pl.Int64),
            at=pl.col(HAPPENED[kind]),
            received_at="received_at",
            received_on="day",
        )
        for kind, frame in events.items()
    ]
    happened_on, order = pl.col("at").dt.date(), ["at", "kind", "event_id"]
    begins = pl.col("at").diff().over("visitor").fill_null(PAUSE) >= PAUSE
    return (
        pl.concat(alike)
        .filter(
            pl.col("received_on") - happened_on <= pl.duration(days=1),
            pl.col("at") - pl.col("received_at") <= pl.duration(hours=1),
        )
        .sort("received_on", *order)
        .unique(["kind", "event_id"], keep="first", maintain_order=True)
        .sort("visitor", *order)
        .with_columns(began=pl.when(begins).then("at"))
        .with_columns(pl.col("began").forward_fill().over("visitor"))
        .filter(happened_on - pl.col("began").dt.date() <= pl.duration(days=1))
        .group_by("visitor", "began")
        .agg(
            visit_id=pl.col("event_id").sort_by(order).first(),
            user_id=pl.col("user_id").max(),
            device=pl.col("device").sort_by(order).first(),
            ended_at=pl.col("at").max(),
            views=(pl.col("kind") == "view").sum(),
            listings=pl.col("listing_id").drop_nulls().n_unique(),
            searches=(pl.col("kind") == "search").sum(),
            contacts=(pl.col("kind") == "contact").sum(),
            late_events=(pl.col("received_on") > happened_on).sum(),
        )
        .with_columns(
            started_on=pl.col("began").dt.date(), seconds=(pl.col("ended_at") - pl.col("began")).dt.total_seconds()
        )
        .with_columns(day=pl.col("started_on") + pl.duration(days=2))
        .filter(pl.col("day").is_in(list(days)))
        .rename({"began": "started_at"})
    )


def at(day: int, clock: str, month: int = 10) -> datetime:
    """`at(5, "23:40")`, in UTC."""
    return datetime.fromisoformat(f"2026-{month:02}-{day:02}T{clock}").replace(tzinfo=UTC)
