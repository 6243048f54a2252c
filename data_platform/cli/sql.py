"""`dp sql`: one SELECT over datasets, printed or written to a file."""

from __future__ import annotations

import sys
import tempfile
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from data_platform.cli.output import console, errors, fail, print_table, progress

if TYPE_CHECKING:
    from data_platform.exports.write import Exported
    from data_platform.lake import Library
    from data_platform.lake.moment import At
    from data_platform.lake.query import Answer

SHOWN, LOOKED_AT, WIDTH = 50, 10_000, 60
"""How many rows a table shows, how many more are counted, and how many characters of a cell are shown."""
BINARY = ("parquet", "xlsx")


class AnswerFormat(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    XLSX = "xlsx"


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT; `-` or nothing reads it from stdin.")] = "",
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Read the query from a file.")] = None,
    form: Annotated[
        AnswerFormat | None, typer.Option("--format", help="Default: that of --out's name, else a table.")
    ] = None,
    out: Annotated[str, typer.Option("--out", "-o", help="Write to this file, or s3://bucket/key.")] = "",
    at: Annotated[
        list[str] | None,
        typer.Option(
            help="Read the past: 2026-11-01, 2026-11-01T12:00, a snapshot or a tag; of some, DATASET=SNAPSHOT."
        ),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help=f"At most so many rows (a table shows {SHOWN}).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where there is one.")] = False,
) -> None:
    """Ask one SELECT of the datasets you may see, each a table `domain.name`, in DuckDB's SQL.

    Private datasets of domains other than `DATA_PLATFORM_DOMAIN` are not there, nor are columns above
    `DATA_PLATFORM_CLEARANCE`. The query can change nothing, and reads nothing but the datasets it names.
    """
    from data_platform.lake import Library

    asked, moment = _query(query, file), _at(at or [])
    library = Library.current()
    if out:
        from data_platform.exports.formats import format_named
        from data_platform.exports.write import export_query

        if form is AnswerFormat.TABLE:
            fail("a table is printed, and not written; name another --format, or leave out --out", code=2)
        with progress(f"Writing {out}"):
            done = export_query(
                library, asked, out, format_named(form) if form else None, moment, limit=limit, force=force
            )
        say(done, out)
    elif form in (None, AnswerFormat.TABLE):
        answer = library.ask(asked, at=moment)
        with progress("Asking"):
            columns, rows, more = _first(answer, limit)
        print_table(columns, rows)
        print_notes(answer.notes)
        if more:
            count = f"more than {LOOKED_AT:,}" if more > LOOKED_AT else f"{more:,}"
            console.print(f"… {count} more rows; --limit shows more, --out FILE writes all")
    else:
        if form in BINARY and sys.stdout.isatty():
            fail(f"{form} is not for a terminal: name a file with --out, or redirect the output", code=2)
        print_notes(_to_stdout(library, asked, form, moment, limit).notes)


def say(done: Exported, target: str) -> None:
    """What was written, and what the reader should know about it."""
    print_notes(done.notes)
    errors.print(f"{target}: {done.rows:,} row{'' if done.rows == 1 else 's'}, {done.bytes:,} bytes", markup=False)


def print_notes(notes: tuple[str, ...]) -> None:
    """What the reader should know about what was read."""
    for note in notes:
        errors.print(note, style="yellow", markup=False, soft_wrap=True)


def _at(written: list[str]) -> At:
    """One moment for all datasets, or `ads.listings=2026-11-01` for each that is not read as it is now."""
    named = [each.partition("=") for each in written]
    if len(written) == 1 and not named[0][1]:
        return written[0] or None
    for dataset, _, moment in named:
        if not dataset or not moment:
            fail("several --at: write DATASET=SNAPSHOT (or a time, or a tag) in each of them", code=2)
    return {dataset: moment for dataset, _, moment in named} or None


def _query(query: str, file: Path | None) -> str:
    if file is not None:
        if query:
            fail("a query and --file: give one of them", code=2)
        return file.read_text("utf-8-sig")
    if query in ("", "-"):
        if sys.stdin.isatty() and not query:
            fail("there is no query; write it, name a --file, or pipe it in", code=2)
        return sys.stdin.read()
    return query


def _first(answer: Answer, limit: int | None) -> tuple[list[str], list[list[object]], int]:
    """Columns, the rows to show, and how many more there are (looked for only so far)."""
    shown = SHOWN if limit is None else limit
    with answer.computing() as rows:
        reader = rows.limit(shown + LOOKED_AT + 1 if limit is None else limit).to_arrow_reader(shown)
        found, more = [], 0
        for batch in reader:
            room = max(0, shown - len(found))
            found += [list(row.values()) for row in batch.slice(0, room).rename_columns(_numbers(batch)).to_pylist()]
            more += max(0, batch.num_rows - room)
        return list(rows.columns), _aligned(found), more


def _numbers(batch: Any) -> list[str]:
    """Names that are all different, as those of an answer need not be."""
    return [str(place) for place in range(batch.num_columns)]


def _aligned(rows: list[list[object]]) -> list[list[object]]:
    """Cells as text of bounded width; numbers to the right, and as they are: many are the names of something."""
    columns = []
    for values in zip(*rows, strict=True):
        numbers = all(
            isinstance(each, int | float | Decimal | NoneType) and not isinstance(each, bool) for each in values
        )
        texts = [_cell(value) for value in values]
        width = max(map(len, texts)) if numbers else 0
        columns.append([text.rjust(width) for text in texts])
    return [list(row) for row in zip(*columns, strict=True)]


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "-" if value is None else str(value).lower()
    text = str(value).replace("\n", "⏎").replace("\r", "")
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 1]}…"


def _to_stdout(library: Library, query: str, form: AnswerFormat, at: At, limit: int | None) -> Exported:
    """By way of a file: a query that fails half way has then written nothing."""
    from data_platform.exports.formats import format_named
    from data_platform.exports.write import export_query

    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"answer.{form}"
        done = export_query(library, query, str(target), format_named(form), at, limit=limit)
        with target.open("rb") as source:
            while part := source.read(1 << 20):
                sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
    return done
