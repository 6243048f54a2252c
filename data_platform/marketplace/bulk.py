"""Whole columns into and out of PostgreSQL: COPY with CSV written and parsed by Arrow, inside the caller's transaction."""

import io
from typing import LiteralString

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql

from .draws import Ints

UTC_MICROSECONDS = pa.timestamp("us", tz="UTC")
Columns = dict[str, object]  # name -> array or list, all of one length


def timestamps(microseconds: Ints) -> pa.Array:
    return pa.array(microseconds).cast(UTC_MICROSECONDS)


def copy_in(connection: psycopg.Connection, table: str, columns: Columns) -> None:
    """Append the rows."""
    rows = io.BytesIO()
    # Arrow quotes every value and leaves nulls bare: just what tells '' from NULL in PostgreSQL's CSV.
    style = pyarrow.csv.WriteOptions(include_header=False, quoting_style="all_valid")
    pyarrow.csv.write_csv(pa.table(columns), rows, style)
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with connection.cursor().copy(into) as copy:
        copy.write(rows.getbuffer())


def update(connection: psycopg.Connection, table: str, key: str, columns: Columns) -> None:
    """Set the other columns of the rows whose `key` is given."""
    staged = sql.Identifier("staged_update")
    names = [sql.Identifier(name) for name in columns]
    target = {"staged": staged, "table": sql.Identifier(table), "key": sql.Identifier(key)}
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {staged} ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA").format(
            **target, names=sql.SQL(", ").join(names)
        )
    )
    copy_in(connection, "staged_update", columns)
    assignments = [sql.SQL("{0} = staged_update.{0}").format(name) for name in names if name != target["key"]]
    connection.execute(
        sql.SQL("UPDATE {table} SET {assignments} FROM {staged} WHERE {table}.{key} = {staged}.{key}").format(
            **target, assignments=sql.SQL(", ").join(assignments)
        )
    )
    connection.execute(sql.SQL("DROP TABLE {}").format(staged))


def fetch(connection: psycopg.Connection, query: LiteralString, parameters: tuple = ()) -> dict[str, np.ndarray]:
    """The query's columns, all of them numbers, as arrays. Moments: select `micros(column)`."""
    text = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(
        sql.SQL(query.replace("%s", "{}")).format(*map(sql.Literal, parameters))
    )
    with connection.cursor().copy(text) as copy:
        answer = b"".join(copy)
    table = pyarrow.csv.read_csv(io.BytesIO(answer))
    return {name: _numbers(table[name]) for name in table.column_names}


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return np.empty(0, np.int64) if pa.types.is_null(column.type) else column.to_numpy().copy()


def next_id(connection: psycopg.Connection, key: str, table: str) -> int:
    """One more than any id ever given, asked of the change table so that a deleted row's id is not given again."""
    query = sql.SQL("SELECT coalesce(max({}), 0) + 1 FROM {}").format(sql.Identifier(key), sql.Identifier(table))
    return connection.execute(query).fetchall()[0][0]
