"""`*` and COLUMNS(...): which columns they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from sqlglot import exp

from data_platform.lineage.model import Kind, Origins, through
from data_platform.lineage.sql.relation import union
from data_platform.lineage.sql.scope import Scope, Source

Named = tuple[str, Origins]


def expanded(star: exp.Expr, scope: Scope, qualifier: tuple[str, ...] = ()) -> tuple[list[Named], Origins | None]:
    """The columns of `*` or `t.*` with EXCLUDE, REPLACE and RENAME, and what others come from if not all are known."""
    from data_platform.lineage.sql.expressions import origins_of

    if qualifier:
        sources = [each for each in scope.sources if each.is_called(tuple(part.lower() for part in qualifier))]
        if not sources:  # `struct.*`: its fields are not known here
            return [], through(scope.resolve(qualifier), Kind.TRANSFORMATION)
    else:
        sources = scope.sources
    left_out = {tuple(part.name.lower() for part in each.parts) for each in star.args.get("except_") or ()}
    replaced = {each.alias.lower(): origins_of(each.this, scope) for each in star.args.get("replace") or ()}
    renamed = {each.this.name.lower(): each.alias for each in star.args.get("rename") or ()}
    columns = []
    for source in sources:
        for name, origins in _columns(source, whole=bool(qualifier)):
            folded = name.lower()
            if (folded,) not in left_out and (*source.name[-1:], folded) not in left_out:
                columns.append((renamed.get(folded, name), replaced.get(folded, origins)))
    rests = [each.relation.rest for each in sources if each.relation.rest is not None]
    return columns, union(*rests) if rests else None


def _columns(source: Source, whole: bool) -> Iterable[Named]:
    for name, origins in source.relation.columns.items():
        if whole:
            yield name, origins
        elif name.lower() not in source.hidden:
            yield name, source.shared.get(name.lower(), origins)


def at_position(node: exp.Expr, scope: Scope) -> list[Named]:
    """`#2` is the second column of FROM; none where that is not known."""
    columns, rest = expanded(exp.Star(), scope)
    position = int(node.this.name)
    return columns[position - 1 : position] if rest is None else []


def matching(columns: exp.Expr, scope: Scope) -> tuple[list[Named], Origins | None]:
    """What COLUMNS(...) selects: by `*`, by a regular expression, by names; opaque by a lambda."""
    chosen = columns.this
    if isinstance(chosen, exp.Star):
        return expanded(chosen, scope)
    if isinstance(chosen, exp.Column) and isinstance(chosen.this, exp.Star):
        return expanded(chosen.this, scope, tuple(part.name for part in chosen.parts[:-1]))
    every, rest = expanded(exp.Star(), scope)
    if isinstance(chosen, exp.Literal) and chosen.is_string:
        return [each for each in every if re.search(chosen.name, each[0])], rest
    if isinstance(chosen, (exp.Array, exp.Tuple)) and all(isinstance(each, exp.Literal) for each in chosen.expressions):
        names = {each.name.lower() for each in chosen.expressions}
        return [each for each in every if each[0].lower() in names], rest
    return [], _unclear(f"COLUMNS({chosen.sql(dialect='duckdb')})", every, rest)


def patterned(node: exp.Expr, scope: Scope) -> tuple[list[Named], Origins | None]:
    """`* LIKE 'pattern'` and its kin."""
    every, rest = expanded(node.this, scope)
    pattern = node.expression
    if type(node) in (exp.Like, exp.ILike) and isinstance(pattern, exp.Literal):
        parts = {"%": ".*", "_": "."}
        wanted = "".join(parts.get(letter, re.escape(letter)) for letter in pattern.name)
        flags = re.DOTALL | (re.IGNORECASE if isinstance(node, exp.ILike) else 0)
        return [each for each in every if re.fullmatch(wanted, each[0], flags)], rest
    return [], _unclear(node.sql(dialect="duckdb"), every, rest)


def _unclear(written: str, every: Sequence[Named], rest: Origins | None) -> Origins:
    reason = f"which columns {written} selects is not known"
    return through(union(*(origins for _, origins in every), rest or frozenset()), Kind.OPAQUE, reason=reason)
