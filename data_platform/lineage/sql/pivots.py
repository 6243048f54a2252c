"""PIVOT and UNPIVOT, as statements and as clauses of a table."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from data_platform.lineage.model import NOTHING, Kind, Origins, through
from data_platform.lineage.sql.expressions import origins_of
from data_platform.lineage.sql.relation import Relation, distinctly, union
from data_platform.lineage.sql.scope import Scope, Source


def pivoted(relation: Relation, node: exp.Expr, scope: Scope) -> Relation:
    """With the pivots that stand behind a table or a subquery."""
    for pivot in node.args.get("pivots") or ():
        relation = applied(relation, pivot, scope)
    return relation


def applied(relation: Relation, pivot: exp.Expr, outer: Scope) -> Relation:
    scope = Scope(outer.environment, outer, [Source(relation, ())])
    result = (_unpivot if pivot.args.get("unpivot") else _pivot)(relation, pivot, scope)
    return result.renamed(pivot.alias_column_names)


def _pivot(relation: Relation, pivot: exp.Expr, scope: Scope) -> Relation:
    """Columns that are neither pivoted nor aggregated are grouped by; the others' names are values of the keys."""
    standard = bool(pivot.args.get("fields"))
    on = pivot.args["fields"] if standard else pivot.expressions
    using = pivot.expressions if standard else (pivot.args.get("using") or [])
    keys = [each.this if isinstance(each, exp.In) else each for each in on]
    aggregates = [origins_of(each, scope) for each in using]
    if pivot.args.get("group"):
        grouped = {each.name.lower() for each in pivot.args["group"].expressions}
        kept = {name: origins for name, origins in relation.columns.items() if name.lower() in grouped}
    else:
        taken = {each.name.lower() for part in (*keys, *using) for each in part.find_all(exp.Column)}
        kept = {name: origins for name, origins in relation.columns.items() if name.lower() not in taken}
    rows = relation.rows | union(*(origins_of(each, scope, Kind.GROUP_BY) for each in keys))
    rows |= through(union(*kept.values()), Kind.GROUP_BY)
    names = _names(pivot, on, using)
    if names is None:  # only the data says which columns there will be
        rest = union(*aggregates, relation.rest or NOTHING)
        return Relation(kept, rows, rest)
    values = [aggregates[position % len(aggregates)] if aggregates else NOTHING for position in range(len(names))]
    return Relation(distinctly([*kept.items(), *zip(names, values, strict=True)]), rows, relation.rest)


def _names(pivot: exp.Expr, on: Sequence[exp.Expr], using: Sequence[exp.Expr]) -> list[str] | None:
    """Of the pivoted columns, where the query lists their keys as constants."""
    if pivot.args.get("columns"):
        return [each.name for each in pivot.args["columns"]]
    names: list[str] = [""]
    for each in on:
        listed = each.expressions if isinstance(each, exp.In) else []
        if not listed or not all(isinstance(value, exp.Literal) for value in listed):
            return None
        names = [f"{name}_{value.name}" if name else value.name for name in names for value in listed]
    if len(using) <= 1 and not any(isinstance(each, exp.Alias) for each in using):
        return names
    if not all(isinstance(each, exp.Alias) for each in using):
        return None
    return [f"{name}_{each.alias}" for name in names for each in using]


def _unpivot(relation: Relation, pivot: exp.Expr, scope: Scope) -> Relation:
    """Each listed column becomes rows: its name in one column, which nothing comes from, its value in another."""
    if pivot.args.get("fields"):
        clause = pivot.args["fields"][0]
        named, listed, values = clause.this.name, clause.expressions, _flat(pivot.expressions)
    else:
        into = pivot.args.get("into")
        named, listed = into.this.name if into else "name", pivot.expressions
        values = _flat(into.expressions) if into else [exp.to_identifier("value")]
    groups = [group for each in listed for group in _groups(each, scope)]
    taken = {name for group in groups for name, _ in group}
    kept = [(name, origins) for name, origins in relation.columns.items() if name.lower() not in taken]
    columns: list[tuple[str, Origins]] = [*kept, (named, NOTHING)]
    for position, value in enumerate(values):
        columns.append((value.name, union(*(group[position][1] for group in groups if position < len(group)))))
    rows = relation.rows
    if pivot.args.get("include_nulls") is not True:  # a row is made only of what is there
        rows |= through(union(*(origins for group in groups for _, origins in group)), Kind.FILTER)
    return Relation(distinctly(columns), rows, relation.rest)


def _groups(node: exp.Expr, scope: Scope) -> list[list[tuple[str, Origins]]]:
    """What is unpivoted together: `a` alone, `(a, b)` as two values of one row, COLUMNS(...) one by one."""
    from data_platform.lineage.sql.stars import expanded, matching

    node = node.this if isinstance(node, (exp.Alias, exp.PivotAlias)) else node
    if isinstance(node, exp.Columns):
        return [[(name.lower(), origins)] for name, origins in matching(node, scope)[0]]
    if isinstance(node, exp.Star):
        return [[(name.lower(), origins)] for name, origins in expanded(node, scope)[0]]
    if isinstance(node, exp.Tuple):
        return [[(each.name.lower(), origins_of(each, scope)) for each in node.expressions]]
    return [[(each.name.lower(), origins_of(each, scope))] for each in [node]]


def _flat(nodes: Sequence[exp.Expr]) -> list[exp.Expr]:
    return [inner for each in nodes for inner in (each.expressions if isinstance(each, exp.Tuple) else [each])]
