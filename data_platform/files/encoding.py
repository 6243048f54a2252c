"""Which encoding a file's text is in. UTF-8 proves itself; cp1252 is believed only where it makes plausible words."""

from __future__ import annotations

import codecs
import re

from data_platform.files.errors import FileError

MARKS = {  # byte order mark -> encoding; the longer ones first, for UTF-32's begins with UTF-16's
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SMALL = "a-zßà-öø-ÿœšž"
ENDING = "’‘“”´»›–—…·•°ºª¹²³½¼¾€£®™©\xa0"
"""What may follow a small letter and is none."""
ODD = re.compile(
    rf"[a-z](?=[^\x00-\x7f])[^{SMALL}{ENDING}]"  # a capital, or an opening sign, after a small letter
    rf"|[a-z](?=[^\x00-\x7f])[^{SMALL}’‘´·–—…][a-z]"  # a sign within a word
    r"|[^\x00-\x7f]{4}"  # words without a letter of ASCII
)
"""What cp1252 makes of other encodings: of Polish, Cyrillic, Greek, Chinese, of a Mac's or DOS's text."""
FIX = "find out its encoding and say so, e.g. Csv(encoding='cp1250')"


def encoding_of(path: str, sample: bytes) -> str:
    """The encoding of a file that begins with `sample`; FileError where it cannot be told."""
    for mark, encoding in MARKS.items():
        if sample.startswith(mark):
            return encoding
    if (wide := _wide(sample)) is not None:
        return wide
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
        return "utf-8"
    except UnicodeDecodeError as error:
        line = sample.count(b"\n", 0, error.start) + 1
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError as error:
        line = sample.count(b"\n", 0, error.start) + 1
        raise FileError(path, "is neither UTF-8 nor Windows-1252", FIX, line=line) from error
    if odd := ODD.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        problem = f"is not UTF-8, and in Windows-1252 it would say {text[max(0, odd.start() - 8) : odd.end() + 8]!r}"
        raise FileError(path, problem, FIX, line=line)
    return "cp1252"


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: every other byte of ASCII's characters is zero."""
    even, odd = sample[0:4096:2].count(0), sample[1:4096:2].count(0)
    half = min(len(sample), 4096) // 2
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.1 * half:
        return "utf-16-le" if odd > even else "utf-16-be"
    return None
