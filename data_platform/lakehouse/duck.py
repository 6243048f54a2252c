"""DuckDB connections as this room uses them: in memory, UTC, no extension downloads, and closed to everything else
while a contract's own SQL runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.quality.sql import SETTINGS, identifier, sql_type, text
from data_platform.quality.sql import files as parquet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

    from data_platform.contracts import Column

MEMORY_LIMIT = "1GB"
"""What an audit may hold in memory; beyond it DuckDB spills to a local folder."""


def connect(warehouse: str) -> DuckDBPyConnection:
    """An in-memory connection that can reach the warehouse."""
    import duckdb

    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    prepare(connection, warehouse)
    return connection


def prepare(connection: DuckDBPyConnection, warehouse: str) -> None:
    """Let an existing connection reach the warehouse, in UTC.

    Partitioned writes are flushed early: half the memory of DuckDB's default, no more CPU, row groups of the same size.
    """
    connection.execute("; ".join(SETTINGS))
    # in a notebook without ipywidgets it is off already, and setting it fails
    if connection.execute("SELECT current_setting('enable_progress_bar')").fetchall()[0][0]:
        connection.execute("SET enable_progress_bar = false")
    connection.execute("SET partitioned_write_flush_threshold = 65536")
    if warehouse.startswith("s3://") and "s3" not in connection.list_filesystems():
        from data_platform.lakehouse.storage import filesystem

        connection.register_filesystem(filesystem(warehouse))


def stored(connection: DuckDBPyConnection, columns: Sequence[Column], files: Sequence[str]) -> str:
    """A query of columns of a table's data files: null where old files lack one, widened where they have it narrower."""
    if not files:
        empty = [f"CAST(NULL AS {sql_type(each.type)}) AS {identifier(each.name)}" for each in columns]
        return f"SELECT {', '.join(empty) or 'NULL AS __nothing'} WHERE FALSE"
    source = parquet(files, ", union_by_name=true")
    known = {name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
    selected = [
        f"CAST({identifier(column.name) if column.name in known else 'NULL'} AS {sql_type(column.type)}) "
        f"AS {identifier(column.name)}"
        for column in columns
    ]
    return f"SELECT {', '.join(selected) or 'NULL AS __nothing'} FROM {source}"


def limit(connection: DuckDBPyConnection, scratch: str) -> None:
    """Let the connection hold no more than MEMORY_LIMIT in memory, and spill the rest to the folder `scratch`."""
    connection.execute(f"SET memory_limit = {text(MEMORY_LIMIT)}; SET temp_directory = {text(scratch)}")


def restrict(connection: DuckDBPyConnection, folders: Sequence[str], scratch: str, files: Sequence[str] = ()) -> None:
    """From here on the connection reaches only `folders` and `files`, and no setting can be changed any more."""
    limit(connection, scratch)
    confine(connection, folders, scratch, files)
    connection.execute("SET lock_configuration = true")


def confine(connection: DuckDBPyConnection, folders: Sequence[str], scratch: str, files: Sequence[str] = ()) -> None:
    """From here on the database reaches only `folders`, `files` and the folder `scratch`, where it spills, and no
    network; neither can be undone."""
    connection.execute(f"SET temp_directory = {text(scratch)}")
    allowed = ", ".join(text(folder.rstrip("/") + "/") for folder in folders)
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute(f"SET allowed_paths = [{', '.join(map(text, files))}]")
    connection.execute("SET python_enable_replacements = false")  # no variable of ours is a table
    connection.execute("SET enable_external_access = false")
