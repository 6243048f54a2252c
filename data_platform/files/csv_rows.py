"""CSV through DuckDB's parallel reader, told everything and left to guess nothing; every value is text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from glob import escape
from itertools import groupby
from typing import TYPE_CHECKING

from data_platform.files.columns import selected
from data_platform.files.errors import FileError
from data_platform.files.formats import Csv
from data_platform.files.prepared import Prepared, prepared
from data_platform.files.reading import Reading
from data_platform.quality.sql import identifier, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


LONGEST = 1 << 28
"""How many bytes a row of a file with very long lines may have; DuckDB takes more memory the more they may be."""


def rows(paths: Sequence[str], form: Csv, connection: DuckDBPyConnection, reading: Reading) -> DuckDBPyRelation:
    """The rows of CSV files that have the same columns, whatever their order."""
    files = [prepared(path, form, reading) for path in paths]
    for path, each in zip(paths, files, strict=True):
        if set(each.names) != set(files[0].names):
            raise _differs(path, each.names, paths[0], files[0].names)
    queries = []
    for _, group in groupby(files, lambda each: replace(each, path="")):
        alike = list(group)
        sources = [identifier(str(number)) for number in range(len(alike[0].names))]
        queries.append(f"SELECT {selected(paths[0], alike[0].names, form, sources)} FROM {_source(alike)}")
    return connection.sql(" UNION ALL BY NAME ".join(queries))


def _source(files: Sequence[Prepared]) -> str:
    """The files, which are alike, as a table.

    `new_line` is left to DuckDB: told `\\r\\n` it finds no rows at all. Where quoted values contain line breaks it must not
    read in parallel: it would refuse some files and lose the last rows of others.
    """
    form = files[0].form
    columns = (f"'{number}': 'VARCHAR'" for number in range(len(files[0].names)))
    options = {
        "auto_detect": "false",
        "strict_mode": "true",
        "header": str(form.header).lower(),
        "skip": str(form.skip),
        "delim": text(form.delimiter),
        "quote": text(form.quote),
        "escape": text(form.escape if form.quote else ""),
        "comment": "''",
        "compression": text(files[0].compression),
        "parallel": str(not files[0].has_breaks).lower(),
        "columns": f"{{{', '.join(columns)}}}",
    }
    if files[0].has_long:
        options["max_line_size"] = str(LONGEST)
    # Escaped, for DuckDB takes the name odd[1].csv for a pattern, and reads odd1.csv in its place.
    listed = ", ".join(text(escape(each.path)) for each in files)
    return f"read_csv([{listed}], {', '.join(f'{name}={value}' for name, value in options.items())})"


def _differs(path: str, names: Sequence[str], first: str, others: Sequence[str]) -> FileError:
    more, less = [name for name in names if name not in others], [name for name in others if name not in names]
    said = [f"has {', '.join(more)}, which {first} has not"] if more else []
    said += [f"lacks {', '.join(less)}, which {first} has"] if less else []
    return FileError(path, " and ".join(said), "read files with different columns as different datasets", line=1)
