"""What the event tracker receives in a day: sessions of known and unknown visitors, and their views, searches, contacts.

A day's events follow from the seed and the change tables alone, so they can be written again at any later time.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import psycopg

from . import bulk, words
from .days import Day
from .dirt import DUPLICATED, LATE
from .draws import DAY, HOUR, MINUTE, Ints, moments, pick, popularity, some_of
from .people import DEVICE_SHARES, DEVICES

KINDS = {"listing_view": "viewed_at", "search": "searched_at", "contact": "contacted_at"}  # kind -> when it happened
EVENTS_PER_SESSION = 6
ANONYMOUS = 0.45
REFERRERS = ("search", "home", "category", "google", "instagram", "email", None)
REFERRER_SHARES = (0.42, 0.18, 0.14, 0.12, 0.06, 0.03, 0.05)
CHANNELS, CHANNEL_SHARES = ("message", "phone", "whatsapp"), (0.55, 0.15, 0.30)

# The state at a past midnight, from the changes until then.
LISTINGS_THEN = """
    SELECT listing_id, category_id, created FROM (
        SELECT DISTINCT ON (listing_id) listing_id, category_id, micros(created_at) AS created, status, operation, changed_at
        FROM listing_changes WHERE changed_at < %s ORDER BY listing_id, changed_at DESC, change_id DESC) AS latest
    WHERE operation <> 'D' AND (status = 'active' OR status = 'sold' AND changed_at >= %s) ORDER BY listing_id"""
USERS_THEN = """
    SELECT user_id FROM user_changes WHERE changed_at < %s
    GROUP BY user_id HAVING bool_and(operation <> 'D') AND min(changed_at) <= %s ORDER BY user_id"""


@dataclass(frozen=True)
class Audience:
    """Who and what the day's events are about."""

    users: Ints
    listings: Ints
    categories: Ints
    created: Ints  # when each listing was

    @classmethod
    def of(cls, connection: psycopg.Connection, day: Day) -> "Audience":
        listings = bulk.fetch(connection, LISTINGS_THEN, (day.end, day.start))
        users = bulk.fetch(connection, USERS_THEN, (day.end, day.start))["user_id"]
        return cls(users, listings["listing_id"], listings["category_id"], listings["created"])


def received(kind: str, day: Day, audience: Audience) -> pl.DataFrame:
    """The events of one kind in the order they arrive, with late and duplicated ones; `arrival` is received_at in µs."""
    rng = day.draws(kind)
    count = day.count(kind)
    visits = _visits(rng, count, day, audience, known_only=kind == "contact")
    happened = visits["arrival"] - rng.integers(50_000, 3_000_000, count)
    late = some_of(rng, count, LATE)
    happened[late] -= rng.integers(HOUR, 6 * HOUR, len(late))
    columns = {
        "event_id": _event_ids(rng, count),
        **_details(rng, kind, count, happened, audience),
        **visits,
        "happened": happened,
    }
    return _delivered(rng, pl.DataFrame(columns), day)


def _visits(rng: np.random.Generator, count: int, day: Day, audience: Audience, known_only: bool) -> dict:
    """To which session each event belongs: its visitor, its device, and when the event arrives."""
    sessions = max(1, count // EVENTS_PER_SESSION)
    starts = moments(rng, sessions, day.midnight)
    visitor = audience.users[pick(rng, popularity(audience.users, day.seed + 1), sessions)]
    unknown = np.zeros(sessions, bool) if known_only else rng.random(sessions) < ANONYMOUS
    device = rng.choice(len(DEVICES), sessions, p=DEVICE_SHARES)
    names = pl.Series([f"s{day.date:%y%m%d}-{n:08x}" for n in rng.integers(0, 2**32, sessions).tolist()])
    session = np.sort(rng.integers(0, sessions, count))
    arrival = starts[session] + rng.exponential(4 * MINUTE, count).astype(np.int64)
    arrival = np.where(arrival < day.midnight + DAY, arrival, starts[session])
    of = pl.Series(session)
    return {
        "user_id": pl.select(pl.when(~pl.Series(unknown)).then(pl.Series(visitor))).to_series().gather(of),
        "session_id": names.gather(of),
        "device": pl.Series(DEVICES).gather(pl.Series(device[session])),
        "arrival": arrival,
    }


def _details(rng: np.random.Generator, kind: str, count: int, happened: Ints, audience: Audience) -> dict:
    """The columns that only this kind has."""
    if kind == "search":
        vocabulary, typed = words.queries(rng, count)
        leaves = np.unique(audience.categories)
        categories = pl.Series(leaves[rng.integers(0, len(leaves), count)])
        return {
            "query": pl.Series(vocabulary).gather(pl.Series(typed)),
            "category_id": pl.select(pl.when(pl.Series(rng.random(count) < 0.4)).then(categories)).to_series(),
            "results": rng.negative_binomial(1, 0.02, count),
        }
    listing_ids = _listings(rng, count, happened, audience)
    if kind == "contact":
        channel = pl.Series(rng.choice(len(CHANNELS), count, p=CHANNEL_SHARES))
        return {"listing_id": listing_ids, "channel": pl.Series(CHANNELS).gather(channel)}
    referrer = pl.Series(rng.choice(len(REFERRERS), count, p=REFERRER_SHARES))
    dwell = np.minimum(rng.lognormal(9.2, 1.1, count), 1_800_000).astype(np.int64)
    return {"listing_id": listing_ids, "referrer": pl.Series(REFERRERS).gather(referrer), "dwell_ms": dwell}


def _listings(rng: np.random.Generator, count: int, happened: Ints, audience: Audience) -> Ints:
    """Listings by fame; where the drawn one did not exist yet, an older one."""
    fame = popularity(audience.listings, 0)
    chosen = pick(rng, fame, count)
    too_young = audience.created[chosen] > happened
    older = np.flatnonzero(audience.created < happened.min())
    chosen[too_young] = older[pick(rng, fame[older], int(too_young.sum()))]
    return audience.listings[chosen]


def _event_ids(rng: np.random.Generator, count: int) -> pl.Series:
    """Random UUIDs as text, laid out as a matrix of characters."""
    digits = np.frombuffer(rng.bytes(16 * count).hex().encode(), np.uint8).reshape(count, 32)
    text = np.full((count, 36), ord("-"), np.uint8)
    text[:, [position for position in range(36) if position not in (8, 13, 18, 23)]] = digits
    return pl.Series(text.view("S36").ravel().astype(str))


def _delivered(rng: np.random.Generator, events: pl.DataFrame, day: Day) -> pl.DataFrame:
    """Add the second deliveries (half of them exact, half up to an hour later) and sort by arrival."""
    twice = some_of(rng, len(events), DUPLICATED)
    delay = np.where(rng.random(len(twice)) < 0.5, 0, rng.integers(MINUTE, HOUR, len(twice)))
    again = events[twice].with_columns(arrival=pl.min_horizontal(pl.col("arrival") + delay, day.midnight + DAY - 1))
    once = np.ones(len(events), bool)
    once[twice] = False
    both = [events.with_columns(once=pl.Series(once)), again.with_columns(once=pl.lit(False))]
    return pl.concat(both).sort("arrival", maintain_order=True)
