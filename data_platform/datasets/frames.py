"""Rows made from a contract, the same every time: some that keep every rule, and for each rule some that break it."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Column, ColumnType, Contract, Reference, Rule
from data_platform.contracts.partitions import start_of
from data_platform.contracts.types import TEMPORAL

if TYPE_CHECKING:
    import pyarrow as pa
    from hypothesis.strategies import SearchStrategy


def valid_frame(contract: Contract, rows: int = 10, partition: str = "") -> pa.Table:
    """Rows that keep every row rule of the contract, all in `partition` (needed where the dataset is partitioned), as
    plain as the rules allow: the same ones every time, unless rules need more than plain values. A foreign key into
    another dataset is not looked at.

    CannotDrawError where there are no such rows.
    """
    import pyarrow as pa

    from data_platform.engines.arrow import arrow_schema

    fixed = _partition_values(contract, partition)
    try:
        columns = {
            column.name: [fixed[column.name]] * rows if column.name in fixed else _valid(contract, column, rows)
            for column in contract.columns
        }
        plain = pa.table(columns | _own_parents(contract, columns), schema=arrow_schema(contract.columns))
    except (pa.ArrowException, ArithmeticError, ValueError):  # a bound beyond its type, say
        return _drawn(contract, rows, partition)
    return plain if _keeps_row_rules(plain, contract) else _drawn(contract, rows, partition)


def _own_parents(contract: Contract, columns: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    """Foreign keys into the dataset itself: missing where they may be, else every row refers to itself."""
    found: dict[str, list[Any]] = {}
    for rule in contract.rules:
        if rule.kind == "foreign_key" and rule.is_row_rule and _is_own(rule.reads[0], contract):
            optional = [name for name in rule.columns if not contract.column(name).required]
            for name, parent in zip(rule.columns, rule.reads[0].columns, strict=True):
                found[name] = [None] * len(columns[name]) if name in optional else columns[parent]
    return found


def breaking_frames(contract: Contract, rows: int = 10, partition: str = "") -> dict[str, pa.Table]:
    """For each row rule, by name, the valid rows with the last one breaking it.

    Left out are rules that typed rows cannot break without leaving their partition (`type`, those on partition columns
    alone), and foreign keys into other datasets.
    """
    from data_platform.datasets.breaches import break_row, breakable
    from data_platform.quality.frames import audit_frame

    valid, frames = valid_frame(contract, rows, partition), {}
    for rule in breakable(contract):
        for broken in break_row(contract, rule, valid.to_pylist(), rows - 1):
            frame = valid.from_pylist(broken, schema=valid.schema)
            if audit_frame(in_polars(frame), contract, [rule]).broken:
                frames[rule.name] = frame
                break
    return frames


def _keeps_row_rules(frame: pa.Table, contract: Contract) -> bool:
    from data_platform.quality.frames import audit_frame

    asked = [
        rule for rule in contract.rules if rule.is_row_rule and all(_is_own(each, contract) for each in rule.reads)
    ]
    return audit_frame(in_polars(frame), contract, asked).holds


def in_polars(frame: pa.Table) -> Any:
    """The frame as the kind that is audited fastest."""
    import polars as pl

    return pl.from_arrow(frame)


def _is_own(reference: Reference, contract: Contract) -> bool:
    return reference.dataset == contract.dataset


def _drawn(contract: Contract, rows: int, partition: str) -> pa.Table:
    """Rows for rules that need more than plain values: the same ones every time."""
    from data_platform.datasets.testing.strategies import frames_from

    about_rows = replace(contract, rules=tuple(rule for rule in contract.rules if rule.is_row_rule))
    return _first(frames_from(about_rows, partition, min_rows=rows, max_rows=rows))


def _partition_values(contract: Contract, partition: str) -> dict[str, Any]:
    if contract.partitioning is None:
        return {}
    if not partition:
        raise ValueError(f"{contract.dataset} is partitioned by {contract.partitioning.columns}: say which partition")
    values: dict[str, Any] = {}
    for key, value in zip(contract.partitioning.keys, partition.split("|"), strict=True):
        if key.granularity == "static":
            values[key.column] = value
            continue
        start, kind = start_of(key, value), contract.column(key.column).type.kind
        values[key.column] = {"date": start.date(), "timestamptz": start}.get(kind, start.replace(tzinfo=None))
    return values


def _valid(contract: Contract, column: Column, rows: int) -> list[Any]:
    """Values, distinct where the rules leave room for it, that keep the column's own row rules."""
    rules = {rule.kind: rule for rule in contract.rules if rule.columns == (column.name,) and rule.is_row_rule}
    for kind in ("enum", "invalid_values"):
        if kind in rules and "values" in rules[kind].arguments:
            values = list(rules[kind].arguments["values"])
            return [values[i % len(values)] for i in range(rows)]
    for kind, argument in (("pattern", "value"), ("invalid_values", "pattern")):
        if kind in rules and argument in rules[kind].arguments:
            return _matching(str(rules[kind].arguments[argument]), rows)
    return [_bounded(column, rules, i) for i in range(rows)]


def _bounded(column: Column, rules: Mapping[str, Rule], i: int) -> Any:
    """The i-th value within the column's bounds."""
    low = [rules[kind].arguments["value"] for kind in ("minimum", "exclusive_minimum") if kind in rules]
    high = [rules[kind].arguments["value"] for kind in ("maximum", "exclusive_maximum") if kind in rules]
    if column.type.is_numeric:
        start = float(low[0]) + ("exclusive_minimum" in rules) if low else (float(high[0]) - 100 if high else 1.0)
        span = float(high[0]) - start if high else float("inf")
        value = start + (i if i < span else i % max(int(span), 1))
        return _number(column.type, value)
    if column.type.kind == "string":
        shortest = int(rules["min_length"].arguments["value"]) if "min_length" in rules else 1
        longest = int(rules["max_length"].arguments["value"]) if "max_length" in rules else 10**6
        return f"{i:x}".rjust(max(shortest, 1), "a")[-longest:]
    if low and column.type.kind in TEMPORAL:
        return _shifted(column, str(low[0]), i + ("exclusive_minimum" in rules))
    return _plain(column.type, i)


def _matching(pattern: str, rows: int) -> list[str]:
    """Texts that match: distinct and printable ones where there are so many."""
    from hypothesis import strategies as st
    from hypothesis.errors import Unsatisfiable

    from data_platform.datasets.testing.keeps import matches
    from data_platform.datasets.testing.patterns import texts_matching

    texts = texts_matching(pattern).filter(matches(pattern))
    plain = texts_matching(pattern, plain=True).filter(matches(pattern))
    for some in (plain, texts):
        with suppress(Unsatisfiable):
            return _first(st.lists(some, min_size=rows, max_size=rows, unique=True))
    return _first(st.lists(texts, min_size=rows, max_size=rows))


def _first(strategy: SearchStrategy[Any]) -> Any:
    """What a strategy draws first. Hypothesis mixes in constants of the modules it sees: another program may get others."""
    from hypothesis import HealthCheck, Phase, given, seed, settings

    patient = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

    found: list[Any] = []

    @seed(0)
    @settings(max_examples=1, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=patient)
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found[-1]


def _number(kind: ColumnType, value: float) -> Any:
    match kind.kind:
        case "decimal":
            return Decimal(str(value)).quantize(Decimal(1).scaleb(-kind.scale))
        case "int" | "long":
            return int(value)
    return float(value)


def _plain(kind: ColumnType, i: int) -> Any:
    moment = datetime(2026, 1, 1) + timedelta(days=i, minutes=i)
    match kind:
        case ColumnType(kind="boolean"):
            return i % 2 == 0
        case ColumnType(kind="date"):
            return date(2026, 1, 1) + timedelta(days=i)
        case ColumnType(kind="time"):
            return time(i % 24, i % 60)
        case ColumnType(kind="timestamp"):
            return moment
        case ColumnType(kind="timestamptz"):
            return moment.replace(tzinfo=UTC)
        case ColumnType(kind="binary"):
            return str(i).encode()
        case ColumnType(kind="string"):
            return str(i)
        case ColumnType(kind="list", element=ColumnType() as element):
            return [_plain(element, i)]
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as value):
            return [(_plain(key, i), _plain(value, i))]
        case ColumnType(kind="struct"):
            return {name: _plain(of, i) for name, of in kind.fields}
    return _number(kind, float(i))


def _shifted(column: Column, value: str, days: int) -> Any:
    moment = datetime.fromisoformat(value) + timedelta(days=days)
    match column.type.kind:
        case "date":
            return moment.date()
        case "timestamptz":
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment
