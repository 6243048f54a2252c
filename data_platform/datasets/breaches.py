"""Rows that break a rule: what to put into a row that keeps it, most telling first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from data_platform.contracts import Column, ColumnType, Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import FLOATING
from data_platform.quality.dialects.values import in_units, listed, span, typed

Row = dict[str, Any]
STRANGE = ("\x00 none of these", "", "?", " ", "a", "0", "\n", "ÿ" * 300)
"""Texts, of which some pattern, list or comparison lacks at least one."""


def breakable(contract: Contract, others: Collection[str] = ()) -> list[Rule]:
    """The row rules that rows of the contract's types can break without leaving their partition, and without datasets
    but `others`: not `type`, nor rules of partition columns alone."""
    cut = contract.partitioning.columns if contract.partitioning else ()
    known = {contract.dataset, *others}
    return [
        rule
        for rule in contract.rules
        if rule.is_row_rule
        and rule.kind != "type"
        and all(each.dataset in known for each in rule.reads)
        and (KINDS[rule.kind].metric == "duplicates" or set(rule.columns) - set(cut))
    ]


def break_row(contract: Contract, rule: Rule, rows: Sequence[Row], place: int) -> Iterator[list[Row]]:
    """The rows with that one changed, in ever other ways, of which one should break the rule."""
    cut = contract.partitioning.columns if contract.partitioning else ()
    columns = [contract.column(name) for name in rule.columns if name not in cut]
    if KINDS[rule.kind].metric == "duplicates":
        for other in (row for at, row in enumerate(rows) if at != place):
            yield _changed(rows, place, {name: other[name] for name in rule.columns})
        return
    if rule.kind == "foreign_key":
        for column in columns:
            for value in _unusual(column.type, rows[place][column.name]):
                here = {each.name: value if each == column else rows[place][each.name] for each in columns}
                if None not in here.values():
                    yield _changed(rows, place, here)
        strange = {each.name: next(_unusual(each.type, None)) for each in columns}
        yield _changed(rows, place, strange)
        return
    for column in columns:
        for value in _breaking(column, rule, rows[place]):
            yield _changed(rows, place, {column.name: value})
    if rule.kind == "comparison" and len(columns) == 2:
        for one in _unusual(columns[0].type, rows[place][columns[0].name]):
            for other in _unusual(columns[1].type, rows[place][columns[1].name]):
                yield _changed(rows, place, {columns[0].name: one, columns[1].name: other})


def _changed(rows: Sequence[Row], place: int, values: Row) -> list[Row]:
    return [row | values if at == place else row for at, row in enumerate(rows)]


def _breaking(column: Column, rule: Rule, row: Row) -> Iterator[Any]:
    """Values for a column of which one should break a rule about it."""
    kind, value = column.type, _argument(rule)
    match rule.kind:
        case "required" | "null_values":
            yield None
        case "missing_values":
            yield from (None, *listed(rule.arguments.get("values"), kind))
        case "min_length":
            yield "a" * (int(value) - 1)
        case "max_length":
            yield "a" * (int(value) + 1)
        case "min_items" | "max_items" | "unique_items":
            yield from _lists(kind, rule, row[column.name] or [])
        case "minimum" | "exclusive_minimum" | "maximum" | "exclusive_maximum" | "comparison" if value is not None:
            yield from _around(kind, value)
            yield from _unusual(kind, row[column.name])
        case "comparison":
            (other,) = [name for name in rule.columns if name != column.name] or [column.name]
            if row[other] is not None:
                yield from _around(kind, row[other])
            yield from _unusual(kind, row[column.name])
        case _:
            yield from _unusual(kind, row[column.name])


def _argument(rule: Rule) -> Any:
    return rule.arguments.get("value")


def _lists(kind: ColumnType, rule: Rule, there: list[Any]) -> Iterator[list[Any]]:
    element = kind.element
    assert element is not None
    some = next((each for each in there if each is not None), None)
    some = next(_unusual(element, None)) if some is None else some
    if rule.kind == "unique_items":
        yield [*there, some, some]
    elif rule.kind == "min_items":
        yield there[: max(0, int(rule.arguments["value"]) - 1)]
    else:
        yield (there + [None] * (int(rule.arguments["value"]) + 1))[: int(rule.arguments["value"]) + 1]


def _around(kind: ColumnType, value: Any) -> Iterator[Any]:
    """The values next to one written in a contract, on both sides, and itself."""
    if kind.is_numeric and kind.kind not in FLOATING:
        (least, most), unit = span(kind), Decimal(1).scaleb(-kind.scale)
        for step in (-1, 1, 0):
            units = (Decimal(str(value)) / unit).to_integral_value() + step
            if least <= units <= most:
                yield in_units(int(units), kind)
        return
    try:
        here = typed(value if isinstance(value, date | time | float) else str(value), kind)
    except ValueError:
        return
    for step in (-1, 1, 0):
        try:
            yield _moved(here, step)
        except (OverflowError, TypeError):
            continue


def _moved(value: Any, step: int) -> Any:
    if isinstance(value, datetime | date):
        return value + timedelta(days=step)
    if isinstance(value, time):
        moved = datetime.combine(date(2000, 1, 2), value) + timedelta(microseconds=step)
        return moved.time() if moved.day == 2 else value
    if isinstance(value, str):
        return value if not step else (value[:-1] if step < 0 else value + "~")
    return value + step


def _unusual(kind: ColumnType, value: Any) -> Iterator[Any]:
    """Values of a type that a row would rather not have; `value` is the one it has."""
    match kind.kind:
        case "string":
            yield from STRANGE
            yield (value or "") + "\n"
            yield f"?{value or ''}"
        case "int" | "long" | "decimal":
            least, most = span(kind)
            for units in (-(10**6) - 7, -7, 10**6 + 7, 1, 0, -1, least, most):
                if least <= units <= most:
                    yield in_units(units, kind)
        case "float" | "double":
            yield from (float("nan"), -(10.0**6) - 7.5, 10.0**6 + 7.5, 0.0, 0.123456789)
        case "boolean":
            yield from (False, True)
        case "binary":
            yield from (b"\x00 none of these", b"")
        case "date":
            yield from (date(1, 1, 1), date(9999, 12, 31), date(1970, 1, 1))
        case "time":
            yield from (time(0), time.max, time(12, 34, 56))
        case "timestamp" | "timestamptz":
            for year in (1800, 2900, 1970):
                yield typed(datetime(year, 1, 1, 1, 2, 3), kind)
        case "list":
            yield []
        case "map":
            yield []
        case "struct":
            yield dict.fromkeys((name for name, _ in kind.fields))
