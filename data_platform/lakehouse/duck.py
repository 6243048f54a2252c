"""DuckDB connections as this room uses them: in memory, UTC, no extension downloads, and closed to everything else
while a contract's own SQL runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.quality.sql import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from duckdb import DuckDBPyConnection

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
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    connection.execute("SET partitioned_write_flush_threshold = 65536")
    if warehouse.startswith("s3://") and "s3" not in connection.list_filesystems():
        from data_platform.lakehouse.storage import filesystem

        connection.register_filesystem(filesystem(warehouse))


def restrict(connection: DuckDBPyConnection, folders: Sequence[str], scratch: str) -> None:
    """From here on the connection reaches only `folders`, and no setting can be changed any more."""
    allowed = ", ".join(text(folder.rstrip("/") + "/") for folder in folders)
    connection.execute(f"SET memory_limit = {text(MEMORY_LIMIT)}; SET temp_directory = {text(scratch)}")
    connection.execute(f"SET allowed_directories = [{allowed}]")
    connection.execute("SET enable_external_access = false; SET lock_configuration = true")
