"""How much attention each listing on offer had in the last days, weeks and months: features by Spark.

Numbers of visitors cannot be added up over days, so every day is made from the events themselves. A run over many days
joins the listings of all of them to the events before; what it makes of a day is what a run over that day alone makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from data_platform.datasets import Reads, dataset, window

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

DAYS = (1, 7, 30, 90)
MEMORY = window(DAYS[-1])
CONTACT_WORTH = 5
"""How many views a contact is worth."""
HALF_LIFE = 14
"""Days after which a view is worth half."""
UNIT = 1_000_000
"""Scores are summed as whole millionths: sums of fractions depend on their order, which is any on a cluster."""


@dataset("ads.listing_engagement")
def listing_engagement(
    listings: Annotated[DataFrame, Reads("ads.listings", "day", "listing_id", "seller_id", "category_id", "status")],
    views: Annotated[
        DataFrame, Reads("tracking.listing_views", "day", "listing_id", "user_id", "session_id", partitions=MEMORY)
    ],
    contacts: Annotated[DataFrame, Reads("tracking.contacts", "day", "listing_id", partitions=MEMORY)],
) -> DataFrame:
    """The features of each listing on offer, whether anybody looked at it or not."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    listing = ("day", "listing_id", "seller_id", "category_id")
    on_offer = listings.where(F.col("status") == "active").select(*listing)
    signals = _signals(views, contacts)
    is_about = F.col("listing_id") == F.col("about")
    age = F.date_diff("day", "on")
    dated = on_offer.join(signals, is_about & age.between(0, DAYS[-1] - 1), "left").withColumn("age", age)
    by_visitor = dated.groupBy(*listing, "visitor").agg(
        *(_within(days, name).alias(f"{name}_{days}d") for days in DAYS for name in ("views", "contacts")),
        F.sum(_worth()).alias("worth"),
        F.min(F.when(F.col("views") > 0, F.col("age"))).alias("since"),
    )
    by_listing = by_visitor.groupBy(*listing).agg(
        *(F.sum(f"{name}_{days}d").alias(f"{name}_{days}d") for days in DAYS for name in ("views", "contacts")),
        *(F.count(F.when(F.col("since") < days, F.lit(1))).alias(f"visitors_{days}d") for days in DAYS),
        F.coalesce(F.sum("worth"), F.lit(0)).alias("worth"),
        F.min("since").alias("days_since_view"),
    )
    best_first = Window.partitionBy("day", "category_id").orderBy(F.desc("worth"))
    return by_listing.select(
        *listing,
        *(column for days in DAYS for column in _features(days)),
        "days_since_view",
        (F.col("worth") / UNIT).alias("score"),
        F.rank().over(best_first).alias("rank_in_category"),
    )


def _signals(views: DataFrame, contacts: DataFrame) -> DataFrame:
    """How often each visitor looked at a listing on a day, and how often its seller was contacted."""
    from pyspark.sql import functions as F

    user = F.concat(F.lit("user "), F.col("user_id").cast("string"))
    visitor = F.coalesce(user, F.concat(F.lit("session "), F.col("session_id")))
    nobody = F.lit(None).cast("string")
    shape = [F.col("listing_id").alias("about"), F.col("day").alias("on")]
    looked = views.select(*shape, visitor.alias("visitor"), F.lit(1).alias("views"), F.lit(0).alias("contacts"))
    called = contacts.select(*shape, nobody.alias("visitor"), F.lit(0).alias("views"), F.lit(1).alias("contacts"))
    by_day = looked.unionByName(called).groupBy("about", "on", "visitor")
    return by_day.agg(F.sum("views").alias("views"), F.sum("contacts").alias("contacts"))


def _within(days: int, name: str) -> Column:
    from pyspark.sql import functions as F

    return F.sum(F.when(F.col("age") < days, F.col(name)).otherwise(0))


def _worth() -> Column:
    """In millionths."""
    from pyspark.sql import functions as F

    weight = F.round(F.pow(F.lit(0.5), F.col("age") / HALF_LIFE) * UNIT).cast("long")
    return weight * (F.col("views") + CONTACT_WORTH * F.col("contacts"))


def _features(days: int) -> list[Column]:
    from pyspark.sql import functions as F

    views, contacts = F.col(f"views_{days}d"), F.col(f"contacts_{days}d")
    rate = F.when(views > 0, contacts / views)
    return [views, F.col(f"visitors_{days}d"), contacts, rate.alias(f"contact_rate_{days}d")]
