"""Refined datasets say the same as the sources, asked another way."""

from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from .conftest import DAYS, Platform

pytestmark = pytest.mark.slow

PHONE = r"\+?\d(?:[ ().-]{0,2}\d){7,}"
STATE = """
    SELECT * FROM (SELECT DISTINCT ON ({key}) * FROM {table} WHERE changed_at < %s::date + 1
                   ORDER BY {key}, changed_at DESC, change_id DESC) AS latest
    WHERE operation <> 'D'"""


@pytest.mark.parametrize("day", DAYS, ids=str)
@pytest.mark.parametrize(
    ("dataset", "table", "is_sound"),
    [
        ("users.users", "user_changes", pl.col("email").str.contains(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")),
        ("ads.listings", "listing_changes", pl.col("price") > 0),
    ],
    ids=["users", "listings"],
)
def test_state_is_what_the_monolith_had_at_the_end_of_the_day(
    platform: Platform, day: date, dataset: str, table: str, is_sound: pl.Expr
):
    found = platform.published(dataset, day).drop("day")
    key = "user_id" if "email" in found.columns else "listing_id"
    expected = platform.source(STATE.format(key=key, table=table), day)
    sound = expected.filter(is_sound).select(found.columns).sort(key)
    loose = {"price": pl.String} if "price" in found.columns else {}
    assert_frame_equal(found.sort(key).cast(loose), sound.cast(loose), check_dtypes=False)
    refused = platform.quarantined(dataset, day)
    assert set(refused[key]) == set(expected.filter(~is_sound)[key])


def test_who_left_is_gone_from_the_day_of_leaving(platform: Platform):
    left = platform.source("SELECT user_id, changed_at::date AS day FROM user_changes WHERE operation = 'D'")
    left = left.filter(pl.col("day").is_in(DAYS))
    assert left.height >= len(DAYS)
    for user_id, day in left.iter_rows():
        last = platform.published("users.users").filter(pl.col("user_id") == user_id)["day"].max()
        assert last is None or last < day


@pytest.mark.parametrize(
    ("raw", "refined"),
    [("raw_listing_views", "listing_views"), ("raw_searches", "searches"), ("raw_contacts", "contacts")],
)
def test_second_deliveries_and_broken_events_are_set_aside_and_no_event_is_lost(
    platform: Platform, raw: str, refined: str
):
    received = platform.published(f"tracking.{raw}")
    kept, refused = platform.published(f"tracking.{refined}"), platform.quarantined(f"tracking.{refined}")
    assert kept.height + refused.height == received.height
    assert kept["event_id"].is_unique().all()
    twice = received.group_by("event_id").agg(pl.len(), pl.col("received_at").min()).filter(pl.col("len") == 2)
    duplicates = refused.filter(pl.col("_rules").list.contains("primary_key"))
    assert sorted(duplicates["event_id"]) == sorted(twice["event_id"])
    first = kept.join(twice, on="event_id").select(
        pl.col("received_at") == pl.col("received_at_right").str.to_datetime(time_unit="us", time_zone="UTC")
    )
    assert first.to_series().all()
    assert (kept["day"] == kept["received_at"].dt.date()).all()


IS_NO_TIME = pl.col("viewed_at").str.to_datetime(strict=False, time_unit="us", time_zone="UTC").is_null()
BROKEN = {  # rules -> which of the received views break one of them
    "device_enum": pl.col("device") == "toaster",
    "dwell_ms_minimum": pl.col("dwell_ms").str.starts_with("-"),
    "session_id_required": pl.col("session_id").is_null(),
    "types listing_id_required viewed_at_required": IS_NO_TIME
    | pl.col("listing_id").is_null()
    | (pl.col("listing_id") == "abc"),
}


@pytest.mark.parametrize(("rules", "is_broken"), BROKEN.items(), ids=BROKEN)
def test_broken_views_are_refused_for_what_is_broken(platform: Platform, rules: str, is_broken: pl.Expr):
    expected = platform.published("tracking.raw_listing_views").filter(is_broken)
    refused = (
        platform.quarantined("tracking.listing_views").explode("_rules").filter(pl.col("_rules").is_in(rules.split()))
    )
    assert set(refused["event_id"]) == set(expected["event_id"])


def test_late_events_belong_to_the_hour_and_day_they_were_received(platform: Platform):
    views = platform.published("tracking.listing_views")
    late = views.filter(pl.col("received_at") - pl.col("viewed_at") > timedelta(hours=1))
    files = platform.published("tracking.raw_listing_views").select("event_id", "hour")
    assert late.height > 0
    assert set(late.join(files, on="event_id").select(pl.col("hour").dt.date() == pl.col("day")).to_series()) == {True}


def test_sessions_hold_every_event_once(platform: Platform):
    sessions = platform.published("tracking.sessions").sum()
    for name, dataset in (("views", "listing_views"), ("searches", "searches"), ("contacts", "contacts")):
        assert sessions[name].item() == platform.published(f"tracking.{dataset}").height


def test_device_traffic_adds_up_to_the_sessions(platform: Platform):
    sessions = platform.published("tracking.sessions")
    traffic = platform.published("tracking.device_traffic")
    counted = sessions.group_by("day", "device").agg(sessions=pl.len().cast(pl.Int64))
    assert_frame_equal(traffic.group_by("day", "device").agg(pl.col("sessions").sum()), counted, check_row_order=False)


def test_no_message_leaves_with_a_phone_number(platform: Platform):
    expected = platform.published("messaging.raw_messages").filter(pl.col("body").str.contains(PHONE))
    found = platform.published("messaging.messages")
    assert expected.height > 0
    assert set(found.filter("mentions_phone")["message_id"]) == set(expected["message_id"])
    assert not found["body"].str.contains(PHONE).any()
    assert found.height == platform.published("messaging.raw_messages").height


def test_sales_are_the_monoliths(platform: Platform):
    paid = """SELECT changed_at::date AS day, count(*), sum(amount) FROM payment_changes paid WHERE status = 'paid'
              AND changed_at < %s::date + 1 AND NOT EXISTS (SELECT FROM payment_changes later
                  WHERE later.payment_id = paid.payment_id AND later.change_id > paid.change_id
                  AND later.changed_at::date = paid.changed_at::date) GROUP BY 1 ORDER BY 1"""
    performance = platform.published("ads.seller_performance")
    found = performance.group_by("day").agg(pl.col("sales", "revenue").sum()).sort("day")
    assert [tuple(map(float, row[1:])) for row in found.iter_rows()] == [
        tuple(map(float, row[1:])) for row in platform.source(paid, DAYS[-1]).iter_rows()
    ]


def test_stats_count_the_views_of_published_listings(platform: Platform):
    views = platform.published("tracking.listing_views")
    listings = platform.published("ads.listings").select("day", "listing_id")
    stats = platform.published("ads.listing_stats")
    assert stats["views"].sum() == views.join(listings, on=["day", "listing_id"]).height


def test_a_range_of_days_in_one_run_gives_what_the_single_days_gave(platform: Platform):
    names = ["users.users", "users.user_activity", "ads.listings", "ads.listing_stats", "ads.price_index"]
    names += ["ads.seller_performance", "tracking.listing_views", "tracking.sessions", "messaging.payments"]
    before = {name: platform.published(name) for name in names}
    assert platform.materialize(names, str(DAYS[0]), str(DAYS[-1])).success
    for name, rows in before.items():
        assert_frame_equal(platform.published(name), rows, check_row_order=False)
