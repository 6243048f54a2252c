"""Frames audited by DuckDB, through the very audit that publications go through: the rows are staged in a temporary
folder, one file per partition, with each row's place in the frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from data_platform.contracts.model import Contract, Reference, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.rules import KINDS
from data_platform.quality.audit import PartitionAudit, audit, parent_rows
from data_platform.quality.conform import Cast, Conform, cast, conform
from data_platform.quality.duplicates import duplicate_rows
from data_platform.quality.elsewhere import Elsewhere
from data_platform.quality.frames.arrow import arrow_table
from data_platform.quality.frames.parents import contract_of, missing_parents, typed_as
from data_platform.quality.orphans import orphan_rows
from data_platform.quality.rows import CONFORMED, FILE, POSITION, STAGED, broken_rows, create_views, partition_text
from data_platform.quality.sql import SETTINGS, bucket, files, identifier, identifiers, settle, text

PLACE = "__frame_place"


class DuckRows:
    """See `frames.Rows`. For Arrow tables, DuckDB relations, pandas' data frames (of which NaN is null, as pandas means
    it), and Polars' where a rule or a cast needs DuckDB."""

    def __init__(self, frame: Any, contract: Contract, others: Mapping[str, Any]) -> None:
        self._frame, self._contract, self._others = frame, contract, others
        self._connection = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self._connection.execute("; ".join([*SETTINGS, "SET enable_progress_bar = false"]))
        self._relation = relation(self._connection, frame)
        self._types = duckdb_types(self._relation)
        self.shape: Conform = conform(contract, self._types)
        self.problems = self.shape.problems

    def cannot(self, rule: Rule) -> str:
        if KINDS[rule.kind].metric == "history":
            return "it compares with earlier publications"
        return missing_parents(rule, self._contract, self._others)

    def count(self, rules: Sequence[Rule]) -> dict[str | None, PartitionAudit]:
        found = list(self._files)
        contract = self._contract if found else replace(self._contract, partitioning=None)
        partitions = [name for name in found if name is not None] or [WHOLE] * (not found)
        return audit(self._staged, contract, self.shape, partitions, rules, self._elsewhere(rules))

    def failing(self, rule: Rule) -> Any:
        if KINDS[rule.kind].metric == "orphans":
            named = {name: paths for name, paths in self._files.items() if name is not None}
            parents = parent_rows(rule, self._contract, named, self._elsewhere([rule]))
            queries = orphan_rows(rule, self._contract, parents, named)
        elif KINDS[rule.kind].metric == "duplicates":
            queries = [duplicate_rows(rule, self._contract)]
        else:
            queries = [f"SELECT {POSITION} FROM {CONFORMED} WHERE {broken_rows(rule, self._contract, self.shape)}"]
        broken = " UNION ALL ".join(f"SELECT {POSITION} FROM ({query})" for query in queries)
        joined = f"SEMI JOIN ({broken}) USING ({POSITION})" if broken else "WHERE FALSE"
        return self._taken(f"SELECT s.* FROM {STAGED} s {joined}")

    def _taken(self, query: str) -> Any:
        """The frame's own rows, of those of a query over STAGED."""
        if isinstance(self._frame, DuckDBPyRelation):
            name = f"failing_{len(self._staged.sql('SELECT 1 FROM duckdb_tables()').fetchall())}"
            rows = f"SELECT {identifiers(self._types)} FROM ({query}) ORDER BY {PLACE}"
            self._staged.execute(f"CREATE TEMP TABLE {name} AS {rows}")
            return self._staged.table(name)
        places = self._staged.sql(f"SELECT {PLACE} FROM ({query}) ORDER BY 1").fetchnumpy()[PLACE]
        match type(self._frame).__module__.split(".")[0]:
            case "pandas":
                return self._frame.iloc[places]
            case "polars":
                import polars as pl

                kept = self._frame.lazy().with_row_index(PLACE).filter(pl.col(PLACE).is_in(places)).drop(PLACE)
                return kept if isinstance(self._frame, pl.LazyFrame) else kept.collect()
        return self._frame.take(places)

    @cached_property
    def _folder(self) -> TemporaryDirectory:
        return TemporaryDirectory(prefix="frame-audit-")

    @cached_property
    def _staged(self) -> DuckDBPyConnection:
        """The connection, with the views of an audit, closed to all but the staged files from here on."""
        keys = self._contract.partitioning.keys if self._contract.partitioning else ()
        casts = {each.column: each for each in self.shape.casts}
        cuts = [f"{bucket(key, kept(casts[key.column]))} AS __cut_{i}" for i, key in enumerate(keys)]
        rows = ", ".join(["*", f"row_number() OVER () - 1 AS {PLACE}", *cuts])
        self._write(self._relation, rows, "rows", [f"__cut_{i}" for i in range(len(keys))])
        for dataset in self._others:
            self._write(relation(self._connection, self._others[dataset]), "*", dataset)
        create_views(self._connection, self.shape, self._paths("rows"), {**self._types, PLACE: "BIGINT"})
        self._connection.execute(f"SET allowed_directories = [{text(self._folder.name)}]")
        self._connection.execute("SET enable_external_access = false; SET lock_configuration = true")
        return self._connection

    def _write(self, rows: DuckDBPyRelation, columns: str, name: str, cuts: Sequence[str] = ()) -> None:
        folder = Path(self._folder.name, name)
        folder.mkdir()
        where = f"{text(str(folder))} (FORMAT parquet, OVERWRITE_OR_IGNORE, PARTITION_BY ({', '.join(cuts)}))"
        if not cuts:
            where = f"{text(str(folder / 'rows.parquet'))} (FORMAT parquet)"
        rows.query("frame", f"COPY (SELECT {columns} FROM frame) TO {where}")

    def _paths(self, name: str) -> list[str]:
        return sorted(map(str, Path(self._folder.name, name).rglob("*.parquet")))

    @cached_property
    def _files(self) -> dict[str | None, list[str]]:
        """The staged files by partition."""
        found: dict[str | None, list[str]] = {}
        query = f"SELECT DISTINCT {partition_text(self._contract)}, {FILE} FROM {CONFORMED} ORDER BY ALL"
        for partition, path in self._staged.sql(query).fetchall():
            found.setdefault(partition, []).append(path)
        return found

    def _elsewhere(self, rules: Sequence[Rule]) -> Elsewhere:
        """The frames of other datasets, whole, for every partition."""
        references = {each: rule for rule in rules for each in rule.reads if each.dataset != self._contract.dataset}
        views = {each: self._view(each, rule) for each, rule in references.items()}
        partitions = [name or WHOLE for name in self._files] or [WHOLE]
        contracts = {each.dataset: contract_of(each.dataset, self._other_types(each.dataset)) for each in references}
        return Elsewhere({each: dict.fromkeys(partitions, view) for each, view in views.items()}, contracts)

    def _view(self, reference: Reference, rule: Rule) -> str:
        source = files(self._paths(reference.dataset))
        if rule.kind != "foreign_key":
            return f"SELECT * FROM {source}"
        types = self._other_types(reference.dataset)
        keys = [(name, cast(column, types[name])) for name, column in typed_as(rule, self._contract).items()]
        return f"SELECT {', '.join(f'{kept(made)} AS {identifier(name)}' for name, made in keys)} FROM {source}"

    def _other_types(self, dataset: str) -> dict[str, str]:
        return duckdb_types(self._staged.sql(f"SELECT * FROM {files(self._paths(dataset))}"))


def kept(made: Cast) -> str:
    """The values of a cast, null where one is lost."""
    return f"CASE WHEN NOT {made.is_lost} THEN {made.expression} END" if made.is_lost else made.expression


def relation(connection: DuckDBPyConnection, frame: Any) -> DuckDBPyRelation:
    """A frame as DuckDB reads it; a relation stays in its own connection, which reads times as UTC from now on."""
    if isinstance(frame, DuckDBPyRelation):
        return settle(frame)
    return connection.from_arrow(arrow_table(frame))


def duckdb_types(rows: DuckDBPyRelation) -> dict[str, str]:
    return {name: str(kind) for name, kind in zip(rows.columns, rows.types, strict=True)}
