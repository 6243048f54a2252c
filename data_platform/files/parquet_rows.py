"""Parquet as it is: its own types, in files that agree on them."""

from __future__ import annotations

from collections.abc import Sequence
from glob import escape
from typing import TYPE_CHECKING

from data_platform.files.columns import renamed
from data_platform.files.errors import FileError
from data_platform.files.formats import Parquet
from data_platform.files.reading import Reading
from data_platform.quality.sql import files, identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


def rows(paths: Sequence[str], form: Parquet, connection: DuckDBPyConnection, reading: Reading) -> DuckDBPyRelation:
    """The rows of Parquet files that have the same columns, of the same types."""
    reading.sources |= {path: (path, form) for path in paths}
    shapes = [_shape(path, connection) for path in paths]
    for path, shape in zip(paths, shapes, strict=True):
        for name in shapes[0].keys() | shape.keys():
            here, there = shape.get(name, "no such column"), shapes[0].get(name, "no such column")
            if here != there:
                problem = f"has {here} where {paths[0]} has {there}"
                raise FileError(path, problem, "read files of different columns as different datasets", column=name)
    given = zip(shapes[0], renamed(paths[0], list(shapes[0]), form), strict=True)
    columns = ", ".join(f"{identifier(name)} AS {identifier(new)}" for name, new in given)
    return connection.sql(f"SELECT {columns} FROM {files(map(escape, paths), ', union_by_name=true')}")


def _shape(path: str, connection: DuckDBPyConnection) -> dict[str, str]:
    """The columns of one file and their types."""
    import duckdb

    try:
        found = connection.execute(f"DESCRIBE SELECT * FROM {files([escape(path)])}").fetchall()
    except duckdb.Error as error:
        told = str(error).splitlines()[0]
        raise FileError(
            path, f"cannot be read as Parquet: {told}", "get the whole file from its source again"
        ) from error
    return {name: kind for name, kind, *_ in found}
