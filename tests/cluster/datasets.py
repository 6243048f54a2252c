"""The datasets that the cluster's tests make: as an engineer writes them, with rows that some rules refuse."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from data_platform.contracts import Column, ColumnType, Contract, OnFailure, Partitioning, PartitionKey, Policy, Rule
from data_platform.datasets import Reads, dataset

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

DAYS = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
COLUMNS = (
    Column("day", ColumnType("date"), required=True),
    Column("id", ColumnType("long"), required=True),
    Column("amount", ColumnType("double")),
)
EVENTS = Contract("shop", "events", "1.0.0", COLUMNS, partitioning=DAYS)
RULES = (
    Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=OnFailure(Policy.QUARANTINE, 10)),
    Rule("once", "duplicate_values", ("id",), {"keepFirst": "amount"}, on_failure=OnFailure(Policy.QUARANTINE, 10)),
)
SALES = replace(EVENTS, name="sales", rules=RULES)
SLOW = replace(SALES, name="slow")
CONTRACTS = {each.dataset: each for each in (EVENTS, SALES, SLOW)}
TASKS = 6
"""How many tasks make `slow`."""


@dataset("shop.sales", contracts=CONTRACTS)
def sales(events: Annotated[DataFrame, Reads("shop.events")]) -> DataFrame:
    return events.repartition(4)


@dataset("shop.slow", contracts=CONTRACTS)
def slow(events: Annotated[DataFrame, Reads("shop.events")]) -> DataFrame:
    """Each of the tasks leaves a file in the folder MARKS when it begins, and takes a while."""
    from pyspark.sql import functions as F

    marks = os.environ["MARKS"]

    def work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        Path(marks, f"{os.getpid()}-{time.monotonic_ns()}").touch()
        time.sleep(0.5)
        yield from batches

    return events.repartition(TASKS, F.col("id")).mapInArrow(work, events.schema)
