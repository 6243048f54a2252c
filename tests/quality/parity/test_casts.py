"""One meaning on every engine: the same values are lost in a cast, and the others become the same.

What the casts mean is DuckDB's, which `test_conform.py` holds against plain Python.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import small
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Column, ColumnType, Contract, Partitioning, PartitionKey, Rule
from data_platform.contracts.types import FLOATING, PRIMITIVES
from data_platform.quality.conform import SPELT, spelling
from data_platform.quality.frames.polars import PolarsRows
from data_platform.quality.rows import CONFORMED, ROW

from ..audits import conformed
from .frames import audited, failing_ids, metrics, polars, spark_frame

NAN, INF = math.nan, math.inf
MONEY, SHORT, WIDE = ColumnType("decimal", 10, 2), ColumnType("decimal", 4, 0), ColumnType("decimal", 38, 4)
NUMBERS, TIMES = ("int", "long", "float", "double"), ("timestamp", "timestamptz")
DAYS = ["2026-01-31", "2024-02-29", "0001-01-01", "9999-12-31", "1582-10-10"]
NO_DAYS = ["2026-02-29", "2026-1-1", "0000-00-00", "today", "epoch", "infinity", "2026-01-31 Nowhere"]
CLOCKS = ["08:30", "08:30:01", "08:30:01.5", "23:59:59.999999", "08:30:00.1234560000"]
NO_CLOCKS = ["08:30:00.1234567", "24:00", "8:30", "08:61", "08", "23:59:60"]
ZONES = ["", "Z", " Z", "UTC", " UTC", "+02:00", "-0330", "+05", " +00:30", "-00:30", "+2", "Europe/Oslo", "+99:99"]
NUMERALS = """
    12 +007 -0 -1 12.5 12.50 12.500 12.505 1. .5 .005 -.5 1e3 1E-2 2147483647 2147483648 -2147483648 9223372036854775807
    9223372036854775808 -9223372036854775808 99999999.99 100000000 1e400 -1e400 1e39 1e-400 nan NaN -nan inf +Infinity -INF
    infinit 1_000 0x1F 0.1 16777217 9007199254740993 1.00000017881393432617187500 1.00000017881393432617187501 - + . e5
    00000000000000000000000000000000000000000000007 0.00000000000000000000000000000000000000000000000 9e999999999
    999999999999999999999999999999999999999 true FALSE tRuE t 1 yes null
""".split()  # noqa: SIM905
TEXTS = [
    *("", " ", "a", " 12 ", "\t12", "12\n", "\u0663", "fal\u017fe", "0000-01-01", "\u00a012"),
    *(*NUMERALS, *DAYS, *NO_DAYS, *CLOCKS, *NO_CLOCKS),
    *(f"{day}{between}{clock}{zone}" for day in DAYS for between in "T " for clock in CLOCKS[1:4] for zone in ZONES),
    *(f"2026-01-01 {clock}{zone}" for clock in NO_CLOCKS for zone in ("", "+02:00")),
]
INTEGERS = [0, 1, -1, 127, -128]
WHOLES = [*INTEGERS, 9999, 10_000, 2**24 + 1, 2**31 - 1, -(2**31)]
LONGS = [*WHOLES, 2**31, 99_999_999, 10**8, 2**53, 2**53 + 1, 2**63 - 1, -(2**63)]
SINGLES = [0.0, -0.0, 0.5, 1.0, -2.5, 2.0**31, 2.0**63, -(2.0**63), 3e38, NAN, INF, -INF]
DOUBLES = [*SINGLES, 0.1, 0.29, 0.57, 1.005, 1e8, 99999999.99, 1e39, 1e300, 5e-324]
DECIMALS = list(map(Decimal, ("0", "1.5", "1.005", "-1.230", "99999999.99", "999999999")))
INSTANTS = [datetime(2026, 1, 1), datetime(2026, 3, 8, 2, 30), datetime(1969, 12, 31, 23, 59, 59, 999999)]
INSTANTS += [datetime(1, 1, 1), datetime(9999, 12, 31)]
Source = tuple[pa.DataType, list[Any], list[ColumnType]]
"""The type that a column is staged with, its values, and the contract's types it is cast to."""


def to(*kinds: str | ColumnType) -> list[ColumnType]:
    return [kind if isinstance(kind, ColumnType) else ColumnType(kind) for kind in kinds]


SOURCES: dict[str, Source] = {
    "text": (pa.string(), TEXTS, to(*PRIMITIVES, MONEY, SHORT, WIDE)),
    "tiny": (pa.int8(), INTEGERS, to(*NUMBERS, "string", MONEY, SHORT)),
    "whole": (pa.int32(), WHOLES, to("long", "float", "double", MONEY, SHORT, WIDE)),
    "long": (pa.int64(), LONGS, to("int", "float", "double", "string", MONEY, SHORT, WIDE)),
    "single": (pa.float32(), SINGLES, to("int", "long", "double")),
    "number": (pa.float64(), DOUBLES, to("int", "long", "float", MONEY, SHORT)),
    "money": (pa.decimal128(12, 3), DECIMALS, to("int", "long", MONEY, SHORT, WIDE)),
    "day": (pa.date32(), [each.date() for each in INSTANTS], to(*TIMES)),
    "at": (pa.timestamp("us"), INSTANTS, to("date", "timestamptz")),
    "seen": (pa.timestamp("us", "UTC"), [each.replace(tzinfo=UTC) for each in INSTANTS], to("timestamp")),
    "flag": (pa.bool_(), [True, False], to("string")),
}
NOT_IN_SPARK: dict[str, Source] = {
    "tiny, unsigned": (pa.uint8(), [0, 255], to("int", "long", MONEY)),
    "long, unsigned": (pa.uint64(), [0, 2**31, 2**63, 2**64 - 1], to("int", "long", "double", MONEY)),
    "nanoseconds": (pa.timestamp("ns"), [0, 1, 1000, -1, -1000], to("timestamp")),
    "milliseconds": (pa.timestamp("ms"), [0, -1], to(*TIMES)),
    "Oslo": (pa.timestamp("us", "Europe/Oslo"), [0, -1], to(*TIMES)),
    "null": (pa.null(), [], to("long", "string", ColumnType("list", element=ColumnType("long")))),
}
LEFT_TO_DUCKDB: dict[str, Source] = {  # Polars does not promise to cast these as DuckDB does
    "fine": (pa.decimal128(18, 4), [Decimal("0.1"), Decimal("42353924769657")], to("double")),
    "number": (pa.float64(), [0.1, 1e20], to("string", ColumnType("decimal", 38, 10))),
    "bytes": (pa.binary(), [b"a", "é".encode(), b"\xff"], to("string")),
    "flag": (pa.bool_(), [True, False], to("long")),
}


def pairs(sources: dict[str, Source], folder: Path) -> tuple[Contract, pa.Table]:
    """A column for every cast, beside what DuckDB makes of it, with rules that find any difference between them."""
    casts = [(f"x{place}_{i}", *source) for place, source in enumerate(sources.values()) for i in range(len(source[2]))]
    kinds = {name: kinds[int(name.split("_")[1])] for name, _, _, kinds in casts}
    rows = max(len(values) for _, values, _ in sources.values()) + 1
    columns = {"id": pa.array(range(rows), pa.int64()), "part": pa.array(map(str, range(rows)), pa.string())}
    columns |= {name: pa.array([*values, *[None] * (rows - len(values))], staged) for name, staged, values, _ in casts}
    staged = pa.table(columns)
    contract = replace(small(**kinds), unknown_columns="ignore")
    with conformed(contract, folder, staged) as (connection, _):
        expected = connection.sql(f"SELECT * FROM {CONFORMED} ORDER BY {ROW}").to_arrow_table()
    for name in kinds:
        staged = staged.append_column(f"{name}_expected", expected.column(name))
    every = [Column("id", ColumnType("long")), Column("part", ColumnType("string"))]
    rules = []
    for name, kind in kinds.items():
        every += [Column(name, kind), Column(f"{name}_expected", kind)]
        rules += [Rule(f"{name}_type", "type", (name,)), Rule(f"{name}_required", "required", (name,))]
        if not kind.is_nested:
            rules.append(Rule(f"{name}_same", "comparison", (name, f"{name}_expected"), {"operator": "=="}))
    return replace(small(*rules), columns=tuple(every)), staged


def check(contract: Contract, table: pa.Table, found: dict[str, list[int]]) -> None:
    """Values that are lost are neither missing nor compared; the others are what DuckDB makes of them, NaN apart."""
    by_duckdb = audited(table, contract)
    for rule in contract.rules:
        kind = contract.column(rule.columns[0]).type
        assert found[rule.name] == failing_ids(by_duckdb, rule), (rule.name, kind)
        if rule.kind == "comparison" and kind.kind not in FLOATING:
            assert found[rule.name] == []


@pytest.mark.parametrize("source", [*SOURCES, *NOT_IN_SPARK])
def test_polars_casts_as_duckdb_does(source: str, tmp_path: Path) -> None:
    contract, table = pairs({source: (SOURCES | NOT_IN_SPARK)[source]}, tmp_path)
    by_polars = audited(polars(table), contract)
    check(contract, table, {rule.name: failing_ids(by_polars, rule) for rule in contract.rules})
    assert None not in PolarsRows(polars(table), contract, {})._casts.values(), "DuckDB did it"


@pytest.mark.parametrize("source", LEFT_TO_DUCKDB)
def test_what_polars_does_not_promise_is_left_to_duckdb(source: str, tmp_path: Path) -> None:
    contract, table = pairs({source: LEFT_TO_DUCKDB[source]}, tmp_path)
    by_polars = audited(polars(table), contract)
    check(contract, table, {rule.name: failing_ids(by_polars, rule) for rule in contract.rules})


SPELLABLE = to(*(name for name in PRIMITIVES if name in SPELT), MONEY, SHORT)


@settings(max_examples=30, deadline=None)
@given(data=st.data(), kind=st.sampled_from(SPELLABLE))
def test_polars_reads_generated_text_as_duckdb_does(
    data: st.DataObject, kind: ColumnType, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alphabet = st.characters(codec="utf-8", exclude_characters="\x00")
    spelt = st.from_regex(re.compile(spelling(kind), re.ASCII), fullmatch=True, alphabet=alphabet)
    near = st.text("0123456789-+:. eTZ", max_size=12) | st.text(max_size=5, alphabet=alphabet)
    texts = data.draw(st.lists(spelt | spelt.map(lambda text: f" {text}") | near, min_size=1, max_size=20))
    contract, table = pairs({"text": (pa.string(), texts, [kind])}, tmp_path_factory.mktemp("duckdb"))
    by_polars = audited(polars(table), contract)
    check(contract, table, {rule.name: failing_ids(by_polars, rule) for rule in contract.rules})


def spark_check(spark: Any, folder: Path, sources: dict[str, Source]) -> None:  # noqa: F811
    """In one query: every row is a partition of its own."""
    contract, table = pairs(sources, folder / "duckdb")
    by_row = replace(contract, partitioning=Partitioning((PartitionKey("part", "static"),)))
    found = metrics(audited(spark_frame(spark, table, folder), by_row))
    broken = {
        rule.name: sorted(int(part) for part, each in found.items() if each[rule.name]) for rule in contract.rules
    }
    check(contract, table, broken)


@pytest.mark.slow
def test_spark_casts_as_duckdb_does(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    some = {"text": (pa.string(), TEXTS[::3], to("int", "double", "timestamp")), "number": SOURCES["number"]}
    spark_check(spark, tmp_path, some)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_all_of_sparks_casts_are_duckdbs(source: str, spark: Any, tmp_path: Path) -> None:  # noqa: F811
    spark_check(spark, tmp_path, {source: SOURCES[source]})
