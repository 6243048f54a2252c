"""Tables by the names that a query may write."""

from __future__ import annotations

from collections.abc import Mapping

from data_platform.lineage.model import Lineage
from data_platform.lineage.sql.relation import Relation, from_lineage, unknown

DEFAULT_SCHEMAS = frozenset({"main", "temp", "public"})


class Tables:
    """Each relation is made once, when it is first read."""

    def __init__(self, tables: Mapping[str, Lineage]) -> None:
        self._tables = {name.lower(): lineage for name, lineage in tables.items()}
        self._relations: dict[str, Relation] = {}

    def relation(self, parts: tuple[str, ...]) -> Relation:
        written = ".".join(parts)
        name = self._name(tuple(part.lower() for part in parts))
        if name is None:
            return unknown(written, f"{written} is no known dataset")
        if name not in self._relations:
            self._relations[name] = from_lineage(self._tables[name])
        return self._relations[name]

    def _name(self, parts: tuple[str, ...]) -> str | None:
        """The name itself; then `a.b` for `db.a.b`; then the only `db.a.b` for `a.b`."""
        for start in range(len(parts)):
            shorter = parts[start:]
            if start and len(shorter) == 1 and parts[-2] not in DEFAULT_SCHEMAS:
                break
            if ".".join(shorter) in self._tables:
                return ".".join(shorter)
        if len(parts) == 1:
            return None
        longer = [name for name in self._tables if name.endswith("." + ".".join(parts))]
        return longer[0] if len(longer) == 1 else None
