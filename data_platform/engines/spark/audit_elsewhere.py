"""The rows of other datasets that rules read, as Spark frames, at the snapshots and of the partitions that were planned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from data_platform.contracts import Column, Contract, Reference, Rule
from data_platform.engines.spark.reading import read
from data_platform.engines.spark.session import session
from data_platform.lakehouse.bench import Work
from data_platform.lakehouse.references import Source, sources
from data_platform.quality.conform import cast as duckdb_cast
from data_platform.quality.dialects.spark import quoted
from data_platform.quality.dialects.spark_casts import cast
from data_platform.quality.frames.spark import GROUP, PARTITION, SparkRows, duckdb_type, partition_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class Seen:
    """What a rule sees of another dataset. Audited partitions that are held against the same rows make up one group; its
    number is the place of its set of partitions among `sets`."""

    source: Source
    warehouse: str

    @cached_property
    def sets(self) -> list[tuple[str, ...] | None]:
        return list(dict.fromkeys(self.source.wanted.values()))

    @cached_property
    def groups(self) -> dict[str, int]:
        """Audited partition -> its group."""
        return {partition: self.sets.index(names) for partition, names in self.source.wanted.items()}

    def rows(self, partition: str) -> DataFrame:
        """The columns that the rule sees, of the rows that one audited partition is held against."""
        return self._read(self.source.files(partition), self.source.columns)

    def all_rows(self) -> DataFrame:
        """The same of all audited partitions, with the GROUP that a row is for: twice where it is for two."""
        columns, contract = self.source.columns, self.source.contract
        if len(self.sets) < 2:
            only = next(iter(self.groups), None)
            rows = self._read((), columns) if only is None else self.rows(only)
            return rows.withColumn(GROUP, F.lit(0))
        keys = contract.partitioning.columns if contract.partitioning else ()
        every = (*columns, *(contract.column(key) for key in keys if key not in [each.name for each in columns]))
        of = [(name, group) for group, names in enumerate(self.sets) for name in names or ()]
        groups = session().createDataFrame(of, f"{PARTITION} string, {GROUP} int")
        rows = self._read(self.source.plan.files, every).withColumn(PARTITION, partition_of(contract))
        return rows.join(F.broadcast(groups), PARTITION).select(*(quoted(each.name) for each in columns), GROUP)

    def grouped(self, rows: DataFrame) -> DataFrame:
        """Audited rows (with their PARTITION) with the GROUP that they are held against; others are left out."""
        groups = session().createDataFrame(list(self.groups.items()), f"{PARTITION} string, {GROUP} int")
        return rows.join(F.broadcast(groups), PARTITION)

    def _read(self, files: Sequence[str], columns: Sequence[Column]) -> DataFrame:
        rows = read(replace(self.source.plan, files=tuple(files), columns=tuple(columns)), self.warehouse)
        return rows.select(*(_conformed(rows, column) for column in columns))


def seen(work: Work, rules: Iterable[Rule], others: Mapping[str, Contract]) -> dict[Reference, Seen]:
    """What the rules see of other datasets; errors as `lakehouse.references.sources`."""
    found = sources(work.lakehouse, work.contract, rules, work.partitions, others, work.inputs)
    return {reference: Seen(source, work.lakehouse.settings.warehouse) for reference, source in found.items()}


class StagedRows(SparkRows):
    """Staged rows whose parents may be in the lakehouse."""

    def __init__(
        self, frame: DataFrame, contract: Contract, elsewhere: Mapping[Reference, Seen], carried: Sequence[str]
    ) -> None:
        super().__init__(frame, contract, {}, carried)
        self._elsewhere = elsewhere

    def parents(self, rule: Rule) -> DataFrame:
        (reference,) = rule.reads
        if reference not in self._elsewhere:
            return super().parents(rule)
        found = self._elsewhere[reference]
        rows = found.all_rows()
        return self.keys_of(rule, rows if len(found.sets) > 1 else rows.drop(GROUP))

    def grouped(self, rule: Rule, rows: DataFrame) -> DataFrame:
        (reference,) = rule.reads
        found = self._elsewhere.get(reference)
        return super().grouped(rule, rows) if found is None else found.grouped(rows)


def _conformed(rows: DataFrame, column: Column):
    """The column in the type that the audit has for it: a time of day is a number."""
    kind = rows.schema[column.name].dataType
    made = cast(column, kind.simpleString(), duckdb_cast(column, duckdb_type(kind)))
    return (made[0] if made else F.col(quoted(column.name))).alias(column.name)
