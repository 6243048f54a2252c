"""Listings' engagement on Spark, counted again in Python, and both Spark datasets made of the marketplace itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any, NamedTuple

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from data_platform.domains.ads import assets as ads
from data_platform.domains.tracking import assets as tracking
from data_platform.engines import Engine

from .conftest import DAYS, Platform
from .visits import HAPPENED, Event, rows_of, visits_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]

SPARK = Engine("pyspark.DataFrame")
ENGAGEMENT = ads.listing_engagement.contract
SPANS = (1, 7, 30, 90)


class View(NamedTuple):
    day: date
    listing_id: int
    user_id: int | None
    session_id: str


def day(number: int) -> date:
    return date(2026, 10, 1) + timedelta(days=number)


def features(
    on_offer: Iterable[dict[str, Any]], views: Sequence[View], contacts: Sequence[tuple[date, int]]
) -> list[dict[str, Any]]:
    rows = []
    for listing in on_offer:
        about = [(listing["day"] - each.day).days for each in views if each.listing_id == listing["listing_id"]]
        who = [each.user_id or each.session_id for each in views if each.listing_id == listing["listing_id"]]
        seen = [(age, visitor) for age, visitor in zip(about, who, strict=True) if 0 <= age < 90]
        called = [(listing["day"] - on).days for on, of in contacts if of == listing["listing_id"]]
        called = [age for age in called if 0 <= age < 90]
        row = dict(listing)
        for span in SPANS:
            row[f"views_{span}d"] = looked = sum(age < span for age, _ in seen)
            row[f"visitors_{span}d"] = len({visitor for age, visitor in seen if age < span})
            row[f"contacts_{span}d"] = asked = sum(age < span for age in called)
            row[f"contact_rate_{span}d"] = asked / looked if looked else None
        row["days_since_view"] = min((age for age, _ in seen), default=None)
        worth = sum(weight(age) for age, _ in seen) + 5 * sum(map(weight, called))
        rows.append(row | {"score": worth / 1_000_000})
    for row in rows:
        rivals = [each for each in rows if (each["day"], each["category_id"]) == (row["day"], row["category_id"])]
        row["rank_in_category"] = 1 + sum(each["score"] > row["score"] for each in rivals)
    return rows


def weight(age: int) -> int:
    return round(1_000_000 * 0.5 ** (age / 14))


def made(listings: pl.DataFrame, views: pl.DataFrame, contacts: pl.DataFrame) -> pl.DataFrame:
    frames = [SPARK.convert(duckdb.from_arrow(each.to_arrow())) for each in (listings, views, contacts)]
    return in_order(pl.from_arrow(ads.listing_engagement(*frames).toArrow()))


def in_order(found: Any) -> pl.DataFrame:
    return found.select(ENGAGEMENT.column_names).sort("day", "listing_id")


def agree(found: pl.DataFrame, rows: list[dict[str, Any]]) -> None:
    assert found.height == len(rows)
    assert_frame_equal(
        found, in_order(pl.DataFrame(rows, infer_schema_length=None)), check_dtypes=False, check_exact=True
    )


LISTING = {"day": pl.Date, "listing_id": pl.Int64, "seller_id": pl.Int64, "category_id": pl.Int32, "status": pl.String}
OF_THE_DAY = [column for column in LISTING if column != "status"]


def test_a_day_of_many_in_one_run_is_what_it_is_alone_and_what_python_counts():
    draw = Random(7)
    asked = [day(99), day(100), day(101), day(130)]
    rows = [
        (on, id, id % 5, 10 + id % 3, "active" if draw.random() < 0.8 or id in (1, 12) else "sold")
        for on in asked
        for id in range(1, 14)
        if not (on == day(101) and id == 3)
    ]
    listings = pl.DataFrame(rows, LISTING, orient="row")
    edges = [0, 1, 6, 7, 29, 30, 89, 90, -1]
    seen = [View(day(100 - age), id, user, "s") for age in edges for id, user in ((1, 7), (1, None), (2, 7))]
    seen += [View(day(100 - 89), 12, None, "long ago")]
    seen += [
        View(day(draw.randrange(0, 131)), draw.randrange(1, 12), draw.choice((1, 2, 3, None)), f"s{draw.randrange(9)}")
        for _ in range(600)
    ]
    called = [(day(draw.randrange(0, 131)), draw.randrange(1, 13)) for _ in range(150)]
    schema = {"day": pl.Date, "listing_id": pl.Int64, "user_id": pl.Int64, "session_id": pl.String}
    views = pl.DataFrame(seen, schema, orient="row")
    contacts = pl.DataFrame(called, {"day": pl.Date, "listing_id": pl.Int64}, orient="row")
    found = made(listings, views, contacts)
    on_offer = listings.filter(pl.col("status") == "active").select(OF_THE_DAY)
    agree(found, features(on_offer.to_dicts(), seen, called))
    assert found["days_since_view"].null_count() and found["days_since_view"].max() == 89
    assert found["contact_rate_1d"].null_count() and (found["rank_in_category"] == 1).any()
    for on in (day(100), day(130)):
        known = pl.col("day").is_between(on - timedelta(days=89), on)
        alone = made(listings.filter(pl.col("day") == on), views.filter(known), contacts.filter(known))
        assert alone.rows() == found.filter(pl.col("day") == on).rows()


@pytest.fixture(scope="module")
def with_spark(platform: Platform) -> Platform:
    """The platform with its Spark datasets, too, made day by day."""
    for each in DAYS:
        assert platform.materialize(["tracking.visits", "ads.listing_engagement"], str(each)).success
    return platform


def test_the_marketplaces_engagement_is_what_python_counts(with_spark: Platform):
    listings = with_spark.published("ads.listings").filter(pl.col("status") == "active").select(OF_THE_DAY)
    views = with_spark.published("tracking.listing_views").select(View._fields)
    contacts = with_spark.published("tracking.contacts").select("day", "listing_id")
    rows = features(listings.to_dicts(), [View(*row) for row in views.iter_rows()], contacts.rows())
    agree(in_order(with_spark.published("ads.listing_engagement")), rows)


def test_the_marketplaces_visits_are_what_python_cuts(with_spark: Platform):
    events = []
    for kind, name in {"view": "listing_views", "search": "searches", "contact": "contacts"}.items():
        for row in with_spark.published(f"tracking.{name}").iter_rows(named=True):
            who = (row["user_id"], row["session_id"], row["device"], row.get("listing_id"))
            events.append(Event(kind, row["event_id"], *who, row[HAPPENED[kind]], row["received_at"]))
    assert sum(len(rows_of(kind, events)) for kind in HAPPENED) == len(events)
    found = (
        with_spark.published("tracking.visits")
        .select(tracking.visits.contract.column_names)
        .sort("visitor", "started_at")
    )
    assert found.height > 100 and found["day"].unique().to_list() == [DAYS[-1]]
    expected = sorted(visits_of(events, DAYS), key=lambda row: (row["visitor"], row["started_at"]))
    assert found.to_dicts() == [{name: row[name] for name in found.columns} for row in expected]


def test_both_are_the_same_rows_when_the_days_are_made_again_in_one_run(with_spark: Platform):
    names = ["tracking.visits", "ads.listing_engagement"]
    before = {name: with_spark.published(name) for name in names}
    assert with_spark.materialize(names, str(DAYS[0]), str(DAYS[-1])).success
    for name, rows in before.items():
        assert_frame_equal(with_spark.published(name), rows, check_row_order=False, check_exact=True)
