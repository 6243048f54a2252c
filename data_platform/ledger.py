"""What has to be remembered across processes, in small SQLite files of a home: how each of them is written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def transaction(path: Path, tables: Sequence[str], patience: float) -> Iterator[sqlite3.Connection]:
    """A transaction that holds the write lock from its beginning, for which it waits up to `patience` seconds.

    The file, and the `tables` (CREATE TABLE IF NOT EXISTS), are made where they are not there. What raises in the block
    leaves nothing behind. Raises sqlite3.Error or OSError where the file cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=patience, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN IMMEDIATE")
        for table in tables:
            connection.execute(table)
        yield connection
        connection.execute("COMMIT")
