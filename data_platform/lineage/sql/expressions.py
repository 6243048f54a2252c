"""What the value of an expression comes from."""

from __future__ import annotations

from sqlglot import exp

from data_platform.lineage.model import Kind, Origins, through
from data_platform.lineage.sql.calls import CALLS, call, computed
from data_platform.lineage.sql.scope import Scope
from data_platform.lineage.sql.use import Handler, Part, Parts, Use

QUERIES = (exp.Query, exp.Pivot)


def origins_of(node: exp.Expr, scope: Scope, kind: Kind = Kind.IDENTITY) -> Origins:
    """What `node`, used as `kind`, comes from. A stack of our own: generated expressions are deeper than Python's."""
    found: set = set()
    waiting: list[Part] = [(node, Use(scope, kind))]
    while waiting:
        node, use = waiting.pop()
        for part in _parts(node, use):
            if isinstance(part, frozenset):
                found |= use.of(part)
            else:
                waiting.append(part)
    return frozenset(found)


def _parts(node: exp.Expr, use: Use) -> Parts:
    handler = HANDLERS.get(type(node))
    if handler is None:
        handler = HANDLERS[type(node)] = _handler(node)
    return handler(node, use)


def _handler(node: exp.Expr) -> Handler:
    return _subquery if isinstance(node, QUERIES) else call(node)


def _column(node: exp.Column, use: Use) -> Parts:
    if isinstance(node.this, exp.Star):
        return [
            source.relation.values for source in use.scope.sources if source.is_called((node.text("table").lower(),))
        ]
    return [use.scope.resolve(tuple(part.name for part in node.parts))]


def _star(node: exp.Expr, use: Use) -> Parts:
    return () if isinstance(node.parent, exp.AggFunc) else [source.relation.values for source in use.scope.sources]


def _columns(node: exp.Expr, use: Use) -> Parts:
    """COLUMNS(...) outside of a select list is any of them."""
    from data_platform.lineage.sql.stars import matching

    if use.scope.chosen is not None:
        return [use.scope.chosen]
    columns, rest = matching(node, use.scope)
    return [*(origins for _, origins in columns), *([rest] if rest else [])]


def _positional(node: exp.Expr, use: Use) -> Parts:
    from data_platform.lineage.sql.stars import at_position

    found = at_position(node, use.scope) or [("", source.relation.values) for source in use.scope.sources]
    return [origins for _, origins in found]


def _subquery(node: exp.Expr, use: Use) -> Parts:
    """A scalar or list subquery: its values, and filtered by what decides its rows."""
    relation = use.scope.environment.query(node, use.scope.environment, use.scope)
    return [relation.values, through(relation.rows, Kind.FILTER)]


def _exists(node: exp.Expr, use: Use) -> Parts:
    """Whether there are rows: what they hold does not count."""
    if not isinstance(node.this, QUERIES):
        return computed(node, use)
    relation = use.scope.environment.query(node.this, use.scope.environment, use.scope)
    return [through(relation.rows, Kind.FILTER)]


HANDLERS: dict[type, Handler] = {
    **CALLS,
    exp.Column: _column,
    exp.Star: _star,
    exp.Columns: _columns,
    exp.PositionalColumn: _positional,
    exp.Exists: _exists,
}
"""What a part of an expression means for lineage; any other class is decided on when it is first seen."""
