"""Eight small datasets, four of which read another: a run of eight steps, each a process of its own.

`python -m tests.open_lineage.many_steps INSTANCE WAITS` materializes them with a timeout of three seconds, in a process
fit for forking, and notes in the file WAITS from when to when each step waited.
"""

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import dagster as dg
import polars as pl

from data_platform.contracts import Column, ColumnType, Contract, Contracts
from data_platform.datasets import Reads, dataset
from data_platform.lineage.openlineage import sender
from data_platform.operations.executor import warm_executor
from data_platform.operations.launch import execute_assets

LONG = ColumnType("long")
FIRST, SECOND = [f"ads.first{n}" for n in range(4)], [f"ads.second{n}" for n in range(4)]
CONTRACTS = Contracts.of(
    *(Contract("ads", each.partition(".")[2], "1.0.0", (Column("id", LONG),)) for each in FIRST + SECOND)
)


def first(name: str) -> dg.AssetsDefinition:
    @dataset(name, contracts=CONTRACTS)
    def made() -> pl.DataFrame:
        return pl.DataFrame({"id": [1]})

    return made


def second(name: str, read: str) -> dg.AssetsDefinition:
    def made(rows):
        return rows

    made.__annotations__ = {"rows": Annotated[pl.LazyFrame, Reads(read)], "return": pl.LazyFrame}
    return dataset(name, contracts=CONTRACTS)(made)


ASSETS = [first(each) for each in FIRST] + [second(*each) for each in zip(SECOND, FIRST, strict=True)]
defs = dg.Definitions(ASSETS, executor=warm_executor)


def main(home: str, waits: str) -> None:
    close, sender.TIMEOUT = sender.Sender.close, 3.0

    def timed(each: sender.Sender) -> list[str]:
        began = time.monotonic()
        try:
            return close(each)
        finally:
            with Path(waits).open("a") as file:
                file.write(json.dumps([began, time.monotonic()]) + "\n")

    sender.Sender.close = timed
    keys = [key for each in ASSETS for key in each.keys]
    with dg.DagsterInstance.local_temp(home) as instance:
        done = execute_assets(instance, "tests.open_lineage.many_steps", "defs", keys)
    sys.exit(not done.success)


if __name__ == "__main__":
    main(*sys.argv[1:])
