"""Values that the cluster found, as the text that DuckDB spells them with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Column
from data_platform.quality.sql import SETTINGS, identifier

if TYPE_CHECKING:
    import pyarrow as pa


def spelt(values: pa.Table, columns: Mapping[str, Column | None]) -> list[dict[str, Any]]:
    """The rows of a small table, the values in `columns` as text. Column: the contract's, of which the audit has times of
    day as numbers; None: as it was staged."""
    import duckdb

    spelling = [
        f"CAST({_value(name, columns[name])} AS VARCHAR) AS {identifier(name)}" if name in columns else identifier(name)
        for name in values.column_names
    ]
    with duckdb.connect(":memory:") as connection:
        connection.execute(SETTINGS[0])
        connection.register("found", values)
        rows: Any = connection.execute(f"SELECT {', '.join(spelling)} FROM found").fetchall()
    return [dict(zip(values.column_names, row, strict=True)) for row in rows]


def _value(name: str, column: Column | None) -> str:
    of_day = column is not None and column.type.kind == "time"
    return f"TIME '00:00:00' + to_microseconds({identifier(name)})" if of_day else identifier(name)
