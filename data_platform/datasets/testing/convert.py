"""Frames of any kind as Arrow tables, and Arrow tables as any kind of frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from data_platform.engines import FRAMES, frame_name

if TYPE_CHECKING:
    import pyarrow as pa


def converter(frame: Any) -> Callable[[pa.Table], Any]:
    """What makes a frame of this type (a type, or its name in `engines.FRAMES`) of an Arrow table.

    ValueError for a type that no engine has.
    """
    name = frame_name(frame) if isinstance(frame, type) else frame
    if name not in FRAMES:
        raise ValueError(f"{name!r} is not a frame; frames are {', '.join(FRAMES)}")
    return lambda table: _converted(table, name)


def _converted(table: pa.Table, name: str) -> Any:
    match name:
        case "polars.DataFrame" | "polars.LazyFrame":
            import polars as pl

            rows: Any = pl.from_arrow(table)
            return rows.lazy() if name == "polars.LazyFrame" else rows
        case "pandas.DataFrame":
            return table.to_pandas()
        case "duckdb.DuckDBPyRelation":
            import duckdb

            return duckdb.from_arrow(table)
        case "pyspark.DataFrame":
            from data_platform.engines.spark.driver import distribute

            return distribute(table)
    return table


def as_arrow(frame: Any) -> pa.Table:
    """The rows of a frame of any kind, as an Arrow table."""
    from data_platform.quality.frames.arrow import arrow_table

    match frame_name(type(frame)):
        case "duckdb.DuckDBPyRelation":
            return frame.to_arrow_table()
        case "pyspark.DataFrame":
            from data_platform.engines.spark.driver import collect

            return collect(frame)
        case name if name not in FRAMES:
            raise TypeError(f"{name} is not a frame; frames are {', '.join(FRAMES)}")
    return arrow_table(frame)
