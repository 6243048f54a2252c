"""DuckDB connections as this room uses them: in memory, UTC, no extension downloads, and closed to everything else
while a contract's own SQL runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.quality.audit import STAGED
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

MEMORY_LIMIT = "1GB"
"""What an audit may hold in memory; beyond it DuckDB spills to the publication's own folder."""


def connect(warehouse: str) -> DuckDBPyConnection:
    """An in-memory connection that can reach the warehouse."""
    import duckdb

    connection = duckdb.connect(
        ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    )
    prepare(connection, warehouse)
    return connection


def prepare(connection: DuckDBPyConnection, warehouse: str) -> None:
    """Let an existing connection reach the warehouse, in UTC."""
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    if warehouse.startswith("s3://") and "s3" not in connection.list_filesystems():
        from data_platform.lakehouse.storage import filesystem

        connection.register_filesystem(filesystem(warehouse))


def restrict(connection: DuckDBPyConnection, folders: Sequence[str], scratch: str) -> None:
    """From here on the connection reaches only `folders`, and no setting can be changed any more."""
    allowed = ", ".join(text(folder.rstrip("/") + "/") for folder in folders)
    connection.execute(f"SET memory_limit = {text(MEMORY_LIMIT)}; SET temp_directory = {text(scratch)}")
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")


def create_staged(connection: DuckDBPyConnection, paths: Sequence[str], columns: dict[str, str]) -> None:
    """Define the view `staged` over the files, with each row's position; an empty one where there is no file."""
    if paths:
        source = parquet(paths, ", union_by_name=true, filename=true, file_row_number=true")
        connection.execute(f"CREATE TEMP VIEW {STAGED} AS SELECT * FROM {source}")
        return
    from data_platform.quality.sql import identifier

    empty = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns.items()]
    empty += ["'' AS filename", "0::BIGINT AS file_row_number"]
    connection.execute(f"CREATE TEMP VIEW {STAGED} AS SELECT {', '.join(empty)} WHERE FALSE")
