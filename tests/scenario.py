"""One awkward dataset and its named frames, which all tests speak about.

`orders()` builds its contract, cut as a test needs it. Its columns have every trap there is: a name of DuckDB's own
(`filename`), of ours (`partition`), upper case, a space and a quote; decimals, nested values and two kinds of time.
The frames are lists of rows: CLEAN, DIRTY, DUPLICATES, HOPELESS, WRONG_TYPES and EMPTY.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pyarrow as pa

from data_platform.contracts import (
    Column,
    ColumnType,
    Contract,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Rule,
    Threshold,
)
from data_platform.contracts.partitions import WHOLE
from data_platform.engines import Engine, engine_of, frame_name
from data_platform.engines.arrow import arrow_schema
from data_platform.lakehouse import (
    Lakehouse,
    Provenance,
    Publication,
    Staged,
    plan_read,
    publish,
)
from data_platform.lakehouse.quarantine import quarantine_contract

Row = dict[str, Any]

LONG, INT, TEXT, DATE = map(ColumnType, ("long", "int", "string", "date"))
DOUBLE, FLOAT, BOOLEAN, MONEY = (
    ColumnType("double"),
    ColumnType("float"),
    ColumnType("boolean"),
    ColumnType("decimal", 10, 2),
)
TIMESTAMP, TIMESTAMPTZ, TIME, BINARY = map(ColumnType, ("timestamp", "timestamptz", "time", "binary"))
TAGS = ColumnType("list", element=TEXT)
SIZE = ColumnType("struct", fields=(("width", INT), ("Unit of it", TEXT)))
PRICES = ColumnType("map", key=TEXT, element=LONG)

BLOCK, WARN, QUARANTINE = OnFailure(Policy.BLOCK), OnFailure(Policy.WARN), OnFailure(Policy.QUARANTINE)

NASTY = 'It\'s "odd"; DROP TABLE x --é'
"""A column name that would break SQL built without quoting."""

COLUMNS = (
    Column("id", LONG, required=True),
    Column("day", DATE, required=True),
    Column("at", TIMESTAMP, required=True),
    Column("seen", TIMESTAMPTZ, required=True),
    Column("country", TEXT, required=True),
    Column("amount", MONEY),
    Column("ratio", DOUBLE),
    Column("email", TEXT, classification="confidential", pii="email"),
    Column("filename", TEXT),
    Column("partition", LONG),
    Column(NASTY, TEXT),
    Column("Upper Case", INT),
    Column("tags", TAGS),
    Column("size", SIZE),
    Column("prices", PRICES),
)
NAMES = tuple(column.name for column in COLUMNS)

RULES = (
    Rule("types", "type", NAMES, on_failure=QUARANTINE),
    Rule("id_required", "required", ("id",)),
    Rule("amount_minimum", "minimum", ("amount",), {"value": 0}, on_failure=OnFailure(Policy.QUARANTINE, 50)),
    Rule("email_pattern", "pattern", ("email",), {"value": "@"}, on_failure=WARN),
    Rule("odd_enum", "enum", (NASTY,), {"values": ("it's", '"é"', "'); DROP TABLE x; --")}, on_failure=QUARANTINE),
    Rule("key", "duplicate_values", ("id",), {"keepFirst": "ratio desc"}, on_failure=QUARANTINE),
    Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 1000)),
)

DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
DAILY_AT = Partitioning((PartitionKey("at", "day", "2026-01-01"),))
DAILY_SEEN = Partitioning((PartitionKey("seen", "day", "2026-01-01"),))
HOURLY = Partitioning((PartitionKey("at", "hour", "2026-01-01"),))
HOURLY_SEEN = Partitioning((PartitionKey("seen", "hour", "2026-01-01"),))
COUNTRIES = ("no", "se", "Côte d'Ivoire & a very long name", "50% [x]*?")
STATIC = Partitioning((PartitionKey("country", "static", values=COUNTRIES),))
DAY_X_COUNTRY = Partitioning(
    (PartitionKey("day", "day", "2026-01-01"), PartitionKey("country", "static", values=COUNTRIES))
)
COUNTRY_X_HOUR = Partitioning(
    (PartitionKey("country", "static", values=COUNTRIES), PartitionKey("at", "hour", "2026-01-01"))
)

SHAPES: dict[str, Partitioning | None] = {
    "unpartitioned": None,
    "daily by date": DAILY,
    "daily by timestamp": DAILY_AT,
    "daily by timestamptz": DAILY_SEEN,
    "hourly by timestamp": HOURLY,
    "hourly by timestamptz": HOURLY_SEEN,
    "static": STATIC,
    "day x static": DAY_X_COUNTRY,
    "static x hour": COUNTRY_X_HOUR,
}


def orders(partitioning: Partitioning | None = None, **changes: Any) -> Contract:
    """The awkward contract, unpartitioned unless told otherwise."""
    given: dict[str, Any] = {"columns": COLUMNS, "rules": RULES, "partitioning": partitioning} | changes
    return Contract("shop", "orders", "1.0.0", **given)


def small(*rules: Rule, partitioning: Partitioning | None = None, **types: ColumnType) -> Contract:
    """A contract of nothing but these columns and rules: `small(rule, id=LONG)`."""
    columns = tuple(Column(column, kind) for column, kind in types.items())
    return Contract("shop", "small", "1.0.0", columns, rules=rules, partitioning=partitioning)


def order(id: int | None, *, day: int = 1, hour: int = 9, country: str = "no", **changes: Any) -> Row:
    """A clean row, apart from `changes`."""
    at = datetime(2026, 1, day, hour, 30)
    return {
        "id": id,
        "day": at.date(),
        "at": at,
        "seen": at.replace(tzinfo=UTC),
        "country": country,
        "amount": Decimal("12.50"),
        "ratio": 0.5,
        "email": "ada@example.com",
        "filename": f"orders-{id}.csv",
        "partition": 7,
        NASTY: '"é"',
        "Upper Case": 1,
        "tags": ["new", "it's"],
        "size": {"width": 3, "Unit of it": "cm"},
        "prices": {"nok": 125},
    } | changes


SPREAD = ((1, 0, "no"), (1, 23, "se"), (2, 9, COUNTRIES[2]), (2, 9, COUNTRIES[3]), (3, 12, "no"))
"""Day, hour and country of the five clean rows: something for every shape."""

CLEAN: list[Row] = [order(id, day=d, hour=h, country=c) for id, (d, h, c) in enumerate(SPREAD)]
DIRTY: list[Row] = [*CLEAN[:4], CLEAN[4] | {"amount": Decimal("-1.00"), NASTY: "neither"}]
DUPLICATES: list[Row] = [
    order(1, ratio=0.1),
    order(1, ratio=0.9),
    order(1, ratio=None),
    order(2),
    order(3, amount=None),
]
HOPELESS: list[Row] = [order(None), order(None), order(1)]
WRONG_TYPES: list[Row] = [
    {name: str(row[name]) for name in ("id", "day", "at", "seen", "country", "amount", "ratio")}
    for row in (order(1), order(2), order(3), order(4) | {"id": "four", "amount": "twelve"})
]
EMPTY: list[Row] = []


def table(rows: Iterable[Row], contract: Contract) -> pa.Table:
    """Rows as an Arrow table of exactly the contract's types."""
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(contract.columns))


def staged(lakehouse: Lakehouse, contract: Contract, frame: Any) -> Staged:
    """Stage a frame of any engine, or rows of exactly the contract's types."""
    if isinstance(frame, list):
        frame = table(frame, contract)
    engine = engine_of(type(frame))
    assert engine is not None, f"no engine for {frame_name(type(frame))}"
    return engine.stage(frame, contract, lakehouse)


def put(
    lakehouse: Lakehouse,
    contract: Contract,
    frame: Any,
    *partitions: str,
    run: str = "run",
    on_step: Callable[[str], None] = lambda step: None,
) -> Publication:
    """Stage and publish; the partitions are those of the rows where none are named."""
    if not partitions:
        rows = frame if isinstance(frame, list) else []
        partitions = tuple(sorted({partition_of(contract, row) for row in rows})) or (WHOLE,)
    return publish(
        lakehouse, staged(lakehouse, contract, frame), contract, partitions, Provenance(run_id=run), on_step=on_step
    )


def partition_of(contract: Contract, row: Row) -> str:
    """The partition a row belongs to, said independently of the code under test."""
    spelt = []
    for key in contract.partitioning.keys if contract.partitioning else ():
        value = row[key.column]
        if key.granularity == "hour":
            spelt.append(f"{value:%Y-%m-%d-%H}:00")
        else:
            spelt.append(f"{value:%Y-%m-%d}" if isinstance(value, date) else value)
    return "|".join(spelt)


def got(
    lakehouse: Lakehouse, contract: Contract, *, columns: Sequence[str] = (), frame: str = "pyarrow.Table", **plan: Any
) -> list[Row]:
    """What is published, as rows in the order of their JSON."""
    frame_read = Engine(frame).read(plan_read(lakehouse, contract, columns, **plan), lakehouse)
    return in_order(rows_of(frame_read))


def quarantined(lakehouse: Lakehouse, contract: Contract) -> list[Row]:
    beside = quarantine_contract(contract)
    return got(lakehouse, beside) if lakehouse.existing_table(beside.dataset) else []


def rows_of(frame: Any) -> list[Row]:
    """A frame of any engine as plain rows, in one spelling."""
    match frame_name(type(frame)):
        case "polars.LazyFrame":
            rows = frame.collect().to_dicts()
        case "polars.DataFrame":
            rows = frame.to_dicts()
        case "pandas.DataFrame":
            rows = frame.to_dict("records")
        case "duckdb.DuckDBPyRelation":
            rows = frame.to_arrow_table().to_pylist()
        case "pyspark.DataFrame":
            from data_platform.engines.spark.driver import collect

            rows = collect(frame).to_pylist()
        case _:
            rows = frame.to_pylist()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    """Maps come as pairs from some engines and as entries from others, instants in other zones, nulls as NaN."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list) and value and all(isinstance(each, tuple) for each in value):
        return dict(value)
    if isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value):
        return {each["key"]: each["value"] for each in value} if set(value[0]) == {"key", "value"} else value
    if value is pd.NaT or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, datetime):
        value = value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
        return value.astimezone(UTC) if value.tzinfo else value
    return value


def in_order(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: repr(sorted(row.items(), key=lambda item: item[0])))


def with_rules(contract: Contract, *rules: Rule) -> Contract:
    return replace(contract, rules=rules)
