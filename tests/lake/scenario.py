"""Two small domains that all of these tests read: `ads.listings` by day, `users.users`, and what is not for everybody."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import polars as pl
from scenario import put

from data_platform.contracts import Column, ColumnType, Contract, Contracts, Partitioning, PartitionKey, Rule, Threshold
from data_platform.lake import Library
from data_platform.lake.reader import Reader
from data_platform.lakehouse import current_lakehouse

LONG, TEXT, DATE, MONEY = ColumnType("long"), ColumnType("string"), ColumnType("date"), ColumnType("decimal", 10, 2)

LISTINGS = Contract(
    "ads",
    "listings",
    "1.2.0",
    (
        Column("day", DATE, required=True),
        Column("listing_id", LONG, required=True),
        Column("user_id", LONG),
        Column("title", TEXT, description="As the seller wrote it; a | in it is fine."),
        Column("price", MONEY, classification="public"),
    ),
    description="All listings <by> day.\n\n**Usage:** join on `day`.",
    primary_key=("listing_id",),
    rules=(
        Rule("price_minimum", "minimum", ("price",), {"value": 0}),
        Rule("some", "row_count", threshold=Threshold("mustBeGreaterThan", 0)),
    ),
    partitioning=Partitioning((PartitionKey("day", "day", "2026-11-01"),)),
    owners=("ana@market.example",),
    visibility="public",
)
USERS = Contract(
    "users",
    "users",
    "1.0.0",
    (
        Column("user_id", LONG, required=True),
        Column("city", TEXT),
        Column("email", TEXT, classification="confidential", pii="email"),
        Column("national_id", TEXT, classification="restricted"),
    ),
    owners=("bo@market.example",),
    visibility="public",
)
RAW = Contract("ads", "raw_listings", "1.0.0", (Column("line", TEXT),), owners=("ana@market.example",))
SECRETS = Contract(
    "users", "secrets", "1.0.0", (Column("secret", TEXT, classification="restricted"),), visibility="public"
)
CONTRACTS = Contracts.of(LISTINGS, USERS, RAW, SECRETS)


def listings(*days: int, price: str = "10.50") -> pl.DataFrame:
    """Two listings per day of November."""
    return pl.DataFrame(
        [
            {
                "day": date(2026, 11, day),
                "listing_id": listing,
                "user_id": listing,
                "title": "=1+1" if listing == 1 else "A boat, used",
                "price": Decimal(price),
            }
            for day in days
            for listing in (1, 2)
        ],
        schema_overrides={"price": pl.Decimal(10, 2)},
    )


def publish_listings(*days: int, price: str = "10.50") -> None:
    put(current_lakehouse(), LISTINGS, listings(*days, price=price), *(f"2026-11-{day:02}" for day in days))


def publish_users() -> None:
    rows = {
        "user_id": [1, 2],
        "city": ["Oslo", "Bergen"],
        "email": ["a@x.example", "b@x.example"],
        "national_id": ["1", "2"],
    }
    put(current_lakehouse(), USERS, pl.DataFrame(rows))


def library(*domains: str, clearance: str = "internal") -> Library:
    return Library(CONTRACTS, current_lakehouse(), Reader(domains, clearance))
