"""The datasets of the domain `messaging`."""

from typing import Annotated

import dagster as dg
import pandas as pd
import polars as pl
import pyarrow as pa

from data_platform.datasets import Reads, dataset
from data_platform.marketplace.resources import Monolith

PHONE = r"\+?\d(?:[ ().-]{0,2}\d){7,}"
E_MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
PAYMENT = ("payment_id", "listing_id", "buyer_id", "seller_id", "amount", "currency", "method", "status")


@dataset("messaging.raw_messages")
def raw_messages(context: dg.AssetExecutionContext, monolith: Monolith) -> pa.Table:
    """Messages never change, so the rows of the day are all there is to extract."""
    messages = monolith.rows("messages", "created_at", *context.partition_time_window)
    return messages.append_column("day", messages["created_at"].cast(pa.date32()))


@dataset("messaging.messages")
def messages(
    raw: Annotated[
        pl.LazyFrame,
        Reads(
            "messaging.raw_messages",
            "day",
            "message_id",
            "listing_id",
            "sender_id",
            "recipient_id",
            "body",
            "created_at",
        ),
    ],
) -> pl.LazyFrame:
    """Masks what would let buyers and sellers be reached outside the marketplace, and counts who tries."""
    body = pl.col("body")
    return raw.with_columns(
        body=body.str.replace_all(E_MAIL, "[e-mail]").str.replace_all(PHONE, "[phone]"),
        mentions_phone=body.str.contains(PHONE),
    ).rename({"created_at": "sent_at"})


@dataset("messaging.raw_payment_changes")
def raw_payment_changes(context: dg.AssetExecutionContext, monolith: Monolith) -> pa.Table:
    """The monolith keeps its changes, so any past day can be extracted again with the same result."""
    changes = monolith.changes("payments", *context.partition_time_window)
    return changes.append_column("day", changes["changed_at"].cast(pa.date32()))


@dataset("messaging.payments")
def payments(
    changes: Annotated[
        pl.LazyFrame,
        Reads("messaging.raw_payment_changes", "day", "change_id", "changed_at", *PAYMENT, "created_at", "updated_at"),
    ],
) -> pl.LazyFrame:
    """Only what changed on the day, unlike users.users and ads.listings: a payment's life is short, and whoever asks
    about payments asks about a day's. So each day reads that day alone."""
    last = changes.sort("changed_at", "change_id").unique(["day", "payment_id"], keep="last")
    return last.drop("change_id", "changed_at")


# What pandas computes cannot be seen.
SETTLEMENT_LINEAGE = {
    "day": ["IDENTITY messaging.payments.day"],
    "method": ["IDENTITY messaging.payments.method"],
    "settled": [],
    "failed": ["AGGREGATION messaging.payments.status"],
    "median_minutes": ["AGGREGATION messaging.payments.created_at", "AGGREGATION messaging.payments.updated_at"],
    "longest_minutes": ["AGGREGATION messaging.payments.created_at", "AGGREGATION messaging.payments.updated_at"],
    "*": [
        "FILTER messaging.payments.status",
        "GROUP_BY messaging.payments.day",
        "GROUP_BY messaging.payments.method",
    ],
}


@dataset("messaging.settlement_times", lineage=SETTLEMENT_LINEAGE)
def settlement_times(
    payments: Annotated[
        pd.DataFrame, Reads("messaging.payments", "day", "method", "status", "created_at", "updated_at")
    ],
) -> pd.DataFrame:
    """From the beginning of a payment until it was paid or had failed; pending ones are not settled yet."""
    settled = payments[payments["status"].isin(["paid", "failed"])]
    settled = settled.assign(
        minutes=(settled["updated_at"] - settled["created_at"]) / pd.Timedelta(minutes=1),
        is_failed=settled["status"] == "failed",
    )
    times = settled.groupby(["day", "method"]).agg(
        settled=("minutes", "size"),
        failed=("is_failed", "sum"),
        median_minutes=("minutes", "median"),
        longest_minutes=("minutes", "max"),
    )
    return times.reset_index()
