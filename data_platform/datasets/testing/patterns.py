"""Texts that match a regular expression, drawn from its tree: RE2's meaning, as the engines have it, not Python's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data_platform.contracts.patterns import SURROGATES, code_points, parse
from data_platform.contracts.patterns.tree import (
    Assertion,
    Chars,
    Choice,
    Node,
    Ranges,
    Repeat,
    Sequence,
    nodes,
    outside,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

MORE = 6
"""How much longer than it must be an unlimited repetition gets."""
LONGEST = 50
"""Up to which length the longest texts that are allowed are drawn."""
NUL = (0, 0)
"""A character that many systems do not take in a text: drawn by no strategy."""
READABLE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.@ /"
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))


def texts_matching(
    pattern: str, least: int = 0, most: int | None = None, *, plain: bool = False
) -> SearchStrategy[str]:
    """Texts that match, of about `least` to `most` characters where the pattern leaves that open; `plain` ones of ASCII
    that prints, wherever such a character will do.

    Where places (`\\b`, an inner `^`) decide, some that do not match are among them.
    """
    from hypothesis import strategies as st

    tree = parse(pattern)
    longest = MORE if most is None else min(most, LONGEST)
    matching = _texts(tree, max(longest, MORE, least), most, _plain if plain else characters)
    if any(isinstance(node, Assertion) for node in nodes(tree)):
        return matching
    around = st.text(READABLE, max_size=max(2, least))
    return matching | st.builds("".join, st.tuples(around, matching, around))


def _texts(tree: Node, more: int, most: int | None, of: Callable[[Chars], SearchStrategy[str]]) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    match tree:
        case Chars():
            return of(tree)
        case Sequence(parts):
            return st.tuples(*(_texts(part, more, most, of) for part in parts)).map("".join)
        case Choice(options):
            return st.one_of([_texts(option, more, most, of) for option in options])
        case Repeat(part, fewest, limit):
            highest = fewest + more if limit is None else limit
            if most is not None:
                highest = max(fewest, min(highest, most))
            return st.lists(_texts(part, more, most, of), min_size=fewest, max_size=highest).map("".join)
    return st.just("")


def characters(chars: Chars) -> SearchStrategy[str]:
    """One of some characters, readable ones first and most often."""
    from hypothesis import strategies as st

    wanted = _wanted(chars)
    readable = _among(READABLE, wanted)
    anywhere = st.sampled_from(wanted).flatmap(lambda ends: st.integers(*ends)).map(chr) if wanted else st.nothing()
    return st.sampled_from(readable) | anywhere if readable else anywhere


def _plain(chars: Chars) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    wanted = _wanted(chars)
    plain = _among(READABLE, wanted) or _among(PRINTABLE, wanted)
    return st.sampled_from(plain) if plain else characters(chars)


def _wanted(chars: Chars) -> Ranges:
    ranges = code_points(chars.source) if chars.source else chars.ranges
    return _usable(outside(ranges) if chars.negated and not chars.source else ranges)


def _among(some: str, ranges: Ranges) -> list[str]:
    return [each for each in some if any(low <= ord(each) <= high for low, high in ranges)]


def _usable(ranges: Ranges) -> Ranges:
    return outside((*outside(tuple(sorted(ranges))), SURROGATES, NUL))
