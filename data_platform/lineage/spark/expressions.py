"""What the value of a Spark expression comes from: a rule for each that is more than a function of its arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from data_platform.lineage.model import Kind, Origins, through
from data_platform.lineage.spark import structs
from data_platform.lineage.spark.plan import Node, Nodes, folded
from data_platform.lineage.spark.values import Value, merged

if TYPE_CHECKING:
    from data_platform.lineage.spark.relation import Relation


@dataclass(frozen=True, slots=True)
class Scope:
    """What expressions may name: the columns of the relations below, and those around a correlated subquery."""

    columns: Mapping[int, Value]
    subquery: Callable[[Nodes, Scope], Relation]
    outer: Scope | None = None
    unknown: Origins | None = None
    """What a column is that no relation has, for one of them was not understood."""

    def column(self, id: int) -> Value:
        if id in self.columns:
            return self.columns[id]
        if self.outer is not None:
            return self.outer.column(id)
        if self.unknown is None:
            raise LookupError(f"no operator makes the column #{id}")
        return Value(self.unknown)

    def value(self, expression: Node) -> Value:
        return folded(expression, lambda node, arguments: RULES.get(node.name, _other)(node, arguments, self))

    def used(self, expressions: Iterable[Node], kind: Kind) -> Origins:
        """What all of these come from, used in this way."""
        return through(merged(self.value(each) for each in expressions), kind)


Rule: TypeAlias = Callable[[Node, Sequence[Value], Scope], Value]

CHOSEN = ("First", "Last", "AnyValue", "NthValue")
"""Aggregates that return one of the values: over a window that is a plain value of another row."""


def _other(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    if "plan" in node.fields:
        return _listed(node, arguments, scope).through(Kind.TRANSFORMATION)
    if node.name.startswith("Python"):
        reason = f"the Python function {node.fields.get('name', '')} is called for it".replace("  ", " ")
        return Value(through(merged(arguments), Kind.OPAQUE, reason=reason))
    return Value(through(merged(arguments), Kind.TRANSFORMATION))


def _same(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    return arguments[0]


def _nothing(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    return Value()


def _masked(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    return Value(through(merged(arguments), Kind.TRANSFORMATION, masking=True))


def _cast(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """Views cast every column to the type that it has."""
    (child,) = node.children
    if child.fields.get("dataType") == node.fields.get("dataType"):
        return arguments[0]
    return _other(node, arguments, scope)


def _conditional(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """`if c then a else b` and `case when c then a when d then b else e`: conditions come first of each pair."""
    pairs = len(arguments) // 2
    conditions = [arguments[2 * place] for place in range(pairs)]
    values = [each for place, each in enumerate(arguments) if place % 2 or place == 2 * pairs]
    return Value(through(merged(values), Kind.TRANSFORMATION) | through(merged(conditions), Kind.CONDITIONAL))


def _aggregate(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """A function of many rows, and the condition on them (`filter (where ...)`)."""
    function, *conditions = arguments
    done = function.through(Kind.AGGREGATION)
    return Value(done.origins | through(merged(conditions), Kind.CONDITIONAL), done.fields)


def _over(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """`function over (...)`."""
    function, window = arguments
    (called, _) = node.children
    if called.name == "AggregateExpression" and called.children[0].name in CHOSEN:
        chosen, *conditions = (scope.value(each) for each in called.children)
        function = Value(chosen.origins | through(merged(conditions), Kind.CONDITIONAL))
    return Value(function.origins | window.origins)


def _window(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    return Value(through(merged(arguments), Kind.WINDOW))


def _pivoted(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """The value of the row that has a given key; the keys are grouped by."""
    _, value = arguments
    return value


def _attribute(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    return scope.column(node.id)


def _outer(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    return (scope.outer or scope).column(node.id)


def _scalar(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """One value of one row; which row that is filters it."""
    found = scope.subquery(node.fields["plan"], scope)
    (value,) = found.values(1)
    return Value(value.origins | through(found.rows, Kind.FILTER), value.fields)


def _listed(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    found = scope.subquery(node.fields["plan"], scope)
    columns = merged(found.columns[id] for _, id in found.output)
    return Value(columns | through(found.rows, Kind.FILTER))


def _exists(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """Whether there is a row: what it consists of says nothing."""
    return Value(through(scope.subquery(node.fields["plan"], scope).rows, Kind.FILTER))


def _variable(node: Node, arguments: Sequence[Value], scope: Scope) -> Value:
    """It was set by a statement of its own, of which the plan says nothing."""
    raise LookupError("a session variable is read, and what it was set to is not known")


RULES: Mapping[str, Rule] = {
    "AttributeReference": _attribute,
    "OuterReference": _outer,
    "OuterScopeReference": _outer,
    "CaseWhen": _conditional,
    "If": _conditional,
    "Cast": _cast,
    "AggregateExpression": _aggregate,
    "PivotFirst": _pivoted,
    "WindowExpression": _over,
    "WindowSpecDefinition": _window,
    "SortOrder": _window,
    "ScalarSubquery": _scalar,
    "ListQuery": _listed,
    "Exists": _exists,
    "VariableReference": _variable,
    "CreateNamedStruct": structs.struct,
    "UpdateFields": structs.updated,
    "GetStructField": structs.field,
    "GetArrayStructFields": structs.field,
    "CreateArray": structs.list_of,
    "GetArrayItem": structs.item,
    "ElementAt": structs.item,
    **dict.fromkeys(
        ("Alias", "WithField", "KnownNotNull", "KnownNullable", "AssertNotNull", "TempResolvedColumn"), _same
    ),
    **dict.fromkeys(("Explode", "CollectList", "CollectSet", "First", "Last", "AnyValue"), structs.item),
    **dict.fromkeys(("Rank", "DenseRank", "PercentRank"), _nothing),  # their arguments are the window's order
    **dict.fromkeys(("Md5", "Sha1", "Sha2", "Crc32", "Murmur3Hash", "XxHash64", "HiveHash", "Mask"), _masked),
}
