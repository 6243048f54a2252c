"""Two datasets that land as files, `shop.orders` by the day of their rows and `shop.prices` by that in their name, and
one of full dumps; and how tests drop files into their folders."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import duckdb

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
    Threshold,
)
from data_platform.datasets import Csv, Landing, dataset
from data_platform.datasets.partitions import range_tags
from data_platform.engines import Engine
from data_platform.files.landing.contents import Landed
from data_platform.files.landing.ledger import Ledger
from data_platform.lakehouse import current_lakehouse, plan_read

ONE, TWO, THREE = "2026-01-01", "2026-01-02", "2026-01-03"
LONG, TEXT, DATE = ColumnType("long"), ColumnType("string"), ColumnType("date")
DAILY = Partitioning((PartitionKey("day", "day", ONE),))
COLUMNS = (Column("id", LONG, required=True), Column("day", DATE, required=True), Column("price", LONG))
RULES = (
    Rule("types", "type", ("id", "price"), on_failure=OnFailure(Policy.QUARANTINE)),
    Rule("id_required", "required", ("id",)),
    Rule("key", "duplicate_values", ("id",)),
    Rule("price_minimum", "minimum", ("price",), {"value": 0}, on_failure=OnFailure(Policy.QUARANTINE, 50)),
    Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 10)),
)
ORDERS = Contract("shop", "orders", "1.0.0", COLUMNS, rules=RULES, partitioning=DAILY, owners=("ana@market.example",))
PRICES = Contract("shop", "prices", "1.0.0", COLUMNS, rules=RULES, partitioning=DAILY)
STOCK = Contract("shop", "stock", "1.0.0", (Column("id", LONG), Column("price", LONG)))
DUMPS = Contract("shop", "dumps", "1.0.0", (Column("id", LONG), Column("price", LONG)))
CONTRACTS = Contracts.of(ORDERS, PRICES, STOCK, DUMPS)

Rows = duckdb.DuckDBPyRelation


@dataset("shop.orders", contracts=CONTRACTS)
def orders(rows: Annotated[Rows, Landing("landing/orders/*.csv", Csv(), settle=0)]) -> Rows:
    return rows


@dataset("shop.prices", contracts=CONTRACTS)
def prices(rows: Annotated[Rows, Landing("landing/prices/**/*.csv", Csv(), partition="name", settle=0)]) -> Rows:
    return rows


@dataset("shop.stock", contracts=CONTRACTS)
def stock(rows: Annotated[Rows, Landing("landing/stock/*.csv", Csv(), settle=0)]) -> Rows:
    return rows


@dataset("shop.dumps", contracts=CONTRACTS)
def dumps(rows: Annotated[Rows, Landing("landing/dumps/*.csv", Csv(), keep="latest", settle=0)]) -> Rows:
    return rows


ALL = [orders, prices, stock, dumps]


def csv(rows: Sequence[Sequence[Any]], header: str = "id,day,price") -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def drop(home: Path, name: str, rows: Sequence[Sequence[Any]] | str, header: str = "id,day,price") -> Path:
    """Let a file land: rows of a CSV file, or its whole text."""
    path = home / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(rows if isinstance(rows, str) else csv(rows, header))
    return path


def materialize(asset: dg.AssetsDefinition, day: str = "", last: str = "", **options: Any) -> dg.ExecuteInProcessResult:
    """Materialize in process for a day, or for the range up to `last` in one run."""
    if last:
        options["tags"] = range_tags(day, last)
    elif day:
        options["partition_key"] = day
    return dg.materialize([asset], raise_on_error=False, **options)


def published(contract: Contract) -> list[tuple[Any, ...]]:
    """The published rows, in order."""
    lakehouse = current_lakehouse()
    rows = (
        Engine("pyarrow.Table")
        .read(plan_read(lakehouse, contract, (), None, allow_missing=True), lakehouse)
        .to_pylist()
    )
    return sorted(
        tuple(str(row[name]) if name == "day" else row[name] for name in contract.column_names) for row in rows
    )


def states(home: Path, contract: Contract = ORDERS) -> dict[str, str]:
    """What became of every file, by name."""
    return {each.path: str(each.state) for each in Ledger(home, contract.dataset).files()}


def file(home: Path, name: str, contract: Contract = ORDERS) -> Landed:
    (found,) = [each for each in Ledger(home, contract.dataset).files() if each.path == name]
    return found


def reason(home: Path, name: str, folder: str = "orders") -> Mapping[str, Any]:
    """What lies beside a file set aside."""
    return json.loads((home / "landing" / folder / "_refused" / f"{name}.reason.json").read_text())


def older(path: Path, seconds: float) -> Path:
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path
