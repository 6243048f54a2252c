"""How far a doubt about columns reaches: from those of an input to those of what is made from it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import IntEnum

from data_platform.lineage.graph import ROWS
from data_platform.lineage.model import ANY, Kind, Lineage


class Reach(IntEnum):
    """How a column depends on what is in doubt; the smaller, the more certain its values do."""

    DIRECT = 1
    """Its values are made of it."""
    INDIRECT = 2
    """It decides which of them there are: as a filter, a join key, a condition, an order."""
    OPAQUE = 3
    """It may be used in any way: nobody could look inside."""


Reached = Mapping[str, Reach]
"""The columns that are reached, and how; ROWS: which rows there are."""


def onward(lineage: Lineage, dataset: str, read: Collection[str], doubtful: Reached) -> dict[str, Reach]:
    """What of a dataset is reached that was made, by this lineage, from the columns `read` (none: all) of another one of
    which some are doubtful. A way is as certain as its least certain step; of several ways the most certain counts."""
    found: dict[str, Reach] = {}
    of_any = [doubt for column, doubt in doubtful.items() if column != ROWS and (not read or column in read)]
    some = min(of_any, default=None)  # what is made of any column may be made of a doubtful one
    for output, origin in lineage.edges():
        if origin.dataset != dataset:
            continue
        before = some if origin.column == ANY else doubtful.get(origin.column)
        if before is not None:
            _reach(found, output, max(before, _how(origin.kind)))
    if ROWS in doubtful:
        _reach(found, ROWS, max(doubtful[ROWS], Reach.INDIRECT))
    if ROWS in found:
        for output in lineage.columns:
            _reach(found, output, max(found[ROWS], Reach.INDIRECT))
    return found


def merged(one: Reached, other: Reached) -> dict[str, Reach]:
    found = dict(one)
    for name, how in other.items():
        _reach(found, name, how)
    return found


def _reach(found: dict[str, Reach], output: str, how: Reach) -> None:
    found[output] = min(how, found.get(output, how))


def _how(kind: Kind) -> Reach:
    if kind is Kind.OPAQUE:
        return Reach.OPAQUE
    return Reach.DIRECT if kind.is_direct else Reach.INDIRECT
