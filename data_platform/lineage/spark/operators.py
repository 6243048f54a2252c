"""What the columns and the rows of a Spark operator come from: a rule for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

from data_platform.lineage.model import NOTHING, Kind, Origins, through
from data_platform.lineage.spark import leaves
from data_platform.lineage.spark.plan import Node, tree
from data_platform.lineage.spark.relation import Relation, Step
from data_platform.lineage.spark.values import Value, merged, side_by_side

Operator: TypeAlias = Callable[[Step], Relation]


def _kept(step: Step) -> Relation:
    return step.kept()


def _select(step: Step, *rows: Origins, field: str = "projectList") -> Relation:
    expressions, scope = step.node.expressions(field), step.scope
    output = tuple((each.fields.get("name", ""), each.id) for each in expressions)
    return replace(step.made(output, {each.id: scope.value(each) for each in expressions}, rows), unknown=None)


def _filter(step: Step) -> Relation:
    return step.kept(step.used("condition", Kind.FILTER))


def _aggregate(step: Step) -> Relation:
    return _select(step, step.used("groupingExpressions", Kind.GROUP_BY), field="aggregateExpressions")


def _window(step: Step) -> Relation:
    below, added = step.kept(), _select(step, field="windowExpressions")
    return replace(below, output=below.output + added.output, columns={**below.columns, **added.columns})


def _sort(step: Step) -> Relation:
    return step.kept(step.used("order", Kind.SORT))


def _unique(step: Step) -> Relation:
    if "keys" in step.node.fields:
        return step.kept(step.used("keys", Kind.GROUP_BY))
    return step.kept(through(merged(step.inputs[0].columns.values()), Kind.GROUP_BY))


def _join(step: Step) -> Relation:
    fields = ("condition", "asOfCondition", "orderExpression")
    condition = NOTHING.union(*(step.used(each, Kind.JOIN) for each in fields))
    if _kind_of_join(step.node) in ("LeftSemi$", "LeftAnti$"):
        return step.kept(condition)
    return step.all_of(condition)


def _kind_of_join(node: Node) -> str:
    return str(node.fields["joinType"].get("object", "")).rpartition(".")[2]


def _lateral(step: Step) -> Relation:
    """Its right side is an expression, which names columns of the left one."""
    (subquery,) = step.node.expressions("right")
    both = replace(step, inputs=[*step.inputs, step.walk.relation(subquery.fields["plan"], step.scope)])
    return both.all_of(both.used("condition", Kind.JOIN))


def _union(step: Step) -> Relation:
    """By place. The first branch gives names and ids, and nothing else."""
    output = step.inputs[0].output
    branches = zip(*(each.values(len(output)) for each in step.inputs), strict=True)
    columns = {id: side_by_side(values) for (_, id), values in zip(output, branches, strict=True)}
    return step.made(output, columns)


def _compared(step: Step) -> Relation:
    """INTERSECT and EXCEPT: a row stays by what it holds, compared with what the right side holds."""
    left, right = step.inputs
    own, other = merged(left.columns.values()), merged(right.columns.values()) | right.rows
    unique = NOTHING if step.node.fields["isAll"] else through(own, Kind.GROUP_BY)
    return replace(step, inputs=[left]).kept(through(own | other, Kind.FILTER), unique)


def _expand(step: Step) -> Relation:
    """Several rows for each: grouping sets, unpivot."""
    output, scope = step.node.outputs(), step.scope
    rows = step.node.fields["projections"] or step.walk.jvm.projections(step.node)
    values = [[scope.value(tree(each)) for each in row] for row in rows]
    columns = {id: side_by_side(several) for (_, id), several in zip(output, zip(*values, strict=True), strict=True)}
    return step.made(output, columns)


def _generate(step: Step) -> Relation:
    """Rows of a list, a map, or the like, beside those of the input, of which there are as many then."""
    (generator,) = step.node.expressions("generator")
    output, scope = step.node.outputs("generatorOutput"), step.scope
    value = scope.value(generator)
    below = step.kept(NOTHING if generator.name in ("Stack", "JsonTuple") else through(value.origins, Kind.JOIN))
    if generator.name == "Stack":
        cells = [scope.value(each).through(Kind.TRANSFORMATION) for each in generator.children[1:]]
        values = [side_by_side(cells[place :: len(output)]) for place in range(len(output))]
    elif generator.name == "Inline" and len((rows := scope.value(generator.children[0])).fields) == len(output):
        values = [each.through(Kind.TRANSFORMATION) for each in rows.fields]
    else:
        values = [value if len(output) == 1 else Value(value.origins)] * len(output)
    added = {id: each for (_, id), each in zip(output, values, strict=True)}
    return replace(below, output=below.output + output, columns={**below.columns, **added})


def _table(step: Step) -> Relation:
    step.walk.tables[step.node.fields["id"]] = step.inputs[0]
    return step.kept()


def _with(step: Step) -> Relation:
    """The query comes after the tables that it is written with."""
    return step.inputs[-1]


def _named_table(step: Step) -> Relation:
    return step.walk.tables[step.node.fields["cteId"]].named(step.node.outputs())


def _recursive(step: Step) -> Relation:
    """The first rows, and those made of them over and over: until nothing is added to what they come from."""
    anchor, again = step.node.children
    name, first = step.node.fields["id"], step.walk.relation(anchor, step.outer)
    found, before = first, None
    while found != before:
        step.walk.loops[name], before = found, found
        found = _union(replace(step, inputs=[found, step.walk.relation(again, step.outer)]))
    ids = (each["id"] for each in step.node.fields["outputAttrIds"])
    return found.named(tuple((name, id) for (name, _), id in zip(found.output, ids, strict=True)))


def _looped(step: Step) -> Relation:
    return step.walk.loops[step.node.fields["loopId"]].named(step.node.outputs())


OPERATORS: Mapping[str, Operator] = {
    "Project": _select,
    "Filter": _filter,
    "Aggregate": _aggregate,
    "Window": _window,
    "Sort": _sort,
    "Distinct": _unique,
    "Deduplicate": _unique,
    "DeduplicateWithinWatermark": _unique,
    "Join": _join,
    "AsOfJoin": _join,
    "LateralJoin": _lateral,
    "Union": _union,
    "Intersect": _compared,
    "Except": _compared,
    "Expand": _expand,
    "Generate": _generate,
    "SubqueryAlias": leaves.named,
    "CTERelationDef": _table,
    "CTERelationRef": _named_table,
    "WithCTE": _with,
    "UnionLoop": _recursive,
    "UnionLoopRef": _looped,
    "LocalRelation": leaves.local,
    "LogicalRDD": leaves.rows_from_outside,
    "Range": leaves.constants,
    "OneRowRelation": leaves.constants,
    **dict.fromkeys(
        ("LogicalRelation", "HiveTableRelation", "DataSourceV2Relation", "StreamingRelation"), leaves.files
    ),
    **dict.fromkeys(("MapInPandas", "MapInArrow", "PythonMapInArrow"), leaves.python_function),
    **dict.fromkeys(("FlatMapGroupsInPandas", "FlatMapGroupsInArrow"), leaves.python_function),
    **dict.fromkeys(("FlatMapCoGroupsInPandas", "FlatMapCoGroupsInArrow"), leaves.python_function),
    **dict.fromkeys(("View", "PipeOperator", "ResolvedHint", "CollectMetrics", "EventTimeWatermark", "Sample"), _kept),
    **dict.fromkeys(("LocalLimit", "GlobalLimit", "Limit", "Tail", "Offset", "ReturnAnswer"), _kept),
    **dict.fromkeys(("Repartition", "RepartitionByExpression", "RebalancePartitions", "SQLFunctionNode"), _kept),
}
