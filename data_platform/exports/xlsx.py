"""Excel workbooks, written row by row in constant memory; every value as Excel can hold it, or refused.

| value                        | cell                                                                                   |
|------------------------------|----------------------------------------------------------------------------------------|
| text                         | text, never a formula, a link or a number; over 32,767 characters it is refused         |
| integer, decimal             | a number up to 15 digits, which is all that Excel keeps; text beyond                   |
| float                        | a number; text where it is not finite                                                  |
| date, timestamp              | a date; text before March 1900, where Excel's calendar is wrong, and after the year 9999 |
| timestamp with a zone        | as timestamp, in UTC: Excel knows no zones                                             |
| nested values, bytes         | JSON, hexadecimal digits                                                               |
| null                         | an empty cell                                                                          |
"""

# pyright: reportOptionalMemberAccess=false
# (duckdb is typed as if a query might return nothing)

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.exports.errors import ExportError
from data_platform.exports.formats import is_nested
from data_platform.quality.sql import identifier

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation
    from xlsxwriter.worksheet import Worksheet

ROWS, COLUMNS, CHARACTERS, DIGITS = 1_048_576, 16_384, 32_767, 15
SMALL = {"tinyint", "smallint", "integer", "utinyint", "usmallint", "uinteger"}
LARGE = {"bigint", "ubigint"}
TIMES = {  # DuckDB's type -> as a timestamp, and how Excel shows it
    "date": ("CAST({} AS TIMESTAMP)", "yyyy-mm-dd", 11),
    "timestamp": ("{}", "yyyy-mm-dd hh:mm:ss", 20),
    "timestamp with time zone": ("({} AT TIME ZONE 'UTC')", "yyyy-mm-dd hh:mm:ss", 20),
}
SERIAL = "epoch_us({0}) / 86400000000 + 25569"
"""Days since the end of 1899, as Excel counts from March 1900 on."""
BATCH = 10_000
BEYOND = "write csv or parquet instead, or fewer of them"


def write_sheet(rows: DuckDBPyRelation, path: Path, name: str) -> int:
    """The rows as one sheet with a header; how many there are. ExportError where Excel cannot hold them."""
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise ExportError("XLSX needs the extra `excel`: pip install 'data-platform[excel]'; or write csv") from None

    names, kinds = list(rows.columns), [str(kind).lower() for kind in rows.types]
    if len(names) > COLUMNS:
        raise ExportError(f"{len(names):,} columns; a sheet has room for {COLUMNS:,}: {BEYOND}")
    counted = rows.query("answer", f"SELECT count(*) FROM (SELECT 1 FROM answer LIMIT {ROWS})").fetchall()
    if counted[0][0] >= ROWS:
        raise ExportError(f"more than {ROWS - 1:,} rows; a sheet has no room for more: {BEYOND}")
    selected = [_selected(identifier(column), kind) for column, kind in zip(names, kinds, strict=True)]
    expressions = [f"{each} AS c{place}" for place, each in enumerate(part for parts in selected for part in parts)]
    reader = rows.query("answer", f"SELECT {', '.join(expressions)} FROM answer").to_arrow_reader(BATCH)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    book.use_zip64()
    sheet = book.add_worksheet(_sheet_name(name))
    try:
        _head(book, sheet, names, kinds)
        writers = [_writer(sheet, kind, column) for column, kind in zip(names, kinds, strict=True)]
        row = 0
        for batch in reader:
            columns = [column.to_pylist() for column in batch.columns]
            cells = _by_column(columns, [len(parts) for parts in selected])
            for here in zip(*cells, strict=True):
                row += 1
                for place, value in enumerate(here):
                    if value is not None:
                        writers[place](row, place, value)
        sheet.autofilter(0, 0, max(row, 1), len(names) - 1)
    finally:
        reader.close()
        book.close()
    return row


def _selected(column: str, kind: str) -> tuple[str, ...]:
    """What to ask DuckDB for: one expression per cell, two for times: Excel's number, and text where it has none."""
    if kind in TIMES or kind.startswith("timestamp_"):
        moment = TIMES.get(kind, ("CAST({} AS TIMESTAMP)",))[0].format(column)
        fits = f"isfinite({moment}) AND {moment} >= TIMESTAMP '1900-03-01' AND {moment} < TIMESTAMP '10000-01-01'"
        return (
            f"CASE WHEN {fits} THEN {SERIAL.format(moment)} END",
            f"CASE WHEN NOT ({fits}) THEN CAST({column} AS VARCHAR) END",
        )
    if kind in SMALL | LARGE | {"boolean", "double", "float", "varchar"}:
        return (column,)
    if kind == "time":
        return (f"epoch({column}) / 86400",)
    if kind == "blob":
        return (f"hex({column})",)
    if is_nested(kind):
        return (f"CAST(to_json({column}) AS VARCHAR)",)
    return (f"CAST({column} AS VARCHAR)",)


def _by_column(columns: list[list[Any]], widths: list[int]) -> list[list[Any]]:
    cells, place = [], 0
    for width in widths:
        if width == 1:
            cells.append(columns[place])
        else:
            numbers, texts = columns[place : place + 2]
            cells.append([text if number is None else number for number, text in zip(numbers, texts, strict=True)])
        place += width
    return cells


def _head(book: Any, sheet: Worksheet, names: list[str], kinds: list[str]) -> None:
    bold = book.add_format({"bold": True})
    for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        _, shown, width = TIMES.get(kind, ("", "hh:mm:ss" if kind == "time" else "", 10))
        if kind.startswith("timestamp_"):
            shown, width = TIMES["timestamp"][1:]
        form = book.add_format({"num_format": shown}) if shown else None
        sheet.set_column(place, place, min(40, max(width, len(name) + 4)), form)
        sheet.write_string(0, place, name, bold)
    sheet.freeze_panes(1, 0)


def _writer(sheet: Worksheet, kind: str, column: str) -> Callable[[int, int, Any], Any]:
    """How one column's values, none of them null, become cells."""
    number, boolean, string = sheet.write_number, sheet.write_boolean, sheet.write_string

    def text(row: int, place: int, value: str) -> None:
        if len(value) > CHARACTERS // 2 and len(value.encode("utf-16-le")) > 2 * CHARACTERS:
            raise ExportError(
                f"row {row:,}, column {column}: a text of {len(value):,} characters; a cell has room for "
                f"{CHARACTERS:,}: leave the column out, or write csv or parquet instead"
            )
        string(row, place, value)

    def large(row: int, place: int, value: int) -> None:
        number(row, place, value) if abs(value) < 10**DIGITS else string(row, place, str(value))

    def spelt(row: int, place: int, value: str) -> None:
        digits = value.lstrip("-").replace(".", "").lstrip("0")
        number(row, place, float(value)) if len(digits) <= DIGITS else string(row, place, value)

    def floating(row: int, place: int, value: float) -> None:
        number(row, place, value) if math.isfinite(value) else string(row, place, str(value))

    def moment(row: int, place: int, value: float | str) -> None:
        string(row, place, value) if isinstance(value, str) else number(row, place, value)

    if kind in SMALL or kind == "time":
        return number
    if kind in LARGE:
        return large
    if kind.startswith("decimal") or kind in ("hugeint", "uhugeint", "bignum"):
        return spelt
    if kind in ("double", "float"):
        return floating
    if kind in TIMES or kind.startswith("timestamp_"):
        return moment
    return boolean if kind == "boolean" else text


def _sheet_name(name: str) -> str:
    """At most 31 characters, and none that Excel forbids."""
    return re.sub(r"[\[\]:*?/\\']", "_", name)[:31] or "rows"
