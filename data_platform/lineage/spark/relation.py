"""Relations as they come out of operators, and an operator over what its inputs are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from data_platform.lineage.model import NOTHING, Kind, Origins
from data_platform.lineage.spark.expressions import Scope
from data_platform.lineage.spark.plan import Node
from data_platform.lineage.spark.values import Value

if TYPE_CHECKING:
    from data_platform.lineage.spark.walk import Walk

Output: TypeAlias = tuple[tuple[str, int], ...]
"""The columns of a relation in their order: name and id."""


@dataclass(frozen=True, slots=True)
class Relation:
    output: Output
    columns: Mapping[int, Value]
    rows: Origins = NOTHING
    sourced: bool = False
    """Whether a frame that was given is read in it."""
    unknown: Origins | None = None
    """What its columns are where nobody knows which it has."""

    def values(self, count: int) -> list[Value]:
        """Its columns in their order; LookupError where it has not so many."""
        if len(self.output) != count:
            if self.unknown is None:
                raise LookupError(f"{len(self.output)} columns were found, and there are {count}")
            return [Value(self.unknown)] * count
        return [self.columns[id] for _, id in self.output]

    def named(self, output: Output) -> Relation:
        """The same columns under other names and ids."""
        values = self.values(len(output))
        return replace(self, output=output, columns={id: each for (_, id), each in zip(output, values, strict=True)})


@dataclass(frozen=True, slots=True)
class Step:
    """An operator over what its inputs are."""

    walk: Walk
    node: Node
    inputs: Sequence[Relation]
    outer: Scope | None

    @property
    def scope(self) -> Scope:
        columns = {id: value for each in self.inputs for id, value in each.columns.items()}
        return Scope(columns, self.walk.relation, self.outer, self.unknown)

    @property
    def unknown(self) -> Origins | None:
        several = [each.unknown for each in self.inputs if each.unknown is not None]
        return frozenset().union(*several) if several else None

    @property
    def rows(self) -> Origins:
        return frozenset().union(*(each.rows for each in self.inputs))

    def used(self, field: str, kind: Kind) -> Origins:
        return self.scope.used(self.node.expressions(field), kind)

    def made(self, output: Output, columns: Mapping[int, Value], rows: Iterable[Origins] = ()) -> Relation:
        """Of these columns; `rows` are added to what decides on the inputs' rows."""
        sourced = any(each.sourced for each in self.inputs)
        return Relation(output, columns, self.rows.union(*rows), sourced, self.unknown)

    def kept(self, *rows: Origins) -> Relation:
        """The columns of the first input."""
        return self.made(self.inputs[0].output, self.inputs[0].columns, rows)

    def all_of(self, *rows: Origins) -> Relation:
        """The columns of all inputs."""
        output = tuple(name for each in self.inputs for name in each.output)
        return self.made(output, self.scope.columns, rows)
