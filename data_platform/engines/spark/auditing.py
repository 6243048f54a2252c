"""The audit on the cluster. SKELETON: rules about single rows, keys and parents within the dataset only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from data_platform.engines.spark.session import session
from data_platform.lakehouse.bench import Work
from data_platform.quality.audit import FileCount, PartitionAudit
from data_platform.quality.frames.spark import PARTITION, SparkRows
from data_platform.quality.policy import Verdict, decide

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FILE = "__staged_file"


class Auditing:
    def __init__(self, work: Work) -> None:
        self.work = work
        self.rows = SparkRows(self.staged().drop(FILE), work.contract, {})

    def staged(self) -> DataFrame:
        """The staged rows, as they were staged, with their file."""
        read = session().read.options(recursiveFileLookup="true", __globPaths__="false")
        return read.parquet(*self.work.staged.files).withColumn(FILE, F.col("_metadata.file_path"))

    def count(self) -> dict[str | None, PartitionAudit]:
        counted = self.rows.count(self.work.rules)
        files: dict[str | None, dict[str, FileCount]] = {}
        rows = SparkRows(self.staged(), self.work.contract, {})
        held = rows._work.groupBy(PARTITION, f"__frame_{FILE}").count().collect()
        for partition, file, number in held:
            files.setdefault(partition, {})[file.removeprefix("file://").removeprefix("file:")] = FileCount(number, 0)
        found = {name: PartitionAudit(0) for name in self.work.partitions}
        for name, each in counted.items():
            found[name] = PartitionAudit(each.rows, each.metrics, files.get(name, {}), each.lost)
        return found

    def judge(self, counted: Mapping[str | None, PartitionAudit]) -> tuple[Verdict, ...]:
        return tuple(decide(self.work.rules, each, counted[each]) for each in self.work.partitions)
