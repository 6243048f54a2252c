"""Polars frames audited by Polars itself; by DuckDB only where a cast or a rule needs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, reduce
from operator import and_, or_

import duckdb
import polars as pl

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.partitions import DAY_FORMAT, HOUR_FORMAT, WHOLE
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import ColumnType
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.conform import Conform, conform
from data_platform.quality.conform import cast as duckdb_cast
from data_platform.quality.dialects import keep_first
from data_platform.quality.dialects.polars import breaks
from data_platform.quality.dialects.polars_casts import Made, cast
from data_platform.quality.frames.duckdb import DuckRows, duckdb_types
from data_platform.quality.frames.parents import missing_parents, typed_as
from data_platform.quality.rows import lossy, uncovered

ORIGINAL, PARTITION, COUNT, ROW = "__frame_", "__partition", "__n", "__row"


class PolarsRows:
    """See `frames.Rows`. Polars reads a lazy frame once per call, as a stream."""

    def __init__(
        self, frame: pl.DataFrame | pl.LazyFrame, contract: Contract, others: Mapping[str, pl.DataFrame | pl.LazyFrame]
    ) -> None:
        self._frame, self._contract, self._others = frame, contract, others
        self._schema = frame.collect_schema()
        self.shape: Conform = conform(contract, _staged(self._schema))
        self.problems = self.shape.problems
        self._casts = {
            each.column: cast(contract.column(each.column), self._schema.get(each.column), each)
            for each in self.shape.casts
        }

    def cannot(self, rule: Rule) -> str:
        return (
            self._duck.cannot(rule)
            if self._is_for_duckdb(rule)
            else missing_parents(rule, self._contract, self._others)
        )

    def count(self, rules: Sequence[Rule]) -> dict[str | None, PartitionAudit]:
        here = [rule for rule in rules if not self._is_for_duckdb(rule)]
        there = [rule for rule in rules if rule not in here]
        counted = self._count(here) if here or not there else {}
        for partition, each in (self._duck.count(there) if there else {}).items():
            before = counted.get(partition, each)
            counted[partition] = PartitionAudit(each.rows, {**before.metrics, **each.metrics}, lost=before.lost)
        return counted

    def failing(self, rule: Rule) -> pl.DataFrame | pl.LazyFrame:
        if self._is_for_duckdb(rule):
            return self._duck.failing(rule)
        match KINDS[rule.kind].metric:
            case "duplicates":
                rows = self._duplicates(rule)
            case "orphans":
                rows = self._orphans(rule)
            case _:
                rows = self._work.filter(self._broken(rule))
        rows = rows.select(pl.col(f"{ORIGINAL}{name}").alias(name) for name in self._schema)
        return rows if isinstance(self._frame, pl.LazyFrame) else rows.collect(engine="streaming")

    def _is_for_duckdb(self, rule: Rule) -> bool:
        return None in self._casts.values() or KINDS[rule.kind].metric in ("query", "history")

    @cached_property
    def _duck(self) -> DuckRows:
        return DuckRows(self._frame, self._contract, self._others)

    @cached_property
    def _made(self) -> dict[str, Made]:
        return {name: made for name, made in self._casts.items() if made is not None}

    @cached_property
    def _lost(self) -> dict[str, pl.Expr]:
        return {name: pl.col(f"__lost_{name}") for name, (_, lost) in self._made.items() if lost is not None}

    @cached_property
    def _work(self) -> pl.LazyFrame:
        """The frame's own columns under other names, the contract's, what was lost, and each row's partition."""
        conformed = [value.alias(name) for name, (value, _) in self._made.items()]
        lost = [lost.alias(f"__lost_{name}") for name, (_, lost) in self._made.items() if lost is not None]
        return (
            self._frame.lazy()
            .select(pl.all().name.prefix(ORIGINAL), *conformed, *lost)
            .with_columns(_partition(self._contract).alias(PARTITION))
        )

    def _broken(self, rule: Rule) -> pl.Expr:
        if rule.kind != "type":
            return breaks(rule, self._contract, self._lost)
        lost = [self._lost[each.column] for each in lossy(rule, self.shape)]
        return reduce(or_, lost, pl.lit(False))

    def _count(self, rules: Sequence[Rule]) -> dict[str | None, PartitionAudit]:
        of_metric: dict[str, list[Rule]] = {}
        for rule in rules:
            of_metric.setdefault(KINDS[rule.kind].metric, []).append(rule)
        unwatched = {each.column: self._lost[each.column] for each in uncovered(self._contract.rules, self.shape)}
        conditions = {rule.name: self._broken(rule) for rule in of_metric.get("rows", ())}
        sums = [each.sum().alias(f"__m{i}") for i, each in enumerate([*conditions.values(), *unwatched.values()])]
        queries = [self._work.group_by(PARTITION).agg(pl.len().alias(COUNT), *sums)]
        apart = [*of_metric.get("duplicates", ()), *of_metric.get("orphans", ())]
        for rule in apart:
            is_key = KINDS[rule.kind].metric == "duplicates"
            queries.append(self._surplus(rule) if is_key else self._orphans(rule).group_by(PARTITION).len(COUNT))
        scanned, *others = pl.collect_all(queries, engine="streaming")
        broken = {rule.name: dict(table.rows()) for rule, table in zip(apart, others, strict=True)}
        counted = {}
        for partition, rows, *found in scanned.rows() or [(WHOLE, 0, *[0] * len(sums))]:
            metrics = {name: float(number or 0) for name, number in zip(conditions, found, strict=False)}
            metrics |= {name: float(numbers.get(partition, 0)) for name, numbers in broken.items()}
            metrics |= {rule.name: float(rows) for rule in of_metric.get("rowCount", ())}
            lost = dict(zip(unwatched, found[len(conditions) :], strict=True))
            counted[partition] = PartitionAudit(rows, metrics, lost=lost)
        return counted

    def _surplus(self, rule: Rule) -> pl.LazyFrame:
        keys = self._keyed(rule).group_by(PARTITION, *rule.columns).len(COUNT)
        return keys.group_by(PARTITION).agg((pl.col(COUNT) - 1).sum())

    def _keyed(self, rule: Rule) -> pl.LazyFrame:
        """The rows whose key has no null in it."""
        return self._work.with_row_index(ROW).filter(
            reduce(and_, (pl.col(name).is_not_null() for name in rule.columns))
        )

    def _duplicates(self, rule: Rule) -> pl.LazyFrame:
        order = keep_first(rule, self._contract)
        by = [*(_sortable(pl.col(column.name), column.type) for column, _ in order), pl.col(ROW)]
        ordered = self._keyed(rule).sort(by, descending=[*(desc for _, desc in order), False], nulls_last=True)
        return ordered.filter(pl.int_range(pl.len()).over(PARTITION, *rule.columns) > 0).sort(ROW)

    def _orphans(self, rule: Rule) -> pl.LazyFrame:
        parents, child = self._parents(rule), [*rule.columns]
        if PARTITION in parents.collect_schema():
            child.append(PARTITION)
        return self._keyed(rule).join(parents, left_on=child, right_on=pl.all(), how="anti").sort(ROW)

    def _parents(self, rule: Rule) -> pl.LazyFrame:
        """The parents' keys, in the types of the child's; a value that would change on the way is none."""
        (reference,) = rule.reads
        if reference.dataset == self._contract.dataset:
            keys = [pl.col(name).alias(f"__c{i}") for i, name in enumerate(rule.arguments["columns"])]
            return self._work.select(*keys, *[PARTITION] * (reference.partitions == "same"))
        parent = self._others[reference.dataset].lazy()
        schema = parent.collect_schema()
        staged = _staged(schema)
        keys = []
        for i, (name, column) in enumerate(typed_as(rule, self._contract).items()):
            made = cast(column, schema[name], duckdb_cast(column, staged[name]))
            key = made[0] if made else pl.col(name).cast(self._work.collect_schema()[rule.columns[i]], strict=False)
            keys.append(key.alias(f"__c{i}"))
        return parent.select(keys)


def _staged(schema: pl.Schema) -> dict[str, str]:
    """What DuckDB calls the columns' types where the rows are staged."""
    empty = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest())
    with duckdb.connect() as connection:
        return duckdb_types(connection.from_arrow(empty))


def _partition(contract: Contract) -> pl.Expr:
    parts = []
    for key in contract.partitioning.keys if contract.partitioning else ():
        value = pl.col(key.column)
        match key.granularity:
            case "day":
                value = value.dt.strftime(DAY_FORMAT)
            case "hour":
                value = value.dt.truncate("1h").dt.strftime(HOUR_FORMAT)
        parts.append(value)
    return pl.concat_str(parts, separator="|") if parts else pl.lit(WHOLE)


def _sortable(value: pl.Expr, kind: ColumnType) -> pl.Expr:
    """What sorts nulls last inside nested values, too, as DuckDB does; a map by its entries as they stand."""
    match kind:
        case ColumnType(kind="list", element=ColumnType() as element):
            return value.list.eval(_item(pl.element(), element))
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            entry = ColumnType("struct", fields=(("key", key), ("value", element)))
            return value.map.entries().list.eval(_item(pl.element(), entry))
        case ColumnType(kind="struct"):
            fields = [_item(value.struct.field(name), of).alias(str(i)) for i, (name, of) in enumerate(kind.fields)]
            return pl.when(value.is_not_null()).then(pl.struct(fields))
    return value


def _item(value: pl.Expr, kind: ColumnType) -> pl.Expr:
    return pl.struct(value.is_null().alias("is_null"), _sortable(value, kind).alias("value"))
