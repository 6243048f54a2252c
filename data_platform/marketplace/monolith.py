"""One day of the monolith, inside the caller's transaction: night jobs, then the day's users, listings, sales, messages.

Rows that change twice a day change in the order of their times, so replaying the change tables by time gives the state.
"""

from datetime import datetime
from pathlib import Path

import numpy as np
import psycopg

from . import bulk, catalog, dirt, people
from .days import Day
from .draws import DAY, OPEN_HOURS, Ints, moments, pick, pick_distinct, popularity, some_of
from .inbox import write_messages
from .market import Market
from .sales import sell

SCHEMA = Path(__file__).with_name("schema.sql")
REPAIR_HOUR, PURGE_HOUR = 2, 3.5
PAST = 180 * DAY  # how far back the marketplace's life before the simulation reaches


def live(connection: psycopg.Connection, day: Day) -> None:
    """Advance the monolith by one day."""
    if day.index == 0:
        connection.execute(SCHEMA.read_bytes())
        _begin(connection, day)
    _rewind_sequences(connection)
    if day.is_after_the_bad_one:
        _repair_prices(connection, day)
    _purge(connection, day)
    members = bulk.fetch(connection, "SELECT user_id FROM users ORDER BY user_id")["user_id"]
    _edit_users(connection, day, members)
    rng = day.draws("users")
    _add_users(connection, day, moments(rng, day.count("new_users"), day.midnight))
    market = Market.open(connection, day)
    market.edit(connection, day)
    rng = day.draws("listings")
    _add_listings(connection, day, members, moments(rng, day.count("new_listings"), day.midnight), market)
    sell(connection, day, market, members)
    write_messages(connection, day, market, members)


def _begin(connection: psycopg.Connection, day: Day) -> None:
    """The life before: change capture was switched on at the first midnight and began with a snapshot of everything."""
    with_clock(connection, day.start)
    bulk.copy_in(connection, "categories", catalog.categories(day.midnight - PAST))
    past = day.draws("past")
    joined = np.sort(day.midnight - past.integers(1, PAST, day.count("initial_users")))
    _add_users(connection, day, joined)
    members = np.arange(1, len(joined) + 1)
    listed = np.sort(day.midnight - past.integers(1, 60 * DAY, day.count("initial_listings")))
    _add_listings(connection, day, members, listed)
    with_clock(connection, None)


def with_clock(connection: psycopg.Connection, now: datetime | None) -> None:
    """Set the simulated time that the change tables note, for this transaction; None: each row's updated_at."""
    connection.execute("SELECT set_config('marketplace.now', %s, true)", [now.isoformat() if now else ""])


def _rewind_sequences(connection: psycopg.Connection) -> None:
    """A day that was rolled back has used numbers up; its second attempt must give the same ones."""
    for changes in ("user_changes", "listing_changes", "payment_changes"):
        connection.execute(
            f"SELECT setval('{changes}_seq', (SELECT coalesce(max(change_id), 0) + 1 FROM {changes}), false)"
        )


def _repair_prices(connection: psycopg.Connection, day: Day) -> None:
    connection.execute(
        "UPDATE listings SET price = price * -100, updated_at = %s WHERE price < 0", [day.at(REPAIR_HOUR)]
    )


def _purge(connection: psycopg.Connection, day: Day) -> None:
    """Hard deletes: users who left, their listings with them, and listings the moderators removed for good."""
    rng = day.draws("purge")
    listings = bulk.fetch(connection, "SELECT listing_id, seller_id FROM listings ORDER BY listing_id")
    users = bulk.fetch(connection, "SELECT user_id FROM users ORDER BY user_id")["user_id"]
    gone_users = users[
        pick_distinct(rng, 1 / popularity(users, day.seed), day.count("deleted_users"))
    ]  # not the busy ones
    gone = pick_distinct(rng, np.ones(len(listings["listing_id"])), day.count("deleted_listings"))
    orphaned = listings["listing_id"][np.isin(listings["seller_id"], gone_users)]
    gone_listings = np.union1d(listings["listing_id"][gone], orphaned)
    with_clock(connection, day.at(PURGE_HOUR))
    connection.execute("DELETE FROM listings WHERE listing_id = ANY(%s)", [gone_listings.tolist()])
    connection.execute("DELETE FROM users WHERE user_id = ANY(%s)", [gone_users.tolist()])
    with_clock(connection, None)


def _edit_users(connection: psycopg.Connection, day: Day, members: Ints) -> None:
    """People move and get verified."""
    rng = day.draws("user edits")
    edited = members[pick_distinct(rng, np.ones(len(members)), day.count("user_edits"))]
    when = rng.permutation(moments(rng, len(edited), day.midnight, OPEN_HOURS))
    columns = {"user_id": edited, "city": people.cities(rng, len(edited)), "is_verified": rng.random(len(edited)) < 0.7}
    bulk.update(connection, "users", "user_id", {**columns, "updated_at": bulk.timestamps(when)})


def _add_users(connection: psycopg.Connection, day: Day, created: Ints) -> None:
    first_id = bulk.next_id(connection, "user_id", "user_changes")
    bulk.copy_in(connection, "users", people.sign_ups(day.draws(f"sign-ups from {first_id}"), first_id, created))


def _add_listings(
    connection: psycopg.Connection, day: Day, members: Ints, created: Ints, market: Market | None = None
) -> None:
    """New listings of known members; `market` learns of those of the day itself."""
    first_id = bulk.next_id(connection, "listing_id", "listing_changes")
    rng = day.draws(f"listings from {first_id}")
    count = len(created)
    ids = np.arange(first_id, first_id + count)
    category_ids = catalog.leaf_categories(rng, count)
    prices = catalog.prices(rng, category_ids)
    prices[some_of(rng, count, dirt.PRICE_ZERO)] = 0.0
    cities: list[str | None] = list(people.cities(rng, count))
    for position in some_of(rng, count, dirt.NO_CITY):
        cities[position] = None
    sellers = members[pick(rng, popularity(members, day.seed), count)]
    is_draft = rng.random(count) < 0.12
    written = prices if market is None else dirt.written_prices(ids, prices, day)
    columns = {
        "listing_id": ids,
        "seller_id": sellers,
        "category_id": category_ids,
        "title": catalog.titles(rng, category_ids),
        "price": written,
        "currency": ["BRL"] * count,
        "city": cities,
        "status": np.where(is_draft, "draft", "active"),
        "created_at": bulk.timestamps(created),
        "updated_at": bulk.timestamps(created),
    }
    bulk.copy_in(connection, "listings", columns)
    if market:
        market.add(ids, sellers, prices, is_draft, created)
