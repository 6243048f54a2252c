"""Files that are no CSV: their own types stand, and what is nested stays nested."""

from __future__ import annotations

import gzip
import importlib
import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_platform.datasets.build import build_definitions
from data_platform.lakehouse import current_lakehouse
from data_platform.scaffold.native import column_type
from data_platform.scaffold.scaffold import Scaffolded, scaffold_files

N = 200
TABLE = pa.table(
    {
        "order_id": pa.array(range(N), pa.int64()),
        "pieces": pa.array([1] * N, pa.int8()),
        "price": pa.array([Decimal("9.50")] * N, pa.decimal128(12, 2)),
        "ratio": pa.array([0.5] * N, pa.float32()),
        "day": pa.array([date(2026, 1, 31)] * N),
        "at": pa.array([datetime(2026, 1, 31, 10, tzinfo=UTC)] * N, pa.timestamp("us", "UTC")),
        "code": pa.array([f"{at:05}" for at in range(N)]),
        "spelt": pa.array(["1.5"] * N),
        "tags": pa.array([["a", "b"]] * N, pa.list_(pa.string())),
        "place": pa.array([{"lat": 1.5, "city": "Lisboa"}] * N),
        "Total €": pa.array([None] * N, pa.int32()),
    }
)


def scaffold(tmp_path: Path, file: Path) -> Scaffolded:
    return scaffold_files([str(file)], "shop", tmp_path / "format_domains", base=str(tmp_path), owner="a@example.com")


def published(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("DATA_PLATFORM_FILES", str(tmp_path))
    for module in [each for each in sys.modules if each.partition(".")[0] == "format_domains"]:
        del sys.modules[module]
    found = build_definitions(importlib.import_module("format_domains")).assets or ()
    assert dg.materialize([each for each in found if isinstance(each, dg.AssetsDefinition)]).success
    table = current_lakehouse().existing_table(f"shop.{name}")
    assert table is not None
    return table.scan().to_arrow().to_pylist()


def types(done: Scaffolded) -> dict[str, str]:
    [table] = done.findings.tables
    return {column.name: str(column.type) for column in table.columns}


def test_parquet_keeps_its_own_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(TABLE, tmp_path / "orders.parquet")
    done = scaffold(tmp_path, tmp_path / "orders.parquet")
    assert types(done) == {
        "order_id": "long", "pieces": "int", "price": "decimal(12, 2)", "ratio": "float", "day": "date",
        "at": "timestamptz", "code": "string", "spelt": "string", "tags": "list<string>",
        "place": "struct<lat: double, city: string>", "total": "int",
    }  # fmt: skip
    assert done.findings.tables[0].key == ("order_id",)
    rows = published(tmp_path, "orders", monkeypatch)
    expected = [{**row, "total": row["Total €"]} for row in TABLE.to_pylist()]
    for row in expected:
        del row["Total €"]
    assert sorted(rows, key=lambda row: row["order_id"]) == expected


@pytest.mark.parametrize("zipped", [False, True])
def test_json_lines_are_typed_as_text_is_and_what_is_nested_is_told(
    zipped: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [
        {"event_id": f"{at:032x}", "at": "2026-01-31T10:00:00Z", "n": at, "price": 9.5, "ok": True, "who": {"id": at}}
        for at in range(N)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    file = tmp_path / ("events.jsonl.gz" if zipped else "events.jsonl")
    file.write_bytes(gzip.compress(text) if zipped else text)
    done = scaffold(tmp_path, file)
    assert types(done) == {
        "event_id": "string", "at": "timestamptz", "n": "int", "price": "decimal(18, 2)", "ok": "boolean", "who": "string",
    }  # fmt: skip
    assert "JSON text" in done.findings.tables[0].column("who").notes[0]
    arrived = sorted(published(tmp_path, "events", monkeypatch), key=lambda row: row["event_id"])
    assert [(row["event_id"], row["n"], json.loads(row["who"])) for row in arrived] == [
        (row["event_id"], row["n"], row["who"]) for row in rows
    ]


@pytest.mark.parametrize(
    ("spelt", "expected"),
    [
        ("UBIGINT", "decimal(20, 0)"),
        ("UUID", "string"),
        ("TIMESTAMP_NS", "timestamp"),
        ("DECIMAL(12,2)[]", "list<decimal(12, 2)>"),
        ('STRUCT("a b" INTEGER, c VARCHAR[])', "struct<a b: int, c: list<string>>"),
        ("MAP(VARCHAR, STRUCT(x DOUBLE, y DOUBLE))", "map<string, struct<x: double, y: double>>"),
        ("ENUM('a', 'b')", "string"),
    ],
)
def test_a_type_of_duckdb_is_the_contracts_nearest(spelt: str, expected: str) -> None:
    assert str(column_type(spelt)) == expected
