"""DuckDB relations, on DuckDB's default connection, so that `duckdb.sql("... from listings join views ...")` works on
a function's parameters by their names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
from duckdb import DuckDBPyRelation

from data_platform.lakehouse.duck import prepare
from data_platform.quality.sql import files, identifier, identifiers, sql_type

if TYPE_CHECKING:
    from data_platform.lakehouse import ReadPlan


def read(plan: ReadPlan, warehouse: str, frame: str = "") -> DuckDBPyRelation:
    connection = duckdb.default_connection()
    prepare(connection, warehouse)
    types = {column.name: sql_type(column.type) for column in plan.columns}
    empty = ", ".join(f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in types.items())
    shape = f"SELECT {empty} WHERE FALSE"  # gives columns that old files lack, and the types old files had narrower
    if not plan.files:
        return connection.sql(shape)
    source = files(plan.files, ", union_by_name=true")
    rows = f"SELECT * FROM ({shape}) UNION ALL BY NAME SELECT COLUMNS(lambda c: list_contains({list(types)}, c)) FROM {source}"
    return connection.sql(f"SELECT {identifiers(types)} FROM ({rows})")


def relation(frame: DuckDBPyRelation, warehouse: str) -> DuckDBPyRelation:
    prepare(duckdb.default_connection(), warehouse)
    return frame
