"""Staging: a frame's rows as Parquet files, written by the executors, one partition per file.

As `lakehouse/staging.py` has it: columns are widened where that cannot lose, and rows that a rule about single rows will
refuse have files of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
from pyspark.sql import functions as F

from data_platform.contracts.model import PUBLICATION
from data_platform.engines.spark.bench import spark_bench
from data_platform.engines.spark.driver import collect
from data_platform.engines.spark.reading import spark_path
from data_platform.engines.spark.session import with_settings
from data_platform.engines.spark.types import TIMES, schema_of
from data_platform.lakehouse import Staged, StructureError
from data_platform.lakehouse.storage import filesystem
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.frames.spark import ORIGINAL, PARTITION, SparkRows, duckdb_type
from data_platform.quality.rows import refusing
from data_platform.quality.sql import sql_type

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column as Expression
    from pyspark.sql import DataFrame

    from data_platform.contracts import Contract
    from data_platform.quality.conform import Cast

CUT, REFUSED = "__partition", "__refused"
SETTINGS = TIMES | {
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # INT96 has no statistics, which Iceberg asks for
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",  # days before 1582 are what they are
    "spark.sql.parquet.writeLegacyFormat": "false",
    "spark.sql.parquet.fieldId.write.enabled": "false",  # Iceberg takes no files with the ids of another table
    "spark.sql.maxConcurrentOutputFileWriters": "8",  # good and refused rows side by side, without sorting them first
}
"""How files are written whatever the session's settings. Nothing here changes what the rows are."""
OPTIONS = {
    "mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",  # no _SUCCESS among the data files
    "mapreduce.fileoutputcommitter.algorithm.version": "1",  # rows of a failed attempt are never beside the next one's
}
FOOTERS_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class SparkFrame:
    """See `engines.Rows`."""

    frame: DataFrame

    def stage(self, contract: Contract, folder: str) -> Staged:
        with with_settings(self.frame.sparkSession, SETTINGS):
            rows = SparkRows(self.frame, contract, {})
            if problems := (*_repeated(self.frame.columns), *rows.problems):
                raise StructureError(contract.dataset, problems)
            came, casts = self._columns, rows.shape.casts
            columns = [_staged(cast, contract, came).alias(cast.column) for cast in casts]
            cuts = {CUT: F.md5(PARTITION)}
            rules = [rule for rule in refusing(contract.rules_at(PUBLICATION)) if rule.kind != "type"]
            if rules and not rows.shape.lossy:
                cuts[REFUSED] = F.coalesce(reduce(or_, map(rows.broken, rules)), F.lit(False))
            cut = rows.work.select(*columns, *(value.alias(name) for name, value in cuts.items()))
            if contract.partitioning is not None:  # a few tasks for each partition, not a file of every task for each
                cut = cut.sparkSession.sql(f"SELECT /*+ REBALANCE({CUT}) */ * FROM {{cut}}", cut=cut)
            cut.write.options(**OPTIONS).partitionBy(*cuts).parquet(spark_path(folder), mode="append")
        types = {
            cast.column: came[cast.column] if cast.is_lost else sql_type(contract.column(cast.column).type)
            for cast in casts
        }
        return staged_files(folder, types)

    def sample(self, limit: int, path: str) -> Mapping[str, str]:
        # without statistics: DuckDB takes those of Arrow, which leave NaN out, to say that there is none
        with filesystem(path).open(path, "wb") as file:
            pq.write_table(self.first(limit), file, write_statistics=False)
        return self._columns

    def first(self, limit: int) -> pa.Table:
        return collect(self.frame.limit(limit))

    @property
    def _columns(self) -> dict[str, str]:
        return {field.name: duckdb_type(field.dataType) for field in self.frame.schema.fields}


def staged_files(folder: str, columns: Mapping[str, str]) -> Staged:
    """What Spark wrote below a folder, from the files' footers; whatever is no data file is removed."""
    store = filesystem(folder)
    store.invalidate_cache(folder)
    found: dict[str, Any] = store.find(folder, detail=True)
    for path in found:
        if not path.endswith(".parquet"):  # checksums, which Hadoop writes beside files of a local folder
            store.rm_file(path)
    files = sorted(path for path in found if path.endswith(".parquet"))
    with ThreadPoolExecutor(FOOTERS_AT_ONCE) as pool:
        counts = list(pool.map(lambda path: pq.read_metadata(path, filesystem=store).num_rows, files))
    full = [(path, rows) for path, rows in zip(files, counts, strict=True) if rows]
    scheme = "s3://" if folder.startswith("s3://") else ""
    return Staged(
        folder,
        tuple(scheme + path for path, _ in full),
        columns,
        tuple(found[path]["size"] for path, _ in full),
        sum(rows for _, rows in full),
        counts=tuple(rows for _, rows in full),
        bench=spark_bench,
    )


def _staged(cast: Cast, contract: Contract, came: Mapping[str, str]) -> Expression:
    """What is written for a column: the widened value, or the value as it came where casting could lose it."""
    if came.get(cast.column, '"NULL"') == '"NULL"':
        (field,) = schema_of(contract.dataset, [contract.column(cast.column)])
        return F.lit(None).cast(field.dataType)
    return F.col(quoted(ORIGINAL + cast.column if cast.is_lost or cast.is_identity else cast.column))


def _repeated(names: list[str]) -> list[str]:
    """Names that Spark could not tell apart."""
    times = Counter(name.lower() for name in names)
    return [
        f"{count} columns are named {name} (upper and lower case are the same to Spark); rename or drop all but one"
        for name, count in times.items()
        if count > 1
    ]
