"""Arrow tables, and the contract's types as an Arrow schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_platform.contracts import Column, ColumnType

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from data_platform.lakehouse import ReadPlan

PRIMITIVES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "timestamp": pa.timestamp("us"),
    "timestamptz": pa.timestamp("us", tz="UTC"),
    "binary": pa.binary(),
}


def arrow_type(kind: ColumnType) -> pa.DataType:
    match kind:
        case ColumnType(kind="decimal"):
            return pa.decimal128(kind.precision, kind.scale)
        case ColumnType(kind="list", element=ColumnType() as element):
            return pa.list_(arrow_type(element))
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as value):
            return pa.map_(arrow_type(key), arrow_type(value))
        case ColumnType(kind="struct"):
            return pa.struct([(name, arrow_type(of)) for name, of in kind.fields])
    return PRIMITIVES[kind.kind]


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    return pa.schema([(column.name, arrow_type(column.type)) for column in columns])


def read(plan: ReadPlan, warehouse: str, frame: str = "") -> pa.Table:
    """A table of the planned rows; columns that old files lack are null, narrower old types are widened."""
    import pyarrow.dataset as ds

    schema = arrow_schema(plan.columns)
    if not plan.files:
        return schema.empty_table()
    paths = [path.removeprefix("s3://") for path in plan.files]
    dataset: Any = ds.dataset(paths, schema=schema, format="parquet", filesystem=_filesystem(warehouse))
    return dataset.to_table(columns=plan.names)


def _filesystem(warehouse: str) -> Any:
    if not warehouse.startswith("s3://"):
        return None
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    from data_platform.lakehouse.storage import filesystem

    return PyFileSystem(FSSpecHandler(filesystem(warehouse)))


def convert(relation: DuckDBPyRelation, frame: str = "") -> pa.Table:
    return relation.to_arrow_table()


def relation(frame: pa.Table | pa.RecordBatchReader, warehouse: str) -> DuckDBPyRelation:
    from data_platform.lakehouse.duck import connect

    return connect(warehouse).from_arrow(frame)
