"""Spark data frames audited on their cluster: one aggregation for all rules about single rows, and one more for each
key; only counts come back. What needs DuckDB is left to publication, for no row leaves the cluster here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
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
from data_platform.quality.dialects.spark import breaks, quoted
from data_platform.quality.dialects.spark_casts import Made, cast
from data_platform.quality.frames.parents import missing_parents, typed_as
from data_platform.quality.rows import lossy, uncovered

if TYPE_CHECKING:
    from pyspark.sql import Column as Expression
    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType

ORIGINAL, LOST, PARTITION, CUT, GROUP = "__frame_", "__lost_", "__partition", "__cut_", "__group"
COUNT, PLACE = "__n", "__place"
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
    """See `frames.Rows`. Columns `carried` are none of the contract's: they go with their rows, and say where these are."""

    def __init__(
        self, frame: DataFrame, contract: Contract, others: Mapping[str, DataFrame], carried: Collection[str] = ()
    ) -> None:
        self._frame, self._contract, self._others, self._carried = frame, contract, others, tuple(carried)
        types = {field.name: field.dataType for field in frame.schema.fields if field.name not in carried}
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
        conditions = [self.broken(rule) for rule in about_rows] + [self.lost[column] for column in unwatched]
        sums = [F.count(F.when(condition, 1)).alias(f"__m{i}") for i, condition in enumerate(conditions)]
        scanned = self.by_partition(self.work, F.count(F.lit(1)).alias(COUNT), *sums).collect()
        apart = {
            rule.name: dict(self.broken_between(rule).collect())
            for rule in rules
            if KINDS[rule.kind].metric in ("duplicates", "orphans")
        }
        counted = {}
        for partition, rows, *found in scanned or [(WHOLE, 0, *[0] * len(sums))]:
            metrics = {rule.name: float(number) for rule, number in zip(about_rows, found, strict=False)}
            metrics |= {name: float(broken.get(partition) or 0) for name, broken in apart.items()}
            metrics |= {rule.name: float(rows) for rule in rules if KINDS[rule.kind].metric == "rowCount"}
            lost = dict(zip(unwatched, found[len(about_rows) :], strict=True))
            counted[partition] = PartitionAudit(rows, metrics, lost=lost)
        return counted

    def failing(self, rule: Rule) -> DataFrame:
        match KINDS[rule.kind].metric:
            case "duplicates":
                rows = self.duplicates(rule)
            case "orphans":
                rows = self.orphans(rule)
            case _:
                rows = self.work.where(self.broken(rule))
        return rows.select(*(F.col(quoted(ORIGINAL + name)).alias(name) for name in self._frame.columns))

    @cached_property
    def lost(self) -> dict[str, Expression]:
        return {name: F.col(quoted(LOST + name)) for name, (_, lost) in self._made.items() if lost is not None}

    @cached_property
    def work(self) -> DataFrame:
        """The frame's own columns under other names, the contract's, what was lost, and each row's partition."""
        own = [F.col(quoted(name)).alias(ORIGINAL + name) for name in self._frame.columns]
        conformed = [value.alias(name) for name, (value, _) in self._made.items()]
        lost = [lost.alias(LOST + name) for name, (_, lost) in self._made.items() if lost is not None]
        rows = self._frame.select(*own, *conformed, *lost).select("*", *_cuts(self._contract))
        return rows.withColumn(PARTITION, self.spelt)

    @property
    def cuts(self) -> list[str]:
        """The columns of `work` that tell partitions apart, cheaper to group by than their text."""
        keys = self._contract.partitioning.keys if self._contract.partitioning else ()
        return [f"{CUT}{place}" for place, _ in enumerate(keys)]

    @property
    def spelt(self) -> Expression:
        """The partition's text, from the `cuts`."""
        keys = self._contract.partitioning.keys if self._contract.partitioning else ()
        return _text(keys, [F.col(each) for each in self.cuts])

    def by_partition(self, rows: DataFrame, *aggregates: Expression) -> DataFrame:
        """Named aggregates of some of the rows of `work` behind each partition's text; one row, also of no rows, where
        the contract has no partitions."""
        found = rows.groupBy(*self.cuts).agg(*aggregates)
        names = map(quoted, found.columns[len(self.cuts) :])
        return found.select(self.spelt.alias(PARTITION), *names)

    def broken(self, rule: Rule) -> Expression:
        if rule.kind != "type":
            return breaks(rule, self._contract, self.lost)
        return reduce(or_, (self.lost[each.column] for each in lossy(rule, self.shape)), F.lit(False))

    def broken_between(self, rule: Rule) -> DataFrame:
        """The rows that a rule of metric `duplicates` or `orphans` counts, by partition; none (or null) where there are
        none."""
        keys = self.keys(rule)
        if KINDS[rule.kind].metric == "orphans":
            return self.by_partition(self.missing(rule, keys), F.sum(COUNT).alias(COUNT))
        return self.by_partition(keys, F.sum(F.col(COUNT) - 1).alias(COUNT))

    def keys(self, rule: Rule) -> DataFrame:
        """Each key of the rule's columns in each partition, without nulls, with its number of rows, COUNT."""
        rows = self._keyed(rule).groupBy(*self.cuts, *map(quoted, rule.columns))
        return rows.agg(F.count(F.lit(1)).alias(COUNT)).withColumn(PARTITION, self.spelt)

    def _keyed(self, rule: Rule) -> DataFrame:
        """The rows whose key has no null in it."""
        return self.work.where(reduce(and_, (F.col(quoted(name)).isNotNull() for name in rule.columns)))

    def duplicates(self, rule: Rule) -> DataFrame:
        order = [
            value.desc_nulls_last() if descends else value.asc_nulls_last()
            for column, descends in keep_first(rule, self._contract)
            for value in [_sortable(F.col(quoted(column.name)), column.type)]
        ]
        order += [F.col(quoted(ORIGINAL + name)) for name in self._carried]  # of identical rows, always the same one
        place = F.row_number().over(Window.partitionBy(*self.cuts, *map(quoted, rule.columns)).orderBy(*order))
        return self._keyed(rule).withColumn(PLACE, place).where(F.col(PLACE) > 1)

    def orphans(self, rule: Rule) -> DataFrame:
        return self.missing(rule, self._keyed(rule))

    def missing(self, rule: Rule, child: DataFrame) -> DataFrame:
        """Those of some of the rows of `work`, or of the `keys`, that no parent has."""
        parents = self.parents(rule)
        same = [F.col(f"c.{quoted(name)}") == F.col(f"p.__c{i}") for i, name in enumerate(rule.columns)]
        columns = child.columns
        if GROUP in parents.columns:
            child = self.grouped(rule, child)
            same.append(F.col(f"c.{GROUP}") == F.col(f"p.{GROUP}"))
        found = child.alias("c").join(parents.alias("p"), reduce(and_, same), "left_anti")
        return found.select(*map(quoted, columns))

    def parents(self, rule: Rule) -> DataFrame:
        """The parents' keys as `__c0`, ..., in the types of the child's; a value that would change on the way is none.
        With the GROUP whose rows they are parents of, where not of all."""
        (reference,) = rule.reads
        if reference.dataset == self._contract.dataset:
            keys = [F.col(quoted(name)).alias(f"__c{i}") for i, name in enumerate(rule.arguments["columns"])]
            return self.work.select(*keys, *[F.col(PARTITION).alias(GROUP)] * (reference.partitions == "same"))
        return self.keys_of(rule, self._others[reference.dataset])

    def grouped(self, rule: Rule, rows: DataFrame) -> DataFrame:
        """Some of the rows of `work`, with the GROUP that their parents are in."""
        return rows.withColumn(GROUP, F.col(PARTITION))

    def keys_of(self, rule: Rule, parents: DataFrame) -> DataFrame:
        """The keys of a frame of another dataset, as `parents` has them."""
        keys = []
        for i, (name, column) in enumerate(typed_as(rule, self._contract).items()):
            kind = parents.schema[name].dataType
            made = cast(column, kind.simpleString(), duckdb_cast(column, duckdb_type(kind)))
            keys.append((made[0] if made else F.col(quoted(name))).alias(f"__c{i}"))
        return parents.select(*keys, *[name for name in parents.columns if name == GROUP])


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
    """The text of the partition that a row with the contract's columns is of; null where it is of none."""
    keys = contract.partitioning.keys if contract.partitioning else ()
    return _text(keys, [_cut(key, contract) for key in keys])


def _cuts(contract: Contract) -> list[Expression]:
    keys = contract.partitioning.keys if contract.partitioning else ()
    return [_cut(key, contract).alias(f"{CUT}{place}") for place, key in enumerate(keys)]


def _text(keys: Sequence[PartitionKey], cuts: Sequence[Expression]) -> Expression:
    parts = [part for key, cut in zip(keys, cuts, strict=True) for part in (F.lit("|"), _spelling(key, cut))]
    return F.concat(*parts[1:]) if keys else F.lit(WHOLE)


def _cut(key: PartitionKey, contract: Contract) -> Expression:
    """One value per partition of this key: the date, the whole hours since 1970, UTC, or the static value."""
    value, kind = F.col(quoted(key.column)), contract.column(key.column).type.kind
    if key.granularity == "static" or kind == "date":
        return value
    if key.granularity == "day":
        return value.cast("date") if kind == "timestamp" else F.date_from_unix_date(_floor(value, DAY).cast("int"))
    if kind == "timestamp":
        return F.unix_date(value.cast("date")) * 24 + F.hour(value)
    return _floor(value, HOUR).cast("int")


def _floor(value: Expression, unit: int) -> Expression:
    """The whole units since 1970 of a `timestamp`, whatever the session's time zone."""
    since = F.unix_micros(value)
    return (since - F.pmod(since, F.lit(unit))) / unit


def _spelling(key: PartitionKey, cut: Expression) -> Expression:
    if key.granularity != "hour":
        return cut.cast("string")
    hour = F.pmod(cut, F.lit(24))
    day = F.date_from_unix_date(((cut - hour) / 24).cast("int")).cast("string")
    return F.concat(day, F.lit("-"), F.lpad(hour.cast("string"), 2, "0"), F.lit(":00"))


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
