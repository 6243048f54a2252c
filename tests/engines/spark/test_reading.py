"""Spark reads exactly the planned files, as they were written, whatever its session and their paths look like."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from scenario import (
    BINARY,
    DATE,
    LONG,
    SHAPES,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    got,
    in_order,
    order,
    orders,
    put,
    small,
)
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import ColumnType
from data_platform.engines import Engine
from data_platform.engines.spark import types
from data_platform.engines.spark.driver import collect
from data_platform.engines.spark.reading import plain_path
from data_platform.engines.spark.session import with_settings
from data_platform.lakehouse import Lakehouse, LakehouseError, plan_read
from data_platform.quality.dialects import spark_types
from data_platform.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]

SPARK = "pyspark.DataFrame"
ODD = "50% [x]*?{a,b} c=d%20é#"
"""A folder whose name means something else as a glob, as a URI or as a partition."""
HOSTILE = {
    "spark.sql.parquet.datetimeRebaseModeInRead": "LEGACY",
    "spark.sql.files.ignoreMissingFiles": "true",
    "spark.sql.files.ignoreCorruptFiles": "true",
    "spark.sql.parquet.mergeSchema": "true",
    "spark.sql.parquet.binaryAsString": "true",
    "spark.sql.timestampType": "TIMESTAMP_LTZ",
}
OLD = datetime(1500, 3, 1, 0, 0, 0, 1)
OLD_UTC = OLD.replace(tzinfo=UTC)
OUTSIDE = """
    SELECT 255::UTINYINT AS a, 65535::USMALLINT AS b, 4294967295::UINTEGER AS c, 18446744073709551615::UBIGINT AS d,
        TIMESTAMP '1500-03-01 00:00:00.000001' AS at, TIMESTAMP_NS '2000-03-01 00:00:00.000001' AS ns,
        TIMESTAMPTZ '1500-03-01 00:00:00.000001+00' AS seen, ['a', NULL] AS list, MAP {'a': 1} AS map,
        {'a': 1, 'b c': DATE '1500-03-01'} AS struct, 'x'::ENUM ('x') AS enum, NULL AS nothing, '\\xFF'::BLOB AS bytes,
        1.5::DECIMAL(38,9) AS money
    UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
"""


def test_a_file_is_the_file_of_that_path(home: Path, spark: Any) -> None:  # noqa: F811
    lakehouse = Lakehouse(Settings.at(home, warehouse=str(home / ODD)))
    contract = orders(SHAPES["day x static"], rules=())
    countries = contract.partitioning.keys[1].values
    rows = [order(place, country=country) for place, country in enumerate(countries)]
    put(lakehouse, contract, rows)
    (home / ODD / "shop" / "orders" / "stray.parquet").write_bytes(b"no Parquet file")
    assert got(lakehouse, contract, frame=SPARK) == in_order(rows)
    for row in rows:
        assert got(lakehouse, contract, frame=SPARK, partitions=[f"2026-01-01|{row['country']}"]) == [row]
    plan = plan_read(lakehouse, contract)
    read = Engine(SPARK).read(plan, lakehouse)
    assert {plain_path(row[0]) for row in read.select("_metadata.file_path").collect()} == set(plan.files)


def test_rows_are_what_was_written_whatever_the_session_says(lakehouse: Lakehouse, spark: Any) -> None:  # noqa: F811
    contract = small(day=DATE, at=TIMESTAMP, seen=TIMESTAMPTZ, bytes=BINARY, note=TEXT)
    put(lakehouse, contract, [{"day": OLD.date(), "at": OLD, "seen": OLD_UTC, "bytes": b"\xff", "note": "é"}])
    plan = plan_read(lakehouse, contract)
    with with_settings(spark, HOSTILE):
        read = Engine(SPARK).read(plan, lakehouse)
        (found,) = read.selectExpr("day = DATE '1500-03-01'", "unix_micros(seen)", "at", "bytes", "note").collect()
        micros = (OLD_UTC - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
        assert tuple(found) == (True, micros, OLD, b"\xff", "é")
        assert {name: spark.conf.get(name) for name in HOSTILE} == HOSTILE
        Path(plan.files[0]).write_bytes(b"no Parquet file")
        with pytest.raises(Exception, match="not a Parquet file"):
            read.collect()
        Path(plan.files[0]).unlink()
        with pytest.raises(Exception, match="does not exist"):
            read.collect()


def test_rows_from_outside_come_in_the_nearest_types(spark: Any) -> None:  # noqa: F811
    relation = duckdb.sql(OUTSIDE)
    frame = Engine(SPARK).convert(relation)
    assert {field.name: field.dataType.simpleString() for field in frame.schema} == {
        "a": "smallint", "b": "int", "c": "bigint", "d": "decimal(20,0)", "at": "timestamp_ntz", "ns": "timestamp_ntz",
        "seen": "timestamp", "list": "array<string>", "map": "map<string,int>", "struct": "struct<a:int,b c:date>",
        "enum": "string", "nothing": "void", "bytes": "binary", "money": "decimal(38,9)",
    }  # fmt: skip
    expected = relation.to_arrow_table().drop_columns(["ns"]).to_pylist(maps_as_pydicts="strict")
    assert collect(frame.drop("ns")).to_pylist(maps_as_pydicts="strict") == expected
    assert collect(frame.select("ns")).to_pylist() == [{"ns": OLD.replace(year=2000)}, {"ns": None}]


def test_a_time_of_day_needs_a_spark_that_has_one(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    contract = small(id=LONG, opens=TIME, hours=ColumnType("list", element=TIME))
    rows = [{"id": 1, "opens": time(23, 59, 59, 999999), "hours": [time(1), None]}]
    put(lakehouse, contract, rows)
    if types.TIMES:
        assert got(lakehouse, contract, frame=SPARK) == rows
    monkeypatch.delitem(spark_types.PRIMITIVES, "time", raising=False)
    with pytest.raises(
        LakehouseError, match=r"has no type for a time of day \(opens, hours\); Spark 4\.1 is the first"
    ):
        got(lakehouse, contract, frame=SPARK)
    with pytest.raises(LakehouseError, match=r"shop\.small: Spark .* \(opens\)"):
        put(lakehouse, contract, Engine(SPARK).convert(duckdb.sql("SELECT 1::BIGINT AS id")))
    assert got(lakehouse, contract, columns=["id"], frame=SPARK) == [{"id": 1}]
