"""What names mean at a place in a query: the relations of FROM, aliases, windows, and the query around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from sqlglot import exp

from data_platform.lineage.model import ANY, NOTHING, Kind, Origin, Origins, through
from data_platform.lineage.sql.relation import Relation, union

SESSION = frozenset({"user", "current_role", "current_schema"})
"""What reads like a column and is none."""


@dataclass(frozen=True)
class Environment:
    """What a query may read by name, and how the queries inside it are evaluated."""

    table: Callable[[tuple[str, ...]], Relation]
    query: Callable[[exp.Expr, Environment, Scope | None], Relation]
    common: Mapping[str, Relation] = field(default_factory=dict)

    def named(self, parts: tuple[str, ...]) -> Relation:
        """A common table expression hides tables of its name."""
        if len(parts) == 1 and parts[0].lower() in self.common:
            return self.common[parts[0].lower()]
        return self.table(parts)

    def with_common(self, name: str, relation: Relation) -> Environment:
        return replace(self, common={**self.common, name.lower(): relation})


@dataclass
class Source:
    """A relation in FROM and the name to qualify its columns with: its alias, or the parts of its own name."""

    relation: Relation
    name: tuple[str, ...]
    hidden: set[str] = field(default_factory=set)
    """Columns that `*` leaves out: those of a USING, which stand at the left side."""
    shared: dict[str, Origins] = field(default_factory=dict)
    """What `*` shows for a column of a USING at the left side."""

    def is_called(self, parts: tuple[str, ...]) -> bool:
        return bool(parts) and self.name[-len(parts) :] == parts


@dataclass
class Scope:
    environment: Environment
    outer: Scope | None = None
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, Origins] = field(default_factory=dict)
    """The columns of USING and NATURAL, which are neither side's alone."""
    aliases: dict[str, Origins] = field(default_factory=dict)
    aliases_first: bool = False
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    """Parameters of the lambdas around: what they stand for is an argument of the same function."""
    chosen: Origins | None = None
    """What COLUMNS(...) stands for, while it is expanded."""
    unnested: list[exp.Expr] = field(default_factory=list)
    """Lists that the select list unnests: they multiply rows."""

    def resolve(self, parts: tuple[str, ...]) -> Origins:
        """What a column as written (`a`, `t.a`, `s.t.a`, `t.struct.field`, ...) comes from."""
        parts = tuple(part.lower() for part in parts)
        if parts[0] in self.local:
            return NOTHING
        scope: Scope | None = self
        through_open: list[Origins] = []
        while scope is not None:
            found = scope._known(parts)
            if found is not None:
                return (
                    union(*through_open, through(found, Kind.OPAQUE, reason=_either(parts))) if through_open else found
                )
            through_open += [each.relation.rest for each in scope.sources if each.relation.rest is not None]
            scope = scope.outer
        if through_open:
            return union(*through_open)
        return self._nowhere(parts)

    def find(self, parts: tuple[str, ...]) -> Origins | None:
        """As `resolve`, but None for what is no column that is known."""
        parts = tuple(part.lower() for part in parts)
        if parts[0] in self.local:
            return NOTHING
        found = (scope._known(parts) for scope in self.around())
        return next((each for each in found if each is not None), None)

    def _known(self, parts: tuple[str, ...]) -> Origins | None:
        steps = (self._alias, self._column) if self.aliases_first else (self._column, self._alias)
        return next((found for step in steps if (found := step(parts)) is not None), None)

    def _alias(self, parts: tuple[str, ...]) -> Origins | None:
        found = self.aliases.get(parts[0])
        return found if found is None or len(parts) == 1 else through(found, Kind.TRANSFORMATION)

    def _column(self, parts: tuple[str, ...]) -> Origins | None:
        for length in range(min(3, len(parts) - 1), 0, -1):
            for source in self.sources:
                if source.is_called(parts[:length]):
                    found = source.relation.folded.get(parts[length], source.relation.rest)
                    if found is not None:
                        return _field(found, parts[length + 1 :])
        if parts[0] in self.merged:
            return _field(self.merged[parts[0]], parts[1:])
        for source in self.sources:
            if parts[0] in source.relation.folded:
                return _field(source.relation.folded[parts[0]], parts[1:])
        for source in self.sources:  # `SELECT t FROM t` is the row as a struct
            if len(parts) == 1 and source.is_called(parts):
                return through(source.relation.values, Kind.TRANSFORMATION)
        return None

    def _nowhere(self, parts: tuple[str, ...]) -> Origins:
        if parts[0] in SESSION:
            return NOTHING
        reason = f"no table read here is known to have a column {'.'.join(parts)}"
        scopes = list(self.around())
        read = {each.dataset for scope in scopes for source in scope.sources for each in source.relation.values}
        return frozenset(Origin(dataset, ANY, Kind.OPAQUE, reason=reason) for dataset in read or {ANY})

    def around(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def window(self, name: str) -> exp.Expr | None:
        return next((scope.windows[name.lower()] for scope in self.around() if name.lower() in scope.windows), None)


def _field(found: Origins, fields: tuple[str, ...]) -> Origins:
    return through(found, Kind.TRANSFORMATION) if fields else found


def _either(parts: tuple[str, ...]) -> str:
    return f"{'.'.join(parts)} may be a column of something unknown that is read beside it"
