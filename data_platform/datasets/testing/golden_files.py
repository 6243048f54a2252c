"""Golden files as rows of text cells: one spelling per value, the same whatever file it comes from; None is null."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.quality.sql import text

if TYPE_CHECKING:
    import pyarrow as pa

    Cells = tuple[str | None, ...]

FORMATS = (".csv", ".json", ".parquet")


def write(rows: pa.Table, file: Path) -> None:
    """Write rows in the order of their cells, so that two versions of a file compare line by line."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    cells = spelt(rows)
    order = sorted(range(len(cells)), key=lambda place: [(cell is None, cell or "") for cell in cells[place]])
    match _format(file):
        case ".parquet":
            pq.write_table(rows.take(pa.array(order, pa.int64())), file)
        case ".json":
            lines = [
                json.dumps(dict(zip(rows.column_names, cells[at], strict=True)), ensure_ascii=False) for at in order
            ]
            file.write_text("".join(f"{line}\n" for line in [json.dumps(rows.column_names), *lines]), "utf-8")
        case _:
            lines = [rows.column_names, *(cells[at] for at in order)]
            file.write_text("".join(",".join(map(_quoted, line)) + "\n" for line in lines), "utf-8")


def read(file: Path) -> tuple[dict[str, str | None], list[Cells]]:
    """The columns (each with its type, where the file keeps it) and rows of a golden file."""
    import pyarrow.parquet as pq

    match _format(file):
        case ".parquet":
            rows = pq.read_table(file)
            return {field.name: type_text(field.type) for field in rows.schema}, spelt(rows)
        case ".json":
            names, *lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()] or [[]]
            return dict.fromkeys(names), [tuple(line.get(name) for name in names) for line in lines]
    return _read_csv(file)


def type_text(kind: pa.DataType) -> str:
    """A type without the names that Parquet gives to items and entries."""
    return re.sub(r" \('\w+'\)", "", str(kind)).replace("<element: ", "<item: ")


def _read_csv(file: Path) -> tuple[dict[str, str | None], list[Cells]]:
    """By DuckDB, which tells an empty text (in quotes) from null."""
    import duckdb

    with duckdb.connect() as connection:
        rows = connection.sql(
            f"SELECT * FROM read_csv({text(str(file))}, all_varchar = true, header = true, delim = ',', quote = '\"', "
            "escape = '\"', nullstr = '', allow_quoted_nulls = false, null_padding = false, auto_detect = false, "
            f"columns = {_columns(file)})"
        )
        return dict.fromkeys(rows.columns), rows.fetchall()


def _columns(file: Path) -> str:
    import csv

    with file.open(encoding="utf-8", newline="") as lines:
        names = next(csv.reader(lines), [])
    return "{" + ", ".join(f"{text(name)}: 'VARCHAR'" for name in names) + "}"


def spelt(rows: pa.Table) -> list[Cells]:
    """The rows with every value as text."""
    columns = [[_spell(value) for value in rows.column(place).to_pylist()] for place in range(rows.num_columns)]
    return list(zip(*columns, strict=True)) if columns else []


def _spell(value: Any) -> str | None:
    """Nested values as JSON, others plainly: each kind in one way."""
    if isinstance(value, dict | list | tuple):
        return json.dumps(_nested(value), ensure_ascii=False)
    return _plain(value)


def _plain(value: Any) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return str(value).lower()
        case float():
            return "NaN" if math.isnan(value) else repr(value + 0.0)
        case Decimal():
            return f"{value:f}"
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value).isoformat(" ")
        case bytes():
            return f"0x{value.hex()}"
    return str(value)


def _nested(value: Any) -> Any:
    match value:
        case dict():
            return {name: _nested(each) for name, each in value.items()}
        case list() | tuple():
            return [_nested(each) for each in value]
    return _plain(value)


def _quoted(cell: str | None) -> str:
    if cell is None:
        return ""
    plain = cell and not any(each in cell for each in ',"\r\n') and cell == cell.strip()
    return cell if plain else '"' + cell.replace('"', '""') + '"'


def _format(file: Path) -> str:
    if file.suffix not in FORMATS:
        raise ValueError(f"{file.name}: a golden file is one of {', '.join(FORMATS)}")
    return file.suffix
