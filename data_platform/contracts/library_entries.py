"""`type: library`: the metrics ODCS names, as one table, and what an entry says by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_platform.contracts.model import Column
from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.rules import ABOUT_ROWS, KINDS
from data_platform.contracts.said import Add, Place, Said
from data_platform.contracts.thresholds import threshold
from data_platform.contracts.values import is_value

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality


UNITS = ("rows", "percent")


@dataclass(frozen=True, slots=True)
class Metric:
    """How an ODCS metric is read: the kind of rule, the levels it is for, and its arguments under our names.

    One of `needs` must be given; `units` are those it can be counted in.
    """

    kind: str
    levels: tuple[str, ...]
    arguments: dict[str, str]
    needs: tuple[str, ...] = ()
    units: tuple[str, ...] = UNITS


COLUMN, DATASET = "a column", "the dataset"
BOTH, PROPERTIES = (COLUMN, DATASET), {"properties": "columns"}
METRICS: dict[str, Metric] = {
    "nullValues": Metric("null_values", BOTH, PROPERTIES),
    "missingValues": Metric("missing_values", BOTH, {"missingValues": "values", **PROPERTIES}, ("missingValues",)),
    "invalidValues": Metric(
        "invalid_values",
        BOTH,
        {"validValues": "values", "pattern": "pattern", **PROPERTIES},
        ("validValues", "pattern"),
    ),
    "duplicateValues": Metric("duplicate_values", BOTH, {"keepFirst": "keepFirst", **PROPERTIES}),
    "rowCount": Metric("row_count", (DATASET,), {}, units=("rows",)),
}
LISTS = ("missingValues", "validValues", "properties")


def library(add: Add, quality: DataQuality, place: Place) -> Said | None:
    """What an entry with a metric says; None where it says nothing at this place."""
    metric, level = METRICS.get(quality.metric or ""), COLUMN if place.column else DATASET
    if metric is None:
        add("C502", "metric", "the rule has no metric", f"add one of {', '.join(METRICS)}")
        return None
    if level not in metric.levels:
        fix = f"it is for {' or '.join(metric.levels)}"
        add("C502", "metric", f"`{quality.metric}` has no meaning for {level}", fix)
        return None
    unit = quality.unit or "rows"
    if unit not in metric.units:
        code = "C503" if unit in UNITS else "C521"
        add(code, "unit", f"`{quality.metric}` is not counted in {unit!r}", did_you_mean(unit, metric.units))
    limit = threshold(add, quality.__dict__, unit, counts=True)
    if KINDS[metric.kind].metric in ABOUT_ROWS and (limit.operator, limit.value) == ("mustBe", 0):
        limit = None  # none may break it: a promise about each row
    arguments = _arguments(add, quality, metric, level)
    named = arguments.pop("columns", None)
    if named is None and not place.column and metric.kind not in ("row_count", "duplicate_values"):
        named = tuple(column.name for column in place.columns if _can_speak_of(column, metric, arguments))
        if not named:
            fix = "name the columns in `arguments.properties`"
            add("C507", "metric", f"`{quality.metric}` fits no column of the dataset", fix)
    return Said(metric.kind, place.own or named or (), arguments, limit)


def _can_speak_of(column: Column, metric: Metric, arguments: dict[str, Any]) -> bool:
    """Whether a metric of the whole dataset that names no columns is about this one: any plain column, but valid values
    and patterns only say something about columns that could have them."""
    if column.type.is_nested or ("pattern" in arguments and column.type.kind != "string"):
        return False
    is_limited = metric.kind == "invalid_values" and "values" in arguments
    return not is_limited or any(is_value(value, column.type) for value in arguments["values"])


def _arguments(add: Add, quality: DataQuality, metric: Metric, level: str) -> dict[str, Any]:
    """The arguments under our names; only at the dataset's level is there a choice of columns."""
    given = quality.arguments or {}
    known = [name for name in metric.arguments if name != "properties" or level == DATASET]
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            fix = did_you_mean(name, known) if known else "remove it"
            add("C504", f"arguments.{name}", f"`{quality.metric}` takes no argument `{name}`", fix)
        elif isinstance(value, list if name in LISTS else str):
            arguments[metric.arguments[name]] = _listed(add, name, value) if isinstance(value, list) else value
        else:
            wanted = "a list" if name in LISTS else "text"
            add("C504", f"arguments.{name}", f"`{name}` must be {wanted}", f"give {wanted}")
    is_key = metric.kind == "duplicate_values" and level == DATASET
    needs = ("properties",) if is_key else metric.needs
    if needs and not any(name in given for name in needs) and all(name in known for name in given):
        message = f"`{quality.metric}` needs {' or '.join(f'`{name}`' for name in needs)}"
        add("C522", "arguments", message, f"add `arguments: {{{needs[0]}: ...}}`")
    return arguments


def _listed(add: Add, name: str, value: list[Any]) -> tuple[Any, ...]:
    """A list argument; null is left out of values, since it is always missing and never invalid."""
    for at, item in enumerate(value):
        if isinstance(item, dict | list) or (name == "properties" and not isinstance(item, str)):
            add("C504", f"arguments.{name}", f"item {at + 1} of `{name}` is {item!r}", "write plain text")
            return ()
    return tuple(item for item in value if item is not None)
