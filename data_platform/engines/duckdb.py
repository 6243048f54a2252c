"""DuckDB relations, on DuckDB's default connection, so that `duckdb.sql("... from listings join views ...")` works on
a function's parameters by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from duckdb import DuckDBPyRelation

from data_platform.lakehouse.duck import prepare
from data_platform.quality.sql import files, identifier, settle, sql_type

if TYPE_CHECKING:
    from data_platform.lakehouse import ReadPlan


def read(plan: ReadPlan, warehouse: str, frame: str = "") -> DuckDBPyRelation:
    connection = duckdb.default_connection()
    prepare(connection, warehouse)
    source = f"FROM {files(plan.files, ', union_by_name=true')}" if plan.files else "WHERE FALSE"
    stored = connection.sql(f"SELECT * {source}").columns if plan.files else []
    columns = [  # null where old files lack the column, and widened where they have a narrower type
        f"CAST({identifier(column.name) if column.name in stored else 'NULL'} AS {sql_type(column.type)}) "
        f"AS {identifier(column.name)}"
        for column in plan.columns
    ]
    return connection.sql(f"SELECT {', '.join(columns)} {source} /* {plan.dataset} */")  # tells reads of no rows apart


def convert(relation: DuckDBPyRelation, frame: str = "") -> DuckDBPyRelation:
    return relation


def relation(frame: DuckDBPyRelation, warehouse: str) -> DuckDBPyRelation:
    """The frame itself; whatever connection it came from reads times as UTC from now on."""
    prepare(duckdb.default_connection(), warehouse)
    return settle(frame)
