"""What Spark stages is what DuckDB would have staged: types, rows, files, and what is refused before anything is written."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from scenario import (
    BOOLEAN,
    CLEAN,
    COUNTRIES,
    DAILY,
    DATE,
    DAY_X_COUNTRY,
    DIRTY,
    DOUBLE,
    INT,
    LONG,
    MONEY,
    NASTY,
    SHAPES,
    SIZE,
    TAGS,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    WRONG_TYPES,
    Row,
    in_order,
    order,
    orders,
    partition_of,
    small,
    table,
)
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import ColumnType, Contract
from data_platform.engines import Engine
from data_platform.engines.spark.driver import collect, distribute
from data_platform.engines.spark.session import with_settings
from data_platform.engines.spark.staging import SparkFrame
from data_platform.lakehouse import Lakehouse, Staged, StructureError, stage
from data_platform.lakehouse.filters import partition_of as planned_partition

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]

OLD = datetime(1500, 3, 1, 23, 59, 59, 999999)
WIDENED = replace(
    small(
        whole=LONG,
        tiny=INT,
        ratio=DOUBLE,
        money=MONEY,
        large=ColumnType("decimal", 38, 6),
        day=TIMESTAMP,
        day_tz=TIMESTAMPTZ,
        at=TIMESTAMPTZ,
        seen=TIMESTAMP,
        number=TEXT,
        flag=TEXT,
        nothing=TAGS,
        size=SIZE,
        missing=SIZE,
        day_lost=DATE,
        spelt=LONG,
    ),
    unknown_columns="ignore",
)
CAME = """
    `not in the contract` string, whole int, tiny tinyint, ratio float, money decimal(6,2), large decimal(20,0), day date,
    day_tz date, at timestamp_ntz, seen timestamp, number bigint, flag boolean, nothing void,
    size struct<width:int,`Unit of it`:string>, day_lost timestamp_ntz, spelt string
"""
VALUES: tuple[Any, ...] = (
    *("dropped", 7, 7, 0.5, Decimal("1.50"), Decimal(10**19), OLD.date(), OLD.date(), OLD, OLD.replace(tzinfo=UTC)),
    *(-(2**63), True, None, {"width": 1, "Unit of it": None}, OLD, "7 "),
)


def by_cut(staged: Staged) -> list[tuple[list[str], list[Row]]]:
    """The columns and rows that DuckDB reads in the files of each folder."""
    cuts: dict[str, list[str]] = {}
    for path in staged.files:
        cuts.setdefault(str(Path(path).parent), []).append(path)
    found = []
    for paths in cuts.values():
        rows = duckdb.sql(f"SELECT * FROM read_parquet({paths}, hive_partitioning = false)")
        found.append((rows.columns, in_order(rows.to_arrow_table().to_pylist())))
    return sorted(found, key=repr)


def staged_alike(frame: Any, contract: Contract, folder: Path, lakehouse: Lakehouse) -> Staged:
    """What Spark staged, which is what DuckDB stages of the same rows."""
    here = Engine("pyarrow.Table").relation(collect(frame), lakehouse)
    expected = stage(here, contract, str(folder / "duckdb"))
    staged = SparkFrame(frame).stage(contract, str(folder / "spark"))
    assert by_cut(staged) == by_cut(expected)
    unquoted = {name: kind.replace('"', "") for name, kind in staged.columns.items()}
    assert unquoted == {name: kind.replace('"', "") for name, kind in expected.columns.items()}
    described = duckdb.sql(f"SELECT * FROM read_parquet({list(staged.files)}, hive_partitioning = false)")
    assert unquoted == {n: str(t).replace('"', "") for n, t in zip(described.columns, described.types, strict=True)}
    assert staged.rows == sum(staged.counts) == expected.rows
    assert staged.sizes == tuple(Path(path).stat().st_size for path in staged.files)
    assert {str(path) for path in (folder / "spark").rglob("*") if path.is_file()} == set(staged.files)
    return staged


def test_types_are_widened_where_that_cannot_lose(spark: Any, tmp_path: Path, lakehouse: Lakehouse) -> None:  # noqa: F811
    frame = spark.createDataFrame([VALUES, (None,) * len(VALUES)], CAME)
    staged_alike(frame, WIDENED, tmp_path, lakehouse)


@pytest.mark.parametrize("shape", ["unpartitioned", "day x static", "hourly by timestamptz"])
def test_rows_are_cut_by_partition_and_by_what_will_be_refused(
    shape: str, tmp_path: Path, lakehouse: Lakehouse
) -> None:
    contract, rows = orders(SHAPES[shape]), [*DIRTY, order(9, day=3, hour=12, **{NASTY: "it's"})]
    staged = staged_alike(distribute(table(rows, contract)).repartition(3), contract, tmp_path, lakehouse)
    folders = {Path(path).parent for path in staged.files}
    assert len(folders) == len({partition_of(contract, row) for row in rows}) + 1


def test_text_is_staged_as_it_came_and_cut_by_what_it_means(tmp_path: Path, lakehouse: Lakehouse) -> None:
    contract = orders(DAY_X_COUNTRY, columns=orders().columns[:7], rules=orders().rules[2:3])
    rows = [*WRONG_TYPES, WRONG_TYPES[0] | {"day": "no day", "seen": "2026-01-01T09:30:00+02:00"}]
    staged_alike(distribute(pl.DataFrame(rows).to_arrow()), contract, tmp_path, lakehouse)


def test_iceberg_finds_every_kind_of_partition_in_the_files(tmp_path: Path, lakehouse: Lakehouse) -> None:
    rows = [*CLEAN, order(7, day=5, hour=3, country=COUNTRIES[3])]
    for place, (name, partitioning) in enumerate(SHAPES.items()):
        contract = replace(orders(partitioning, rules=()), name=f"shape_{place}")
        staged = SparkFrame(distribute(table(rows, contract))).stage(contract, str(tmp_path / contract.name))
        iceberg = lakehouse.table(contract)
        iceberg.add_files(list(staged.files))
        tasks = list(iceberg.scan().plan_files())
        found = {planned_partition(contract, task.file.partition) for task in tasks}
        assert found == {partition_of(contract, row) for row in rows}, name
        assert sum(task.file.record_count for task in tasks) == len(rows)


def test_a_large_partition_is_several_files_and_a_small_one_is_one(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    contract = small(id=LONG, day=DATE, partitioning=DAILY)
    days = "CASE WHEN id % 1000 < 10 THEN date_add(DATE '2026-01-02', CAST(id % 10 AS int)) ELSE DATE '2026-01-01' END"
    rows = spark.range(0, 200_000, 1, 8).selectExpr("id", f"{days} AS day")
    # of a hundred reducers each partition has one of its own
    names = ("advisoryPartitionSizeInBytes", "coalescePartitions.initialPartitionNum")
    settings = {f"spark.sql.adaptive.{name}": value for name, value in zip(names, ("200KB", "100"), strict=True)}
    with with_settings(spark, settings):
        staged = SparkFrame(rows).stage(contract, str(tmp_path))
    folders = [Path(path).parent for path in staged.files]
    counts = sorted(folders.count(folder) for folder in set(folders))
    assert counts[:-1] == [1] * 10 and counts[-1] > 1
    assert staged.rows == 200_000


def test_rows_of_an_unpartitioned_dataset_stay_where_they_are(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    staged = SparkFrame(spark.range(0, 100, 1, 4)).stage(small(id=LONG), str(tmp_path))
    assert staged.counts == (25,) * 4


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ("'x' AS id", ""),
        ("1 AS id, 2 AS other", r"column\(s\) other are not in the contract"),
        ("1 AS other", r"required column id \(long\) is missing"),
        ("1 AS id, 2 AS ID", "2 columns are named id"),
        ("1 AS id, 1.5D AS name", "Spark cannot promise the cast of double to string; make it first"),
        ("1 AS id, INTERVAL 1 DAY AS name", "Spark cannot promise the cast of interval day to string"),
        ("1 AS id, array(NULL) AS tags", "Spark cannot promise the cast of array<void> to list<string>"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_written(
    columns: str,
    problem: str,
    spark: Any,  # noqa: F811
    tmp_path: Path,
) -> None:
    contract = small(id=LONG, name=TEXT, tags=TAGS, kept=BOOLEAN)
    contract = replace(contract, columns=(replace(contract.columns[0], required=True), *contract.columns[1:]))
    frame = SparkFrame(spark.sql(f"SELECT {columns}"))
    if not problem:
        assert frame.stage(contract, str(tmp_path)).rows == 1
        return
    with pytest.raises(StructureError, match=problem):
        frame.stage(contract, str(tmp_path / "nothing"))
    assert not (tmp_path / "nothing").exists()


HOSTILE = {
    "spark.sql.parquet.outputTimestampType": "INT96",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "LEGACY",
    "spark.sql.parquet.writeLegacyFormat": "true",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.adaptive.enabled": "false",
}


def test_files_are_the_same_whatever_the_session_says_and_it_keeps_its_settings(
    spark: Any,  # noqa: F811
    tmp_path: Path,
    lakehouse: Lakehouse,
) -> None:
    contract = replace(WIDENED, columns=WIDENED.columns[:-2])  # those that Iceberg has in these types
    frame = spark.createDataFrame([VALUES], CAME).drop("day_lost", "spelt")
    with with_settings(spark, HOSTILE):
        staged = staged_alike(frame.withMetadata("whole", {"parquet.field.id": 99}), contract, tmp_path, lakehouse)
        assert {name: spark.conf.get(name) for name in HOSTILE} == HOSTILE
    lakehouse.table(contract).add_files(list(staged.files))  # which takes no files with ids of their own


NAN = math.nan
FILTERS = ["isnan(x)", "x > 100", "x = 'nan'::DOUBLE", "x <> 1", "NOT (x <= 100)", "s.x > 100", "isnan(f)", "x < 2"]


@pytest.mark.parametrize("values", [[1.0, NAN, 2.0], [NAN], [NAN, 1.0], [1.0, None, NAN]], ids=repr)
def test_readers_that_skip_by_statistics_find_nan(values: list[float | None], spark: Any, tmp_path: Path) -> None:  # noqa: F811
    """Spark's files say that the largest value is NaN, where those of Arrow leave it out."""
    contract = small(x=DOUBLE, f=ColumnType("float"), s=ColumnType("struct", fields=(("x", DOUBLE),)))
    rows = spark.createDataFrame([(x, x, (x,)) for x in values], "x double, f float, s struct<x:double>").coalesce(1)
    (path,) = SparkFrame(rows).stage(contract, str(tmp_path)).files
    memory = duckdb.connect()
    memory.execute(f"CREATE TABLE known AS SELECT * FROM '{path}'")
    for each in FILTERS:
        (found,) = memory.sql(f"SELECT count(*) FROM '{path}' WHERE {each}").fetchall()
        (expected,) = memory.sql(f"SELECT count(*) FROM known WHERE {each}").fetchall()
        assert found == expected, each
    lazy = pl.scan_parquet(path, hive_partitioning=False)
    assert lazy.filter(pl.col("x").is_nan()).collect().height == 1
    assert lazy.filter(pl.col("x") > 100).collect().height == lazy.collect().filter(pl.col("x") > 100).height


def test_a_sample_is_the_first_rows_in_a_file_with_their_types(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    frame = SparkFrame(
        spark.range(100).selectExpr("id", "IF(id < 3, double('NaN'), id) AS x", "DATE '1500-03-01' AS d")
    )
    path = str(tmp_path / "sample.parquet")
    assert frame.sample(5, path) == {"id": "BIGINT", "x": "DOUBLE", "d": "DATE"}
    assert frame.first(5).num_rows == 5
    assert duckdb.sql(f"SELECT count(*), count_if(x > 100), min(d) FROM '{path}'").fetchall() == [
        (5, 3, date(1500, 3, 1))
    ]
