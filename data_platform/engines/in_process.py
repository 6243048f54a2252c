"""Rows made in this process, as a DuckDB relation: staged and sampled by DuckDB, streamed where the library can."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform.lakehouse import Staged, stage
from data_platform.quality.sql import text

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyRelation

    from data_platform.contracts import Contract


@dataclass(frozen=True, slots=True)
class InProcess:
    """See `engines.Rows`."""

    relation: DuckDBPyRelation

    def stage(self, contract: Contract, folder: str) -> Staged:
        return stage(self.relation, contract, folder)

    def sample(self, limit: int, path: str) -> Mapping[str, str]:
        # DuckDB's own place: rows of a bucket are written through the frame's connection, which reaches it already
        self.relation.query("frame", f"COPY (SELECT * FROM frame LIMIT {limit}) TO {text(path)} (FORMAT parquet)")
        return {name: str(kind) for name, kind in zip(self.relation.columns, self.relation.types, strict=True)}

    def first(self, limit: int) -> pa.Table:
        return self.relation.limit(limit).to_arrow_table()
