"""What was found out about a source, in the words that the table on the screen and the contract are made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from data_platform.contracts import ColumnType
from data_platform.files.formats import Format, Spelling


class ScaffoldError(ValueError):
    """Why nothing can be proposed or written: what, where, and what to do."""


class Sure(StrEnum):
    """How sure an inference is."""

    VERIFIED = "verified"  # all values of the whole source say so
    LIKELY = "likely"  # they do, but are few, or another reading is possible
    OPEN = "open"  # somebody has to look


@dataclass(frozen=True, slots=True)
class Source:
    """What becomes one dataset: its name, where its files are (as `Files` has it), which those are now, their format.

    `lands` says that it is a landing zone: files keep coming, and each is taken in once."""

    name: str
    location: str
    paths: tuple[str, ...]
    format: Format
    lands: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds no value should ever leave, inclusive; None where there is none."""

    low: int | float | None = None
    high: int | float | None = None


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column, measured over all rows, and what is proposed for it.

    `distinct` is approximate. `shortest` and `longest` are lengths of text; `minimum` and `maximum` what DuckDB prints.
    `pattern` is a regular expression and `values` an enum, or empty. `notes` are for whoever reviews the contract.
    """

    name: str
    type: ColumnType
    sure: Sure
    nulls: int = 0
    distinct: int = 0
    shortest: int = 0
    longest: int = 0
    minimum: Any = None
    maximum: Any = None
    spelling: Spelling | None = None
    range: Range = Range()
    pattern: str = ""
    values: tuple[str, ...] = ()
    pii: str = ""
    classification: str = "internal"
    description: str = ""
    required: bool | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """By the days of which column a dataset is partitioned, from which on, how many there are, and why so."""

    column: str
    start: str
    days: int
    sure: Sure
    why: str


@dataclass(frozen=True, slots=True)
class TableProfile:
    """All columns of a source. `key` is the primary key, () where none was found; `dataset` the name it will have.

    `cut` is None for what is published as a whole; of what lands `uncut` says why it is."""

    source: Source
    rows: int
    columns: tuple[ColumnProfile, ...]
    key: tuple[str, ...] = ()
    key_notes: tuple[str, ...] = ()
    description: str = ""
    cut: Cut | None = None
    uncut: str = ""

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def at_once(self) -> int:
        """How many rows are published together: all, or those of a day."""
        return self.rows // max(self.cut.days, 1) if self.cut else self.rows

    def column(self, name: str) -> ColumnProfile:
        return next(each for each in self.columns if each.name == name)


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Columns of `child` whose values are all found in the key of `parent` (names of datasets without the domain).

    `missing` rows are not: with any it is no rule, only a remark.
    """

    child: str
    columns: tuple[str, ...]
    parent: str
    keys: tuple[str, ...]
    missing: int = 0
    why: str = ""

    @property
    def holds(self) -> bool:
        return self.missing == 0


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything inferred about some sources that become one domain's datasets."""

    tables: tuple[TableProfile, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()

    @property
    def rules(self) -> tuple[ForeignKey, ...]:
        return tuple(each for each in self.foreign_keys if each.holds)
