"""Every engine reads the same rows and stages the same rows, whatever the types and however old the files."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from every_frame import frames
from scenario import (
    BINARY,
    BOOLEAN,
    CLEAN,
    DAILY,
    DATE,
    DOUBLE,
    EMPTY,
    FLOAT,
    INT,
    LONG,
    MONEY,
    NASTY,
    PRICES,
    SIZE,
    TAGS,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    Row,
    got,
    in_order,
    orders,
    put,
    rows_of,
    small,
    table,
)

from data_platform.contracts import Column, ColumnType, Contract, Partitioning, PartitionKey
from data_platform.datasets.testing.convert import converter
from data_platform.engines import FRAMES, Engine, engine_of
from data_platform.lakehouse import Lakehouse, LakehouseError, plan_read

ALL_TYPES = small(
    string=TEXT,
    int=INT,
    long=LONG,
    float=FLOAT,
    double=DOUBLE,
    boolean=BOOLEAN,
    date=DATE,
    time=TIME,
    timestamp=TIMESTAMP,
    timestamptz=TIMESTAMPTZ,
    binary=BINARY,
    decimal=MONEY,
    list=TAGS,
    struct=SIZE,
    map=PRICES,
)
FULL: Row = {
    "string": "日本\x01'\"\n",
    "int": 2**31 - 1,
    "long": -(2**63),
    "float": 0.5,
    "double": 0.1,
    "boolean": False,
    "date": date(2026, 2, 28),
    "time": time(23, 59, 59, 999999),
    "timestamp": datetime(2026, 1, 1, 12, 30, 0, 1),
    "timestamptz": datetime(2026, 1, 1, 12, 30, tzinfo=UTC),
    "binary": b"\x00\xff",
    "decimal": Decimal("-99999999.99"),
    "list": ["a", "it's", ""],
    "struct": {"width": 1, "Unit of it": None},
    "map": {"a": 1},
}
BARE: Row = dict.fromkeys(FULL)


@frames
def test_every_type_reads_the_same_in_every_engine(frame: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, ALL_TYPES, [FULL])
    assert got(lakehouse, ALL_TYPES, frame=frame) == [FULL]


@frames
def test_nulls_of_every_type_read_as_nulls(frame: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, ALL_TYPES, [BARE])
    assert got(lakehouse, ALL_TYPES, frame=frame) == [BARE]


@frames
def test_no_rows_have_every_column_in_its_type(frame: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, ALL_TYPES, EMPTY)
    read = Engine(frame).read(plan_read(lakehouse, ALL_TYPES), lakehouse)
    assert rows_of(read) == []
    names = (
        read.collect_schema().names()
        if frame == "polars.LazyFrame"
        else list(getattr(read, "column_names", read.columns))
    )
    assert names == list(ALL_TYPES.column_names)


@frames
def test_only_the_columns_named_are_read_in_that_order(frame: str, lakehouse: Lakehouse) -> None:
    contract = orders()
    put(lakehouse, contract, CLEAN)
    wanted = (NASTY, "Upper Case", "filename", "id")
    expected = in_order({name: row[name] for name in wanted} for row in CLEAN)
    assert got(lakehouse, contract, columns=wanted, frame=frame) == expected


@frames
def test_an_unknown_column_is_named_with_what_there_is(frame: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, orders(), CLEAN)
    with pytest.raises(KeyError, match="nothing"):
        got(lakehouse, orders(), columns=["nothing"], frame=frame)


def producer(rows: list[Row], frame: str) -> Any:
    """The rows as a producer's frame of that library."""
    arrow = table(rows, ALL_TYPES)
    match frame:
        case "polars.LazyFrame":
            return pl.from_arrow(arrow).lazy()
        case "polars.DataFrame":
            return pl.from_arrow(arrow)
        case "pandas.DataFrame":
            return arrow.to_pandas(types_mapper=pd.ArrowDtype)
        case "duckdb.DuckDBPyRelation":
            return duckdb.from_arrow(arrow)
        case "pyspark.DataFrame":
            return converter(frame)(arrow)
    return arrow


@frames
def test_every_engine_stages_every_type(frame: str, lakehouse: Lakehouse) -> None:
    if frame.startswith("polars"):  # polars has no map: its list of entries is not the contract's map
        contract = replace(ALL_TYPES, columns=ALL_TYPES.columns[:-1])
        made = producer([FULL, BARE], frame).drop("map")
    else:
        contract, made = ALL_TYPES, producer([FULL, BARE], frame)
    put(lakehouse, contract, made)
    expected = in_order({name: row[name] for name in contract.column_names} for row in (FULL, BARE))
    assert got(lakehouse, contract) == expected


@frames
def test_what_an_engine_read_it_can_publish_again(frame: str, lakehouse: Lakehouse) -> None:
    without_map = [
        column for column in orders().columns if column.name != "prices"
    ]  # pandas and polars have no map type of their own
    contract = orders(columns=tuple(without_map), rules=())
    copy = replace(contract, name="copy")
    put(lakehouse, contract, CLEAN)
    put(lakehouse, copy, Engine(frame).read(plan_read(lakehouse, contract), lakehouse))
    assert got(lakehouse, copy) == got(lakehouse, contract)


def test_polars_categories_and_enums_are_text(lakehouse: Lakehouse) -> None:
    frame = pl.DataFrame({"a": ["x", "[]", None]}).with_columns(
        b=pl.col("a").cast(pl.Categorical), c=pl.col("a").cast(pl.Enum(["x", "[]"]))
    )
    contract = small(a=TEXT, b=TEXT, c=TEXT)
    put(lakehouse, contract, frame)
    assert got(lakehouse, contract) == in_order({"a": v, "b": v, "c": v} for v in ("x", "[]", None))


def test_a_column_of_nothing_but_nulls_fits_every_type(lakehouse: Lakehouse) -> None:
    put(lakehouse, small(a=LONG, b=TAGS), pl.DataFrame({"a": [None], "b": [None]}))
    put(lakehouse, small(a=LONG, b=TAGS), pd.DataFrame({"a": [None], "b": [None]}))
    assert got(lakehouse, small(a=LONG, b=TAGS)) == [{"a": None, "b": None}]


def test_pandas_not_a_number_is_null_and_its_index_is_dropped(lakehouse: Lakehouse) -> None:
    frame = pd.DataFrame(
        {"id": [1, None], "name": ["a", None], "at": pd.to_datetime(["2026-01-01 10:00", None])}, index=[7, 8]
    )
    contract = small(id=LONG, name=TEXT, at=TIMESTAMP)
    put(lakehouse, contract, frame)
    assert got(lakehouse, contract) == in_order(
        [{"id": 1, "name": "a", "at": datetime(2026, 1, 1, 10)}, {"id": None, "name": None, "at": None}]
    )


def test_a_polars_not_a_number_stays_one(lakehouse: Lakehouse) -> None:
    put(lakehouse, small(x=DOUBLE), pl.DataFrame({"x": [float("nan")]}))
    (value,) = Engine("pyarrow.Table").read(plan_read(lakehouse, small(x=DOUBLE)), lakehouse)["x"].to_pylist()
    assert value != value


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_duckdb_relation_of_any_session_zone_is_staged_as_utc(zone: str, lakehouse: Lakehouse) -> None:
    connection = duckdb.connect()
    connection.execute(f"SET TimeZone = '{zone}'")
    relation = connection.sql(
        "SELECT TIMESTAMPTZ '2026-01-01 00:30:00+00' AS seen, TIMESTAMPTZ '2026-01-01 00:30:00+00' AS at"
    )
    contract = small(
        seen=TIMESTAMPTZ, at=TIMESTAMP, partitioning=Partitioning((PartitionKey("seen", "day", "2026-01-01"),))
    )
    put(lakehouse, contract, relation, "2026-01-01")
    assert got(lakehouse, contract) == [
        {"seen": datetime(2026, 1, 1, 0, 30, tzinfo=UTC), "at": datetime(2026, 1, 1, 0, 30)}
    ]


def test_a_lazy_frame_that_fails_says_why(lakehouse: Lakehouse) -> None:
    lazy = pl.DataFrame({"id": ["1", "x"]}).lazy().with_columns(pl.col("id").cast(pl.Int64, strict=True))
    with pytest.raises(Exception, match="conversion from `str` to `i64` failed"):
        put(lakehouse, small(id=LONG), lazy)


def test_frames_are_known_by_their_type_and_others_are_not() -> None:
    from pyspark.sql import DataFrame

    kinds = (pl.LazyFrame, pl.DataFrame, pd.DataFrame, pa.Table, duckdb.DuckDBPyRelation, DataFrame)
    assert {engine_of(kind).frame for kind in kinds} == set(FRAMES)
    assert engine_of(dict) is None and engine_of("polars.DataFrame") is None


# Schema evolution: old files and new files, read together.

OLD = (
    Column("id", INT),
    Column("day", DATE),
    Column("ratio", FLOAT),
    Column("amount", ColumnType("decimal", 6, 2)),
    Column("note", TEXT),
)
NEW = (
    Column("id", LONG),
    Column("day", DATE),
    Column("ratio", DOUBLE),
    Column("amount", MONEY),
    Column(NASTY, TEXT),
    Column("tags", TAGS),
    Column("size", SIZE),
)


def versions() -> tuple[Contract, Contract]:
    old = Contract("shop", "evolving", "1.0.0", OLD, partitioning=DAILY)
    return old, replace(old, version="2.0.0", columns=NEW)


OLD_ROW = {"id": 1, "day": date(2026, 1, 1), "ratio": 0.5, "amount": Decimal("1.50"), "note": "gone"}
NEW_ROW = {
    "id": 2**40,
    "day": date(2026, 1, 2),
    "ratio": 0.1,
    "amount": Decimal("12345678.90"),
    NASTY: "new",
    "tags": ["a"],
    "size": {"width": 1, "Unit of it": "cm"},
}
OLD_ROW_NOW = {name: OLD_ROW.get(name) for name in NEW_ROW}


@frames
def test_added_widened_and_dropped_columns_read_from_old_and_new_files(frame: str, lakehouse: Lakehouse) -> None:
    old, new = versions()
    put(lakehouse, old, [OLD_ROW])
    put(lakehouse, new, [NEW_ROW])
    assert got(lakehouse, new, frame=frame) == in_order([OLD_ROW_NOW, NEW_ROW])
    assert got(lakehouse, new, frame=frame, partitions=["2026-01-01"]) == [OLD_ROW_NOW]
    assert got(lakehouse, new, frame=frame, columns=["tags"], partitions=["2026-01-01"]) == [{"tags": None}]


@frames
def test_an_old_partition_may_be_replaced_under_the_new_contract(frame: str, lakehouse: Lakehouse) -> None:
    old, new = versions()
    put(lakehouse, old, [OLD_ROW])
    put(lakehouse, new, [NEW_ROW | {"day": date(2026, 1, 1)}])
    assert got(lakehouse, new, frame=frame) == [NEW_ROW | {"day": date(2026, 1, 1)}]


@pytest.mark.parametrize(
    "columns",
    [
        (Column("id", TEXT), *OLD[1:]),
        (*OLD[:2], Column("ratio", INT), *OLD[3:]),
        (*OLD[:3], Column("amount", ColumnType("decimal", 6, 3)), OLD[4]),
        (*OLD[:4], Column("note", TAGS)),
    ],
    ids=["int to string", "float to int", "another scale", "string to list"],
)
def test_a_change_that_would_rewrite_data_is_refused(columns: tuple[Column, ...], lakehouse: Lakehouse) -> None:
    old, _ = versions()
    put(lakehouse, old, [OLD_ROW])
    changed = replace(old, version="2.0.0", columns=columns)
    with pytest.raises(LakehouseError, match=r"cannot follow the contract 2\.0\.0"):
        put(lakehouse, changed, EMPTY, "2026-01-02")
    assert got(lakehouse, old) == [OLD_ROW]


def test_another_partitioning_is_refused(lakehouse: Lakehouse) -> None:
    old, _ = versions()
    put(lakehouse, old, [OLD_ROW])
    with pytest.raises(LakehouseError, match="partitions by"):
        put(lakehouse, replace(old, partitioning=None), [OLD_ROW])


def test_a_dropped_column_comes_back_with_its_type_only(lakehouse: Lakehouse) -> None:
    old, _ = versions()
    without = replace(old, version="2.0.0", columns=OLD[:-1])
    put(lakehouse, old, [OLD_ROW])
    put(lakehouse, without, [{**OLD_ROW, "day": date(2026, 1, 2)}])
    with pytest.raises(LakehouseError, match="note was dropped and had another type"):
        put(lakehouse, replace(old, version="3.0.0", columns=(*OLD[:-1], Column("note", LONG))), EMPTY, "2026-01-03")
    put(lakehouse, replace(old, version="3.0.0"), EMPTY, "2026-01-03")
    assert got(lakehouse, old) == in_order([OLD_ROW, {**OLD_ROW, "day": date(2026, 1, 2), "note": None}])


def test_descriptions_and_order_may_change_freely(lakehouse: Lakehouse) -> None:
    old, _ = versions()
    put(lakehouse, old, [OLD_ROW])
    shuffled = tuple(replace(column, description="Said better") for column in reversed(OLD))
    put(lakehouse, replace(old, columns=shuffled), [OLD_ROW | {"day": date(2026, 1, 2)}])
    assert len(got(lakehouse, old)) == 2
