"""The contract's own SQL: what it sees, and what it cannot reach."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from scenario import DATE, LONG, NASTY, small, table

from data_platform.contracts import Partitioning, PartitionKey, Rule, Threshold
from data_platform.lakehouse.duck import restrict
from data_platform.quality.audit import audit
from data_platform.quality.errors import RuleError

from .audits import conformed, metrics, verdicts

DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
ROWS = [{"x": x, "day": date(2026, 1, day)} for x, day in ((1, 1), (2, 1), (30, 2))]
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03")


def sql(query: str, *columns: str, threshold: Threshold | None = None) -> Rule:
    return Rule("rule", "sql", columns, {"query": query}, threshold or Threshold("mustBe", 1))


def measured(query: str, folder: Path, *columns: str) -> float:
    contract = small(sql(query, *columns), x=LONG)
    return metrics(contract, folder, pa.table({"x": pa.array([1, 2, 3, None], pa.int64())}))[""]["rule"]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("SELECT sum(x) FROM {object}", 6),
        ("SELECT count(*) FROM small", 4),
        ("SELECT max({property}) FROM {object}", 3),
        ("SELECT max({column}) FROM {object}", 3),
        ("WITH t AS (SELECT x FROM {object}) SELECT count(x) FROM t -- comment", 3),
        ("SELECT true", 1),
        ("SELECT 1.5::DECIMAL(4,2)", 1.5),
        ("SELECT x, 7 FROM {object} ORDER BY x DESC NULLS LAST", 3),
        ("SELECT struct_extract({'x': 4}, 'x')", 4),
        ("SELECT 'inf'::DOUBLE", math.inf),
    ],
)
def test_a_query_returns_one_number(query: str, number: float, tmp_path: Path) -> None:
    assert measured(query, tmp_path, "x") == number


@pytest.mark.parametrize("query", ["SELECT NULL", "SELECT avg(x) FROM {object} WHERE x > 99", "SELECT 1 WHERE false"])
def test_a_query_without_an_answer_measures_no_number(query: str, tmp_path: Path) -> None:
    assert math.isnan(measured(query, tmp_path))


def test_each_partition_is_measured_alone_the_empty_one_too(tmp_path: Path) -> None:
    contract = small(sql("SELECT count(*) + coalesce(sum(x), 0) FROM {object}"), partitioning=DAILY, x=LONG, day=DATE)
    found = metrics(contract, tmp_path, table(ROWS[:2], contract), table(ROWS[2:], contract), partitions=DAYS)
    assert {day: each["rule"] for day, each in found.items()} == dict(zip(DAYS, (5, 31, 0), strict=True))


def test_an_answer_that_is_not_what_it_must_be_blocks_its_partition_only(tmp_path: Path) -> None:
    rule = sql("SELECT sum(x) FROM {object}", threshold=Threshold("mustBeLessThan", 10))
    contract = small(rule, partitioning=DAILY, x=LONG, day=DATE)
    found = verdicts(contract, tmp_path, table(ROWS[:2], contract), table(ROWS[2:], contract), partitions=DAYS[:2])
    assert [each.blocked for each in found] == [False, True]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW __conformed",
        "DROP VIEW __conformed",
        "INSERT INTO small VALUES (1)",
        "SET memory_limit = '10GB'",
        "PRAGMA version",
        "COPY (SELECT 1) TO '/tmp/stolen.csv'",
        "ATTACH '/tmp/stolen.db'",
        "INSTALL httpfs",
        "",
        "SELEKT 1",
        "SELECT nothing FROM {object}",
        "SELECT * FROM elsewhere",
        "SELECT 'many'",
        "SELECT DATE '2026-01-01'",
        "SELECT $1",
    ],
)
def test_anything_but_one_select_of_a_number_is_an_error_that_names_the_rule(query: str, tmp_path: Path) -> None:
    with pytest.raises(RuleError, match=r"shop\.small: rule rule"):
        measured(query, tmp_path)


def test_a_name_with_quotes_is_one_identifier(tmp_path: Path) -> None:
    rule = sql("SELECT sum({property}) FROM {object}", NASTY)
    contract = small(rule, **{NASTY: LONG})
    assert metrics(contract, tmp_path, table([{NASTY: 2}, {NASTY: 3}], contract))[""]["rule"] == 5


SECRET = pa.table({"x": [1]})  # what a replacement scan would find
REACHES = [
    "SELECT count(*) FROM read_text('{folder}/secret.txt')",
    "SELECT count(*) FROM '{folder}/secret.csv'",
    "SELECT count(*) FROM read_csv('{folder}/secret.csv')",
    "SELECT count(*) FROM read_text('{folder}/staged/../secret.txt')",
    "SELECT count(*) FROM glob('{folder}/*')",
    "SELECT count(*) FROM sniff_csv('{folder}/secret.csv')",
    "SELECT count(*) FROM parquet_metadata('{folder}/secret.parquet')",
    "SELECT count(*) FROM read_text('http://127.0.0.1:9/x')",
    "SELECT count(*) FROM read_parquet('s3://bucket/x')",
    "SELECT getenv('HOME')",
    "SELECT count(*) FROM SECRET",
    "SELECT count(*) FROM query('SET threads = 1')",
    "SELECT count(*) FROM query('COPY (SELECT 1) TO ''{folder}/stolen.csv''')",
]


@pytest.mark.parametrize("query", REACHES)
def test_a_query_reaches_no_files_network_settings_or_python_objects(query: str, tmp_path: Path) -> None:
    for name in ("secret.txt", "secret.csv", "secret.parquet"):
        (tmp_path / name).write_text("x\n1\n")
    attempt = query.replace("{folder}", str(tmp_path))
    contract = small(sql(attempt), x=LONG)
    staged = tmp_path / "staged"
    with conformed(contract, staged, pa.table({"x": [1]}), alone=True) as (connection, shape):
        restrict(connection, [str(staged)], str(tmp_path / "spill"))
        with pytest.raises(RuleError):
            audit(connection, contract, shape, [""], contract.rules)
        with pytest.raises(duckdb.Error):  # even if it were run
            connection.execute(attempt)
    assert not (tmp_path / "stolen.csv").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "SET memory_limit = '10GB'",
        "SET enable_external_access = true",
        "SET allowed_directories = ['/']",
        "RESET lock_configuration",
        "COPY (SELECT 1) TO '{folder}/stolen.csv'",
        "ATTACH '{folder}/stolen.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "EXPORT DATABASE '{folder}/stolen'",
        "CREATE VIEW stolen AS SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_parquet('{folder}/other.parquet')",
    ],
)
def test_a_restricted_connection_reaches_what_it_was_given_and_nothing_else(statement: str, tmp_path: Path) -> None:
    for name in ("given", "other"):
        duckdb.sql("SELECT 1 AS x").write_parquet(str(tmp_path / f"{name}.parquet"))
    with duckdb.connect() as connection:
        restrict(connection, [], str(tmp_path / "spill"), [str(tmp_path / "given.parquet")])
        assert connection.execute(f"FROM read_parquet('{tmp_path}/given.parquet')").fetchall() == [(1,)]
        with pytest.raises(duckdb.Error):
            connection.execute(statement.replace("{folder}", str(tmp_path))).fetchall()
    assert not list(tmp_path.glob("stolen*"))


def test_the_restriction_leaves_the_staged_rows_readable(tmp_path: Path) -> None:
    contract = small(sql("SELECT sum(x) FROM {object}"), x=LONG)
    staged = tmp_path / "staged"
    with conformed(contract, staged, pa.table({"x": [1]}), alone=True) as (connection, shape):
        restrict(connection, [str(staged)], str(tmp_path / "spill"))
        assert audit(connection, contract, shape, [""], contract.rules)[""].metrics == {"rule": 1.0}
