"""How delimited text is written down: what makes most of its records equally wide, with the least skipped."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from data_platform.files.formats import Csv
from data_platform.files.records import dialect

DELIMITERS = ("\t", ";", "|", ",")
"""The comma last: it stands in numbers and sentences, too."""
QUOTINGS = (('"', '"'), ('"', "\\"), ("'", "'"), ("", ""))
"""Quote and escape; the usual first, the others only where they explain more."""
TYPED = re.compile(
    r"[+-]?[$€£]?\s?[\d.,' ]*\d\s?[%$€£]?([eE][+-]?\d+)?"
    r"|\d{1,4}[-./]\d{1,2}[-./]\d{1,4}([ T]\d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2}.*)?"
)
"""A number, a date or a time in about any spelling."""
YEAR = re.compile("(19|20)[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Guess:
    """A format and how well it explains a sample: the share of `records` that have as many values as most."""

    form: Csv
    share: float
    records: tuple[Sequence[str], ...]


def dialect_of(text: str, is_whole: bool, encoding: str) -> Csv:
    """The format of delimited text that begins with `text`; its own rules may still be broken in it."""
    best: Guess | None = None
    for strict, (quote, escape) in product((True, False), QUOTINGS):
        if best is not None and (best.share == 1 or not strict):
            break
        for delimiter in DELIMITERS:
            form = Csv(delimiter=delimiter, quote=quote, escape=escape, encoding=encoding)
            guess = _tried(text, is_whole, form, strict) if _is_likely(form, text) else None
            if guess is not None and (best is None or guess.share > best.share):
                best = guess
    if best is None:
        return replace(_single(text), encoding=encoding)
    return replace(best.form, header=_has_header(best.records))


def _is_likely(form: Csv, text: str) -> bool:
    """Apostrophes quote only where values are wrapped in them; only tabs need no quotes. For what seems to be a broken
    quote mostly is one, and to take it for text would make a wrong value of it."""
    match form.quote:
        case "'":
            around = re.escape(form.delimiter)
            return re.search(rf"(^|{around})'[^'\n]*'({around}|\r?$)", text, re.MULTILINE) is not None
        case "":
            return form.delimiter == "\t" and re.search(r'(^|\t)"[^"\t\n]*"(\t|\r?$)', text, re.MULTILINE) is None
    return form.escape == '"' or '\\"' in text


def _single(text: str) -> Csv:
    """The format of text in a single column."""
    records = tuple([line] for line in text.splitlines() if line.strip())
    return Csv(header=_has_header(records))


def _tried(text: str, is_whole: bool, form: Csv, strict: bool) -> Guess | None:
    """How well a format explains the text; None where the text breaks its rules, or it finds one column only."""
    reader = csv.reader(io.StringIO(text, newline=""), dialect(form, strict))
    found: list[tuple[int, list[str]]] = []  # the line before each record, and the record
    line = 0
    try:
        for record in reader:
            found.append((line, record))
            line = reader.line_num
    except csv.Error as error:
        if is_whole or "unexpected end of data" not in str(error):
            return None
    else:
        found = found if is_whole else found[:-1]  # the last is cut off
    filled = [(line, record) for line, record in found if record]
    widths = Counter(len(record) for _, record in filled if len(record) > 1)
    if not widths:
        return None
    width = widths.most_common(1)[0][0]
    first = next((i for i, (_, record) in enumerate(filled) if not _is_title(record, width)), 0)
    share = sum(len(record) == width for _, record in filled) / len(filled)
    return Guess(replace(form, skip=filled[first][0]), share, tuple(record for _, record in filled[first:]))


def _is_title(record: Sequence[str], width: int) -> bool:
    """Whether a record before the names is a title or a comment."""
    has_little = sum(bool(value.strip()) for value in record) <= 1
    return (len(record) == 1 or (width > 2 and has_little)) or (record[0].startswith("#") and len(record) != width)


def _has_header(records: Sequence[Sequence[str]]) -> bool:
    """Whether the first record has names: it is text where the others have numbers or dates, or mostly unlike all others."""
    first, rest = records[0], records[1:1000]
    named = valued = repeated = 0
    for number, name in enumerate(first):
        below = [record[number] for record in rest if len(record) > number and record[number].strip()]
        if YEAR.fullmatch(name.strip()) and below and not any(YEAR.fullmatch(each.strip()) for each in below):
            continue  # a table that has a column for each year
        if TYPED.fullmatch(name.strip()):
            valued += 1
        elif below and all(TYPED.fullmatch(each.strip()) for each in below):
            named += 1
        repeated += bool(name) and name in below
    if valued:
        return named > 0 and len(set(first)) == len(first)
    return named > 0 or repeated * 2 <= len(first)
