"""What functions, casts, conditions, aggregates and windows do with their parts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlglot import exp

from data_platform.lineage.model import Kind, Origins
from data_platform.lineage.sql.functions import ALONG_WINDOW, ORDERED_SET, STRUCTURE, aggregates, masks
from data_platform.lineage.sql.use import Handler, Part, Parts, Use


def computed(node: exp.Expr, use: Use) -> Parts:
    """Anything without a meaning of its own here, thus any function: made of all of its parts."""
    inner = use.as_(Kind.TRANSFORMATION)
    return [(child, inner) for child in node.iter_expressions()]


def _nothing(node: exp.Expr, use: Use) -> Parts:
    return ()


def _same(node: exp.Expr, use: Use) -> Parts:
    return [(child, use) for child in node.iter_expressions()]


def _value(node: exp.Expr, use: Use) -> Parts:
    """The value alone: a cast's type and a struct's key are no columns."""
    return [(node.this, use.as_(Kind.TRANSFORMATION))]


def _named(node: exp.Expr, use: Use) -> Parts:
    return [(node.this, use)]


def _entry(node: exp.Expr, use: Use) -> Parts:
    return [(node.expression, use)]


def _case(node: exp.Expr, use: Use) -> Iterator[Part]:
    inner, condition = use.as_(Kind.TRANSFORMATION), use.as_(Kind.CONDITIONAL)
    if node.this:
        yield node.this, condition
    yield from ((branch, inner) for branch in node.args["ifs"])
    if node.args.get("default"):
        yield node.args["default"], inner


def _if(node: exp.Expr, use: Use) -> Iterator[Part]:
    yield node.this, use.as_(Kind.CONDITIONAL)
    inner = use.as_(Kind.TRANSFORMATION)
    yield from ((node.args[branch], inner) for branch in ("true", "false") if node.args.get(branch))


def _function(node: exp.Expr, use: Use) -> Parts:
    return _masked(node, use) if masks(node) else _aggregate(node, use) if aggregates(node) else computed(node, use)


def _masked(node: exp.Expr, use: Use) -> Parts:
    return computed(node, replace(use, masking=True))


def _aggregate(node: exp.Expr, use: Use) -> Parts:
    inner = use.as_(Kind.AGGREGATION)
    if use.scope.aliases_first:
        inner = replace(inner, scope=replace(use.scope, aliases_first=False))
    return [(child, inner) for child in node.iter_expressions()]


def _ordered(node: exp.Expr, use: Use) -> Iterator[Part]:
    """`list(a ORDER BY b)`: the order is a window's."""
    if node.this:
        yield node.this, use
    yield from ((each, use.as_(Kind.WINDOW)) for each in node.expressions)


def _within(node: exp.Expr, use: Use) -> Iterator[Part]:
    yield node.this, use
    kind = Kind.AGGREGATION if isinstance(node.this, ORDERED_SET) else Kind.WINDOW
    yield from ((each, use.as_(kind)) for each in node.expression.expressions)


def _filtered(node: exp.Expr, use: Use) -> Iterator[Part]:
    yield node.this, use
    yield node.expression, use.as_(Kind.CONDITIONAL)


def _window(node: exp.Expr, use: Use) -> Iterator[Part]:
    yield node.this, use
    yield from _over(node, use.as_(Kind.WINDOW))


def _over(node: exp.Expr, use: Use) -> Iterator[Part]:
    for each in node.args.get("partition_by") or ():
        yield each, use
    for clause in ("order", "spec"):
        if node.args.get(clause):
            yield node.args[clause], use
    named = use.scope.window(node.alias) if node.alias else None
    if named is not None and named is not node:
        yield from _over(named, use)


def _lambda(node: exp.Expr, use: Use) -> Parts:
    names = frozenset(each.name.lower() for each in node.expressions)
    scope = replace(use.scope, local=use.scope.local | names)
    return [(node.this, replace(use, scope=scope))]


def _comprehension(node: exp.Expr, use: Use) -> Iterator[Part]:
    names = {each.name.lower() for each in (node.expression, node.args.get("position")) if each}
    inner = replace(use, scope=replace(use.scope, local=use.scope.local | names)).as_(Kind.TRANSFORMATION)
    yield node.args["iterator"], use.as_(Kind.TRANSFORMATION)
    yield from ((each, inner) for each in (node.this, node.args.get("condition")) if each)


def _dotted(node: exp.Expr, use: Use) -> Parts:
    """`(s).field`, or a function behind its first argument: `a.upper()`; the parser leaves bare names before the dot."""
    called = node.expression if isinstance(node.expression, exp.Func) else None
    inner = replace(use, masking=use.masking or (called is not None and masks(called)))
    inner = inner.as_(Kind.AGGREGATION if called is not None and aggregates(called) else Kind.TRANSFORMATION)
    parts: list[Part | Origins] = [(node.this, inner)]
    if isinstance(node.this, exp.Identifier):
        found = use.scope.find((node.this.name,))
        parts = [] if found is None else [inner.of(found)]
    return [*parts, (called, use)] if called is not None else parts


def _unnest(node: exp.Expr, use: Use) -> Parts:
    use.scope.unnested.append(node)
    return computed(node, use)


def call(node: exp.Expr) -> Handler:
    """For a class that has no meaning of its own in the table below."""
    if isinstance(node, exp.Anonymous):
        return _function
    if isinstance(node, STRUCTURE):
        return _nothing
    if masks(node):
        return _masked
    return _aggregate if aggregates(node) else computed


CALLS: dict[type, Handler] = {
    exp.Dot: _dotted,
    exp.Paren: _same,
    exp.Alias: _named,
    exp.IgnoreNulls: _same,
    exp.RespectNulls: _same,
    exp.Distinct: _same,
    exp.Ordered: _same,
    exp.Where: _same,
    exp.Cast: _value,
    exp.TryCast: _value,
    exp.Case: _case,
    exp.If: _if,
    exp.Order: _ordered,
    exp.WithinGroup: _within,
    exp.Filter: _filtered,
    exp.Window: _window,
    exp.Explode: _unnest,
    exp.Unnest: _unnest,
    exp.Lambda: _lambda,
    exp.Comprehension: _comprehension,
    exp.PropertyEQ: _entry,
    exp.Kwarg: _entry,
    exp.DataType: _nothing,
    exp.Identifier: _nothing,
    exp.Literal: _nothing,
    **dict.fromkeys(ALONG_WINDOW, computed),
}
