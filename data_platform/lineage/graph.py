"""One graph over the columns of all datasets: what a column comes from, and what it goes into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from data_platform.lineage.model import ANY, Kind, Lineage, Origin

ROWS = ""
"""As a column: which rows the dataset has."""
WHICH = "which column is used is not known"


class Node(NamedTuple):
    """A column of a dataset; ROWS stands for which rows it has, ANY for any of its columns."""

    dataset: str
    column: str = ROWS

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}" if self.column != ROWS else self.dataset


class Edge(NamedTuple):
    """How a column (or, with the target ROWS, which rows there are) depends on another.

    Without a `kind` a dataset depends on which rows another has, and not on the values of any of its columns.
    """

    source: Node
    target: Node
    kind: Kind | None
    masking: bool = False
    reason: str = ""

    @property
    def how(self) -> str:
        """In words: `aggregation`, `group by`, `transformation, masked`, `opaque: a Python function`."""
        if self.kind is None:
            return "its rows"
        name = self.kind.replace("_", " ").lower()
        return f"{name}: {self.reason}" if self.reason else f"{name}, masked" if self.masking else name


@dataclass(frozen=True)
class Part:
    """What was asked about (with the column ROWS: the whole dataset), and the edges found up and down from it.

    `columns` are the dataset's own, in its order.
    """

    focus: Node
    columns: tuple[str, ...]
    up: tuple[Edge, ...] = ()
    down: tuple[Edge, ...] = ()

    @property
    def starts(self) -> list[Node]:
        return starts(self.focus, self.columns)


def starts(focus: Node, columns: Iterable[str]) -> list[Node]:
    """What one looks from: the column, or all of a dataset; and in any case which rows there are."""
    names = [focus.column] if focus.column != ROWS else list(columns)
    return [*(Node(focus.dataset, name) for name in names), Node(focus.dataset)]


@dataclass(frozen=True)
class Graph:
    """All datasets: the columns of each in order, the lineage of those that are made here, and what each reads besides
    what its lineage names (a count of rows uses no column)."""

    columns: Mapping[str, tuple[str, ...]]
    lineages: Mapping[str, Lineage]
    reads: Mapping[str, Iterable[str]] = field(default_factory=dict)

    def around(self, dataset: str, column: str = ROWS, *, up: int = 1, down: int = 1) -> Part:
        """What a column, or with ROWS any of the dataset, depends on and is used for, so many datasets far."""
        focus, columns = Node(dataset, column), self.columns.get(dataset, ())
        above = _walk(starts(focus, columns), up, self._into, _further_up)
        below = _walk(self._ends(focus, columns), down, self._out_of, lambda edge: [edge.target])
        return Part(focus, columns, tuple(above), tuple(below))

    def _ends(self, focus: Node, columns: Iterable[str]) -> list[Node]:
        """A column, or all of them; which rows there are only where a reader uses no column."""
        if focus.column != ROWS:
            return [focus]
        using = {target.dataset for target, _ in self._uses.get(focus.dataset, ())}
        counting = [Node(focus.dataset)] if not using.issuperset(self._readers.get(focus.dataset, ())) else []
        return [*(Node(focus.dataset, name) for name in columns), *counting]

    def _into(self, node: Node) -> Iterator[Edge]:
        lineage = self.lineages.get(node.dataset)
        if lineage is None:
            return
        if node.column == ANY:  # nobody knows which: from here on datasets are followed, and no columns
            for dataset in sorted({origin.dataset for _, origin in lineage.edges()}):
                yield Edge(Node(dataset, ANY), node, Kind.OPAQUE, reason=WHICH)
            return
        for each in sorted(lineage.rows if node.column == ROWS else lineage.columns.get(node.column, ())):
            yield edge(each, node)

    def _out_of(self, node: Node) -> Iterator[Edge]:
        if node.column == ROWS:
            for reader in self._readers.get(node.dataset, ()):
                yield Edge(node, Node(reader), None)
            return
        for target, origin in self._uses.get(node.dataset, ()):
            if origin.column in (node.column, ANY):
                yield edge(origin, target)._replace(source=node)

    @cached_property
    def _uses(self) -> dict[str, list[tuple[Node, Origin]]]:
        """By dataset, where its columns are used and how."""
        found: dict[str, list[tuple[Node, Origin]]] = {}
        for dataset, lineage in sorted(self.lineages.items()):
            for output, origin in lineage.edges():
                found.setdefault(origin.dataset, []).append((Node(dataset, output), origin))
        return found

    @cached_property
    def _readers(self) -> dict[str, list[str]]:
        """By dataset, those that are made from it."""
        found: dict[str, set[str]] = {}
        for dataset, uses in self._uses.items():
            found.setdefault(dataset, set()).update(target.dataset for target, _ in uses)
        for reader, several in self.reads.items():
            for dataset in several:
                found.setdefault(dataset, set()).add(reader)
        return {dataset: sorted(several - {dataset}) for dataset, several in found.items()}


def edge(origin: Origin, target: Node) -> Edge:
    return Edge(Node(origin.dataset, origin.column), target, origin.kind, origin.masking, origin.reason)


def picture_of(dataset: str, lineage: Lineage) -> Part:
    """One dataset and what it is made from."""
    columns = tuple(lineage.columns)
    return Graph({dataset: columns}, {dataset: lineage}).around(dataset, up=1, down=0)


def _further_up(edge: Edge) -> list[Node]:
    return [edge.source] if edge.source.column == ANY else [edge.source, Node(edge.source.dataset)]


def _walk(
    begin: Iterable[Node], levels: int, step: Callable[[Node], Iterable[Edge]], onward: Callable[[Edge], list[Node]]
) -> list[Edge]:
    """The edges met in so many steps, the near ones first, each once."""
    found, seen, frontier = dict[Edge, None](), set(begin), list(dict.fromkeys(begin))
    for _ in range(levels):
        following: dict[Node, None] = {}
        for node in frontier:
            for each in step(node):
                found[each] = None
                following.update((other, None) for other in onward(each) if other not in seen)
        seen.update(following)
        frontier = list(following)
        if not frontier:
            break
    return list(found)
