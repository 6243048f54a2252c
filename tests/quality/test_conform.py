"""Casting staged columns to the contract's: what survives the way there and back is accepted, and nothing else."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    MONEY,
    PRICES,
    QUARANTINE,
    SIZE,
    TAGS,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    WARN,
    orders,
    small,
    table,
)

from data_platform.contracts import Column, ColumnType, Partitioning, PartitionKey, Rule
from data_platform.contracts.types import PRIMITIVES
from data_platform.quality.audit import audit
from data_platform.quality.conform import Cast, cast, conform
from data_platform.quality.rows import broken_rows
from data_platform.quality.sql import sql_type

from .audits import conformed, metrics

DATABASE = duckdb.connect()
DATABASE.execute("SET TimeZone = 'UTC'")
WHOLE_NUMBER, SHORT = ColumnType("decimal", 5, 0), ColumnType("decimal", 4, 1)
TARGETS = [*map(ColumnType, PRIMITIVES), MONEY, TAGS, SIZE, PRICES]
SAMPLES = {  # one value of every type that DuckDB can stage
    "BOOLEAN": "true",
    "TINYINT": "1::TINYINT",
    "SMALLINT": "1::SMALLINT",
    "INTEGER": "1::INTEGER",
    "BIGINT": "1::BIGINT",
    "HUGEINT": "1::HUGEINT",
    "UTINYINT": "1::UTINYINT",
    "USMALLINT": "1::USMALLINT",
    "UINTEGER": "1::UINTEGER",
    "UBIGINT": "1::UBIGINT",
    "UHUGEINT": "1::UHUGEINT",
    "FLOAT": "1.5::FLOAT",
    "DOUBLE": "1.5::DOUBLE",
    "DECIMAL": "1.5::DECIMAL(9,3)",
    "VARCHAR": "'1'",
    "BLOB": "'a'::BLOB",
    "DATE": "DATE '2026-01-01'",
    "TIME": "TIME '10:00:00'",
    "TIMETZ": "'10:00:00+00'::TIMETZ",
    "TIMESTAMP": "TIMESTAMP '2026-01-01'",
    "TIMESTAMP_S": "'2026-01-01'::TIMESTAMP_S",
    "TIMESTAMP_MS": "'2026-01-01'::TIMESTAMP_MS",
    "TIMESTAMP_NS": "'2026-01-01'::TIMESTAMP_NS",
    "TIMESTAMPTZ": "'2026-01-01'::TIMESTAMPTZ",
    "UUID": "'6ba7b810-9dad-11d1-80b4-00c04fd430c8'::UUID",
    "INTERVAL": "INTERVAL 1 DAY",
    "ENUM": "'a'::ENUM('a', '[]')",
    "JSON": "'[1]'::JSON",
    "BIT": "'101'::BIT",
    "LIST": "['a']",
    "ARRAY": "[1, 2]::INTEGER[2]",
    "STRUCT": "{'width': 1, 'Unit of it': 'cm'}",
    "MAP": "MAP {'a': 1::BIGINT}",
    "NULL": "NULL",
}


def through(staged: str, target: ColumnType) -> tuple[Any, bool, Cast]:
    """The value of a SQL expression as a column of the target type, whether it was lost, and the cast."""
    kind = str(DATABASE.sql(f"SELECT {staged} AS x").types[0])
    made = cast(Column("x", target), kind)
    query = f"SELECT {made.expression}, {made.is_lost or 'false'} FROM (SELECT {staged} AS x)"
    row = DATABASE.execute(query).fetchone()
    assert row is not None
    return *row, made


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("staged", SAMPLES)
def test_every_staged_type_casts_to_every_type_or_says_that_it_cannot(staged: str, target: ColumnType) -> None:
    value, lost, _ = through(SAMPLES[staged], target)
    missing, kept = staged == "NULL", value is not None
    assert lost == (not missing and not kept) or (lost and kept), "a value is there, or lost, or was never there"


@pytest.mark.parametrize("kind", TARGETS, ids=str)
def test_a_column_of_the_contracts_own_type_is_taken_as_it_is(kind: ColumnType) -> None:
    with duckdb.connect() as connection:
        spelt = str(connection.sql(f"SELECT CAST(NULL AS {sql_type(kind)}) AS x").types[0])
    assert cast(Column("x", kind), spelt).is_identity


NEVER_LOST = [
    ("INTEGER", LONG),
    ("UINTEGER", LONG),
    ("SMALLINT", INT),
    ("USMALLINT", INT),
    ("INTEGER", DOUBLE),
    ("FLOAT", DOUBLE),
    ("SMALLINT", FLOAT),
    ("DATE", TIMESTAMP),
    ("TIMESTAMP_MS", TIMESTAMP),
    ("TIMESTAMP", TIMESTAMPTZ),
    ("DECIMAL(8,2)", MONEY),
    ("DECIMAL(8,0)", MONEY),
    ("SMALLINT", MONEY),
    ("INTEGER", ColumnType("decimal", 12, 2)),
    ("UUID", TEXT),
    ("ENUM('a', '[]')", TEXT),
    ("DATE", TEXT),
    ("JSON", TEXT),
    ("VARCHAR", BINARY),
    ('"NULL"', LONG),
    ('"NULL"', TAGS),
]
MAY_BE_LOST = [
    ("BIGINT", INT),
    ("UBIGINT", LONG),
    ("UINTEGER", INT),
    ("BIGINT", DOUBLE),
    ("INTEGER", FLOAT),
    ("DOUBLE", FLOAT),
    ("DOUBLE", LONG),
    ("DECIMAL(9,2)", SHORT),
    ("DECIMAL(10,3)", MONEY),
    ("DECIMAL(11,2)", MONEY),
    ("INTEGER", MONEY),
    ("TIMESTAMP_NS", TIMESTAMP),
    ("TIMESTAMP", DATE),
    ("VARCHAR", LONG),
    ("VARCHAR", TAGS),
    ("BLOB", TEXT),
    ("VARCHAR[]", TEXT),
    ("INTEGER[2]", TEXT),
]


@pytest.mark.parametrize(("staged", "target"), NEVER_LOST, ids=str)
def test_what_merely_widens_is_widened_while_staging(staged: str, target: ColumnType) -> None:
    assert cast(Column("x", target), staged).is_lost is None


@pytest.mark.parametrize(("staged", "target"), MAY_BE_LOST, ids=str)
def test_what_could_lose_is_checked_row_by_row(staged: str, target: ColumnType) -> None:
    assert cast(Column("x", target), staged).is_lost


SPELLINGS: list[tuple[ColumnType, dict[str, Any], list[str]]] = [  # type, text that is a value of it, text that is not
    (
        LONG,
        {"12": 12, " 12 ": 12, "-1": -1, "+007": 7, str(2**63 - 1): 2**63 - 1},
        ["", "12.5", "12.0", "1e3", "0x1F", "1_000", "\u0663", "9223372036854775808", "twelve", "12\n"],
    ),
    (INT, {str(2**31 - 1): 2**31 - 1}, [str(2**31)]),
    (
        DOUBLE,
        {"1.5": 1.5, "-.5": -0.5, "5.": 5.0, "1e3": 1000.0, "inf": math.inf, "-Infinity": -math.inf},
        ["", "1_000", "1,5", "1e400", "abc", "1.5.2", "e5"],
    ),
    (FLOAT, {"0.5": 0.5}, ["1e39", "x"]),
    (
        MONEY,
        {
            "12": Decimal("12.00"),
            "12.5": Decimal("12.50"),
            "12.500": Decimal("12.50"),
            ".05": Decimal("0.05"),
            "-1": Decimal("-1.00"),
        },
        ["12.505", ".005", "1e2", "123456789.00", "", "1,5", "--1"],
    ),
    (WHOLE_NUMBER, {"12": Decimal("12"), "12.00": Decimal("12")}, [".5", "0.5", "123456"]),
    (BOOLEAN, {"true": True, "FALSE": False}, ["1", "yes", "t", ""]),
    (
        DATE,
        {"2026-01-31": date(2026, 1, 31)},
        ["2026-02-30", "2026-1-1", "31.01.2026", "2026-01-31 10:00", "today", "infinity", "epoch"],
    ),
    (
        TIME,
        {"08:30": time(8, 30), "08:30:01.5": time(8, 30, 1, 500000)},
        ["24:00:00", "08:30:00.1234567", "8", "25:00"],
    ),
    (
        TIMESTAMP,
        {
            "2026-01-01": datetime(2026, 1, 1),
            "2026-01-01T10:00": datetime(2026, 1, 1, 10),
            "2026-01-01 10:00:00.25": datetime(2026, 1, 1, 10, 0, 0, 250000),
            "2026-01-01T10:00:00+02:00": datetime(2026, 1, 1, 8),
            "2026-01-01T10:00:00Z": datetime(2026, 1, 1, 10),
        },
        ["2026-01-01 10:00:00.1234567", "2026-01-01 24:00", "infinity", "epoch", "now", "1767261600", "2026-13-01"],
    ),
    (
        TIMESTAMPTZ,
        {
            "2026-01-01T10:00:00+02:00": datetime(2026, 1, 1, 8, tzinfo=UTC),
            "2026-01-01 10:00:00": datetime(2026, 1, 1, 10, tzinfo=UTC),
        },
        ["2026-01-01 10:00 Nowhere", "infinity", ""],
    ),
]


@pytest.mark.parametrize(
    ("kind", "spelling", "value"),
    [(kind, spelling, value) for kind, good, _ in SPELLINGS for spelling, value in good.items()],
    ids=repr,
)
def test_text_that_spells_a_value_becomes_it(kind: ColumnType, spelling: str, value: Any) -> None:
    assert through(f"'{spelling}'", kind)[:2] == (value, False)


@pytest.mark.parametrize(
    ("kind", "spelling"), [(kind, spelling) for kind, _, bad in SPELLINGS for spelling in bad], ids=repr
)
def test_text_that_spells_no_value_is_lost(kind: ColumnType, spelling: str) -> None:
    assert through(f"'{spelling}'", kind)[1] is True


def test_not_a_number_is_a_value_of_a_double() -> None:
    value, lost, _ = through("'NaN'", DOUBLE)
    assert math.isnan(value) and not lost


def test_text_becomes_its_bytes_and_bytes_their_text() -> None:
    assert through("' é\\x41 '", BINARY)[0] == " é\\x41 ".encode()
    assert through("encode(' é ')", TEXT)[:2] == (" é ", False)
    assert through(r"'\xFF'::BLOB", TEXT)[1] is True


NUMBERS = {  # staged DuckDB type -> its values
    "BIGINT": st.integers(-(2**63), 2**63 - 1),
    "UBIGINT": st.integers(0, 2**64 - 1),
    "DOUBLE": st.floats(),
    "DECIMAL(18,4)": st.decimals("-99999999999", "99999999999", places=4),  # beyond 53 bits a double may refuse more
}


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(list(NUMBERS)), st.sampled_from([INT, LONG, MONEY, WHOLE_NUMBER, FLOAT, DOUBLE]))
def test_a_number_is_accepted_exactly_if_it_survives_the_way_there_and_back(
    data: st.DataObject, staged: str, target: ColumnType
) -> None:
    near = st.integers(-(2**33), 2**33) | st.sampled_from([2**24 + 1, 2**53, 2**53 + 1, 99_999_999, 100_000_000])
    close = near if staged == "BIGINT" else near.map(abs) if staged == "UBIGINT" else st.floats(-1e6, 1e6, width=32)
    value = data.draw(NUMBERS[staged] | (close if "DECIMAL" not in staged else NUMBERS[staged]))
    if isinstance(value, Decimal) and target in (FLOAT, DOUBLE):
        value = Decimal(int(value) % 1_000_000)  # fractions and long numbers: see the next test
    found, lost, _ = through(f"'{value!s}'::{staged}", target)
    assert (not lost) == holds(value, target)
    if not lost:
        same = float(found) if isinstance(found, Decimal) and isinstance(value, float) else found
        assert same == value or (math.isnan(same) and math.isnan(value))


def test_a_decimal_fraction_becomes_the_nearest_double_where_that_leads_back_to_it() -> None:
    assert through("0.1::DECIMAL(18,4)", DOUBLE)[:2] == (0.1, False)
    assert through("99999999999999.9999::DECIMAL(18,4)", DOUBLE)[1] is True
    # DuckDB's way back is exact for 15 digits only; beyond that a row is rather held back than changed.
    assert through("42353924769657::DECIMAL(18,4)", DOUBLE)[1] is True


def holds(value: Any, target: ColumnType) -> bool:
    """Whether the target type has this number, in Python's own arithmetic: exactly, or, for a float that becomes a decimal,
    so that the decimal's nearest float is the same one."""
    if isinstance(value, float) and not math.isfinite(value):
        return target in (FLOAT, DOUBLE)
    exact = Decimal(value)
    match target.kind:
        case "int" | "long":
            limit = 2**31 if target == INT else 2**63
            return exact == int(exact) and -limit <= exact < limit
        case "double":
            return Decimal(float(value)) == exact
        case "float":
            try:
                return Decimal(struct.unpack("f", struct.pack("f", float(value)))[0]) == exact
            except OverflowError:
                return False
    scaled = exact.scaleb(target.scale)
    if isinstance(value, float) and abs(scaled) < 10**target.precision:
        scaled = scaled.to_integral_value()
        return float(scaled.scaleb(-target.scale)) == value and abs(scaled) < 10**target.precision
    return scaled == scaled.to_integral_value() and abs(scaled) < 10**target.precision


@settings(max_examples=100, deadline=None)
@given(st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(max_size=8) | st.dates() | st.booleans())
def test_text_is_accepted_as_a_whole_number_exactly_if_it_is_written_as_one(value: Any) -> None:
    spelt = str(value)
    if "\x00" in spelt:
        return
    is_number = re.fullmatch(r" *[+-]?[0-9]+ *", spelt) is not None and -(2**63) <= int(spelt) < 2**63
    found, lost, _ = through("'" + spelt.replace("'", "''") + "'", LONG)
    assert (not lost) == is_number
    assert lost or found == int(spelt)


def test_missing_optional_columns_become_null_and_missing_required_ones_are_problems(tmp_path: Path) -> None:
    contract = small(id=LONG, note=TEXT)
    with conformed(contract, tmp_path, pa.table({"id": [1]})) as (connection, _):
        assert connection.sql("SELECT id, note FROM __conformed").fetchall() == [(1, None)]
    required = conform(orders(), {"id": "BIGINT"})
    assert "required column day (date) is missing" in required.problems
    assert not [problem for problem in required.problems if "amount" in problem]


def test_a_missing_partition_column_is_a_problem_even_if_it_is_optional() -> None:
    contract = small(id=LONG, day=DATE, partitioning=Partitioning((PartitionKey("day", "day", "2026-01-01"),)))
    assert conform(contract, {"id": "BIGINT"}).problems == ("required column day (date) is missing",)


def test_unknown_columns_are_refused_or_ignored_as_the_contract_says() -> None:
    staged = {"id": "BIGINT", "Id2": "BIGINT", "note": "VARCHAR"}
    contract = small(id=LONG)
    assert "Id2, note" in conform(contract, staged).problems[0]
    lenient = conform(replace(contract, unknown_columns="ignore"), staged)
    assert lenient.problems == () and lenient.ignored == ("Id2", "note") and not lenient.is_identity


@pytest.mark.parametrize("name", ["_rules", "__b0", "file_row_number", "File_Row_Number"])
def test_names_the_audit_needs_for_itself_are_refused(name: str) -> None:
    assert f"column {name} has a reserved name; rename it" in conform(small(**{name: LONG}), {name: "BIGINT"}).problems


def test_names_that_differ_in_case_only_are_refused() -> None:
    assert "upper and lower case" in conform(small(a=LONG, A=LONG), {"a": "BIGINT", "A": "BIGINT"}).problems[0]


def test_a_type_rule_counts_the_values_lost_in_its_own_columns(tmp_path: Path) -> None:
    rules = (Rule("types", "type", ("a",), on_failure=QUARANTINE), Rule("b_type", "type", ("b",)))
    contract = small(*rules, a=LONG, b=LONG, c=LONG)
    frame = pa.table({"a": ["1", "x", "y"], "b": ["x", "2", "3"], "c": [1, 2, 3]})
    assert metrics(contract, tmp_path, frame) == {"": {"types": 2.0, "b_type": 1.0}}


@pytest.mark.parametrize("rules", [(), (Rule("types", "type", ("a",), on_failure=WARN),)], ids=["no rule", "a warning"])
def test_values_lost_under_no_strict_type_rule_are_counted_apart(rules: tuple[Rule, ...], tmp_path: Path) -> None:
    contract = small(*rules, a=LONG)
    with conformed(contract, tmp_path, pa.table({"a": ["1", "x"]})) as (connection, shape):
        assert audit(connection, contract, shape, [""], contract.rules)[""].lost == {"a": 1}


def test_a_type_rule_without_lossy_casts_is_never_broken(tmp_path: Path) -> None:
    contract = orders()
    with conformed(contract, tmp_path, table([], contract)) as (_, shape):
        assert shape.is_identity
        assert broken_rows(contract.rules[0], contract, shape) == "FALSE"


@pytest.mark.parametrize("kind", ["required", "null_values", "missing_values"])
def test_a_value_lost_in_its_cast_is_not_missing(kind: str, tmp_path: Path) -> None:
    rules = (Rule("types", "type", ("a",), on_failure=QUARANTINE), Rule("there", kind, ("a",)))
    frame = pa.table({"a": ["1", "x", None]})
    assert metrics(small(*rules, a=LONG), tmp_path, frame) == {"": {"types": 1.0, "there": 1.0}}
