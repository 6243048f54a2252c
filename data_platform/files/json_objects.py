"""The objects of a JSON file, one at a time, each with its line; numbers stay the text that they are."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import IO, Any

from data_platform.files.errors import FileError
from data_platform.files.formats import Json
from data_platform.files.stream import chunks, opened

LARGEST = 1 << 28
"""How many characters one object may have."""
BLANK = " \t\r\n\ufeff"
FIX = "write one object per line, or one array of objects"


class Number(str):
    """A number as it stands in the file, with all of its digits."""


class _Twice(ValueError):
    """A name that occurs twice in an object."""


def objects(path: str, form: Json) -> Iterator[tuple[int, dict[str, Any]]]:
    """The line on which each object begins, and the object; FileError, with the line, for what is none."""
    with opened(path) as stream:
        text = _Text(path, form, stream)
        in_array = text.next() == "["
        if in_array:
            text.take()
        while (sign := text.next()) not in ("", "]"):
            line, value = text.value()
            if not isinstance(value, dict):
                raise FileError(path, f"is {sign}..., no object", FIX, line=line)
            yield line, value
            if in_array and (sign := text.next()) != "]":
                text.expect(",")
        if in_array or text.next() == "]":
            text.expect("]" if in_array else "{")
            if text.next():
                raise FileError(path, "goes on after the array's end", FIX, line=text.line)


class _Text:
    """The file's text: a window of it, moved on as values are taken."""

    def __init__(self, path: str, form: Json, stream: IO[bytes]) -> None:
        self._path, self._form, self._chunks = path, form, chunks(stream)
        self._decoder = codecs.getincrementaldecoder(form.encoding)()
        self._json = json.JSONDecoder(
            object_pairs_hook=_unique, parse_float=Number, parse_int=Number, parse_constant=Number, strict=True
        )
        self._window, self._at, self._counted, self.line, self._is_whole = "", 0, 0, 1, False

    def next(self) -> str:
        """The first character that is not blank, which stays where it is; '' at the end."""
        while True:
            while self._at < len(self._window):
                if self._window[self._at] not in BLANK:
                    self._count()
                    return self._window[self._at]
                self._at += 1
            if self._is_whole:
                return ""
            self._more()

    def take(self) -> None:
        self._at += 1

    def expect(self, sign: str) -> None:
        found = self.next()
        if found != sign:
            where = (
                f"has {found} where a {sign} belongs" if found else f"ends where a {sign} belongs: it may be cut off"
            )
            raise FileError(self._path, where, FIX, line=self.line)
        self._at += 1

    def value(self) -> tuple[int, Any]:
        """The value that begins here, and its line."""
        line = self.line
        while True:
            try:
                value, self._at = self._json.raw_decode(self._window, self._at)
                return line, value
            except json.JSONDecodeError as error:
                is_cut = error.pos > len(self._window) - 20 or "Unterminated string" in error.msg
                if is_cut and not self._is_whole and len(self._window) - self._at < LARGEST:
                    self._more()
                    continue
                at = line + self._window.count("\n", self._at, error.pos)
                is_cut = is_cut and (error.pos >= len(self._window.rstrip()) or "Unterminated" in error.msg)
                problem = "ends within a value: it may be cut off" if is_cut else f"is no JSON: {error.msg}"
                raise FileError(self._path, problem, "get the whole file, or mend the line", line=at) from error
            except _Twice as error:
                problem, fix = f"has {error} twice in one object", "name each value once"
                raise FileError(self._path, problem, fix, line=line, column=str(error)) from error
            except RecursionError as error:
                raise FileError(self._path, "is nested too deep", "write it flat", line=line) from error

    def _more(self) -> None:
        self._count()
        chunk = next(self._chunks, b"")
        self._is_whole = not chunk
        try:
            more = self._decoder.decode(chunk, self._is_whole)
        except UnicodeDecodeError as error:
            line = self.line + self._window.count("\n", self._at) + chunk.count(b"\n", 0, error.start)
            raise FileError(self._path, f"is no {self._form.encoding}", "say the right encoding", line=line) from error
        self._window, self._at, self._counted = self._window[self._at :] + more, 0, 0

    def _count(self) -> None:
        self.line += self._window.count("\n", self._counted, self._at)
        self._counted = self._at


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        raise _Twice(next(name for name, _ in pairs if name in seen or seen.add(name)))
    return found


def written(value: Any) -> str | None:
    """A plain value as text, a nested one as JSON; None for null."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return _json(value)


def _json(value: Any) -> str:
    match value:
        case Number():
            return str(value)
        case str():
            return encode_basestring(value)
        case dict():
            return "{" + ",".join(f"{encode_basestring(name)}:{_json(each)}" for name, each in value.items()) + "}"
        case list():
            return "[" + ",".join(map(_json, value)) + "]"
    return "null" if value is None else written(value) or ""
