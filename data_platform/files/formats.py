"""How a file is written down: what its bytes, separators and spellings mean. Which values are right is the contract's."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

DATE_PARTS = {  # what strptime's directives look like
    "%d": "[0-9]{1,2}",
    "%m": "[0-9]{1,2}",
    "%Y": "[0-9]{4}",
    "%y": "[0-9]{2}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]+",
    "%a": "[A-Za-z]{3}",
    "%A": "[A-Za-z]+",
    "%H": "[0-9]{1,2}",
    "%I": "[0-9]{1,2}",
    "%M": "[0-9]{1,2}",
    "%S": "[0-9]{1,2}",
    "%f": "[0-9]{1,6}",
    "%p": "[AaPp][Mm]",
    "%z": "([+-][0-9]{2}(:?[0-9]{2})?|Z)",
    "%%": "%",
}


@dataclass(frozen=True, slots=True)
class Dates:
    """Dates or times in another spelling than ISO 8601: `pattern` as strptime has it, e.g. `%d.%m.%Y %H:%M`. Names of
    months are English, an offset (`%z`) makes it UTC."""

    pattern: str

    def __post_init__(self) -> None:
        told = re.findall("%.?", self.pattern)
        wrong = next((each for each in told if each not in DATE_PARTS), "" if told else "no directive")
        if wrong:
            raise ValueError(f"Dates({self.pattern!r}) has {wrong}; known are {' '.join(DATE_PARTS)}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers in another spelling than `1234.5`: `Numbers(decimal=",", group=".")` reads `1.234,5`.

    `group` stands between groups of three digits, and may be left out in the file; '' allows none. Where `decimal` is
    no point, `1.5` becomes `1.5 (not as 1.234,5)`, so that no contract takes it for a number.
    """

    decimal: str = "."
    group: str = ""


@dataclass(frozen=True, slots=True)
class Booleans:
    """Other words than `true` and `false`, whatever their case: `Booleans(true="yes", false="no")`."""

    true: str
    false: str


Spelling = Dates | Numbers | Booleans


@dataclass(frozen=True, slots=True)
class Csv:
    """Delimited text; gzip is recognized by its first bytes.

    `encoding` is any of Python's; a byte order mark is no part of the first name. `quote` and `escape` are one
    character or '' (none); a doubled quote is the usual escape. A space before a quoted value, and spaces behind it, are
    no part of it. `header` says whether the first line after `skip`
    lines has the names; otherwise they are `column_1`, `column_2`, ... `nulls` are the texts that mean a missing
    value, quoted or not, in every column, and `missing` those that do so in one of the dataset's columns (`NA` is no
    amount, but a country). `spellings` are by the dataset's column; a value spelt otherwise is left as it is, so that
    the contract refuses it. `rename` maps names in the file to the dataset's.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    encoding: str = "utf-8"
    header: bool = True
    skip: int = 0
    nulls: tuple[str, ...] = ("",)
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _known(self.encoding)
        for name, sign, lengths in (
            ("delimiter", self.delimiter, (1,)),
            ("quote", self.quote, (0, 1)),
            ("escape", self.escape, (0, 1)),
        ):
            if len(sign) not in lengths or not sign.isascii() or sign in ("\r", "\n"):
                raise ValueError(f"Csv({name}={sign!r}): it must be one ASCII character" + " or ''" * (0 in lengths))
        if self.delimiter in (self.quote, self.escape):
            raise ValueError(f"Csv(delimiter={self.delimiter!r}): it cannot be the quote or the escape, too")


def _known(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError as error:
        raise ValueError(f"the encoding {encoding!r} is not one of Python's, such as utf-8 or cp1252") from error


@dataclass(frozen=True, slots=True)
class Json:
    """JSON: one object per line, or one array of objects; gzip is recognized. Other fields as for `Csv`.

    Numbers keep all their digits; nested values become the contract's nested type.
    """

    encoding: str = "utf-8"
    nulls: tuple[str, ...] = ()
    missing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    spellings: Mapping[str, Spelling] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _known(self.encoding)


@dataclass(frozen=True, slots=True)
class Parquet:
    """Parquet, with its own types."""

    rename: Mapping[str, str] = field(default_factory=dict)


Format = Csv | Json | Parquet
