"""What the provenance tests speak about: orders arrive by day, are cleaned, and summed up by customer and in all."""

from __future__ import annotations

from typing import Annotated

import dagster as dg
import duckdb
import polars as pl

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
from data_platform.datasets import Reads, dataset
from data_platform.datasets.partitions import range_tags
from data_platform.lakehouse import Lakehouse, Publication, publish, stage, staging_folder
from data_platform.lakehouse.provenance import Provenance
from data_platform.lakehouse.publications import Recorded, recorded

DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")
LONG, TEXT, DATE, DOUBLE = ColumnType("long"), ColumnType("string"), ColumnType("date"), ColumnType("double")
DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
REQUIRED, POSITIVE = Rule("required", "required", ("id",)), Rule("positive", "minimum", ("price",), {"value": 0})

RAW = Contract(
    "shop",
    "raw",
    "1.0.0",
    (Column("id", LONG), Column("day", DATE), Column("customer", TEXT), Column("price", DOUBLE)),
    partitioning=DAILY,
)
ORDERS = Contract(
    "shop",
    "orders",
    "1.0.0",
    (
        Column("id", LONG),
        Column("day", DATE),
        Column("customer", TEXT, classification="confidential", pii="name"),
        Column("price", DOUBLE),
        Column("kind", TEXT),
    ),
    clearance="restricted",
    primary_key=("id",),
    rules=(REQUIRED, Rule("positive", "minimum", ("price",), {"value": 0}, on_failure=OnFailure(Policy.QUARANTINE))),
    partitioning=DAILY,
)
DAILY_TOTAL = Contract("shop", "daily", "1.0.0", (Column("day", DATE), Column("total", DOUBLE)), partitioning=DAILY)
TOTAL = Contract("shop", "total", "1.0.0", (Column("total", DOUBLE), Column("days", LONG)))
CONTRACTS = Contracts.of(RAW, ORDERS, DAILY_TOTAL, TOTAL)


class Source(dg.ConfigurableResource):
    """What comes in on a day: the third of three orders is refused."""

    factor: float = 1.0

    def rows(self, day: str) -> pl.DataFrame:
        names = ["ada", "bob", "eve"]
        ids = [int(day[-2:]) * 10 + n for n in range(3)]
        prices = [self.factor * price for price in (10.5, 20.25, -1.0)]
        frame = pl.DataFrame({"id": ids, "day": [day] * 3, "customer": names, "price": prices})
        return frame.with_columns(pl.col("day").str.to_date())


@dataset("shop.raw", contracts=CONTRACTS)
def raw(context: dg.AssetExecutionContext, source: Source) -> pl.DataFrame:
    return pl.concat([source.rows(day) for day in context.partition_keys])


@dataset("shop.orders", contracts=CONTRACTS)
def orders(raw: Annotated[pl.LazyFrame, Reads("shop.raw")]) -> pl.LazyFrame:
    return raw.with_columns(kind=pl.when(pl.col("price") > 15).then(pl.lit("large")).otherwise(pl.lit("small")))


@dataset("shop.daily", contracts=CONTRACTS)
def daily(
    orders: Annotated[duckdb.DuckDBPyRelation, Reads("shop.orders", "day", "price")],
) -> duckdb.DuckDBPyRelation:
    return orders.aggregate("day, sum(price) AS total")


@dataset("shop.total", contracts=CONTRACTS)
def total(daily: Annotated[pl.DataFrame, Reads("shop.daily", partitions="all")]) -> pl.DataFrame:
    return daily.select(pl.col("total").sum(), days=pl.len().cast(pl.Int64))


DEFINITIONS = dg.Definitions(assets=[raw, orders, daily, total], resources={"source": Source()})


def run(*assets: dg.AssetsDefinition, day: str = "", last: str = "") -> dg.ExecuteInProcessResult:
    """Materialize in process: for a day, for the range up to `last`, or what has no partitions."""
    chosen = {"tags": range_tags(day, last)} if last else {"partition_key": day} if day else {}
    return dg.materialize(list(assets), resources={"source": Source()}, raise_on_error=False, **chosen)  # type: ignore[arg-type]


def everything() -> None:
    """The first day alone, the two others together, then the total."""
    run(raw, orders, daily, day=DAYS[0])
    run(raw, orders, daily, day=DAYS[1], last=DAYS[2])
    assert run(total).success


def put(
    lakehouse: Lakehouse, contract: Contract, frame: pl.DataFrame, *partitions: str, like: Recorded | None = None
) -> Publication:
    """Publish rows past the producer; with the provenance that a record has, as who tampers with rows would."""
    staged = stage(duckdb.from_arrow(frame.to_arrow()), contract, staging_folder(lakehouse, contract))
    told = (
        Provenance(like.run_id, like.code_version, like.engine, like.inputs, step=like.step) if like else Provenance()
    )
    return publish(lakehouse, staged, contract, partitions or ("",), told)


def current(lakehouse: Lakehouse, contract: Contract, *partitions: str) -> list[Recorded]:
    """The visible publications, by partition."""
    found = recorded(lakehouse, [contract.dataset], current=True)
    return sorted((each for each in found if not partitions or each.partition in partitions), key=lambda e: e.partition)
