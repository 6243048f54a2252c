"""What a value comes from: of a struct also, field by field, what its parts do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from data_platform.lineage.model import NOTHING, Kind, Origins, through


@dataclass(frozen=True, slots=True)
class Value:
    """What a value comes from; of a struct, or of a list of structs, also what each field does, where that is known."""

    origins: Origins = NOTHING
    fields: tuple[Value, ...] = ()

    def through(self, kind: Kind) -> Value:
        return Value(through(self.origins, kind), tuple(each.through(kind) for each in self.fields))


def merged(values: Iterable[Value]) -> Origins:
    return frozenset().union(*(each.origins for each in values))


def side_by_side(values: Sequence[Value]) -> Value:
    """One of several values: those of a union's branches, of a list's elements."""
    same = len({len(each.fields) for each in values}) == 1
    fields = zip(*(each.fields for each in values), strict=True) if same else ()
    return Value(merged(values), tuple(map(side_by_side, fields)))
