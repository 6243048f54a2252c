"""Frames in memory as Arrow tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa

if TYPE_CHECKING:
    import pandas as pd


def arrow_table(frame: Any) -> pa.Table:
    """A pandas or Polars frame, or an Arrow table itself."""
    match type(frame).__module__.split(".")[0]:
        case "pandas":
            return from_pandas(frame)
        case "polars":
            import polars as pl

            # plain strings rather than views, which not every Arrow reader knows
            return frame.lazy().collect().to_arrow(compat_level=pl.CompatLevel.oldest())
    return frame


def from_pandas(frame: pd.DataFrame) -> pa.Table:
    """The index is dropped and NaN is null, as pandas means it. Nanoseconds become microseconds where none is lost."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            try:
                exact = table.column(position).cast(pa.timestamp("us", tz=field.type.tz))
            except pa.ArrowInvalid:
                continue  # the audit shows which rows would lose
            table = table.set_column(position, field.name, exact)
    return table
