"""CSV as Python's `csv` reads it: exact and slow, for the names, for faults, and for what DuckDB cannot read."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import IO

from data_platform.files.errors import FileError
from data_platform.files.formats import Csv
from data_platform.files.stream import opened

LONGEST = 1 << 30
"""How long a value may be: Python's own limit, of the whole process, is far lower."""
UNDECODED = re.compile("[\udc80-\udcff]")
"""Bytes that are no text in the encoding, as Python's `surrogateescape` keeps them."""
RENAMED = "make the names unique, or skip that line and name them yourself: Csv(header=False, skip={}, rename=...)"


def dialect(form: Csv, is_strict: bool = True) -> type[csv.Dialect]:
    """The format as `csv` wants it told."""
    csv.field_size_limit(LONGEST)

    class Dialect(csv.Dialect):
        delimiter = form.delimiter
        quotechar = form.quote or None
        quoting = csv.QUOTE_MINIMAL if form.quote else csv.QUOTE_NONE
        doublequote = form.escape == form.quote or not form.quote
        escapechar = (form.escape or None) if form.quote and form.escape != form.quote else None
        lineterminator = "\n"
        strict = is_strict

    return Dialect


def lines(stream: IO[bytes], form: Csv, errors: str = "strict") -> Iterator[str]:
    """Its lines from after those to skip, with their ends, without a byte order mark."""
    encoding = "utf-8-sig" if form.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else form.encoding
    text = io.TextIOWrapper(stream, encoding, errors=errors, newline="")  # type: ignore[arg-type]
    yield from islice(text, form.skip, None)
    text.detach()  # the stream is not ours to close


def names_of(path: str, form: Csv, first: Sequence[str]) -> tuple[str, ...]:
    """The columns' names in the file, from its first record; FileError where they are no names."""
    if not form.header:
        return tuple(f"column_{number}" for number in range(1, len(first) + 1))
    names = [name.strip() for name in first]
    while names and not names[-1]:  # a delimiter at the end of each line
        names.pop()
    line = form.skip + 1
    if not names:
        raise FileError(path, "has no names of columns", "say Csv(header=False) or which lines to skip", line=line)
    for number, name in enumerate(names, start=1):
        if UNDECODED.search(name):
            problem = f"the name of column {number} is no {form.encoding}"
            raise FileError(path, problem, "say the right encoding, e.g. Csv(encoding='cp1252')", line=line)
        if not name:
            problem, fix = f"column {number} of {len(names)} has no name", RENAMED.format(line)
            raise FileError(path, problem, fix, line=line)
    seen: dict[str, str] = {}
    for name in names:
        if other := seen.get(name.casefold()):
            alike = "twice" if other == name else f"and {other}, which differ in upper and lower case only"
            raise FileError(path, f"has the column {name} {alike}", RENAMED.format(line), line=line, column=name)
        seen[name.casefold()] = name
    return tuple(names)


def first_names(path: str, form: Csv) -> tuple[str, ...]:
    """The columns' names in the file."""
    with opened(path) as stream:
        try:
            for record in csv.reader(lines(stream, form, errors="surrogateescape"), dialect(form)):
                if record:
                    return names_of(path, form, record)
        except (csv.Error, UnicodeError) as error:
            problem, fix = f"its first line cannot be read: {error}", "check its encoding and quote character"
            raise FileError(path, problem, fix, line=form.skip + 1) from error
    raise FileError(path, f"has nothing after line {form.skip}" if form.skip else "is empty", "send it with its data")
