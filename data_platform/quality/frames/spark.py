"""Spark data frames audited on their cluster: one aggregation for all rules about single rows, and one more for each
key; only counts come back. What needs DuckDB is left to publication, for no row leaves the cluster here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from operator import and_, or_
from typing import TYPE_CHECKING

from pyspark.sql import Window
from pyspark.sql import functions as F

from data_platform.contracts.model import Contract, PartitionKey, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import ColumnType
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.conform import Conform, conform
from data_platform.quality.conform import cast as duckdb_cast
from data_platform.quality.dialects import keep_first
from data_platform.quality.dialects.spark import breaks, micros, quoted
from data_platform.quality.dialects.spark_casts import Made, cast
from data_platform.quality.frames.parents import missing_parents, typed_as
from data_platform.quality.rows import lossy, uncovered

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

ORIGINAL, LOST, PARTITION, PARENT, COUNT, PLACE = "__frame_", "__lost_", "__partition", "__parent", "__n", "__place"
HOUR, DAY = 3_600_000_000, 86_400_000_000
STAGED: dict[str, str] = {  # Spark's types -> what DuckDB calls them in staged files
    "tinyint": "TINYINT",
    "smallint": "SMALLINT",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "float": "FLOAT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "string": "VARCHAR",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp": "TIMESTAMP WITH TIME ZONE",
    "timestamp_ntz": "TIMESTAMP",
    "void": '"NULL"',
}


class SparkRows:
    """See `frames.Rows`."""

    def __init__(self, frame: DataFrame, contract: Contract, others: Mapping[str, DataFrame]) -> None:
        self._frame, self._contract, self._others = frame, contract, others
        types = {field.name: field.dataType for field in frame.schema.fields}
        self.shape: Conform = conform(contract, {name: duckdb_type(kind) for name, kind in types.items()})
        self.problems, self._made = self.shape.problems, dict[str, Made]()
        for each in self.shape.casts:
            staged = types[each.column].simpleString() if each.column in types else None
            column = contract.column(each.column)
            if (made := cast(column, staged, each)) is not None:
                self._made[each.column] = made
            else:
                problem = (
                    f"column {column.name}: Spark cannot promise the cast of {staged} to {column.type}; make it first"
                )
                self.problems = (*self.problems, problem)

    def cannot(self, rule: Rule) -> str:
        if KINDS[rule.kind].metric in ("query", "history"):
            return "it is evaluated by DuckDB, on staged files, when the rows are published"
        return missing_parents(rule, self._contract, self._others)

    def count(self, rules: Sequence[Rule]) -> dict[str | None, PartitionAudit]:
        about_rows = [rule for rule in rules if KINDS[rule.kind].metric == "rows"]
        unwatched = [each.column for each in uncovered(self._contract.rules, self.shape)]
        conditions = [self._broken(rule) for rule in about_rows] + [self._lost[column] for column in unwatched]
        sums = [F.count(F.when(condition, 1)).alias(f"__m{i}") for i, condition in enumerate(conditions)]
        scanned = self._work.groupBy(PARTITION).agg(F.count(F.lit(1)).alias(COUNT), *sums).collect()
        apart = {rule.name: self._apart(rule) for rule in rules if KINDS[rule.kind].metric in ("duplicates", "orphans")}
        counted = {}
        for partition, rows, *found in scanned or [(WHOLE, 0, *[0] * len(sums))]:
            metrics = {rule.name: float(number) for rule, number in zip(about_rows, found, strict=False)}
            metrics |= {name: float(broken.get(partition, 0)) for name, broken in apart.items()}
            metrics |= {rule.name: float(rows) for rule in rules if KINDS[rule.kind].metric == "rowCount"}
            lost = dict(zip(unwatched, found[len(about_rows) :], strict=True))
            counted[partition] = PartitionAudit(rows, metrics, lost=lost)
        return counted

    def failing(self, rule: Rule) -> DataFrame:
        match KINDS[rule.kind].metric:
            case "duplicates":
                rows = self._duplicates(rule)
            case "orphans":
                rows = self._orphans(rule)
            case _:
                rows = self._work.where(self._broken(rule))
        return rows.select(*(F.col(quoted(ORIGINAL + name)).alias(name) for name in self._frame.columns))

    @cached_property
    def _lost(self) -> dict[str, Expression]:
        return {name: F.col(quoted(LOST + name)) for name, (_, lost) in self._made.items() if lost is not None}

    @cached_property
    def _work(self) -> DataFrame:
        """The frame's own columns under other names, the contract's, what was lost, and each row's partition."""
        own = [F.col(quoted(name)).alias(ORIGINAL + name) for name in self._frame.columns]
        conformed = [value.alias(name) for name, (value, _) in self._made.items()]
        lost = [lost.alias(LOST + name) for name, (_, lost) in self._made.items() if lost is not None]
        rows = self._frame.select(*own, *conformed, *lost)
        return rows.withColumn(PARTITION, partition_of(self._contract))

    def _broken(self, rule: Rule) -> Expression:
        if rule.kind != "type":
            return breaks(rule, self._contract, self._lost)
        return reduce(or_, (self._lost[each.column] for each in lossy(rule, self.shape)), F.lit(False))

    def _apart(self, rule: Rule) -> dict[str | None, int]:
        if KINDS[rule.kind].metric == "orphans":
            return dict(self._orphans(rule).groupBy(PARTITION).count().collect())
        keys = self._keyed(rule).groupBy(PARTITION, *map(quoted, rule.columns)).agg(F.count(F.lit(1)).alias(COUNT))
        return dict(keys.groupBy(PARTITION).agg(F.sum(F.col(COUNT) - 1)).collect())

    def _keyed(self, rule: Rule) -> DataFrame:
        """The rows whose key has no null in it."""
        return self._work.where(reduce(and_, (F.col(quoted(name)).isNotNull() for name in rule.columns)))

    def _duplicates(self, rule: Rule) -> DataFrame:
        order = [
            value.desc_nulls_last() if descends else value.asc_nulls_last()
            for column, descends in keep_first(rule, self._contract)
            for value in [_sortable(F.col(quoted(column.name)), column.type)]
        ]
        place = F.row_number().over(Window.partitionBy(PARTITION, *map(quoted, rule.columns)).orderBy(*order))
        return self._keyed(rule).withColumn(PLACE, place).where(F.col(PLACE) > 1)

    def _orphans(self, rule: Rule) -> DataFrame:
        child, parents = self._keyed(rule).alias("c"), self._parents(rule).alias("p")
        same = [F.col(f"c.{quoted(name)}") == F.col(f"p.__c{i}") for i, name in enumerate(rule.columns)]
        if PARENT in parents.columns:
            same.append(F.col(f"c.{PARTITION}") == F.col(f"p.{PARENT}"))
        return child.join(parents, reduce(and_, same), "left_anti")

    def _parents(self, rule: Rule) -> DataFrame:
        """The parents' keys, in the types of the child's; a value that would change on the way is none."""
        (reference,) = rule.reads
        if reference.dataset == self._contract.dataset:
            keys = [F.col(quoted(name)).alias(f"__c{i}") for i, name in enumerate(rule.arguments["columns"])]
            return self._work.select(*keys, *[F.col(PARTITION).alias(PARENT)] * (reference.partitions == "same"))
        parent, keys = self._others[reference.dataset], []
        for i, (name, column) in enumerate(typed_as(rule, self._contract).items()):
            kind = parent.schema[name].dataType
            made = cast(column, kind.simpleString(), duckdb_cast(column, duckdb_type(kind)))
            keys.append((made[0] if made else F.col(quoted(name))).alias(f"__c{i}"))
        return parent.select(*keys)


def duckdb_type(kind: DataType) -> str:
    """What DuckDB calls a Spark type in the files that Spark stages."""
    from pyspark.sql import types as t

    match kind:
        case t.DecimalType():
            return f"DECIMAL({kind.precision},{kind.scale})"
        case t.ArrayType():
            return f"{duckdb_type(kind.elementType)}[]"
        case t.MapType():
            return f"MAP({duckdb_type(kind.keyType)}, {duckdb_type(kind.valueType)})"
        case t.StructType():
            return "STRUCT(" + ", ".join(f"{field.name} {duckdb_type(field.dataType)}" for field in kind.fields) + ")"
    name = kind.simpleString()
    return "TIME" if name.startswith("time(") else STAGED.get(name, name)


def partition_of(contract: Contract) -> Expression:
    keys = contract.partitioning.keys if contract.partitioning else ()
    parts = [part for key in keys for part in (F.lit("|"), _cut(key, contract))]
    return F.concat(*parts[1:]) if keys else F.lit(WHOLE)


def _cut(key: PartitionKey, contract: Contract) -> Expression:
    value, kind = F.col(quoted(key.column)), contract.column(key.column).type.kind
    if key.granularity == "static":
        return value
    if kind == "date":
        return value.cast("string")
    since = micros(value) if kind == "timestamp" else F.unix_micros(value)
    day = F.date_from_unix_date(((since - F.pmod(since, F.lit(DAY))) / DAY).cast("int")).cast("string")
    if key.granularity == "day":
        return day
    hour = ((F.pmod(since, F.lit(DAY)) - F.pmod(since, F.lit(HOUR))) / HOUR).cast("int").cast("string")
    return F.concat(day, F.lit("-"), F.lpad(hour, 2, "0"), F.lit(":00"))


def _sortable(value: Expression, kind: ColumnType) -> Expression:
    """What sorts nulls last inside nested values, too, as DuckDB does; a map by its entries as they stand."""
    match kind:
        case ColumnType(kind="list", element=ColumnType() as element):
            return F.transform(value, lambda each: _item(each, element))
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            entry = ColumnType("struct", fields=(("key", key), ("value", element)))
            return F.transform(F.map_entries(value), lambda each: _item(each, entry))
        case ColumnType(kind="struct"):
            fields = [_item(value.getField(name), of).alias(f"f{i}") for i, (name, of) in enumerate(kind.fields)]
            return F.when(value.isNotNull(), F.struct(*fields))
    return value


def _item(value: Expression, kind: ColumnType) -> Expression:
    return F.struct(value.isNull().alias("is_null"), _sortable(value, kind).alias("value"))
