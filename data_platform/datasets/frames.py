"""Rows made from a contract: some that keep every rule, and for each rule some that break it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Column, ColumnType, Contract, Rule
from data_platform.contracts.partitions import start_of
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import TEMPORAL

if TYPE_CHECKING:
    import pyarrow as pa


def valid_frame(contract: Contract, rows: int = 10, partition: str = "") -> pa.Table:
    """Rows that keep every row rule of the contract, all in `partition` (needed where the dataset is partitioned)."""
    import pyarrow as pa

    from data_platform.engines.arrow import arrow_schema

    fixed = _partition_values(contract, partition)
    columns = {
        column.name: [fixed[column.name]] * rows if column.name in fixed else _valid(contract, column, rows)
        for column in contract.columns
    }
    return pa.table(columns, schema=arrow_schema(contract.columns))


def breaking_frames(contract: Contract, rows: int = 10, partition: str = "") -> dict[str, pa.Table]:
    """For each row rule, the valid rows with the last one breaking that rule, by rule name.

    Rules on partition columns and `type` rules are left out: such rows cannot be made as typed frames.
    """
    frames = {}
    cut = contract.partitioning.columns if contract.partitioning else ()
    for rule in contract.rules:
        if rule.is_row_rule and rule.kind != "type" and not set(rule.columns) & set(cut) - _duplicated(rule):
            frames[rule.name] = _breaking(contract, rule, valid_frame(contract, rows, partition))
    return frames


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
    """Distinct texts that match, the same ones every time."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as st

    found: list[list[str]] = []
    text = st.from_regex(pattern, fullmatch=pattern.startswith("^") and pattern.endswith("$"))

    @seed(0)
    @settings(
        max_examples=1,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(st.lists(text.filter(lambda each: not each.endswith("\n")), min_size=rows, max_size=rows, unique=True))
    def draw(texts: list[str]) -> None:
        found.append(texts)

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


def _breaking(contract: Contract, rule: Rule, frame: pa.Table) -> pa.Table:
    rows = frame.to_pylist()
    broken = rows[-1]
    if KINDS[rule.kind].metric == "duplicates":
        broken.update({name: rows[0][name] for name in rule.columns})
    else:
        broken[rule.columns[0]] = _broken_value(contract.column(rule.columns[0]), rule)
    return frame.from_pylist(rows, schema=frame.schema)


def _broken_value(column: Column, rule: Rule) -> Any:
    value: Any = rule.arguments.get("value")
    match rule.kind:
        case "required" | "null_values" | "missing_values":
            return None
        case "minimum" | "exclusive_minimum" if column.type.is_numeric:
            return _number(column.type, float(value) - 1)
        case "maximum" | "exclusive_maximum" if column.type.is_numeric:
            return _number(column.type, float(value) + 1)
        case "minimum" | "exclusive_minimum":
            return _shifted(column, str(value), -1)
        case "maximum" | "exclusive_maximum":
            return _shifted(column, str(value), 1)
        case "min_length":
            return "a" * (int(value) - 1)
        case "max_length":
            return "a" * (int(value) + 1)
        case "pattern" | "invalid_values" | "enum" if column.type.kind == "string":
            return "\x00 none of these"
        case _:
            return _number(column.type, -(10.0**6) - 7)


def _shifted(column: Column, value: str, days: int) -> Any:
    moment = datetime.fromisoformat(value) + timedelta(days=days)
    match column.type.kind:
        case "date":
            return moment.date()
        case "timestamptz":
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment


def _duplicated(rule: Rule) -> set[str]:
    """A key may include partition columns: repeating it changes no partition."""
    return set(rule.columns) if KINDS[rule.kind].metric == "duplicates" else set()
