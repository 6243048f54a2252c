"""What DuckDB is given to read: the file itself where that is safe, or a temporary copy that says the same.

| the file | what DuckDB reads |
|---|---|
| local, UTF-8, plain or gzip | the file itself, after one fast look at it (`layout.py`) |
| in a bucket, or in another encoding | its text in UTF-8 |
| quotes or blank lines before the names | a copy without what is skipped |
| line ends of several kinds, stray quotes, or blank lines in a single column | its records, written anew (slow) |
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import dropwhile, islice
from pathlib import Path

from data_platform.files.faults import fault, unescaped
from data_platform.files.formats import Csv
from data_platform.files.layout import layout
from data_platform.files.reading import Reading
from data_platform.files.records import dialect, first_names, lines
from data_platform.files.stream import is_compressed, is_remote, opened, raw

UTF8 = ("utf-8", "utf8", "ascii", "us-ascii")
REWRITTEN = Csv()
"""How records are written anew."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file for DuckDB to read: `form` says how `path` is written down, `has_breaks` and `has_long` what its layout is,
    and `compression` is `gzip` or `none`, whatever its name."""

    path: str
    names: tuple[str, ...]
    form: Csv
    has_breaks: bool
    has_long: bool
    compression: str


def prepared(path: str, form: Csv, reading: Reading) -> Prepared:
    """What to read in place of a file; FileError where that shows that it cannot be."""
    names = first_names(path, form)
    reading.sources[path] = (path, form)
    made, told = path, form
    if is_remote(path) or form.encoding.lower().replace("_", "-") not in UTF8 or _needs_cut(path, form):
        made, told = _text(path, form, reading), replace(form, encoding="utf-8", skip=0)
    found = layout(made, told, blanks=len(names) == 1)
    if len(found.ends) > 1 or found.has_strays or found.has_blank:
        if form.quote and form.escape not in ("", form.quote):
            raise unescaped(path, form)
        made, told = _records(made, told, path, form, reading), replace(REWRITTEN, header=form.header)
        found = layout(made, told)
    with raw(made) as stream:
        compression = "gzip" if is_compressed(stream) else "none"
    return Prepared(made, names, told, found.has_breaks, found.has_long, compression)


def _needs_cut(path: str, form: Csv) -> bool:
    """Whether a quote stands in what is skipped, or a blank line there or before the first record: DuckDB would take the
    one for the beginning of a value, the other for the names."""
    with opened(path) as stream:
        first = list(islice(lines(stream, replace(form, skip=0), errors="surrogateescape"), form.skip + 1))
    return any(not line.strip() or (form.quote and form.quote in line) for line in first[: form.skip]) or (
        not first[-1].strip("\r\n")
    )


def _text(path: str, form: Csv, reading: Reading) -> str:
    """A copy in UTF-8, without what is to be skipped."""
    made = reading.copy(path, form, ".csv")
    with opened(path) as stream, Path(made).open("w", encoding="utf-8", newline="") as copy:
        try:
            text = lines(stream, form)
            copy.writelines(_from_first(text))
        except UnicodeError as error:
            raise fault(path, form, f"is no {form.encoding}: {error}") from error
    return made


def _from_first(text: Iterator[str]) -> Iterator[str]:
    """The lines from the first that is not blank."""
    return dropwhile(lambda line: not line.strip("\r\n"), text)


def _records(made: str, told: Csv, path: str, form: Csv, reading: Reading) -> str:
    """A copy with the same records, each on lines that end alike; an empty value in a single column is quoted."""
    copied = reading.copy(path, form, ".csv")
    with opened(made) as stream, Path(copied).open("w", encoding="utf-8", newline="") as copy:
        records = csv.reader(lines(stream, told), dialect(told))
        try:
            csv.writer(copy, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(each for each in records if each)
        except (csv.Error, UnicodeError) as error:
            raise fault(path, form, str(error)) from error
    return copied
