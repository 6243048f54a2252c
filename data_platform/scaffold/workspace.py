"""One DuckDB for all sources: rows of small ones are loaded once, those of large ones are read again for each question."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from data_platform.files.read import read
from data_platform.files.reading import Reading
from data_platform.quality.sql import identifier, text
from data_platform.scaffold.model import Source
from data_platform.scaffold.names import column_names, renamed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LOADED = 256 * 1024 * 1024
"""Files of so many bytes together are loaded; larger ones are not, so that memory does not grow with them."""
MEMORY_LIMIT = "1GB"
Progress = Callable[[str], None]
"""Told what is done next."""


def silent(step: str) -> None:
    """No progress."""


@dataclass
class Workspace:
    """`types` are DuckDB's, by column, of each source that was opened."""

    connection: DuckDBPyConnection
    reading: Reading
    on_step: Progress = silent
    types: dict[str, dict[str, str]] = field(default_factory=dict)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(query).fetchall()

    def open(self, source: Source, size: int) -> Source:
        """Make the source's rows the table or view of its name, with columns the platform accepts, and say in its
        format which those were in the file."""
        found = read(source.paths, source.format, {}, self.connection, self.reading)
        names = column_names(found.columns)
        view, kind = identifier(f"read_{source.name}"), "TABLE" if size <= LOADED else "VIEW"
        found.create_view(f"read_{source.name}")
        selected = ", ".join(f"{identifier(name)} AS {identifier(names[name])}" for name in found.columns)
        self.connection.execute(f"CREATE {kind} {identifier(source.name)} AS SELECT {selected} FROM {view}")
        self.types[source.name] = {names[name]: str(of) for name, of in zip(found.columns, found.types, strict=True)}
        return replace(source, format=replace(source.format, rename=renamed(found.columns, names)))

    def sample(self, name: str, columns: Sequence[str], rows: int, where: str = "") -> Iterator[tuple[str, Any]]:
        """The first rows of a source, column by column, as Arrow."""
        selected = ", ".join(identifier(column) for column in columns)
        query = f"SELECT {selected} FROM {identifier(name)} {where} LIMIT {rows}"
        table = self.connection.sql(query).to_arrow_table()
        yield from zip(columns, table.columns, strict=True)


@contextmanager
def workspace(on_step: Progress = silent) -> Iterator[Workspace]:
    """A workspace that is gone afterwards."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="scaffold-") as scratch:
        connection = duckdb.connect(":memory:")
        try:
            connection.execute("SET autoinstall_known_extensions = false; SET autoload_known_extensions = false")
            connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
            connection.execute(f"SET memory_limit = {text(MEMORY_LIMIT)}; SET temp_directory = {text(scratch)}")
            connection.execute("SET preserve_insertion_order = false")
            with Reading() as reading:
                yield Workspace(connection, reading, on_step)
        finally:
            connection.close()
