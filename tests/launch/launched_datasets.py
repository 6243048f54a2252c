"""Datasets that are made in a job: imported by the tests, and by the jobs that they start."""

from __future__ import annotations

import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import dagster as dg
import polars as pl

from data_platform.contracts import Column, ColumnType, Contract, OnFailure, Partitioning, PartitionKey, Policy, Rule
from data_platform.datasets import Reads, dataset
from data_platform.files import FileError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

log = logging.getLogger("data_platform.tests")

ORDERS = Contract(
    "shop",
    "orders",
    "1.0.0",
    (
        Column("day", ColumnType("date"), required=True),
        Column("id", ColumnType("long")),
        Column("amount", ColumnType("double")),
    ),
    partitioning=Partitioning((PartitionKey("day", "day", start="2026-01-01"),)),
)
DAYS = {"2026-01-01": (1.0, 2.0), "2026-01-02": (1.0, -2.0), "2026-01-03": (1.0, 2e6)}
"""The amounts of each day: good ones, one to be quarantined, and one that blocks."""
TOTALS = replace(
    ORDERS,
    name="totals",
    size="L",
    rules=(
        Rule("not_negative", "minimum", ("amount",), {"value": 0}, on_failure=OnFailure(Policy.QUARANTINE)),
        Rule("not_huge", "maximum", ("amount",), {"value": 1000}),
    ),
)
SUMS = replace(TOTALS, name="sums")
CONTRACTS = {each.dataset: each for each in (ORDERS, TOTALS, SUMS)}


class How(dg.Config):
    """What a function does before it returns; `marks` is a file in which it says that it runs."""

    mode: str = "well"
    marks: str = ""
    secret: str = ""


def behave(mode: str, marks: str = "") -> None:
    log.info("the function runs")
    match mode:
        case "raises":
            raise KeyError("euro")
        case "fails":
            raise dg.Failure("no rates today", allow_retries=False)
        case "misreads":
            raise FileError("rates.csv", "has no header", line=1)
        case "dies":
            os._exit(7)
        case "waits":
            Path(marks).write_text(str(os.getpid()))
            time.sleep(600)


def make(context: dg.AssetExecutionContext, orders: pl.LazyFrame, config: How) -> pl.LazyFrame:
    behave(config.mode, config.marks)
    made: Any = orders.filter(pl.col("day").cast(pl.String).is_in(context.partition_keys))
    return made.with_columns(color=pl.lit("red")) if config.mode == "misfits" else made


@dataset("shop.totals", contracts=CONTRACTS)
def totals(
    context: dg.AssetExecutionContext, orders: Annotated[pl.LazyFrame, Reads("shop.orders")], config: How
) -> DataFrame:
    """Says that it is made with Spark, and needs no JVM: what it makes is staged by whose frame it is."""
    return make(context, orders, config)  # type: ignore[return-value]


@dataset("shop.sums", contracts=CONTRACTS)
def sums(orders: Annotated[DataFrame, Reads("shop.orders")], config: How) -> DataFrame:
    behave(config.mode, config.marks)
    return orders.where("id > 0").groupBy("day", "id").sum("amount").withColumnRenamed("sum(amount)", "amount")
