"""The marketplace's life, a day at a time, in the monolith and in the tracker's files: deterministic and resumable.

A day is one transaction in the database, then its event files, then its mark in `simulated_days`. What a crash
interrupts is done again with the same result: the transaction because it was rolled back, the files because they
follow from the seed and the change tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg

from . import event_files, events, monolith
from .days import Day, bad_day
from .errors import SimulationError

__all__ = ["DaySimulated", "bad_day", "first_day", "simulate", "simulate_day"]

SEED = 2006
LOCK = 0x6D61726B  # one simulator per database


@dataclass(frozen=True)
class DaySimulated:
    """What `on_day` is told."""

    day: date
    was_skipped: bool


def simulate(
    dsn: str,
    events_folder: Path,
    first_day: date,
    last_day: date,
    scale: float = 1.0,
    seed: int = SEED,
    on_day: Callable[[DaySimulated], None] = lambda done: None,
) -> None:
    """Simulate the days up to `last_day`, skipping those already done.

    A database that has lived already goes on where it stopped, so that its past has no gap; its past before its own
    first day cannot be added.
    """
    start = first_day
    with _session(dsn) as connection:
        past = _past(connection)
    if past:
        if first_day < past[0].date:
            raise SimulationError(
                f"This marketplace's first day is {past[0].date}; {first_day} lies before it and cannot be added. "
                "Ask for a later first day, or empty the database (for the embedded one: delete its folder)."
            )
        start = min(first_day, past[-1].date + timedelta(days=1))
    for n in range((last_day - start).days + 1):
        day = start + timedelta(days=n)
        on_day(DaySimulated(day, was_skipped=not simulate_day(dsn, events_folder, day, scale=scale, seed=seed)))


def simulate_day(dsn: str, events_folder: Path, day: date, *, scale: float = 1.0, seed: int = SEED) -> bool:
    """Advance the marketplace by exactly one day and write its event files; False if that was done before."""
    with _session(dsn) as connection:
        past = _past(connection)
        known = next((lived for lived in past if lived.date == day), None)
        if past and past[0].seed != seed:
            raise SimulationError(
                f"This marketplace lives by seed {past[0].seed}, not {seed}: empty the database first."
            )
        if not known and past and day != past[-1].date + timedelta(days=1):
            raise SimulationError(f"Days follow each other: after {past[-1].date} comes not {day}.")
        today = known or Day(day, index=len(past), seed=seed, scale=scale)
        if not known:
            with connection.transaction():
                monolith.live(connection, today)
                values = (today.date, today.index, today.seed, today.scale)
                connection.execute("INSERT INTO simulated_days VALUES (%s, %s, %s, %s)", values)
        elif _is_marked(connection, today) and event_files.are_complete(events_folder, today):
            return False
        _write_events(connection, events_folder, today)
        connection.execute("UPDATE simulated_days SET events_done = true WHERE day = %s", [today.date])
        return True


def first_day(dsn: str) -> date | None:
    """The first simulated day of this database, from which `bad_day` counts."""
    with _session(dsn) as connection:
        past = _past(connection)
        return past[0].date if past else None


def _write_events(connection: psycopg.Connection, folder: Path, day: Day) -> None:
    audience = events.Audience.of(connection, day)
    for kind in events.KINDS:
        event_files.write(folder, kind, day, events.received(kind, day, audience))


def _session(dsn: str) -> psycopg.Connection:
    """A connection that no second simulator has at the same time."""
    connection = psycopg.connect(dsn, autocommit=True)
    connection.execute("SET timezone = 'UTC'")
    connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
    return connection


def _past(connection: psycopg.Connection) -> list[Day]:
    if connection.execute("SELECT to_regclass('simulated_days')").fetchone() == (None,):
        return []
    rows = connection.execute("SELECT day, day_index, seed, scale FROM simulated_days ORDER BY day")
    return [Day(*row) for row in rows]


def _is_marked(connection: psycopg.Connection, day: Day) -> bool:
    row = connection.execute("SELECT events_done FROM simulated_days WHERE day = %s", [day.date]).fetchone()
    return bool(row and row[0])
