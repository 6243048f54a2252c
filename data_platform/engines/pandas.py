"""pandas data frames, by way of Arrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from data_platform.engines import arrow

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from data_platform.lakehouse import ReadPlan


def read(plan: ReadPlan, warehouse: str, frame: str = "") -> pd.DataFrame:
    return arrow.read(plan, warehouse).to_pandas()


def relation(frame: pd.DataFrame, warehouse: str) -> DuckDBPyRelation:
    """The index is dropped and NaN is null, as pandas means it. Nanoseconds become microseconds where none is lost."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for position, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type) and field.type.unit == "ns":
            try:
                exact = table.column(position).cast(pa.timestamp("us", tz=field.type.tz))
            except pa.ArrowInvalid:
                continue  # the audit shows which rows would lose
            table = table.set_column(position, field.name, exact)
    return arrow.relation(table, warehouse)
