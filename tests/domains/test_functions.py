"""The functions alone, called with frames of a few rows."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl

from data_platform.domains.ads import assets as ads
from data_platform.domains.messaging import assets as messaging
from data_platform.domains.tracking import assets as tracking
from data_platform.domains.users import assets as users

MONDAY, TUESDAY, WEDNESDAY = date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 7)


def asked(*partitions: Any) -> Any:
    """A context that was asked for these partitions."""
    return SimpleNamespace(partition_keys=[key if isinstance(key, str) else str(key) for key in partitions])


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


def changes(key: str, *rows: tuple[date, str, int, str]) -> pl.DataFrame:
    """Changes in the order they happened: day, operation, id, city."""
    return pl.DataFrame(
        [(n, day, at(day), *rest) for n, (day, *rest) in enumerate(rows)],
        schema=["change_id", "day", "changed_at", "operation", key, "city"],
        orient="row",
    )


HISTORY = (
    (MONDAY, "I", 1, "Recife"),
    (MONDAY, "I", 2, "Natal"),
    (TUESDAY, "U", 1, "Belém"),
    (WEDNESDAY, "D", 2, "Natal"),
)
STATE = [(MONDAY, 1, "Recife"), (MONDAY, 2, "Natal"), (WEDNESDAY, 1, "Belém")]


def test_users_are_their_last_change_so_far_without_the_deleted():
    frame = users.users(asked(MONDAY, WEDNESDAY), changes("user_id", *HISTORY).lazy()).collect()
    assert sorted(frame.select("day", "user_id", "city").rows()) == STATE


def test_listings_are_their_last_change_so_far_without_the_deleted():
    history = changes("listing_id", *HISTORY)
    relation = ads.listings(asked(MONDAY, WEDNESDAY), duckdb.sql("from history"))
    assert sorted(relation.select("day, listing_id, city").fetchall()) == STATE
    assert not history.is_empty()


def test_activity_joins_visits_and_messages_of_known_users():
    members = pd.DataFrame(
        {
            "day": [MONDAY] * 2,
            "user_id": [1, 2],
            "signup_device": "web",
            "created_at": [at(date(2026, 10, 1), 23), at(MONDAY)],
        }
    )
    visits = pd.DataFrame(
        {
            "day": [MONDAY] * 2,
            "session_id": ["a", "b"],
            "user_id": [1, None],
            "views": [3, 4],
            "searches": 0,
            "contacts": 1,
        }
    )
    written = pd.DataFrame({"day": [MONDAY] * 2, "sender_id": [2, 99]})
    found = users.user_activity(members, visits, written).set_index("user_id")
    assert found[["sessions", "views", "messages", "account_age_days"]].to_dict("index") == {
        1: {"sessions": 1, "views": 3, "messages": 0, "account_age_days": 4},
        2: {"sessions": 0, "views": 0, "messages": 1, "account_age_days": 0},
    }


def test_stats_count_views_visits_and_contacts():
    listings = pl.LazyFrame({"day": [MONDAY] * 3, "listing_id": [1, 2, 3], "seller_id": 7, "category_id": 100})
    views = pl.LazyFrame({"day": [MONDAY] * 4, "listing_id": [1, 1, 1, 9], "session_id": ["a", "a", "b", "c"]})
    contacts = pl.LazyFrame({"day": [MONDAY], "listing_id": [2]})
    found = ads.listing_stats(listings, views, contacts).collect().sort("listing_id")
    assert found.select("listing_id", "views", "visits", "contacts").rows() == [(1, 3, 2, 0), (2, 0, 0, 1)]


def test_the_price_index_compares_with_the_week_and_skips_missing_days():
    rows = [(MONDAY, 100, 10), (MONDAY, 100, 20), (WEDNESDAY, 100, 30), (WEDNESDAY, 100, 30)]
    prices = pl.DataFrame(rows, schema=["day", "category_id", "price"], orient="row").with_columns(
        status=pl.lit("active")
    )
    names = pl.DataFrame({"category_id": [100], "name": ["Cars"]})
    found = ads.price_index(asked(WEDNESDAY), duckdb.sql("from prices"), duckdb.sql("from names")).fetchall()
    assert found == [(WEDNESDAY, 100, "Cars", 2, 30.0, 100 * 30 / 22.5)]
    assert len(prices) and len(names)


def test_sellers_have_zeros_where_they_have_nothing():
    listings = pl.LazyFrame({"day": [MONDAY] * 2, "seller_id": [1, 1], "status": ["active", "sold"]})
    stats = pl.LazyFrame({"day": [MONDAY], "seller_id": [2], "views": [5], "contacts": [1]})
    payments = pl.LazyFrame(
        {
            "day": [MONDAY] * 2,
            "seller_id": [3, 3],
            "status": ["paid", "failed"],
            "amount": [Decimal("9.50"), Decimal("1.00")],
        }
    )
    found = ads.seller_performance(listings, stats, payments).collect().sort("seller_id")
    assert found.select("seller_id", "offers", "views", "contacts", "sales", "revenue").rows() == [
        (1, 1, 0, 0, 0, 0),
        (2, 0, 5, 1, 0, 0),
        (3, 0, 0, 0, 1, Decimal("9.50")),
    ]


def test_events_get_the_day_of_their_hour_and_keep_their_text():
    raw = pl.LazyFrame({"hour": [datetime(2026, 10, 5, 23)], "event_id": ["e"], "dwell_ms": ["many"]})
    for refine in (tracking.listing_views, tracking.searches, tracking.contacts):
        assert refine(raw).collect().to_dicts() == [{"event_id": "e", "dwell_ms": "many", "day": MONDAY}]


def test_a_session_is_made_of_all_kinds_of_events():
    def events(hour: int, user: int | None) -> pl.LazyFrame:
        columns = {
            "day": [MONDAY],
            "session_id": ["s"],
            "user_id": [user],
            "device": ["ios"],
            "received_at": [at(MONDAY, hour)],
        }
        return pl.LazyFrame(columns, schema_overrides={"user_id": pl.Int64})

    (session,) = tracking.sessions(events(9, None), events(8, None), events(10, 1)).collect().to_dicts()
    assert session == {
        **{"day": MONDAY, "session_id": "s", "user_id": 1, "device": "ios"},
        **{"started_at": at(MONDAY, 8), "ended_at": at(MONDAY, 10), "views": 1, "searches": 1, "contacts": 1},
    }


def test_traffic_is_of_the_partitions_asked_for():
    sessions = pl.LazyFrame(
        {
            "day": [MONDAY, MONDAY, TUESDAY],
            "device": ["web", "ios", "web"],
            "user_id": [1, 2, None],
            "started_at": [at(MONDAY, 7), at(MONDAY), at(TUESDAY)],
            "views": [3, 1, 1],
            "searches": [1, 0, 0],
            "contacts": [0, 0, 0],
        }
    )
    context: Any = SimpleNamespace(partition_keys=[dg.MultiPartitionKey({"day": str(MONDAY), "device": "web"})])
    (row,) = tracking.device_traffic(context, sessions).collect().to_dicts()
    assert row == {"day": MONDAY, "device": "web", "hour": 7, "sessions": 1, "logged_in": 1, "events": 4}


def test_numbers_and_addresses_are_masked_and_prices_are_not():
    bodies = ["call +55 11 91234-5678!", "(11) 91234 5678", "ana@example.com", "R$ 1.200, 2 rooms, 1990"]
    raw = pl.LazyFrame({"body": bodies, "created_at": [at(MONDAY)] * 4})
    found = messaging.messages(raw).collect()
    assert found["body"].to_list() == ["call [phone]!", "([phone]", "[e-mail]", "R$ 1.200, 2 rooms, 1990"]
    assert found["mentions_phone"].to_list() == [True, True, False, False]


def test_a_payment_has_one_row_per_day_it_changed():
    rows = [(1, MONDAY, 7, "pending"), (2, MONDAY, 7, "paid"), (3, TUESDAY, 7, "refunded")]
    raw = pl.LazyFrame(rows, schema=["change_id", "day", "payment_id", "status"], orient="row")
    found = messaging.payments(raw.with_columns(changed_at=pl.lit(at(MONDAY)))).collect().sort("day")
    assert found.rows() == [(MONDAY, 7, "paid"), (TUESDAY, 7, "refunded")]


def test_settlement_is_timed_for_what_is_settled():
    minutes = [2, 4, 600]
    payments = pd.DataFrame(
        {
            "day": [MONDAY] * 3,
            "method": ["pix"] * 3,
            "status": ["paid", "failed", "pending"],
            "created_at": [pd.Timestamp(at(MONDAY))] * 3,
            "updated_at": [pd.Timestamp(at(MONDAY)) + pd.Timedelta(minutes=n) for n in minutes],
        }
    )
    (row,) = messaging.settlement_times(payments).to_dict("records")
    assert row == {
        **{"day": MONDAY, "method": "pix", "settled": 2, "failed": 1},
        **{"median_minutes": 3.0, "longest_minutes": 4.0},
    }
