"""The datasets of the domain `ads`."""

# pyright: reportReturnType=false
# (duckdb.sql is typed as if a query might return nothing)

from typing import Annotated

import dagster as dg
import duckdb
import polars as pl
import pyarrow as pa

from data_platform.datasets import Reads, dataset, window
from data_platform.domains.ads.engagement import listing_engagement as listing_engagement
from data_platform.exports import mail_export
from data_platform.marketplace.resources import Monolith

TEN_YEARS = window(3653)  # so far: a day's state may depend on any earlier change
CHANGE = ("day", "change_id", "operation", "changed_at")
LISTING = ("listing_id", "seller_id", "category_id", "title", "price", "currency", "city", "status")
TIMES = ("created_at", "updated_at")


@dataset("ads.categories")
def categories(monolith: Monolith) -> pa.Table:
    """Small, so the whole table is replaced each time."""
    return monolith.table("categories")


@dataset("ads.raw_listing_changes")
def raw_listing_changes(context: dg.AssetExecutionContext, monolith: Monolith) -> pa.Table:
    """The monolith keeps its changes, so any past day can be extracted again with the same result."""
    changes = monolith.changes("listings", *context.partition_time_window)
    return changes.append_column("day", changes["changed_at"].cast(pa.date32()))


@dataset("ads.listings")
def listings(
    context: dg.AssetExecutionContext,
    changes: Annotated[
        duckdb.DuckDBPyRelation,
        Reads("ads.raw_listing_changes", *CHANGE, *LISTING, *TIMES, partitions=TEN_YEARS, missing="refuse"),
    ],
) -> duckdb.DuckDBPyRelation:
    """Full state per day: the last change of each listing up to that day, without those deleted.

    A day follows from the changes alone and not from the state of the day before: when a day is blocked, the next one
    is still right. The price is that all changes so far are read: for a year of them 0.2 seconds at the default size,
    and 9 at a hundred times that. All of them have to be there: a day missing among the raw changes would be missing
    in the state, so it is refused.
    """
    return duckdb.sql(
        """
        with state as (
            select asked.day, changes.* exclude (day)
            from (select unnest($days)::date as day) as asked
            join changes on changes.day <= asked.day
            qualify row_number() over (partition by asked.day, listing_id order by changed_at desc, change_id desc) = 1
        )
        select * exclude (change_id, operation, changed_at) from state where operation <> 'D'
        """,
        params={"days": list(context.partition_keys)},
    )


@dataset("ads.listing_stats")
def listing_stats(
    listings: Annotated[pl.LazyFrame, Reads("ads.listings", "day", "listing_id", "seller_id", "category_id")],
    views: Annotated[pl.LazyFrame, Reads("tracking.listing_views", "day", "listing_id", "session_id")],
    contacts: Annotated[pl.LazyFrame, Reads("tracking.contacts", "day", "listing_id")],
) -> pl.LazyFrame:
    """Views and contacts are counted apart and then aligned on day and listing."""
    viewed = views.group_by("day", "listing_id").agg(views=pl.len(), visits=pl.col("session_id").n_unique())
    contacted = contacts.group_by("day", "listing_id").agg(contacts=pl.len())
    attention = viewed.join(contacted, on=["day", "listing_id"], how="full", coalesce=True).fill_null(0)
    return attention.join(listings, on=["day", "listing_id"])


# Whom to call about listings that nobody looks at: on the desks of the telephone sales when they begin to work.
listing_stats_mail = mail_export("ads.listing_stats", to=["telesales@market.example"], schedule="0 5 * * 1-5")


@dataset("ads.price_index")
def price_index(
    context: dg.AssetExecutionContext,
    listings: Annotated[
        duckdb.DuckDBPyRelation,
        Reads("ads.listings", "day", "category_id", "price", "status", partitions=window(7)),
    ],
    categories: Annotated[duckdb.DuckDBPyRelation, Reads("ads.categories", "category_id", "name")],
) -> duckdb.DuckDBPyRelation:
    """Reads the last seven days of listings to compare each day with its week."""
    return duckdb.sql(
        """
        with daily as (
            select day, category_id, count(*) as offers, median(price)::double as median_price
            from listings where status = 'active' group by all
        ), compared as (
            select *, 100 * median_price / avg(median_price) over week as price_index
            from daily
            window week as (
                partition by category_id order by day range between interval 6 days preceding and current row
            )
        )
        select day, category_id, name as category, offers, median_price, price_index
        from compared join categories using (category_id)
        where day in (select unnest($days)::date)
        """,
        params={"days": list(context.partition_keys)},
    )


@dataset("ads.seller_performance")
def seller_performance(
    listings: Annotated[pl.LazyFrame, Reads("ads.listings", "day", "seller_id", "status")],
    stats: Annotated[pl.LazyFrame, Reads("ads.listing_stats", "day", "seller_id", "views", "contacts")],
    payments: Annotated[pl.LazyFrame, Reads("messaging.payments", "day", "seller_id", "status", "amount")],
) -> pl.LazyFrame:
    """Offers, attention and sales side by side; who has only one of them has zeros in the others."""
    seller = ["day", "seller_id"]
    offers = listings.filter(pl.col("status") == "active").group_by(seller).agg(offers=pl.len())
    attention = stats.group_by(seller).agg(pl.col("views", "contacts").sum())
    paid = payments.filter(pl.col("status") == "paid")
    sales = paid.group_by(seller).agg(sales=pl.len(), revenue=pl.col("amount").sum())
    return pl.concat([offers, attention, sales], how="align").with_columns(pl.exclude(seller).fill_null(0))
