"""Three contracts and their producers that the dataset tests speak about: raw -> stats -> week, of domain `ads`."""

from dataclasses import replace
from typing import Annotated

import dagster as dg
import polars as pl
import pyarrow as pa

from data_platform.contracts import (
    Column,
    ColumnType,
    Contract,
    Contracts,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Rule,
)
from data_platform.datasets import Reads, dataset, window
from data_platform.datasets.partitions import range_tags

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
BAD_DAY = DAYS[1]

LONG, TEXT, DATE, MONEY = ColumnType("long"), ColumnType("string"), ColumnType("date"), ColumnType("decimal", 10, 2)
DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
QUARANTINE = OnFailure(Policy.QUARANTINE, max_percent=20)

RAW = Contract(
    "ads",
    "raw",
    "1.0.0",
    (
        Column("id", LONG, required=True, description="The listing"),
        Column("day", DATE, required=True),
        Column("price", MONEY, description="Asking price"),
        Column("email", TEXT, classification="confidential", pii="email"),
    ),
    description="Listings as they came.",
    rules=(
        Rule("id_required", "required", ("id",)),
        Rule("price_minimum", "minimum", ("price",), {"value": 0}, on_failure=QUARANTINE),
        Rule("email_pattern", "pattern", ("email",), {"value": "@"}, on_failure=OnFailure(Policy.WARN)),
    ),
    partitioning=DAILY,
    owners=("ana@market.example",),
    team="ads",
    tags=("core",),
)
STATS = Contract("ads", "stats", "1.0.0", (Column("day", DATE), Column("listings", LONG)), partitioning=DAILY)
WEEK = Contract("ads", "week", "1.0.0", (Column("day", DATE), Column("listings", LONG)), partitioning=DAILY)
TOTAL = Contract("ads", "total", "1.0.0", (Column("listings", LONG),))
CONTRACTS = Contracts.of(RAW, STATS, WEEK, TOTAL)


class Source(dg.ConfigurableResource):
    """What comes in on a day: `bad` rows of ten have a negative price on the bad day, one of ten on any other."""

    bad: int = 5
    bad_day: str = BAD_DAY

    def rows(self, day: str) -> pl.DataFrame:
        negative = self.bad if day == self.bad_day else 1
        return pl.DataFrame(
            {
                "id": range(10),
                "day": [day] * 10,
                "price": ["-1.00"] * negative + ["9.50"] * (10 - negative),
                "email": ["a@b.example"] * 9 + ["nobody"],
            }
        )


@dataset("ads.raw", contracts=CONTRACTS)
def raw(context: dg.AssetExecutionContext, source: Source) -> pl.DataFrame:
    """Extracted every day."""
    return pl.concat([source.rows(day) for day in context.partition_keys])


@dataset("ads.stats", contracts=CONTRACTS)
def stats(listings: Annotated[pl.LazyFrame, Reads("ads.raw", "day")]) -> pl.LazyFrame:
    return listings.group_by("day").agg(listings=pl.len().cast(pl.Int64))


@dataset("ads.week", contracts=CONTRACTS)
def week(
    context: dg.AssetExecutionContext, stats: Annotated[pl.DataFrame, Reads("ads.stats", partitions=window(7))]
) -> pl.DataFrame:
    days = pl.DataFrame({"day": context.partition_keys}).with_columns(pl.col("day").str.to_date())
    return days.with_columns(listings=pl.lit(stats["listings"].sum()))


@dataset("ads.total", contracts=CONTRACTS)
def total(stats: Annotated[pa.Table, Reads("ads.stats", "listings", partitions="all")]) -> pa.Table:
    return pa.table({"listings": [sum(stats["listings"].to_pylist())]})


ALL = [raw, stats, week, total]


def renamed(contract: Contract, name: str, **changes: object) -> Contract:
    return replace(contract, name=name, **changes)  # type: ignore[arg-type]


def materialize(*assets: dg.AssetsDefinition, day: str = "", last: str = "", **options: object):
    """Materialize in process for a day, or for the range up to `last` in one run."""
    if last:
        options["tags"] = range_tags(day, last)
    elif day:
        options["partition_key"] = day
    options.setdefault("resources", {"source": Source()})
    return dg.materialize(list(assets), raise_on_error=False, **options)  # type: ignore[arg-type]


def failed_checks(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    return {each.check_name: each.severity.value for each in result.get_asset_check_evaluations() if not each.passed}


def materialized(result: dg.ExecuteInProcessResult) -> list[tuple[str, str | None]]:
    """What was materialized, quarantines apart."""
    found = [(event.asset_key.path[-1], event.partition) for event in result.get_asset_materialization_events()]
    return [(name, partition) for name, partition in found if not name.endswith("__quarantine")]
