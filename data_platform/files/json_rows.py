"""JSON through Python's reader, for DuckDB's rounds numbers, into temporary Parquet files of text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_platform.contracts import ColumnType
from data_platform.files.columns import renamed, selected
from data_platform.files.errors import FileError
from data_platform.files.formats import Json
from data_platform.files.json_objects import objects, written
from data_platform.files.nested import Misfit, typed
from data_platform.files.reading import Reading
from data_platform.quality.sql import files, identifier, sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

BATCH = 20_000
"""How many objects are in memory at a time, at most."""
LETTERS = 1 << 25
"""How many characters of them are."""
MOST = 10_000
"""How many columns there may be."""
HALF = re.compile("[\ud800-\udfff]")


def rows(
    paths: Sequence[str],
    form: Json,
    types: Mapping[str, ColumnType],
    connection: DuckDBPyConnection,
    reading: Reading,
) -> DuckDBPyRelation:
    """The objects of JSON files as rows: a name that an object lacks is null. Without any object, the contract's
    columns."""
    nested = {name: kind for name, kind in types.items() if kind.is_nested}
    made = _Copies(paths[0], form, nested, reading)
    for path in paths:
        made.add(path)
    made.flush()
    if not made.names:
        if not types:
            raise FileError(paths[0], "has no object, so no columns", "send it with its data")
        empty = (
            f"NULL::{sql_type(kind) if kind.is_nested else 'VARCHAR'} AS {identifier(name)}"
            for name, kind in types.items()
        )
        return connection.sql(f"SELECT {', '.join(empty)} WHERE FALSE")
    sources = [identifier(str(number)) for number in range(len(made.names))]
    columns = selected(paths[0], list(made.names), form, sources, nested)
    return connection.sql(f"SELECT {columns} FROM {files(made.files, ', union_by_name=true')}")


class _Copies:
    """Temporary Parquet files of all rows, their columns named by numbers; a new file begins where a name is met that
    those before have not."""

    def __init__(self, path: str, form: Json, nested: Mapping[str, ColumnType], reading: Reading) -> None:
        self._path, self._form, self._nested, self._reading = path, form, nested, reading
        self._rows: list[Sequence[Any]] = []
        self._places: list[tuple[str, int]] = []
        self._letters = 0
        self._writer: Any = None
        self.names: dict[str, int] = {}
        self.files: list[str] = []

    def add(self, path: str) -> None:
        for line, found in objects(path, self._form):
            if any(name not in self.names for name in found):
                self.flush()
                self._widen(path, line, found)
            if not self._nested:
                row = [written(found.get(name)) for name in self.names]
            else:
                row = [self._value(path, line, name, found.get(name)) for name in self.names]
            self._rows.append(row)
            self._places.append((path, line))
            self._letters += sum(map(len, filter(None, row))) if not self._nested else len(str(row))
            if len(self._rows) == BATCH or self._letters > LETTERS:
                self._write()

    def flush(self) -> None:
        """End the file that is being written."""
        self._write()
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _widen(self, path: str, line: int, found: Mapping[str, Any]) -> None:
        for name in found:
            if not name.strip():
                raise FileError(path, "has a value without a name", "give it a name", line=line)
            self.names.setdefault(name, len(self.names))
        try:
            renamed(path, list(self.names), self._form)
        except FileError as error:
            raise FileError(path, error.problem, error.fix, line=line, column=error.column) from error
        if len(self.names) > MOST:
            problem, fix = f"has more than {MOST:,} names", "make values of what are names, e.g. a list of objects"
            raise FileError(path, problem, fix, line=line)

    def _value(self, path: str, line: int, name: str, value: Any) -> Any:
        kind = self._nested.get(self._form.rename.get(name, name))
        if kind is None:
            return written(value)
        try:
            return typed(value, kind)
        except Misfit as error:
            fix = "mend the value, or the column's type in the contract"
            raise FileError(path, str(error), fix, line=line, column=name + error.path) from error

    def _write(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        from data_platform.engines.arrow import arrow_type

        if not self._rows:
            return
        kinds = [self._nested.get(self._form.rename.get(name, name)) for name in self.names]
        types = [pa.large_string() if kind is None else arrow_type(kind) for kind in kinds]
        columns = zip(*self._rows, strict=True)
        try:
            arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
        except UnicodeEncodeError as error:
            raise self._half_a_character() from error
        table = pa.table(arrays, names=[str(number) for number in self.names.values()])
        if self._writer is None:
            self.files.append(self._reading.copy(self._path, self._form, ".parquet"))
            self._writer = pq.ParquetWriter(self.files[-1], table.schema)
        self._writer.write_table(table)
        self._rows, self._places, self._letters = [], [], 0

    def _half_a_character(self) -> FileError:
        r"""For `"\ud83d"`, which JSON can say, and is no text."""
        for row, (path, line) in zip(self._rows, self._places, strict=True):
            for name, value in zip(self.names, row, strict=True):
                if HALF.search(str(value)):
                    problem, fix = "has half of a character (a lone surrogate)", "write whole characters"
                    return FileError(path, problem, fix, line=line, column=name)
        return FileError(self._path, "has half of a character", "write whole characters")
