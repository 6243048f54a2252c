"""Engines: for each kind of frame, how planned files become one and how one becomes rows to stage.

Belongs here: one small module per library and the table of frame types. Does not: rules, tables, Dagster. A library is
imported only when one of its frames is really read or written. To add an engine, add a module with `read`, `convert`
and `relation`, and its rows in FRAMES.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from data_platform.lakehouse import Lakehouse, ReadPlan

FRAMES: dict[str, str] = {  # a frame's type -> its engine: the module in this room, and the UI's kind
    "polars.LazyFrame": "polars",
    "polars.DataFrame": "polars",
    "pandas.DataFrame": "pandas",
    "pyarrow.Table": "arrow",
    "duckdb.DuckDBPyRelation": "duckdb",
}


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

    def relation(self, frame: Any, lakehouse: Lakehouse) -> DuckDBPyRelation:
        """The frame's rows as a DuckDB relation, streamed where the library can, for staging."""
        return self._module.relation(frame, lakehouse.settings.warehouse)

    def convert(self, relation: DuckDBPyRelation) -> Any:
        """Rows from outside the lakehouse as this kind of frame."""
        return self._module.convert(relation, self.frame)

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"data_platform.engines.{self.name}")


def frame_name(kind: type) -> str:
    """How FRAMES spells a type: its library and its name."""
    return f"{kind.__module__.split('.')[0].removeprefix('_')}.{kind.__qualname__}"


def engine_of(kind: Any) -> Engine | None:
    """The engine of a frame type, or None where there is none."""
    name = frame_name(kind) if isinstance(kind, type) else ""
    return Engine(name) if name in FRAMES else None
