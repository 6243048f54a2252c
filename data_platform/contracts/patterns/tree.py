"""The tree of a pattern: sets of characters and their combinations.

What does not change whether a pattern matches (captures, greediness) is not kept. Sets of characters are ranges of code
points, but for those that only RE2's own Unicode tables know; these keep their source.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Ranges = tuple[tuple[int, int], ...]
LAST = 0x10FFFF

PERL: dict[str, Ranges] = {
    "d": ((48, 57),),
    "s": ((9, 10), (12, 13), (32, 32)),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
}
POSIX: dict[str, Ranges] = {
    "alnum": ((48, 57), (65, 90), (97, 122)),
    "alpha": ((65, 90), (97, 122)),
    "ascii": ((0, 127),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 31), (127, 127)),
    "digit": PERL["d"],
    "graph": ((33, 126),),
    "lower": ((97, 122),),
    "print": ((32, 126),),
    "punct": ((33, 47), (58, 64), (91, 96), (123, 126)),
    "space": ((9, 13), (32, 32)),
    "upper": ((65, 90),),
    "word": PERL["w"],
    "xdigit": ((48, 57), (65, 70), (97, 102)),
}


class PatternError(ValueError):
    """What is wrong with a pattern, in words."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set, or, where `negated`, one outside it; `source` is its RE2 text where RE2 must be asked."""

    ranges: Ranges = ()
    negated: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class Assertion:
    """A place: `text starts`, `text ends`, `line starts`, `line ends`, `boundary` (of an ASCII word), `no boundary`."""

    place: str


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`most` is None where there is no limit."""

    part: Node
    least: int
    most: int | None


Node = Chars | Assertion | Sequence | Choice | Repeat


def nodes(tree: Node) -> Iterable[Node]:
    """The tree's nodes, parents first."""
    yield tree
    match tree:
        case Sequence(parts) | Choice(parts):
            for part in parts:
                yield from nodes(part)
        case Repeat(part):
            yield from nodes(part)


def outside(ranges: Ranges) -> Ranges:
    """All other characters."""
    found, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            found.append((start, low - 1))
        start = max(start, high + 1)
    return (*found, (start, LAST)) if start <= LAST else tuple(found)


def cased(ranges: Ranges, flags: frozenset[str]) -> Ranges:
    """ASCII ranges, and with the flag `i` what differs in case only, as RE2 folds: `k` is the Kelvin sign's, too."""
    if "i" not in flags:
        return ranges
    found = set(ranges)
    for low, high in ranges:
        for first, shift in ((65, 32), (97, -32)):
            if (start := max(low, first)) <= (end := min(high, first + 25)):
                found.add((start + shift, end + shift))
        for letters, sign in (("Kk", 0x212A), ("Ss", 0x17F)):
            if any(low <= ord(each) <= high for each in letters):
                found.add((sign, sign))
    return tuple(sorted(found))
