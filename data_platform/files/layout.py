"""One fast look at the whole of a CSV file, for what DuckDB's reader is known to get wrong. Gzip's checksum is checked on
the way, which DuckDB does not.

It must cost little beside reading: bytes are looked at one by one only in pieces that seem to need it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from data_platform.files.formats import Csv
from data_platform.files.stream import chunks, opened

BLANK = (b"\n\n", b"\n\r\n", b"\r\r")
LONG = 1_000_000
"""How long a line may be without further thought; DuckDB's limit is twice that, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Layout:
    """`ends` are those of `\\n`, `\\r\\n` and `\\r` that end lines; `has_blank` says whether there is a blank line (asked
    for), `has_long` one of more than LONG bytes, `has_breaks` whether quoted values contain line breaks, `has_strays`
    whether quotes stand where none belongs, or a last one is missing, or an escape escapes nothing."""

    ends: frozenset[str]
    has_blank: bool = False
    has_long: bool = False
    has_breaks: bool = False
    has_strays: bool = False


def layout(path: str, form: Csv, blanks: bool = False) -> Layout:
    """The layout of a file in UTF-8; blank lines are looked for only with `blanks`."""
    ends: set[str] = set()
    has_blank = has_long = has_breaks = has_strays = is_quoted = False
    last = b"\n"
    quotes = _Quotes(form) if form.quote else None
    with opened(path) as stream:
        for piece in _by_lines(chunks(stream)):
            has_long = has_long or _has_long(piece)
            if blanks:
                has_blank = has_blank or any(pair in piece or pair in last + piece[:3] for pair in BLANK)
                last = piece[-2:]
            outside = piece
            if quotes is not None and (is_quoted or quotes.matter(piece)):
                outside, is_quoted, strays = quotes.outside(piece, is_quoted)
                has_strays = has_strays or strays
                has_breaks = has_breaks or any(outside.count(end) < piece.count(end) for end in (b"\n", b"\r"))
            ends |= _ends(outside)
    return Layout(frozenset(ends), has_blank, has_long, has_breaks, has_strays or is_quoted)


def _ends(text: bytes) -> set[str]:
    if b"\r" not in text:
        return {"\n"} if b"\n" in text else set()
    pairs = text.count(b"\r\n")
    counts = {"\r\n": pairs, "\n": text.count(b"\n") - pairs, "\r": text.count(b"\r") - pairs}
    return {end for end, number in counts.items() if number}


def _has_long(piece: bytes) -> bool:
    """Whether a stretch of LONG bytes has no end of a line: any line of twice that has such a stretch."""
    return any(
        piece.find(b"\n", at, at + LONG) < 0 and piece.find(b"\r", at, at + LONG) < 0
        for at in range(0, len(piece) - LONG, LONG)
    )


class _Quotes:
    """Where quotes stand, in pieces of whole lines."""

    def __init__(self, form: Csv) -> None:
        self._quote, self._delimiter = form.quote.encode(), form.delimiter.encode()
        quote, ending = re.escape(self._quote), rb"[\r\n" + re.escape(self._delimiter) + rb"]"
        escapes = (form.escape * 2, form.escape + form.quote) if form.escape != form.quote else ()
        self._escapes = [each.encode() for each in escapes if form.escape]
        kept = self._quote + self._delimiter + b"\r\n"
        self._others = bytes(byte for byte in range(256) if byte not in kept)
        self._spaced = re.compile(quote + b" +" + quote)
        self._after = re.compile(quote + rb"(?! *" + ending + rb"| *\Z|" + quote + b")")
        self._before = re.compile(quote + rb"(?! ?" + ending + rb"| ?\Z|" + quote + b")")

    def matter(self, piece: bytes) -> bool:
        """Whether quotes in a piece that begins outside of quotes may enclose line breaks, or stand in a quoted value."""
        if self._quote not in piece:
            return False
        signs = piece.translate(None, self._others)
        if self._escapes or self._quote in signs.translate(None, self._delimiter).replace(self._quote * 2, b""):
            return True
        return self._quote * 4 in signs and self._spaced.search(piece) is not None

    def outside(self, piece: bytes, is_quoted: bool) -> tuple[bytes, bool, bool]:
        """What stands outside of quotes, whether the piece ends within them, and whether anything but spaces stands
        between a quoted value and what delimits it."""
        for escape in self._escapes:
            piece = piece.replace(escape, b"")
        parts = piece.split(self._quote)
        ends_quoted = is_quoted ^ (len(parts) % 2 == 0)
        first, last = [b""] if is_quoted else [], [b""] if ends_quoted else []
        outside = self._quote.join([*first, *parts[is_quoted::2], *last])
        has_strays = self._has_strays(outside) or (
            bool(self._escapes) and any(self._escapes[0][:1] in each for each in parts[not is_quoted :: 2])
        )
        return outside, ends_quoted, has_strays

    def _has_strays(self, outside: bytes) -> bool:
        """Whether any quote has something else beside it than spaces and ends of values; by counting, which is quick, or
        where that does not tell, one by one."""
        quote, ends = self._quote, (self._delimiter, b"\n", b"\r")
        once = outside
        while quote * 2 in once:  # doubled quotes within a value: nothing stands between them
            once = once.replace(quote * 2, quote)
        number = once.count(quote)
        before = sum(once.count(end + quote) for end in ends) + once.startswith(quote)
        after = sum(once.count(quote + end) for end in ends) + once.endswith(quote)
        if before == after == number:
            return False
        return self._after.search(outside) is not None or self._before.search(outside[::-1]) is not None


def _by_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The pieces, cut behind ends of lines."""
    kept = b""
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1 or (0 if piece.endswith(b"\r") else piece.rfind(b"\r") + 1)
        if cut:
            yield kept + piece[:cut]
            kept = piece[cut:]
        else:
            kept += piece
    if kept:
        yield kept
