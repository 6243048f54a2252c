"""What a suggestion is made of: changes of a contract, what each means to readers, and what no change can mend."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LEVELS: dict[str, tuple[str, str]] = {  # what changes -> part of the version that it raises, what it means to readers
    "new column": ("minor", "readers do not notice, unless they read all columns"),
    "enum": ("minor", "who treats each value apart does not know the new ones"),
    "length": ("minor", "who has room for so much text only cuts it"),
    "bound": ("minor", "who counted on the bound meets values beyond it"),
    "pattern": ("minor", "who takes the text apart meets another form"),
    "items": ("minor", "who counted on the number of items meets others"),
    "required": ("major", "readers meet nulls where there were none"),
    "type": ("major", "readers that name the narrower type fail or overflow"),
}
ORDER = ("", "minor", "major")


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a contract: `kind` is a key of LEVELS, `what` says it in words."""

    column: str
    kind: str
    what: str

    @property
    def level(self) -> str:
        return LEVELS[self.kind][0]

    @property
    def is_breaking(self) -> bool:
        return self.level == "major"

    @property
    def readers(self) -> str:
        return LEVELS[self.kind][1]


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is refused and no suggestion accepts: `why`, and what to do instead. `rule` is '' for the structure."""

    rule: str
    column: str
    why: str
    fix: str


@dataclass(frozen=True, slots=True)
class Concern:
    """Rows that are refused: for what, how many, in which partitions, and a few of them (values as text, masked)."""

    what: str
    rows: int
    partitions: tuple[str, ...]
    examples: tuple[Mapping[str, str], ...] = ()


INSTEAD: dict[str, str] = {  # kind of rule -> what to do about rows that break it, where no promise is to be loosened
    "duplicate_values": "repair the source: two rows with one key are no promise to loosen",
    "foreign_key": "publish the missing rows of the other dataset first, or repair the source",
    "row_count": "look for what is missing in the source; if the promise was wrong, change its number by hand",
    "type": "repair the source, or say how its values are spelt (`nulls`, `spellings` of the file's format)",
}
BY_HAND = "repair the source, or change the rule by hand if the promise was wrong"

_VERSION = re.compile(r"(v?)(\d+)(?:\.(\d+))?(?:\.(\d+))?")


def bumped(version: str, levels: Iterable[str]) -> str:
    """The next version by semantic versioning, as many numbers as it had; what is no such version stays as it is."""
    level = max(levels, key=ORDER.index, default="")
    found = _VERSION.fullmatch(version)
    if found is None or not level:
        return version
    prefix, *numbers = found.groups()
    major, minor = int(numbers[0]), int(numbers[1] or 0)
    parts = [major + 1, 0, 0] if level == "major" else [major, minor + 1, 0]
    most = max(2 if level == "minor" else 1, sum(each is not None for each in numbers))
    return prefix + ".".join(map(str, parts[:most]))
