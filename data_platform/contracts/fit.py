"""Does each rule fit the columns it is about: names, types, values and bounds. Other datasets: `references.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data_platform.contracts.expression_checks import check_aggregates
from data_platform.contracts.expressions import parse
from data_platform.contracts.foreign import malformed
from data_platform.contracts.implied import KEY_RULE, TYPES_RULE
from data_platform.contracts.model import Rule
from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.patterns import complaint
from data_platform.contracts.report import Report
from data_platform.contracts.rules import KINDS, ORDERED
from data_platform.contracts.types import ColumnType
from data_platform.contracts.values import INSTANTS, are_comparable, is_above, is_value, written

RESERVED = ("schema", "inputs", "files", "published")
"""Names of asset checks the platform adds to every dataset."""
UPPER_OF: dict[str, tuple[str, ...]] = {  # lower bound -> the upper bounds it may not lie above
    "minimum": ("maximum", "exclusive_maximum"),
    "exclusive_minimum": ("maximum", "exclusive_maximum"),
    "min_length": ("max_length",),
    "min_items": ("max_items",),
}
BOUNDS = ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum")
COMPARED = (*BOUNDS, "multiple_of", "comparison")
"""Kinds whose `value` is of the column's type."""


def check_rules(report: Report, dataset: str, types: Mapping[str, ColumnType], rules: Sequence[Rule]) -> None:
    """Each rule has a name of its own, and its columns exist and can be spoken of like that."""
    names: set[str] = set(RESERVED)
    for rule in rules:
        if rule.name in names:
            whose = "the platform's" if rule.name in (*RESERVED, TYPES_RULE, KEY_RULE) else "another rule's"
            report.add("C510", rule.path, f"the rule's name `{rule.name}` is {whose}", "give the rule another `name`")
        names.add(rule.name)
        for name in (*rule.columns, *_mentioned(report, dataset, rule)):
            if name not in types:
                report.add("C512", rule.path, f"there is no column {name!r}", did_you_mean(str(name), types))
        known = {name: types[name] for name in rule.columns if name in types and _is_judged(report, types[name])}
        if rule.kind == "expression":
            check_aggregates(report.add, rule.path, parse(rule.arguments["expression"]), {dataset: types})
        elif rule.kind == "history":
            _check_freshness(report, rule, types)
        elif rule.kind != "sql":
            unfit = [name for name, kind in known.items() if not _fits_type(report, rule, name, kind)]
            _check_values(report, rule, known if not unfit else {})
    _check_bounds(report, types, rules)


def _mentioned(report: Report, dataset: str, rule: Rule) -> Iterator[str]:
    """The columns of the dataset that a rule's arguments name."""
    if rule.kind == "history" and "column" in rule.arguments:
        yield rule.arguments["column"]
    if rule.kind == "foreign_key" and rule.reads[0].dataset == dataset:
        yield from rule.reads[0].columns
    for term in filter(None, rule.arguments.get("keepFirst", "").split(",")):  # as in ORDER BY: `updated_at desc, id`
        name, *direction = term.split() or [""]
        if len(direction) > 1 or [word for word in direction if word.lower() not in ("asc", "desc")]:
            report.add("C504", rule.path, f"`keepFirst` cannot be {term.strip()!r}", "write `<column> desc`")
        yield name


def _fits_type(report: Report, rule: Rule, name: str, kind: ColumnType) -> bool:
    """Whether the rule has a meaning for a column of this type."""
    meaning = KINDS[rule.kind]
    wanted = sorted(meaning.types)
    fits = kind.kind in meaning.types if meaning.types else meaning.nested or not kind.is_nested
    if "pattern" in rule.arguments and kind.kind != "string":
        fits, wanted = False, ["string"]
    elif rule.kind == "unique_items" and kind.element is not None and kind.element.is_nested:
        fits, wanted = False, ["lists of plain values"]
    elif rule.kind == "comparison" and rule.arguments["operator"] not in ("==", "!=") and kind.kind not in ORDERED:
        fits, wanted = False, ["numbers, dates and times; others can be compared by == and !="]
    if not fits:
        message = f"`{rule.name}`: a {rule.kind} rule has no meaning for `{name}`, a {kind}"
        report.add("C507", rule.path, message, f"it is for {', '.join(wanted) or 'columns that are not nested'}")
    return fits


def _check_freshness(report: Report, rule: Rule, types: Mapping[str, ColumnType]) -> None:
    time = types.get(rule.arguments.get("column", ""))
    if time is not None and time.kind not in (*INSTANTS, "unknown"):
        message = f"`{rule.arguments['column']}` is a {time}, which does not say how fresh a row is"
        report.add("C507", rule.path, message, "name a column with dates or timestamps")


def _check_values(report: Report, rule: Rule, types: Mapping[str, ColumnType]) -> None:
    """The values a rule names are of the type of (one of) its columns, its pattern can be run."""
    pattern: Any = rule.arguments.get("value" if rule.kind == "pattern" else "pattern")
    if types and isinstance(pattern, str) and (why := _complaint(report, pattern)):
        report.add("C505", rule.path, f"the pattern {pattern!r} cannot be run: {why}", "write it without that")
    has_value = rule.kind in COMPARED and "value" in rule.arguments
    values = (rule.arguments["value"],) if has_value else rule.arguments.get("values", ())
    for value in values if types else ():
        if not any(is_value(value, kind) for kind in types.values()):
            names = " or ".join(f"`{name}`, a {kind}" for name, kind in types.items())
            fix = f"write {written(next(iter(types.values())))}"
            report.add("C508", rule.path, f"{value!r} is not a value of {names}", fix)
    if rule.kind == "comparison" and len(types) == 2 and not are_comparable(*types.values()):
        told = " with ".join(f"`{name}`, a {kind}," for name, kind in types.items()).rstrip(",")
        report.add("C516", rule.path, f"nothing compares {told}", "compare columns of one type")


def _is_judged(report: Report, kind: ColumnType) -> bool:
    """Whether rules are held to this type: in foreign documents not to what only this platform cannot do."""
    return kind.kind != "unknown" and (report.norms is not None or not kind.is_nested)


def _complaint(report: Report, pattern: str) -> str:
    return complaint(pattern) if report.norms else malformed(pattern)


def _check_bounds(report: Report, types: Mapping[str, ColumnType], rules: Sequence[Rule]) -> None:
    bounds = {(rule.columns[0], rule.kind): rule for rule in rules if rule.columns}
    for (column, lower), low in bounds.items():
        for upper in UPPER_OF.get(lower, ()):
            if (high := bounds.get((column, upper))) is None:
                continue
            either_excludes = lower.startswith("exclusive") or upper.startswith("exclusive")
            kind = types[column] if lower in BOUNDS else ColumnType("int")
            least, most = low.arguments["value"], high.arguments["value"]
            if is_above(least, most, kind, strictly=not either_excludes):
                message = f"no value of `{column}` satisfies {lower} {least} and {upper} {most}"
                report.add("C506", low.path, message, "widen one of the bounds")
