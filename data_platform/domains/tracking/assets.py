"""The datasets of the domain `tracking`."""

# pyright: reportReturnType=false
# (duckdb.sql is typed as if a query might return nothing)

from typing import Annotated

import dagster as dg
import duckdb
import polars as pl

from data_platform.datasets import Reads, dataset
from data_platform.domains.tracking.visits import visits as visits
from data_platform.marketplace.resources import EventFiles

RECEIVED_IN = r"strptime(regexp_extract(filename, '(\d+-\d+-\d+/\d+)\.jsonl', 1), '%Y-%m-%d/%H')"
EVENT = ("hour", "event_id", "session_id", "user_id", "device", "received_at")


@dataset("tracking.raw_listing_views")
def raw_listing_views(context: dg.AssetExecutionContext, events: EventFiles) -> duckdb.DuckDBPyRelation:
    files = events.files("listing_view", *context.partition_time_window)
    return duckdb.sql(f"""
        select {RECEIVED_IN} as hour, * exclude (filename) from read_json({files}, filename = true, columns = {{
            event_id: varchar, listing_id: varchar, user_id: varchar, session_id: varchar, viewed_at: varchar,
            received_at: varchar, device: varchar, referrer: varchar, dwell_ms: varchar}})
    """)


@dataset("tracking.raw_searches")
def raw_searches(context: dg.AssetExecutionContext, events: EventFiles) -> duckdb.DuckDBPyRelation:
    files = events.files("search", *context.partition_time_window)
    return duckdb.sql(f"""
        select {RECEIVED_IN} as hour, * exclude (filename) from read_json({files}, filename = true, columns = {{
            event_id: varchar, user_id: varchar, session_id: varchar, searched_at: varchar, received_at: varchar,
            query: varchar, category_id: varchar, results: varchar, device: varchar}})
    """)


@dataset("tracking.raw_contacts")
def raw_contacts(context: dg.AssetExecutionContext, events: EventFiles) -> duckdb.DuckDBPyRelation:
    files = events.files("contact", *context.partition_time_window)
    return duckdb.sql(f"""
        select {RECEIVED_IN} as hour, * exclude (filename) from read_json({files}, filename = true, columns = {{
            event_id: varchar, listing_id: varchar, user_id: varchar, session_id: varchar, contacted_at: varchar,
            received_at: varchar, channel: varchar, device: varchar}})
    """)


@dataset("tracking.listing_views")
def listing_views(
    raw: Annotated[
        pl.LazyFrame,
        Reads("tracking.raw_listing_views", *EVENT, "listing_id", "viewed_at", "referrer", "dwell_ms"),
    ],
) -> pl.LazyFrame:
    """The contract types the text, and sets aside what does not fit and what was delivered twice."""
    return raw.select(pl.exclude("hour"), day=pl.col("hour").dt.date())


@dataset("tracking.searches")
def searches(
    raw: Annotated[
        pl.LazyFrame,
        Reads("tracking.raw_searches", *EVENT, "searched_at", "query", "category_id", "results"),
    ],
) -> pl.LazyFrame:
    """The contract types the text, and sets aside what does not fit and what was delivered twice."""
    return raw.select(pl.exclude("hour"), day=pl.col("hour").dt.date())


@dataset("tracking.contacts")
def contacts(
    raw: Annotated[
        pl.LazyFrame,
        Reads("tracking.raw_contacts", *EVENT, "listing_id", "contacted_at", "channel"),
    ],
) -> pl.LazyFrame:
    """The contract types the text, and sets aside what does not fit and what was delivered twice."""
    return raw.select(pl.exclude("hour"), day=pl.col("hour").dt.date())


@dataset("tracking.sessions")
def sessions(
    views: Annotated[
        pl.LazyFrame, Reads("tracking.listing_views", "day", "session_id", "user_id", "device", "received_at")
    ],
    searches: Annotated[
        pl.LazyFrame, Reads("tracking.searches", "day", "session_id", "user_id", "device", "received_at")
    ],
    contacts: Annotated[
        pl.LazyFrame, Reads("tracking.contacts", "day", "session_id", "user_id", "device", "received_at")
    ],
) -> pl.LazyFrame:
    """Timed by the tracker's clock: those of the devices are not to be trusted."""
    of_kind = {"view": views, "search": searches, "contact": contacts}
    events = pl.concat([events.with_columns(kind=pl.lit(kind)) for kind, events in of_kind.items()])
    return events.group_by("day", "session_id").agg(
        user_id=pl.col("user_id").max(),
        device=pl.col("device").min(),
        started_at=pl.col("received_at").min(),
        ended_at=pl.col("received_at").max(),
        views=(pl.col("kind") == "view").sum(),
        searches=(pl.col("kind") == "search").sum(),
        contacts=(pl.col("kind") == "contact").sum(),
    )


@dataset("tracking.device_traffic")
def device_traffic(
    context: dg.AssetExecutionContext,
    sessions: Annotated[
        pl.LazyFrame,
        Reads("tracking.sessions", "day", "device", "user_id", "started_at", "views", "searches", "contacts"),
    ],
) -> pl.LazyFrame:
    """A day of sessions has all devices: only the partitions asked for, such as `2026-11-08|web`, are kept."""
    partition = pl.concat_str("day", "device", separator="|")
    return (
        sessions.filter(partition.is_in(list(context.partition_keys)))
        .group_by("day", "device", pl.col("started_at").dt.hour().alias("hour"))
        .agg(
            sessions=pl.len(),
            logged_in=pl.col("user_id").is_not_null().sum(),
            events=pl.sum_horizontal("views", "searches", "contacts").sum(),
        )
    )
