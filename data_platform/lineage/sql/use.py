"""How the value of a part of an expression ends up in the value of the whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp

from data_platform.lineage.model import Kind, Origins, through
from data_platform.lineage.sql.scope import Scope

STRENGTH = {Kind.IDENTITY: 0, Kind.TRANSFORMATION: 1, Kind.AGGREGATION: 2}


@dataclass(frozen=True, slots=True)
class Use:
    """How the value of a part of an expression is used by the whole of it, and where its names are looked up."""

    scope: Scope
    kind: Kind
    masking: bool = False

    def as_(self, kind: Kind) -> Use:
        """... if it is first used so by a part of it: what is indirect stays so, the strongest direct use counts."""
        if not self.kind.is_direct or kind is self.kind:
            return self
        if kind.is_direct and STRENGTH[kind] <= STRENGTH[self.kind]:
            return self
        return replace(self, kind=kind)

    def of(self, origins: Origins) -> Origins:
        return through(origins, self.kind, masking=self.masking)


Part = tuple[exp.Expr, Use]
Parts = Iterable[Part | Origins]
Handler = Callable[[Any, Use], Parts]
