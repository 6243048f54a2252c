"""Names: what can be one at all, and what a misspelt one was probably meant to be. What a project allows: `norms`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
QUARANTINE_SUFFIX = "__quarantine"
"""What the platform appends to a dataset's name for the rows it refused; nobody else may use it."""


def is_name(text: str) -> bool:
    """Whether `text` can name anything here: names become folders, tables, asset keys and words of expressions."""
    return NAME.fullmatch(text) is not None


def suggested_name(text: str) -> str:
    """The nearest name in lower case: `userID 2` -> `user_id_2`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    slug = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return slug if is_name(slug) else f"c_{slug}".rstrip("_")


def slug(text: str) -> str:
    """A rule's name from what its author called it: `No late rows!` -> `no_late_rows`."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The known word most like `word` (case does not count), or ''."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else ""


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """The mend for a word nobody knows: the closest known one, else `otherwise`, else all there are."""
    known = list(known)
    if match := closest(word, known):
        return f"did you mean `{match}`?"
    return otherwise or f"use one of {', '.join(known)}"
