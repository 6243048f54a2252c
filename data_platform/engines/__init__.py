"""Engines: for each kind of frame, how planned files become one and how one becomes rows to stage.

Belongs here: one small module per library and the table of frame types. Does not: rules, tables, Dagster. A library is
imported only when one of its frames is really read or written. To add an engine, add a module with `read`, `convert`
and `relation` (and `rows`, where its rows are not staged in this process), and its rows in FRAMES.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyRelation

    from data_platform.contracts import Contract
    from data_platform.lakehouse import Lakehouse, ReadPlan, Staged

FRAMES: dict[str, str] = {  # a frame's type -> its engine: the module in this room, and the UI's kind
    "polars.LazyFrame": "polars",
    "polars.DataFrame": "polars",
    "pandas.DataFrame": "pandas",
    "pyarrow.Table": "arrow",
    "duckdb.DuckDBPyRelation": "duckdb",
    "pyspark.DataFrame": "spark",
}


class Rows(Protocol):
    """What a producer made, ready to be staged."""

    def stage(self, contract: Contract, folder: str) -> Staged:
        """As `lakehouse.stage`, whose errors it raises."""
        ...

    def sample(self, limit: int, path: str) -> Mapping[str, str]:
        """Write the first rows to the Parquet file `path`; returns the columns, with their DuckDB types."""
        ...

    def first(self, limit: int) -> pa.Table:
        """The first rows."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """One frame type's engine. `frame` is a key of FRAMES."""

    frame: str

    @property
    def name(self) -> str:
        return FRAMES[self.frame]

    def read(self, plan: ReadPlan, lakehouse: Lakehouse) -> Any:
        """The planned columns and rows as this kind of frame."""
        return self._module.read(plan, lakehouse.settings.warehouse, self.frame)

    def rows(self, frame: Any, lakehouse: Lakehouse) -> Rows:
        """The frame's rows, for staging where they are."""
        if hasattr(self._module, "rows"):
            return self._module.rows(frame, lakehouse.settings.warehouse)
        from data_platform.engines.in_process import InProcess

        return InProcess(self.relation(frame, lakehouse))

    def stage(self, frame: Any, contract: Contract, lakehouse: Lakehouse) -> Staged:
        """The frame's rows, staged in a folder of their own (see `stage_rows`)."""
        return stage_rows(self.rows(frame, lakehouse), contract, lakehouse)

    def relation(self, frame: Any, lakehouse: Lakehouse) -> DuckDBPyRelation:
        """The frame's rows as a DuckDB relation in this process, streamed where the library can."""
        return self._module.relation(frame, lakehouse.settings.warehouse)

    def convert(self, relation: DuckDBPyRelation) -> Any:
        """Rows from outside the lakehouse as this kind of frame."""
        return self._module.convert(relation, self.frame)

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"data_platform.engines.{self.name}")


def frame_name(kind: type) -> str:
    """How FRAMES spells a type: its library and its name. Spark's imitation of pandas is a library of its own."""
    library = kind.__module__.split(".")[0].removeprefix("_")
    if kind.__module__.startswith("pyspark.pandas"):
        library = "pyspark.pandas"
    return f"{library}.{kind.__qualname__}"


def engine_of(kind: Any) -> Engine | None:
    """The engine of a frame type, or None where there is none."""
    name = frame_name(kind) if isinstance(kind, type) else ""
    return Engine(name) if name in FRAMES else None


def stage_rows(rows: Rows, contract: Contract, lakehouse: Lakehouse) -> Staged:
    """The rows, staged in a folder of their own, of which nothing is left where that fails: a lazy frame fails when its
    rows are fetched, and half of them may be written. StructureError where they do not fit the contract."""
    from data_platform.lakehouse import staging_folder
    from data_platform.lakehouse.publish import tidy

    folder = staging_folder(lakehouse, contract)
    try:
        return rows.stage(contract, folder)
    except Exception:
        tidy(lakehouse, folder, set())
        raise
