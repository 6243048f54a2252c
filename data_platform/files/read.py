"""Files as rows: text as it stands in them, for the contract to judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from data_platform.contracts import ColumnType
from data_platform.files.formats import Csv, Format, Json, Parquet
from data_platform.files.reading import KEPT, Reading
from data_platform.lakehouse.duck import prepare

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def read(
    paths: Sequence[str],
    form: Format,
    types: Mapping[str, ColumnType],
    connection: DuckDBPyConnection | None = None,
    reading: Reading = KEPT,
) -> DuckDBPyRelation:
    """All rows of the files, with the dataset's names. Raises FileError, with the place, for what cannot be read; what
    shows only when the rows are fetched, at the end of the block of `reading`.

    Columns of CSV are text; so are plain values of JSON, and nested ones have the type in `types` (columns of the
    contract). What is not in the contract is there, too: to refuse it is the contract's.
    """
    import duckdb

    from data_platform.files import csv_rows, json_rows, parquet_rows

    connection = connection or duckdb.default_connection()
    prepare(connection, paths[0])
    match form:
        case Csv():
            return csv_rows.rows(paths, form, connection, reading)
        case Json():
            return json_rows.rows(paths, form, types, connection, reading)
        case Parquet():
            return parquet_rows.rows(paths, form, connection, reading)
