"""Where a CSV file breaks its own rules: a slow, exact look at a file that DuckDB has refused."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

from data_platform.files.errors import FileError
from data_platform.files.formats import Csv, Format
from data_platform.files.records import UNDECODED, dialect, lines, names_of
from data_platform.files.stream import opened

REPLACED = "\ufffd"


ENCODED = "say the right encoding, e.g. Csv(encoding='cp1252'), or get the whole file"
SAID = {  # what DuckDB says -> what is wrong, and what to do
    "unterminated quote": (
        "a quote stands where none belongs",
        "put quotes around whole values, and double those within",
    ),
    "Expected Number of Columns": (
        "has another number of values than columns",
        "quote values that contain the delimiter",
    ),
    "Maximum line size": ("has a row that is too long (more than 2 MB with its line breaks)", "split the row's values"),
    "Invalid unicode": ("has bytes that are no UTF-8", ENCODED),
    "GZIP": ("the gzip file is cut off or damaged", "get the whole file from its source again"),
}


def fault(path: str, form: Format, told: str) -> FileError:
    """The first fault in the file, in words with a place; what DuckDB told of it where nothing else is found."""
    if isinstance(form, Csv):
        for found in faults(path, form):
            return found
    line = re.search(r"CSV Error on Line: (\d+)", told)
    at = int(line[1]) if line else 0
    for words, (problem, fix) in SAID.items():
        if words in told:
            return FileError(path, problem, fix, line=at)
    first = next((each for each in told.splitlines() if each.strip()), "")
    return FileError(
        path, f"cannot be read: {first}", "write the file anew, e.g. from the system it comes from", line=at
    )


def faults(path: str, form: Csv) -> Iterator[FileError]:
    """The faults of a CSV file, in order, until one after which nothing can be told."""
    with opened(path) as stream:
        text = lines(stream, form, errors="surrogateescape")
        yield from _faults(path, form, csv.reader(text, dialect(form)))


def _faults(path: str, form: Csv, reader: Any) -> Iterator[FileError]:
    names: tuple[str, ...] = ()
    while True:
        line = form.skip + reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            yield _unparsed(path, form, line, form.skip + reader.line_num, str(error))
            return
        except UnicodeError as error:
            yield FileError(path, f"has bytes that are no {form.encoding} ({error})", ENCODED, line=line)
            return
        if record is None:
            return
        if not record:
            continue
        if not names:
            names = names_of(path, form, record)
            if form.header:
                continue
        for name, value in zip(names, record, strict=False):
            if UNDECODED.search(value):
                yield FileError(
                    path,
                    f"{UNDECODED.sub(REPLACED, value)[:60]!r} has bytes that are no {form.encoding}",
                    ENCODED,
                    line=line,
                    column=name,
                )
        given = len(record)
        while given > len(names) and record[given - 1] == "":
            given -= 1
        if given != len(names):
            yield FileError(
                path,
                f"has {given} values where there are {len(names)} columns",
                "quote values that contain the delimiter, or mend the line",
                line=line,
            )


def _unparsed(path: str, form: Csv, line: int, until: int, told: str) -> FileError:
    if "unexpected end of data" in told:
        return FileError(
            path,
            f"a value that begins with {form.quote} is never ended",
            f"end it with {form.quote}, double a {form.quote} within it, or say Csv(quote='')",
            line=line,
        )
    if "expected after" in told:
        return FileError(
            path,
            f"a quoted value goes on after its {form.quote}",
            f"double a {form.quote} within a value, or say Csv(quote='') where {form.quote} means nothing",
            line=until,
        )
    return FileError(path, told, "mend the line", line=until)


def unescaped(path: str, form: Csv) -> FileError:
    """The first escape within quotes that escapes neither itself nor a quote: readers disagree on what it means. Files
    with other irregularities are not read, either, if they have such escapes."""
    fix = f"double the quotes within values, rather than to write {form.escape}{form.quote}"
    with opened(path) as stream:
        is_quoted = False
        for number, line in enumerate(lines(stream, form, errors="surrogateescape"), start=form.skip + 1):
            for escape in (form.escape * 2, form.escape + form.quote):
                line = line.replace(escape, "")
            parts = line.split(form.quote)
            if any(form.escape in each for each in parts[not is_quoted :: 2]):
                return FileError(path, f"has a {form.escape} that escapes nothing", fix, line=number)
            is_quoted ^= len(parts) % 2 == 0
    problem = "has line ends of several kinds, quotes within values, or blank lines, beside escaped quotes"
    return FileError(path, problem, fix)
