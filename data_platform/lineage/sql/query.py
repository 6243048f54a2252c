"""Statements, WITH and set operations: the ways to make a relation of relations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlglot
from sqlglot import exp

from data_platform.lineage.model import NOTHING, Kind, Lineage, Origins, through
from data_platform.lineage.sql.pivots import applied
from data_platform.lineage.sql.relation import Relation, distinctly, to_lineage, union
from data_platform.lineage.sql.scope import Environment, Scope
from data_platform.lineage.sql.select import ordered, select
from data_platform.lineage.sql.sources import add
from data_platform.lineage.sql.stars import expanded
from data_platform.lineage.sql.tables import Tables


def evaluate(query: str, tables: Mapping[str, Lineage], outputs: Sequence[str], dialect: str) -> Lineage:
    """The lineage of the last statement; those before it may create the tables and views it reads."""
    environment = Environment(Tables(tables).relation, relation_of)
    result = None
    for statement in sqlglot.parse(query, dialect=dialect):
        if statement is None or isinstance(statement, exp.Semicolon):  # nothing, or a comment alone
            continue
        if isinstance(statement, exp.Create) and isinstance(statement.expression, exp.Query):
            result = relation_of(statement.expression, environment, None)
            environment = environment.with_common(_created(statement), result)
        else:
            result = relation_of(statement, environment, None)
    if result is None:
        raise ValueError("it holds no statement")
    return to_lineage(result, outputs)


def _created(statement: exp.Create) -> str:
    named = statement.find(exp.Table)
    return named.name if named is not None else ""


def relation_of(node: exp.Expr, environment: Environment, outer: Scope | None) -> Relation:
    """What a query, anywhere in a query, hands to whoever reads it."""
    environment = _with(node, environment, outer)
    if isinstance(node, exp.Select):
        return select(node, environment, outer)
    if isinstance(node, exp.SetOperation):
        return _combined(node, environment, outer)
    if isinstance(node, exp.Subquery):
        return _parenthesized(node, environment, outer)
    if isinstance(node, exp.Pivot):
        scope = Scope(environment, outer)
        rows = add(scope, node.this)
        columns, rest = expanded(exp.Star(), scope)
        return applied(Relation(distinctly(columns), rows, rest), node, scope)
    if isinstance(node, (exp.Table, exp.Values)):
        scope = Scope(environment, outer)
        rows = add(scope, node)
        columns, rest = expanded(exp.Star(), scope)
        return Relation(distinctly(columns), rows, rest)
    reason = f"{(node.name if isinstance(node, exp.Command) else node.key).upper()} is not understood"
    names = [tuple(part.name for part in each.parts) for each in node.find_all(exp.Table) if each.name]
    if not names:  # whatever it reads, it is not written where it could be found
        raise ValueError(reason)
    either = through(union(*(environment.named(each).values for each in names)), Kind.OPAQUE, reason=reason)
    return Relation({}, either, either)


def _parenthesized(node: exp.Expr, environment: Environment, outer: Scope | None) -> Relation:
    result = relation_of(node.this, environment, outer)
    return ordered(node, result, _of_result([result], environment, outer))


def _of_result(names: Sequence[Relation], environment: Environment, outer: Scope | None) -> Scope:
    """Where ORDER BY of a set operation looks: only at the result, by the column names of any side."""
    scope = Scope(environment, outer)
    for each in names:
        for name, origins in zip(each.folded, names[0].columns.values(), strict=False):
            scope.aliases.setdefault(name, origins)
    return scope


def _with(node: exp.Expr, environment: Environment, outer: Scope | None) -> Environment:
    clause = node.args.get("with_")
    if clause is None:
        return environment
    for each in clause.expressions:
        name, names = each.alias, each.alias_column_names
        if clause.recursive and isinstance(each.this, exp.SetOperation) and _reads(each.this, name):
            relation = _recursive(each.this, name, names, environment, outer)
        else:
            relation = relation_of(each.this, environment, outer).renamed(names)
        environment = environment.with_common(name, relation)
    return environment


def _reads(node: exp.Expr, name: str) -> bool:
    return any(each.name.lower() == name.lower() and not each.db for each in node.find_all(exp.Table))


def _recursive(
    node: exp.SetOperation, name: str, names: Sequence[str], environment: Environment, outer: Scope | None
) -> Relation:
    """The least relation that does not change by one more round. Origins are finite, and a round only adds."""
    found = relation_of(node.this, _with(node, environment, outer), outer).renamed(names)
    while True:
        again = relation_of(node, environment.with_common(name, found), outer).renamed(names)
        if (again.columns, again.rows, again.rest) == (found.columns, found.rows, found.rest):
            return found
        found = again


def _combined(node: exp.Expr, environment: Environment, outer: Scope | None) -> Relation:
    """UNION, INTERSECT and EXCEPT; a chain of them is followed without recursion."""
    chain = []
    first = node
    while isinstance(first, exp.SetOperation) and (first is node or not _has_clauses(first)):
        chain.append(first)
        first = first.this
    sides = [relation_of(first, environment, outer)]
    result = sides[0]
    for each in reversed(chain):
        sides.append(relation_of(each.expression, environment, outer))
        result = _pair(each, result, sides[-1])
    by_name = any(each.args.get("by_name") for each in chain)
    return ordered(node, result, _of_result([result] if by_name else [result, *sides[1:]], environment, outer))


def _has_clauses(node: exp.Expr) -> bool:
    return any(node.args.get(clause) for clause in ("with_", "order", "limit", "offset"))


def _pair(node: exp.Expr, left: Relation, right: Relation) -> Relation:
    rows = left.rows
    result = left
    if isinstance(node, exp.Union):
        rows |= right.rows
        result = _by_name(left, right) if node.args.get("by_name") else _by_position(left, right)
        compared = result.values
    else:  # a row stays by what it holds, compared with what the other side holds
        compared = left.values
        rows |= through(left.values | right.values | right.rows, Kind.FILTER)
    if node.args.get("distinct"):
        rows |= through(compared, Kind.GROUP_BY)
    return replace(result, rows=rows)


def _by_position(left: Relation, right: Relation) -> Relation:
    if left.rest is not None or right.rest is not None:
        return _unmatched(left, right)
    pairs = zip(left.columns.items(), right.columns.values(), strict=True)
    return replace(left, columns={name: ours | theirs for (name, ours), theirs in pairs})


def _unmatched(left: Relation, right: Relation) -> Relation:
    """Where not all columns of a side are known, any column may stand at any position."""
    reason = "the columns of a UNION cannot be matched, because those of one side are not known"
    either = through(left.values | right.values, Kind.OPAQUE, reason=reason)
    return Relation(dict.fromkeys(left.columns, either) if left.rest is None else {}, left.rows, either)


def _by_name(left: Relation, right: Relation) -> Relation:
    columns = {name: origins | _named(right, name) for name, origins in left.columns.items()}
    others = {name: each for name, each in right.columns.items() if name.lower() not in left.folded}
    columns |= {name: origins | (left.rest or NOTHING) for name, origins in others.items()}
    rests = [each.rest for each in (left, right) if each.rest is not None]
    return replace(left, columns=columns, rest=union(*rests) if rests else None)


def _named(relation: Relation, name: str) -> Origins:
    return relation.folded.get(name.lower(), relation.rest or NOTHING)
