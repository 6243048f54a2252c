"""Staging: a frame's rows as Parquet files, written by the executors, one partition per file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from data_platform.engines.spark.bench import spark_bench
from data_platform.lakehouse import Staged, StructureError
from data_platform.quality.conform import conform
from data_platform.quality.frames.spark import duckdb_type, partition_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

    from data_platform.contracts import Contract

CUT = "__partition"


@dataclass(frozen=True, slots=True)
class SparkFrame:
    """See `engines.Rows`."""

    frame: DataFrame

    @property
    def columns(self) -> dict[str, str]:
        return {field.name: duckdb_type(field.dataType) for field in self.frame.schema.fields}

    def stage(self, contract: Contract, folder: str) -> Staged:
        shape = conform(contract, self.columns)
        if shape.problems:
            raise StructureError(contract.dataset, shape.problems)
        cut = self.frame.withColumn(CUT, F.md5(partition_of(contract)))
        cut.repartition(CUT).write.partitionBy(CUT).parquet(folder, mode="append")
        files = written(folder)
        return Staged(
            folder,
            tuple(files),
            self.columns,
            tuple(size for size, _ in files.values()),
            sum(rows for _, rows in files.values()),
            counts=tuple(rows for _, rows in files.values()),
            bench=spark_bench,
        )

    def sample(self, limit: int, path: str) -> Mapping[str, str]:
        import pyarrow.parquet as pq

        pq.write_table(self.first(limit), path)
        return self.columns

    def first(self, limit: int) -> pa.Table:
        return self.frame.limit(limit).toArrow()


def written(folder: str) -> dict[str, tuple[int, int]]:
    """The data files below a folder: their bytes and rows; those without rows are left out."""
    import pyarrow.parquet as pq

    from data_platform.lakehouse.storage import filesystem

    files: Any = filesystem(folder)
    found = {}
    for path, about in sorted(files.find(folder, detail=True).items()):
        if path.endswith(".parquet"):
            full = path if "://" not in folder else f"{folder.split('://')[0]}://{path}"
            rows = pq.read_metadata(path, filesystem=None if "://" not in folder else files).num_rows
            if rows:
                found[full] = about["size"], rows
    return found
