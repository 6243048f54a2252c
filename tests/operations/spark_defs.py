"""A code location whose datasets are made with Spark (one ends well, one badly, one is killed, and one goes on for ever),
but for two: one reads one of them.

Each leaves a note in `$EXECUTOR_SCENE`: its own process, the driver's, and its JVM's.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import dagster as dg
import polars as pl

from data_platform.contracts import Column, ColumnType, Contract
from data_platform.datasets import Reads, dataset
from data_platform.datasets.spark import SparkSessionResource
from data_platform.operations.executor import warm_executor

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

NUMBERS = Contract("shop", "numbers", "1.0.0", (Column("id", ColumnType("long")),))
NAMES = ("failing", "killed", "endless", "after", "plain")
CONTRACTS = {"shop.numbers": NUMBERS} | {f"shop.{name}": replace(NUMBERS, name=name) for name in NAMES}


def note(name: str, spark: SparkSession) -> None:
    jvm = spark._jvm.java.lang.ProcessHandle.current().pid()
    draft = Path(os.environ["EXECUTOR_SCENE"], f".{name}")
    draft.write_text(f"{os.getpid()} {os.getppid()} {jvm}")
    draft.rename(draft.with_name(name))


@dataset("shop.numbers", contracts=CONTRACTS)
def numbers(spark: SparkSessionResource) -> DataFrame:
    session = spark.spark_session
    note("numbers", session)
    return session.range(3)


@dataset("shop.failing", contracts=CONTRACTS)
def failing(numbers: Annotated[DataFrame, Reads("shop.numbers")]) -> DataFrame:
    note("failing", numbers.sparkSession)
    return numbers.selectExpr("if(id >= 0, raise_error('no such number'), id) AS id")


@dataset("shop.killed", contracts=CONTRACTS)
def killed(numbers: Annotated[DataFrame, Reads("shop.numbers")]) -> DataFrame:
    note("killed", numbers.sparkSession)
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


@dataset("shop.endless", contracts=CONTRACTS)
def endless(spark: SparkSessionResource) -> DataFrame:
    session = spark.spark_session

    def note_once_it_runs() -> None:
        while not session.sparkContext.statusTracker().getActiveStageIds():
            time.sleep(0.02)
        note("endless", session)

    threading.Thread(target=note_once_it_runs).start()
    session.range(10**15).selectExpr("sum(sin(id))").collect()
    raise AssertionError


@dataset("shop.after", contracts=CONTRACTS)
def after(numbers: Annotated[pl.DataFrame, Reads("shop.numbers")]) -> pl.DataFrame:
    return numbers


@dataset("shop.plain", contracts=CONTRACTS)
def plain() -> pl.DataFrame:
    return pl.DataFrame({"id": [1]})


defs = dg.Definitions(
    assets=[numbers, failing, killed, endless, after, plain],
    resources={"spark": SparkSessionResource(conf={"spark.sql.shuffle.partitions": "2"})},
    executor=warm_executor.configured({"max_concurrent": 2}),
)
