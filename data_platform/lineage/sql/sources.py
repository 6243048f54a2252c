"""FROM: tables, subqueries, functions, laterals and how they are joined."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from data_platform.lineage.model import NOTHING, Kind, Origins, through
from data_platform.lineage.sql.expressions import origins_of
from data_platform.lineage.sql.pivots import pivoted
from data_platform.lineage.sql.relation import Relation, distinctly, union, unknown
from data_platform.lineage.sql.scope import Scope, Source
from data_platform.lineage.sql.stars import expanded

GENERATED = (exp.GenerateSeries, exp.GenerateDateArray, exp.GenerateTimestampArray)

MOST_WRITTEN = 120

GROUPED = (exp.Table, exp.Subquery, exp.Unnest, exp.Values)
"""What parentheses in FROM hold that is not a query."""


def read(scope: Scope, node: exp.Expr) -> Origins:
    """Add what FROM and its joins read to the scope; returns what decides which rows there are."""
    rows = NOTHING
    if node.args.get("from_"):
        rows = add(scope, node.args["from_"].this)
    for each in node.args.get("laterals") or ():
        rows |= add(scope, each)
    return rows | joined(scope, node.args.get("joins") or ())


def add(scope: Scope, node: exp.Expr) -> Origins:
    """Add one item of FROM, with what is joined to it inside the same parentheses."""
    if isinstance(node, exp.Subquery) and isinstance(node.this, GROUPED):
        sources, rows = _group(scope, node)
    else:
        source = _source(scope, node)
        sources, rows = [source], source.relation.rows
    scope.sources += sources
    return rows | joined(scope, node.args.get("joins") or ())


def _group(scope: Scope, node: exp.Expr) -> tuple[list[Source], Origins]:
    """`(a JOIN b ...)`: its tables keep their names, unless the whole has an alias."""
    inside = Scope(scope.environment, scope)
    rows = add(inside, node.this)
    if not node.alias and not node.args.get("pivots"):
        scope.merged.update(inside.merged)
        return inside.sources, rows
    columns, rest = expanded(exp.Star(), inside)
    relation = pivoted(Relation(distinctly(columns), rows, rest), node, scope)
    return [Source(relation.renamed(node.alias_column_names), (node.alias.lower(),))], relation.rows


def _source(scope: Scope, node: exp.Expr) -> Source:
    relation, name = _relation(scope, node)
    relation = pivoted(relation, node, scope)
    alias = node.alias or next((each.alias for each in node.args.get("pivots") or () if each.alias), "")
    relation = relation.renamed(node.alias_column_names)
    return Source(relation, (alias.lower(),) if alias else tuple(part.lower() for part in name))


def _relation(scope: Scope, node: exp.Expr) -> tuple[Relation, tuple[str, ...]]:
    """The relation and its own name."""
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        name = tuple(part.name for part in node.parts)
        return scope.environment.named(name), name
    if isinstance(node, exp.Lateral) or (isinstance(node, exp.Table) and isinstance(node.this, exp.Expr)):
        return _relation(scope, node.this)[0], ()
    if isinstance(node, exp.Values):
        return _values(scope, node), ()
    if isinstance(node, (exp.Query, exp.Pivot)):
        return scope.environment.query(node, scope.environment, scope), ()
    return _function(scope, node), (_function_name(node),)


def _values(scope: Scope, node: exp.Expr) -> Relation:
    columns: list[Origins] = []
    for row in node.expressions:
        values = row.expressions if isinstance(row, exp.Tuple) else [row]
        columns += [NOTHING] * (len(values) - len(columns))
        for position, value in enumerate(values):
            columns[position] |= origins_of(value, scope)
    names = [f"col{position}" for position in range(len(columns))]
    return Relation(dict(zip(names, columns, strict=True)), computed=frozenset(names))


def _function_name(node: exp.Expr) -> str:
    return node.name if isinstance(node, exp.Anonymous) else node.key


def _function(scope: Scope, node: exp.Expr) -> Relation:
    """A table function: only what unnests or counts is understood."""
    if isinstance(node, (exp.Unnest, exp.Explode)):
        return _unnested(scope, node)
    inputs = union(*(origins_of(each, scope, Kind.TRANSFORMATION) for each in node.iter_expressions()))
    if isinstance(node, GENERATED):
        name = "range" if node.args.get("is_end_exclusive") else "generate_series"
        name = node.parent.alias or name if isinstance(node.parent, exp.Table) else name
        return Relation({name: inputs}, through(inputs, Kind.JOIN))
    written = node.sql(dialect="duckdb")
    if len(written) > MOST_WRITTEN:  # a list of a thousand files is no name
        written = f"{written[:MOST_WRITTEN]} ..."
    return unknown(written, f"{written} reads something that is no known dataset", inputs)


def _unnested(scope: Scope, node: exp.Expr) -> Relation:
    listed = node.expressions if isinstance(node, exp.Unnest) else [node.this]
    values = [origins_of(each, scope, Kind.TRANSFORMATION) for each in listed]
    rows = through(union(*values), Kind.JOIN)
    if any(
        isinstance(each, exp.PropertyEQ) for each in (*listed, *node.expressions)
    ):  # recursive := true, max_depth := 2
        return Relation({}, rows, union(*values))
    columns = [(node.alias if node.alias and len(values) == 1 else "unnest", each) for each in values]
    offset = node.args.get("offset")
    if offset:
        columns.append((offset.name if isinstance(offset, exp.Expr) else "ordinality", NOTHING))
    return Relation(distinctly(columns), rows)


def joined(scope: Scope, joins: Iterable[exp.Join]) -> Origins:
    return union(*(_join(scope, each) for each in joins))


def _join(scope: Scope, join: exp.Join) -> Origins:
    left, merged = list(scope.sources), dict(scope.merged)
    rows = add(scope, join.this)
    right = scope.sources[len(left) :]
    for name in _shared(join, left, right):
        rows |= _merge(scope, name, join.side, left, right)
    if join.args.get("on"):
        rows |= origins_of(join.args["on"], scope, Kind.JOIN)
    if join.kind in ("SEMI", "ANTI"):
        scope.sources, scope.merged = left, merged
    return rows


def _shared(join: exp.Join, left: list[Source], right: list[Source]) -> list[str]:
    if join.method == "NATURAL":
        there = {name for each in left for name in each.relation.folded}
        return [name for each in right for name in each.relation.folded if name in there]
    return [each.name.lower() for each in join.args.get("using") or ()]


def _merge(scope: Scope, name: str, side: str, left: list[Source], right: list[Source]) -> Origins:
    """One column for both sides: the value is the side's that is always there, of a full join either's."""
    before = scope.merged.get(name)
    ours = before if before is not None else Scope(scope.environment, None, left).resolve((name,))
    theirs = Scope(scope.environment, None, right).resolve((name,))
    if side == "FULL":
        scope.merged[name] = through(ours | theirs, Kind.TRANSFORMATION)
    else:
        scope.merged[name] = theirs if side == "RIGHT" else ours
    for each in right:
        each.hidden.add(name)
    for each in left:
        if name in each.relation.folded:
            each.shared[name] = scope.merged[name]
    return through(ours | theirs, Kind.JOIN)
