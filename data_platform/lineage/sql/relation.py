"""What a relation, a base table as much as a subquery, hands to whoever reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from data_platform.lineage.model import ANY, NOTHING, Kind, Lineage, Origin, Origins, through


@dataclass(frozen=True)
class Relation:
    """Where columns and rows come from.

    `rest` is what any column comes from that is not in `columns`, where only the data or an engine knows the names (a
    file, a PIVOT); None where `columns` is complete. `computed` are the columns whose names the query does not write.
    """

    columns: Mapping[str, Origins] = field(default_factory=dict)
    rows: Origins = NOTHING
    rest: Origins | None = None
    computed: frozenset[str] = frozenset()

    @cached_property
    def folded(self) -> dict[str, Origins]:
        return {name.lower(): origins for name, origins in self.columns.items()}

    @cached_property
    def spelled(self) -> dict[str, str]:
        """Each column's name in its own case."""
        return {name.lower(): name for name in self.columns}

    @property
    def values(self) -> Origins:
        """Of all columns together."""
        return union(*self.columns.values(), self.rest or NOTHING)

    def renamed(self, names: Sequence[str]) -> Relation:
        """With the first columns named so, as in `AS alias(a, b)`."""
        if not names:
            return self
        had = list(self.columns.items())
        named = [*zip(names, (origins for _, origins in had), strict=False), *had[len(names) :]]
        named += [(name, self.rest) for name in names[len(had) :] if self.rest is not None]
        return replace(self, columns=distinctly(named), computed=frozenset())


def from_lineage(lineage: Lineage) -> Relation:
    known = {name: origins for name, origins in lineage.columns.items() if name != ANY}
    return Relation(known, lineage.rows, lineage.columns.get(ANY))


def to_lineage(relation: Relation, outputs: Sequence[str]) -> Lineage:
    """The result of a query, its columns named as in `outputs` where the query leaves that open."""
    outputs = [*distinctly((name, NOTHING) for name in outputs)]
    if relation.rest is None:
        names = list(relation.columns)
        fits = len(names) == len(outputs) and all(
            name in relation.computed or name.lower() == output.lower()
            for name, output in zip(names, outputs, strict=True)
        )
        if fits:
            return Lineage(dict(zip(outputs, relation.columns.values(), strict=True)), relation.rows)
        return Lineage(relation.columns, relation.rows)
    names = outputs or [*relation.columns, ANY]
    named = {
        relation.spelled.get(each.lower(), each): relation.folded.get(each.lower(), relation.rest) for each in names
    }
    others = {name: origins for name, origins in relation.columns.items() if name not in named}
    return Lineage({**named, **others}, relation.rows)


def unknown(name: str, reason: str, inputs: Origins = NOTHING) -> Relation:
    """A relation nobody can look into: any column of it, and which rows it has."""
    either = frozenset([Origin(name, ANY, Kind.OPAQUE, reason=reason)]) | through(inputs, Kind.OPAQUE, reason=reason)
    return Relation({}, either, either)


def distinctly(columns: Iterable[tuple[str, Origins]]) -> dict[str, Origins]:
    """Columns by name; the second `a` becomes `a_1`, as DuckDB names it."""
    named: dict[str, Origins] = {}
    taken: set[str] = set()
    for name, origins in columns:
        free, count = name, 0
        while free.lower() in taken:
            count += 1
            free = f"{name}_{count}"
        taken.add(free.lower())
        named[free] = origins
    return named


def union(*several: Origins) -> Origins:
    return frozenset().union(*several)
