"""SELECT: what its clauses mean for the columns and the rows of its result."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlglot import exp

from data_platform.lineage.model import NOTHING, Kind, Origins, through
from data_platform.lineage.sql.expressions import QUERIES, origins_of
from data_platform.lineage.sql.functions import aggregates
from data_platform.lineage.sql.relation import Relation, distinctly, union
from data_platform.lineage.sql.scope import Environment, Scope
from data_platform.lineage.sql.sources import read
from data_platform.lineage.sql.stars import Named, at_position, expanded, matching, patterned


@dataclass(frozen=True)
class Item:
    """What one item of the select list makes: columns, others whose names are not known (`rest`), and whether the query
    names them."""

    node: exp.Expr
    columns: list[Named]
    rest: Origins | None = None
    is_named: bool = True


def select(node: exp.Expr, environment: Environment, outer: Scope | None) -> Relation:
    scope = Scope(environment, outer)
    scope.windows = {each.this.name.lower(): each for each in node.args.get("windows") or ()}
    rows = read(scope, node)
    items = _items(node, scope)
    columns = distinctly(column for item in items for column in item.columns)
    named = (item.is_named for item in items for _ in item.columns)
    computed = frozenset(name for name, said in zip(columns, named, strict=True) if not said)
    rests = [item.rest for item in items if item.rest is not None]
    rows |= union(*(origins_of(each.this, scope, Kind.JOIN) for each in scope.unnested))
    group = node.args.get("group")
    for clause in ("where", "having", "qualify"):
        if node.args.get(clause):
            within = _of_groups(scope, group) if clause == "having" else scope
            rows |= origins_of(node.args[clause].this, within, Kind.FILTER)
    if group:
        rows |= _grouped(group, items, scope)
    result = Relation(columns, rows, union(*rests) if rests else None, computed)
    if node.args.get("distinct"):
        on = node.args["distinct"].args.get("on")
        keys = [_key(each, result, scope) for each in _keys([on])] if on else [result.values]
        result = replace(result, rows=result.rows | through(union(*keys), Kind.GROUP_BY))
    return ordered(node, result, scope)


def ordered(node: exp.Expr, result: Relation, scope: Scope) -> Relation:
    """With what ORDER BY and LIMIT add."""
    keys = [] if not node.args.get("order") else node.args["order"].expressions
    found = union(*(_key(each.this if isinstance(each, exp.Ordered) else each, result, scope) for each in keys))
    rows = result.rows | through(found, Kind.SORT)
    for clause in ("limit", "offset"):
        if node.args.get(clause):
            rows |= origins_of(node.args[clause], scope, Kind.FILTER)
    return replace(result, rows=rows)


def _key(key: exp.Expr, result: Relation, scope: Scope) -> Origins:
    """A key of ORDER BY or DISTINCT ON: a position or a bare name is first of all a column of the result."""
    position = _position(key)
    if position is not None:
        return next(iter([*result.columns.values()][position - 1 : position]), result.values)
    if key.name.upper() == "ALL" and isinstance(key, (exp.Var, exp.Column)):
        return result.values
    bare = isinstance(key, exp.Column) and len(key.parts) == 1
    return origins_of(key, replace(scope, aliases_first=bare))


def _of_groups(scope: Scope, group: exp.Expr | None) -> Scope:
    """HAVING means the select list's aliases, except the keys; inside its aggregates, columns."""
    keys = (
        {each.name.lower() for each in _keys(group.iter_expressions()) if isinstance(each, exp.Column)}
        if group
        else set()
    )
    return replace(
        scope, aliases_first=True, aliases={name: o for name, o in scope.aliases.items() if name not in keys}
    )


def _items(node: exp.Expr, scope: Scope) -> list[Item]:
    items: list[Item] = []
    for each in node.expressions:
        items.append(_item(each, scope))
        for name, origins in items[-1].columns:
            scope.aliases.setdefault(name.lower(), origins)
    return items


def _item(item: exp.Expr, scope: Scope) -> Item:
    if isinstance(item, exp.Star):
        return Item(item, *expanded(item, scope))
    if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
        return Item(item, *expanded(item.this, scope, tuple(part.name for part in item.parts[:-1])))
    alias, value = (item.alias, item.this) if isinstance(item, exp.Alias) else ("", item)
    if isinstance(value, exp.Binary) and isinstance(value.this, exp.Star):
        return Item(item, *patterned(value, scope))
    choice = None if isinstance(value, exp.Column) else value.find(exp.Columns)
    if choice is not None and not choice.args.get("unpack"):
        return Item(item, *_for_each(choice, value, alias, scope))
    origins = origins_of(value, scope)
    if alias:
        return Item(item, [(alias, origins)])
    if isinstance(value, exp.Explode):  # the elements of a list, or the fields of a struct: only types tell
        return Item(item, [], origins)
    name = _name(value, scope)
    return Item(item, [(name or value.sql(dialect="duckdb"), origins)], is_named=bool(name))


def _name(value: exp.Expr, scope: Scope) -> str:
    """The name that a column or a field keeps, in the case of its table."""
    while isinstance(value, exp.Paren):
        value = value.this
    if isinstance(value, exp.Dot) and isinstance(value.expression, exp.Identifier):
        return value.expression.name
    if isinstance(value, exp.PositionalColumn):
        return next((name for name, _ in at_position(value, scope)), "")
    if not isinstance(value, exp.Column):
        return ""
    folded = value.name.lower()
    spelled = (each.relation.spelled.get(folded) for each in scope.sources)
    return next(filter(None, spelled), value.name)


def _for_each(choice: exp.Expr, value: exp.Expr, alias: str, scope: Scope) -> tuple[list[Named], Origins | None]:
    """An expression over COLUMNS(...) is one for each of them."""
    columns, rest = matching(choice, scope)
    made = [(name, origins_of(value, replace(scope, chosen=origins))) for name, origins in columns]
    if alias:
        pattern = choice.this.name if isinstance(choice.this, exp.Literal) else ""
        made = [(_substituted(alias, pattern, name), origins) for name, origins in made]
    others = origins_of(value, replace(scope, chosen=rest)) if rest is not None else None
    return made, others


def _substituted(alias: str, pattern: str, name: str) -> str:
    r"""`COLUMNS('(a|b)') AS 'x_\1'`: parts of the matched name in the alias."""
    found = re.search(pattern, name) if pattern and "\\" in alias else None
    return found.expand(alias.replace("\\0", "\\g<0>")) if found else alias


def _grouped(group: exp.Expr, items: list[Item], scope: Scope) -> Origins:
    if group.args.get("all"):
        keys = [origins for item in items if not _aggregated(item.node) for _, origins in item.columns]
        return through(union(*keys), Kind.GROUP_BY)
    found = NOTHING
    for key in _keys(group.iter_expressions()):
        position = _position(key)
        if position is None:
            found |= origins_of(key, scope, Kind.GROUP_BY)
        elif position <= len(items):
            found |= through(union(*(origins for _, origins in items[position - 1].columns)), Kind.GROUP_BY)
    return found


def _keys(nodes: Iterable[exp.Expr]) -> Iterator[exp.Expr]:
    for each in nodes:
        if isinstance(each, (exp.GroupingSets, exp.Rollup, exp.Cube, exp.Tuple, exp.Paren)):
            yield from _keys(each.iter_expressions())
        else:
            yield each


def _position(key: exp.Expr) -> int | None:
    return int(key.name) if isinstance(key, exp.Literal) and key.is_int else None


def _aggregated(item: exp.Expr) -> bool:
    """Whether an item is no key of GROUP BY ALL."""
    inside = item.walk(prune=lambda node: isinstance(node, QUERIES))
    return any(aggregates(each) or isinstance(each, exp.Window) for each in inside)
