"""pandera's checks as rules: one table of the built-in ones, and what becomes of those that only Python understands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from data_platform.contracts.model import Column, OnFailure, Policy, Reference, Rule, Threshold
from data_platform.contracts.naming import slug
from data_platform.contracts.patterns import complaint
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import ColumnType
from data_platform.contracts.values import is_value

Said = Iterator[tuple[str, dict[str, Any]]]
"""Kinds of rule with their arguments."""

OURS = "data_platform_rule"
"""Where a check that we generated keeps its rule (or None: it is about none), in `Check.statistics`."""


class Unsayable(Exception):
    """A check that no rule says; why, in words."""


def _bound(kind: str, name: str) -> Callable[[Mapping[str, Any], ColumnType], Said]:
    return lambda given, of: _bounds(given, of, (kind, name))


def _bounds(given: Mapping[str, Any], of: ColumnType, *bounds: tuple[str, str]) -> Said:
    for kind, name in bounds:
        if (value := given.get(name)) is not None:
            if of.kind not in KINDS[kind].types:
                raise Unsayable(f"a {of} has no order in a contract")
            yield kind, {"value": _written(value, of)}


def _in_range(given: Mapping[str, Any], of: ColumnType) -> Said:
    low = "minimum" if given.get("include_min", True) else "exclusive_minimum"
    high = "maximum" if given.get("include_max", True) else "exclusive_maximum"
    return _bounds(given, of, (low, "min_value"), (high, "max_value"))


def _among(given: Mapping[str, Any], of: ColumnType) -> Said:
    values = given["allowed_values"] if "allowed_values" in given else [given["value"]]
    yield "enum", {"values": tuple(_written(value, of) for value in values if value is not None)}


def _other_than(given: Mapping[str, Any], of: ColumnType) -> Said:
    values = given["forbidden_values"] if "forbidden_values" in given else [given["value"]]
    for value in values:
        if value is not None:
            yield "comparison", {"operator": "!=", "value": _written(value, of)}


def _length(given: Mapping[str, Any], of: ColumnType) -> Said:
    exact = given.get("exact_value")
    low, high = (exact, exact) if exact is not None else (given.get("min_value"), given.get("max_value"))
    if low is not None:
        yield "min_length", {"value": int(low)}
    if high is not None:
        yield "max_length", {"value": int(high)}


def _pattern(shape: str, name: str = "pattern") -> Callable[[Mapping[str, Any], ColumnType], Said]:
    """A pattern; `shape` puts what was given in its place, `string`s taken literally."""

    def say(given: Mapping[str, Any], of: ColumnType) -> Said:
        value = given[name]
        text = re.escape(value) if name == "string" else _flagged(value)
        pattern = text if shape == "^(?:{})" and re.fullmatch(r"\^[^|]*", text) else shape.format(text)
        if why := complaint(pattern):
            raise Unsayable(f"its pattern cannot be run: {why}")
        yield "pattern", {"value": pattern}

    return say


def _flagged(pattern: str | re.Pattern[str]) -> str:
    if isinstance(pattern, str):
        return pattern
    flags = "".join(letter for flag, letter in ((re.I, "i"), (re.M, "m"), (re.S, "s")) if pattern.flags & flag)
    if pattern.flags & re.VERBOSE:
        raise Unsayable("its pattern is in verbose mode")
    return f"(?{flags}:{pattern.pattern})" if flags else pattern.pattern


BUILT_IN: dict[str, Callable[[Mapping[str, Any], ColumnType], Said]] = {  # pandera's name -> the rules it is
    "greater_than_or_equal_to": _bound("minimum", "min_value"),
    "greater_than": _bound("exclusive_minimum", "min_value"),
    "less_than_or_equal_to": _bound("maximum", "max_value"),
    "less_than": _bound("exclusive_maximum", "max_value"),
    "in_range": _in_range,
    "isin": _among,
    "equal_to": _among,
    "notin": _other_than,
    "not_equal_to": _other_than,
    "str_length": _length,
    "str_matches": _pattern("^(?:{})"),
    "str_contains": _pattern("{}"),
    "str_startswith": _pattern("^{}", "string"),
    "str_endswith": _pattern("{}$", "string"),
}


def rules(check: Any, column: Column | None) -> list[Rule]:
    """The rules that a check of a column (None: of the frame) is; Unsayable where it is none."""
    if OURS in check.statistics:
        kept = check.statistics[OURS]
        return [_ours(**kept)] if kept else []
    say = BUILT_IN.get(check.registry_name or "")
    if say is None:
        raise Unsayable("it is Python code")
    if column is None:
        raise Unsayable("it is about every column at once")
    if not check.ignore_na and not column.required:
        raise Unsayable("it refuses nulls in a nullable column")
    policy = OnFailure(Policy.WARN) if check.raise_warning else OnFailure()
    own = slug(check.name) if check.name != check.registry_name else ""
    said = list(say(check.statistics, column.type))
    return [
        Rule(
            name=f"{own or column.name}_{kind}" if not own or len(said) > 1 else own,
            kind=kind,
            columns=(column.name,),
            arguments=arguments,
            on_failure=policy,
            dimension=KINDS[kind].dimension,
            description=check.description or check.title or "",
        )
        for kind, arguments in said
    ]


def statistics(rule: Rule | None) -> dict[str, Any]:
    """A rule as plain values, for `Check.statistics`, from which `rules` reads it back."""
    if rule is None:
        return {OURS: None}
    threshold = rule.threshold and (rule.threshold.operator, rule.threshold.value, rule.threshold.unit)
    policy = (str(rule.on_failure.policy), rule.on_failure.max_percent, rule.on_failure.max_rows)
    told = {"dimension": rule.dimension, "description": rule.description}
    about = {"name": rule.name, "kind": rule.kind, "columns": rule.columns, "arguments": dict(rule.arguments)}
    reads = [(each.dataset, each.columns, each.partitions) for each in rule.reads]
    return {OURS: {**about, "threshold": threshold, "on_failure": policy, "reads": reads, **told}}


def _ours(threshold: Any, on_failure: Any, reads: Any, **about: Any) -> Rule:
    policy, max_percent, max_rows = on_failure
    return Rule(
        **about,
        threshold=Threshold(*threshold) if threshold else None,
        on_failure=OnFailure(Policy(policy), max_percent, max_rows),
        reads=tuple(Reference(dataset, tuple(columns), partitions) for dataset, columns, partitions in reads),
    )


def _written(value: Any, of: ColumnType) -> Any:
    """A value as a contract writes it; Unsayable where it is none of the column's type."""
    plain: Any = value.item() if hasattr(value, "item") else value  # numpy's numbers
    if isinstance(plain, Decimal) and plain.is_finite():
        plain = next((near for near in (int(plain), float(plain)) if Decimal(str(near)) == plain), plain)
    if of.kind in ("int", "long") and isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    if of.kind == "date" and isinstance(plain, datetime) and plain.time() == time():
        plain = plain.date()
    if isinstance(plain, date | datetime | time):
        plain = plain.isoformat()
    if isinstance(plain, bytes) and plain.isascii():
        plain = plain.decode()
    if not is_value(plain, of):
        raise Unsayable(f"{value!r} is not a value that a contract can write for a {of}")
    return plain
