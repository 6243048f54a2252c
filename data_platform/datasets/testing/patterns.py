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
    from hypothesis.strategies import SearchStrategy

MORE = 6
"""How much longer than it must be an unlimited repetition gets."""
LONGEST = 50
"""Up to which length the longest texts that are allowed are drawn."""
NUL = (0, 0)
"""A character that many systems do not take in a text: drawn by no strategy."""
READABLE = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.@ /"


def texts_matching(pattern: str, least: int = 0, most: int | None = None) -> SearchStrategy[str]:
    """Texts that match, of about `least` to `most` characters where the pattern leaves that open.

    Where places (`\\b`, an inner `^`) decide, some that do not match are among them.
    """
    from hypothesis import strategies as st

    tree = parse(pattern)
    longest = MORE if most is None else min(most, LONGEST)
    matching = _texts(tree, max(longest, MORE, least), most)
    if any(isinstance(node, Assertion) for node in nodes(tree)):
        return matching
    around = st.text(READABLE, max_size=max(2, least))
    return matching | st.builds("".join, st.tuples(around, matching, around))


def _texts(tree: Node, more: int, most: int | None) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    match tree:
        case Chars():
            return characters(tree)
        case Sequence(parts):
            return st.tuples(*(_texts(part, more, most) for part in parts)).map("".join)
        case Choice(options):
            return st.one_of([_texts(option, more, most) for option in options])
        case Repeat(part, fewest, limit):
            highest = fewest + more if limit is None else limit
            if most is not None:
                highest = max(fewest, min(highest, most))
            return st.lists(_texts(part, more, most), min_size=fewest, max_size=highest).map("".join)
    return st.just("")


def characters(chars: Chars) -> SearchStrategy[str]:
    """One of some characters, readable ones first and most often."""
    from hypothesis import strategies as st

    ranges = code_points(chars.source) if chars.source else chars.ranges
    wanted = _usable(outside(ranges) if chars.negated and not chars.source else ranges)
    readable = [each for each in READABLE if any(low <= ord(each) <= high for low, high in wanted)]
    anywhere = st.sampled_from(wanted).flatmap(lambda ends: st.integers(*ends)).map(chr) if wanted else st.nothing()
    return st.sampled_from(readable) | anywhere if readable else anywhere


def _usable(ranges: Ranges) -> Ranges:
    return outside((*outside(tuple(sorted(ranges))), SURROGATES, NUL))
