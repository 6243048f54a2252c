"""The lineage of SQL against DuckDB itself: where an input column changes, only what has an edge from it may change."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator

import duckdb
import pytest

from data_platform.lineage import ANY
from data_platform.lineage.sql import sql_lineage
from data_platform.lineage.sql.relation import distinctly
from tests.lineage.sql_cases import COLUMNS, TABLES, Case, cases

NOT_RUN = {
    "the old arrow makes a lambda, too",
    "a file",
    "an unknown table",
    "a column that nobody knows",
    "no query",
    "a statement that is not parsed",
    "no SQL",
}
SOME = random.Random(5)
TYPES = {"c": "VARCHAR", "l": "INTEGER[]", "s": "STRUCT(x INTEGER, y INTEGER)"}
ROWS, CHANGES = 8, 3


def value(column: str) -> object:
    number = SOME.choice([0, 1, 1, 2, 2, 3, 4, 11, 12])
    made: dict[str, Callable[[], object]] = {
        "c": lambda: f"x{number}",
        "l": lambda: [SOME.randrange(5) for _ in range(number % 4)],
        "s": lambda: {"x": number, "y": SOME.randrange(5)},
    }
    return made[column]() if column in made else number


Table = dict[str, list[object]]


def changed(table: Table, column: str, how: int) -> Table:
    """One value of a column, some values, or all of them changed to others or to nothing."""
    values = list(table[column])
    for row in [SOME.randrange(ROWS)] if how % 2 else range(ROWS):
        values[row] = None if how == 2 and row % 2 else value(column)
    return {**table, column: values}


@pytest.fixture(scope="module")
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A schema with the tables as they are, and one for each way in which a column is changed."""
    with duckdb.connect(config={"threads": 1}) as connection:
        there = {
            name: {c: [value(c) for _ in range(ROWS)] for c in columns.split()} for name, columns in COLUMNS.items()
        }
        write(connection, "asis", there)
        for name, table in there.items():
            for column in table:
                for how in range(CHANGES):
                    write(connection, f"{name}_{column}_{how}", {**there, name: changed(table, column, how)})
        yield connection


def write(connection: duckdb.DuckDBPyConnection, schema: str, tables: dict[str, Table]) -> None:
    connection.execute(f"CREATE SCHEMA {schema}")
    for name, table in tables.items():
        columns = ", ".join(f"{column} {TYPES.get(column, 'INTEGER')}" for column in table)
        connection.execute(f"CREATE TABLE {schema}.{name} ({columns})")
        marks = ", ".join("?" for _ in table)
        connection.executemany(f"INSERT INTO {schema}.{name} VALUES ({marks})", list(zip(*table.values(), strict=True)))


def result(connection: duckdb.DuckDBPyConnection, schema: str, query: str) -> tuple[list[str], list[Counter]]:
    """The names of the columns, and the values of each, in any order."""
    connection.execute(f"USE {schema}")
    for statement in connection.extract_statements(
        query.replace("$day", "1").replace("TEMP TABLE", "OR REPLACE TEMP TABLE")
    ):
        answer = connection.execute(statement)
    names = [*distinctly((each[0], frozenset()) for each in answer.description)]
    return names, [Counter(map(repr, values)) for values in zip(*answer.fetchall(), strict=True)] or [Counter()] * len(
        names
    )


@pytest.mark.parametrize("case", [each for each in cases() if each.title not in NOT_RUN], ids=str)
def test_what_changes_has_an_edge(case: Case, database: duckdb.DuckDBPyConnection) -> None:
    names, before = result(database, "asis", case.query)
    assert any(before), "a query without rows shows nothing"
    lineage = sql_lineage(case.query, TABLES, names)
    assert list(lineage.columns) == names
    for table, column in read(case.query):
        unexplained = [name for name in names if not {(table, column), (table, ANY)} & lineage.used(name)]
        for how in range(CHANGES if unexplained else 0):
            found, after = result(database, f"{table}_{column}_{how}", case.query)
            now = dict(zip(found, after, strict=True))
            changed = [name for name, values in zip(names, before, strict=True) if now.get(name) != values]
            assert not {*changed} & {*unexplained}, f"{changed} change with {table}.{column}"


def read(query: str) -> Iterator[tuple[str, str]]:
    """Every column of the tables that a query names."""
    for table, columns in COLUMNS.items():
        if re.search(rf"\b{table}\b", query, re.IGNORECASE):
            yield from ((table, column) for column in columns.split())
