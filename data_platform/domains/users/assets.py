"""The datasets of the domain `users`."""

from datetime import date
from typing import Annotated

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow as pa

from data_platform.datasets import Reads, dataset, window
from data_platform.marketplace.resources import Monolith

TEN_YEARS = window(3653)  # so far: a day's state may depend on any earlier change
CHANGE = ("day", "change_id", "operation", "changed_at")
USER = ("user_id", "email", "display_name", "phone", "city", "signup_device", "is_verified", "created_at", "updated_at")


@dataset("users.raw_user_changes")
def raw_user_changes(context: dg.AssetExecutionContext, monolith: Monolith) -> pa.Table:
    """The monolith keeps its changes, so any past day can be extracted again with the same result."""
    changes = monolith.changes("users", *context.partition_time_window)
    return changes.append_column("day", changes["changed_at"].cast(pa.date32()))


@dataset("users.users")
def users(
    context: dg.AssetExecutionContext,
    changes: Annotated[
        pl.LazyFrame,
        Reads("users.raw_user_changes", *CHANGE, *USER, partitions=TEN_YEARS, missing="refuse"),
    ],
) -> pl.LazyFrame:
    """Full state per day: the last change of each user up to that day, without those deleted.

    A day follows from the changes alone and not from the state of the day before: days can be produced in any order,
    again, or at once, and one that is blocked does not stop the next. The price is that all changes so far are read,
    and that all of them have to be there: a day missing among the raw changes is missing in the state, too.
    """

    def at_the_end_of(day: date) -> pl.LazyFrame:
        so_far = changes.filter(pl.col("day") <= day).sort("changed_at", "change_id")
        last = so_far.unique("user_id", keep="last").filter(pl.col("operation") != "D")
        return last.drop("change_id", "operation", "changed_at").with_columns(day=pl.lit(day))

    return pl.concat([at_the_end_of(date.fromisoformat(day)) for day in context.partition_keys])


# What pandas computes cannot be seen.
ACTIVITY_LINEAGE = {
    "day": ["tracking.sessions.day", "messaging.messages.day"],
    "user_id": ["tracking.sessions.user_id", "messaging.messages.sender_id"],
    "signup_device": ["IDENTITY users.users.signup_device"],
    "account_age_days": ["tracking.sessions.day", "messaging.messages.day", "users.users.created_at"],
    "sessions": ["AGGREGATION tracking.sessions.session_id"],
    "views": ["AGGREGATION tracking.sessions.views"],
    "searches": ["AGGREGATION tracking.sessions.searches"],
    "contacts": ["AGGREGATION tracking.sessions.contacts"],
    "messages": [],
    "*": [
        *("GROUP_BY tracking.sessions.day", "GROUP_BY tracking.sessions.user_id"),
        *("GROUP_BY messaging.messages.day", "GROUP_BY messaging.messages.sender_id"),
        *("JOIN tracking.sessions.day", "JOIN tracking.sessions.user_id"),
        *("JOIN messaging.messages.day", "JOIN messaging.messages.sender_id"),
        *("JOIN users.users.day", "JOIN users.users.user_id"),
    ],
}


@dataset("users.user_activity", lineage=ACTIVITY_LINEAGE)
def user_activity(
    users: Annotated[pd.DataFrame, Reads("users.users", "day", "user_id", "signup_device", "created_at")],
    sessions: Annotated[
        pd.DataFrame, Reads("tracking.sessions", "day", "session_id", "user_id", "views", "searches", "contacts")
    ],
    messages: Annotated[pd.DataFrame, Reads("messaging.messages", "day", "sender_id")],
) -> pd.DataFrame:
    """Visits come from the tracker, messages from the monolith; a user may show up in either."""
    visits = sessions.groupby(["day", "user_id"]).agg(
        sessions=("session_id", "count"),
        views=("views", "sum"),
        searches=("searches", "sum"),
        contacts=("contacts", "sum"),
    )
    written = messages.assign(user_id=messages["sender_id"], messages=1).groupby(["day", "user_id"])[["messages"]].sum()
    active = (
        visits.join(written, how="outer").fillna(0).astype("int64").reset_index().merge(users, on=["day", "user_id"])
    )
    age = pd.to_datetime(active["day"], utc=True) - active["created_at"].dt.normalize()
    return active.assign(account_age_days=age.dt.days).drop(columns="created_at")
