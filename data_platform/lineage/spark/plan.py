"""Spark's plans as it writes them in JSON: trees in pre-order, expressions as trees within the fields of operators.

Some of it only the JVM says: where files are, and sequences that the JSON leaves out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Nodes: TypeAlias = Sequence[Mapping[str, Any]]
"""A tree in pre-order, as in the JSON."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """An operator or an expression: the name of its class, its fields and its children."""

    name: str
    fields: Mapping[str, Any]
    children: tuple[Node, ...]

    @property
    def id(self) -> int:
        """Of a named expression: what the operators above know it by."""
        named = tree(self.fields["e"]) if "e" in self.fields else self  # an OuterReference hides its attribute
        return named.fields["exprId"]["id"]

    def expressions(self, field: str) -> list[Node]:
        """A field that is an expression, several of them, or nothing."""
        found = self.fields.get(field) or ()
        if found and isinstance(found[0], Mapping):
            return [tree(found)]
        return [tree(each) for each in found]

    def outputs(self, field: str = "output") -> tuple[tuple[str, int], ...]:
        """The name and id of each attribute of a field."""
        return tuple((each.fields["name"], each.id) for each in self.expressions(field))


def tree(nodes: Nodes) -> Node:
    """Without recursion: a frame made by a thousand steps is a thousand deep."""
    pending: list[Node] = []
    for fields in reversed(nodes):
        count = fields["num-children"]
        children = tuple(reversed(pending[len(pending) - count :]))
        del pending[len(pending) - count :]
        pending.append(Node(fields["class"].rpartition(".")[2], fields, children))
    (root,) = pending
    return root


def folded(root: Node, value: Callable[[Node, list[Any]], Any], alone: frozenset[str] = frozenset()) -> Any:
    """`value` of each node and what it said of the children, left to right; children of nodes in `alone` are left out."""
    done: list[Any] = []
    for node in _after_children(root, alone):
        count = 0 if node.name in alone else len(node.children)
        below = done[len(done) - count :]
        del done[len(done) - count :]
        done.append(value(node, below))
    return done[0]


def _after_children(root: Node, alone: frozenset[str]) -> Iterator[Node]:
    pending = [(root, False)]
    while pending:
        node, below_done = pending.pop()
        if below_done or node.name in alone:
            yield node
        else:
            pending.append((node, True))
            pending += [(child, False) for child in reversed(node.children)]


@dataclass(frozen=True, slots=True)
class Jvm:
    """The plan in the JVM, for what its JSON does not say."""

    plan: Any

    def nodes(self) -> Nodes:
        return json.loads(self.plan.toJSON())

    def paths(self, node: Node) -> list[str]:
        """Where the files of a relation are; none where it is not made of files."""
        found = self._like(node)
        if found is None or node.name != "LogicalRelation":
            return []
        relation = found.relation()
        if not relation.getClass().getName().endswith("HadoopFsRelation"):
            return []
        return relation.location().rootPaths().mkString("\n").splitlines()  # one call, however many there are

    def sql(self, node: Node) -> str:
        """The SQL text that an operator was written as, '' where it was made otherwise."""
        found = self._like(node)
        origin = found.origin() if found is not None else None
        if origin is None or origin.sqlText().isEmpty() or origin.startIndex().isEmpty():
            return ""
        return origin.sqlText().get()[origin.startIndex().get() : origin.stopIndex().get() + 1]

    def projections(self, node: Node) -> list[list[Nodes]]:
        """Of an Expand, which the JSON does not always have."""
        found = self._like(node)
        rows = _items(found.projections()) if found is not None else []
        return [[json.loads(each.toJSON()) for each in _items(row)] for row in rows]

    def _like(self, node: Node) -> Any:
        """The operator of the same class with the same output, which no other has."""
        ids = [id for _, id in node.outputs()]
        pending = [self.plan]
        while pending:
            each = pending.pop()
            if each.getClass().getName() == node.fields["class"] and _ids(each) == ids:
                return each
            pending += [*_items(each.children()), *_items(each.subqueries())]
        return None


def _ids(operator: Any) -> list[int]:
    return [each.exprId().id() for each in _items(operator.output())]


def _items(several: Any) -> list[Any]:
    return [several.apply(place) for place in range(several.size())]
