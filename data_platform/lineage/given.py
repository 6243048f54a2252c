"""What a function is given, as the extractors of frames know it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from data_platform.lineage.model import Lineage, opaque


class Unreadable(Exception):
    """A frame, or a step of it, does not say how it is computed."""


IN_MEMORY = "rows in memory: how they were computed is not known"


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """An input as a function gets it: columns of a dataset, and the files that they are read from (none: no rows)."""

    dataset: str
    columns: tuple[str, ...]
    frame: Any
    files: tuple[str, ...] = ()


def stranger(columns: Iterable[str], inputs: Sequence[Given]) -> Lineage:
    """Rows in memory that are no input: they may have been computed from any of them."""
    return opaque(columns, [each.dataset for each in inputs], IN_MEMORY)
