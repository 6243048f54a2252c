"""Polars: lazy frames scan exactly the planned files, and are staged batch by batch as they are computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from data_platform.engines import arrow

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from data_platform.lakehouse import ReadPlan

OLD_COMPATIBLE = pl.CompatLevel.oldest()  # plain strings rather than views: every Arrow reader knows them
BATCH_ROWS = 200_000


def read(plan: ReadPlan, warehouse: str, frame: str) -> pl.LazyFrame | pl.DataFrame:
    empty = pl.from_arrow(arrow.arrow_schema(plan.columns).empty_table())
    assert isinstance(empty, pl.DataFrame)
    if not plan.files:  # a plan of no rows still names the dataset, by a column that nobody sees
        rows = pl.LazyFrame(schema=dict(empty.schema) | {plan.dataset: pl.Null}).select(plan.names)
    else:
        rows = pl.scan_parquet(
            list(plan.files),
            schema=empty.schema,
            hive_partitioning=False,
            glob=False,
            missing_columns="insert",
            extra_columns="ignore",
            cast_options=pl.ScanCastOptions(integer_cast="upcast", float_cast="upcast"),
            storage_options=_storage(warehouse),
        ).select(plan.names)
    return rows if frame == "polars.LazyFrame" else rows.collect(engine="streaming")


def convert(relation: DuckDBPyRelation, frame: str) -> pl.LazyFrame | pl.DataFrame:
    rows = relation.pl()
    return rows.lazy() if frame == "polars.LazyFrame" else rows


def relation(frame: pl.LazyFrame | pl.DataFrame, warehouse: str) -> DuckDBPyRelation:
    if isinstance(frame, pl.DataFrame):
        return arrow.relation(frame.to_arrow(compat_level=OLD_COMPATIBLE), warehouse)
    schema = pl.DataFrame(schema=frame.collect_schema()).to_arrow(compat_level=OLD_COMPATIBLE).schema

    def batches() -> Iterator[pa.RecordBatch]:
        for part in frame.collect_batches(chunk_size=BATCH_ROWS):
            yield from part.to_arrow(compat_level=OLD_COMPATIBLE).cast(schema).to_batches()

    return arrow.relation(pa.RecordBatchReader.from_batches(schema, batches()), warehouse)


def _storage(warehouse: str) -> dict[str, str] | None:
    if not warehouse.startswith("s3://"):
        return None
    from data_platform.lakehouse.storage import s3_properties

    names = {
        "s3.endpoint": "aws_endpoint_url",
        "s3.access-key-id": "aws_access_key_id",
        "s3.secret-access-key": "aws_secret_access_key",
        "s3.session-token": "aws_session_token",
        "s3.region": "aws_region",
    }
    options = {names[key]: value for key, value in s3_properties().items() if key in names}
    if options.get("aws_endpoint_url", "").startswith("http://"):
        options["aws_allow_http"] = "true"
    return options
