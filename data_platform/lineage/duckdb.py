"""Column lineage of a DuckDB relation: of the query that is equivalent to it, down to the inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_platform.lineage.given import Given, Unreadable, stranger
from data_platform.lineage.model import Lineage, base
from data_platform.lineage.sql import sql_lineage

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

REGISTERED = re.compile(r'"(__duckdb_source_\w+)"')
"""How a relation's query names a frame that was a variable."""


def lineage_of(frame: DuckDBPyRelation, inputs: Sequence[Given], sources: Mapping[str, Any]) -> Lineage:
    """`sources` are the frames that a query named as variables, by DuckDB's own name for each."""
    return _Queries(inputs, sources).lineage(frame)


class _Queries:
    def __init__(self, inputs: Sequence[Given], sources: Mapping[str, Any]):
        self.inputs, self.sources = inputs, sources
        relations = [each for each in inputs if hasattr(each.frame, "sql_query")]
        texts = [each.frame.sql_query() for each in relations]
        self.known = {f"__input_{n}": base(each.dataset, each.columns) for n, each in enumerate(relations)}
        # the longest first: an input may be part of another
        self.texts = sorted(zip(texts, self.known, strict=True), key=lambda each: -len(each[0]))
        if len({*texts}) < len({(text, each.dataset) for text, each in zip(texts, relations, strict=True)}):
            raise Unreadable("two inputs are the same query, so they cannot be told apart")
        self.found: dict[int, Lineage] = {}

    def lineage(self, relation: DuckDBPyRelation) -> Lineage:
        if id(relation) not in self.found:
            self.found[id(relation)] = self._of(relation)
        return self.found[id(relation)]

    def _of(self, relation: DuckDBPyRelation) -> Lineage:
        for each in self.inputs:
            if each.frame is relation:
                return base(each.dataset, each.columns)
        query = relation.sql_query()
        for text, name in self.texts:
            query = query.replace(text, f'SELECT * FROM "{name}"')
        tables = dict(self.known)
        for name in set(REGISTERED.findall(query)):
            tables[name] = self._source(name)
        return sql_lineage(query, tables, relation.columns)

    def _source(self, name: str) -> Lineage:
        frame: Any = self.sources.get(name)
        if hasattr(frame, "sql_query"):
            return self.lineage(frame)
        if frame is not None:
            from data_platform.lineage import polars

            return polars.lineage_of(frame, self.inputs)
        return stranger(("*",), self.inputs)
