"""Visits: what a visitor did without a pause of half an hour, cut by Spark's window functions.

Which events make up a visit must not depend on the day on which one asks, nor on how many days one run makes. Hence two
decisions, each about one event alone: an event counts where it was received at most PATIENCE days after the day on which it
happened; and a visit is published as soon as nothing can be added to it, SETTLED days after the day on which it began, when
all that happened on that day and on the next is there. Instants are compared as microseconds since 1970 and days counted
from them: Spark's own arithmetic of timestamps knows the session's time zone, and its summer time.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import dagster as dg

from data_platform.datasets import Reads, dataset, window

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

PATIENCE = 1
"""Days that an event may be late."""
SETTLED = PATIENCE + 1
"""Days after which a visit is published: it may last until the end of the day after its first."""
KNOWN = window(SETTLED + 2)
"""From the day before the visits began, whose last events may be the first of a visit, until they are settled."""
SECOND = 1_000_000
PAUSE = 30 * 60 * SECOND
AHEAD = 60 * 60 * SECOND
"""How far a device's clock may be ahead of the tracker's."""
EVENT = ("day", "event_id", "session_id", "user_id", "device", "received_at")


@dataset("tracking.visits")
def visits(
    context: dg.AssetExecutionContext,
    views: Annotated[
        DataFrame,
        Reads("tracking.listing_views", *EVENT, "viewed_at", "listing_id", partitions=KNOWN, missing="refuse"),
    ],
    searches: Annotated[
        DataFrame, Reads("tracking.searches", *EVENT, "searched_at", partitions=KNOWN, missing="refuse")
    ],
    contacts: Annotated[
        DataFrame, Reads("tracking.contacts", *EVENT, "contacted_at", partitions=KNOWN, missing="refuse")
    ],
) -> DataFrame:
    """In the order in which events happened, whenever they arrived."""
    from pyspark.sql import functions as F

    events = (
        _of_kind("view", views, "viewed_at", F.col("listing_id"))
        .unionByName(_of_kind("search", searches, "searched_at"))
        .unionByName(_of_kind("contact", contacts, "contacted_at"))
    )
    began_on, asked = _day_of("began"), [date.fromisoformat(each) for each in context.partition_keys]
    return (
        _begun(_delivered_once(_in_time(events)))
        .where(_day_of("at") <= F.date_add(began_on, 1))
        .withColumn("day", F.date_add(began_on, SETTLED))
        .where(F.col("day").isin(asked))
        .groupBy("day", "visitor", "began")
        .agg(
            F.min_by("event_id", _order()).alias("visit_id"),
            F.max("user_id").alias("user_id"),
            F.min_by("device", _order()).alias("device"),
            F.min("happened_at").alias("started_at"),
            F.max("happened_at").alias("ended_at"),
            F.floor((F.max("at") - F.col("began")) / SECOND).alias("seconds"),
            _counted(F.col("kind") == "view").alias("views"),
            F.count_distinct("listing_id").alias("listings"),
            _counted(F.col("kind") == "search").alias("searches"),
            _counted(F.col("kind") == "contact").alias("contacts"),
            _counted(F.col("received_on") > _day_of("at")).alias("late_events"),
        )
        .withColumn("started_on", F.date_sub("day", SETTLED))
        .drop("began")
    )


def _of_kind(kind: str, events: DataFrame, happened: str, listing: Column | None = None) -> DataFrame:
    """Events of any kind in one shape. Who is logged in is the same visitor on every device and in every session."""
    from pyspark.sql import functions as F

    user = F.concat(F.lit("user "), F.col("user_id").cast("string"))
    return events.select(
        F.lit(kind).alias("kind"),
        "event_id",
        F.coalesce(user, F.concat(F.lit("session "), F.col("session_id"))).alias("visitor"),
        "user_id",
        "device",
        (F.lit(None).cast("long") if listing is None else listing).alias("listing_id"),
        F.col(happened).alias("happened_at"),
        F.unix_micros(happened).alias("at"),
        F.unix_micros("received_at").alias("received"),
        F.col("day").alias("received_on"),
    )


def _in_time(events: DataFrame) -> DataFrame:
    """Without those that were received too late, or that a wrong clock puts into the future."""
    from pyspark.sql import functions as F

    late = F.date_diff("received_on", _day_of("at")) > PATIENCE
    return events.where(~late & (F.col("at") - F.col("received") <= AHEAD))


def _delivered_once(events: DataFrame) -> DataFrame:
    """Second deliveries of one day are set aside already; here are those of the days after."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    deliveries = Window.partitionBy("kind", "event_id").orderBy("received_on")
    return events.withColumn("delivery", F.row_number().over(deliveries)).where("delivery = 1").drop("delivery")


def _begun(events: DataFrame) -> DataFrame:
    """Each event with when the visit began that it is part of, `began`."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    in_order = Window.partitionBy("visitor").orderBy("at", "kind", "event_id")
    pause = F.col("at") - F.lag("at").over(in_order)
    begins = events.withColumn("begins", F.when(pause.isNull() | (pause >= PAUSE), F.col("at")))
    so_far = in_order.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    return begins.withColumn("began", F.max("begins").over(so_far)).drop("begins")


def _order() -> Column:
    from pyspark.sql import functions as F

    return F.struct("at", "kind", "event_id")


def _counted(condition: Column) -> Column:
    from pyspark.sql import functions as F

    return F.sum(condition.cast("long"))


def _day_of(micros: str) -> Column:
    """The day (UTC), whatever the session's time zone."""
    from pyspark.sql import functions as F

    return F.date_from_unix_date(F.floor(F.col(micros) / (86_400 * SECOND)).cast("int"))
