"""The walk over a plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from data_platform.lineage.spark.expressions import Scope
from data_platform.lineage.spark.leaves import not_understood
from data_platform.lineage.spark.operators import OPERATORS
from data_platform.lineage.spark.plan import Jvm, Node, Nodes, folded, tree
from data_platform.lineage.spark.relation import Relation, Step
from data_platform.lineage.spark.sources import Sources


@dataclass(frozen=True, slots=True)
class Walk:
    """One plan, bottom-up; what it says of a common table expression is kept for those who refer to it."""

    sources: Sources
    jvm: Jvm
    tables: dict[int, Relation] = field(default_factory=dict)
    loops: dict[int, Relation] = field(default_factory=dict)

    def relation(self, plan: Nodes | Node, outer: Scope | None = None) -> Relation:
        def made(node: Node, inputs: list[Relation]) -> Relation:
            return OPERATORS.get(node.name, not_understood)(Step(self, node, inputs, outer))

        return folded(plan if isinstance(plan, Node) else tree(plan), made, alone=frozenset({"UnionLoop"}))
