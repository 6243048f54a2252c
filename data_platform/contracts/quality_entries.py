"""ODCS `quality` entries as rules: one table of metrics, and one function that reads an entry by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_platform.contracts.implied import Placed
from data_platform.contracts.model import OPERATORS, OnFailure, Policy, Rule, Threshold
from data_platform.contracts.naming import did_you_mean, slug
from data_platform.contracts.properties import QUALITY, VENDOR, on_failure, own_properties
from data_platform.contracts.report import Report
from data_platform.contracts.rules import KINDS
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import DataQuality


@dataclass(frozen=True, slots=True)
class Metric:
    """How an ODCS metric is read: the kind of rule, the levels it is for, and its arguments under our names.

    One of `needs` must be given; `units` are those it can be counted in.
    """

    kind: str
    levels: tuple[str, ...]
    arguments: dict[str, str]
    needs: tuple[str, ...] = ()
    units: tuple[str, ...] = ("rows", "percent")


COLUMN, DATASET = "a column", "the dataset"
METRICS: dict[str, Metric] = {
    "nullValues": Metric("null_values", (COLUMN,), {}),
    "missingValues": Metric("missing_values", (COLUMN,), {"missingValues": "values"}, ("missingValues",)),
    "invalidValues": Metric(
        "invalid_values",
        (COLUMN,),
        {"validValues": "values", "pattern": "pattern"},
        ("validValues", "pattern"),
    ),
    "duplicateValues": Metric("duplicate_values", (COLUMN, DATASET), {"keepFirst": "keepFirst", "properties": ""}),
    "rowCount": Metric("row_count", (DATASET,), {}, units=("rows",)),
}
SQL = Metric("sql", (COLUMN, DATASET), {})
LISTS = ("missingValues", "validValues", "properties")
SEVERITIES: dict[str, Policy] = {"error": Policy.BLOCK, "warning": Policy.WARN, "info": Policy.WARN}


@dataclass(frozen=True, slots=True)
class Entry:
    """One quality entry in its place; `column` is '' at the dataset's level."""

    report: Report
    path: Path
    quality: DataQuality
    column: str
    default: OnFailure

    def rule(self) -> Placed | None:
        """The rule it is; None for text, for other engines' checks, and where it was reported."""
        quality, level = self.quality, COLUMN if self.column else DATASET
        metric = METRICS.get(quality.metric or "")
        match quality.type or "library":
            case "sql":
                return self._rule(SQL, {"query": self._query()})
            case "custom" if quality.engine == VENDOR:
                self._add("C511", "engine", "custom rules are not supported yet by this version", "write a `sql` rule")
            case "library" if metric is None:
                self._add("C502", "metric", "the rule has no metric", f"add one of {', '.join(METRICS)}")
            case "library" if metric is not None and level not in metric.levels:
                fix = f"it is for {' or '.join(metric.levels)}"
                self._add("C502", "metric", f"`{quality.metric}` has no meaning for {level}", fix)
            case "library" if metric is not None:
                return self._rule(metric, self._arguments(metric))
        return None

    def _add(self, code: str, key: str, message: str, fix: str) -> None:
        self.report.add(code, (*self.path, *key.split(".")) if key else self.path, message, fix)

    def _rule(self, metric: Metric, arguments: dict[str, Any]) -> Placed:
        quality, kind = self.quality, metric.kind
        threshold = self._threshold(metric)
        columns = tuple(arguments.pop("", ())) or ((self.column,) if self.column else ())
        called = slug(quality.name or "") or slug(quality.id or "")
        made = Rule(
            name=called or f"{self.column}_{kind}".strip("_"),
            kind=kind,
            columns=columns,
            arguments=arguments,
            threshold=threshold,
            on_failure=self._policy(is_row_rule=threshold is None),
            dimension=quality.dimension or KINDS[kind].dimension,
            description=quality.description or "",
        )
        return Placed(made, self.path)

    def _query(self) -> str:
        query = (self.quality.query or "").strip().rstrip(";").rstrip()
        words = "\n".join(line.partition("--")[0] for line in query.splitlines()).split()
        if not words or words[0].upper() not in ("SELECT", "WITH"):
            self._add("C509", "query", "a query starts with SELECT or WITH", "write one SELECT that returns a number")
        return query

    def _arguments(self, metric: Metric) -> dict[str, Any]:
        given = self.quality.arguments or {}
        known = [name for name in metric.arguments if name != "properties" or not self.column]
        arguments: dict[str, Any] = {}
        for name, value in given.items():
            if name not in known:
                fix = did_you_mean(name, known) if known else "remove it"
                self._add("C504", f"arguments.{name}", f"`{self.quality.metric}` takes no argument `{name}`", fix)
            elif isinstance(value, list if name in LISTS else str):
                arguments[metric.arguments[name]] = self._listed(name, value) if isinstance(value, list) else value
            else:
                wanted = "a list" if name in LISTS else "text"
                self._add("C504", f"arguments.{name}", f"`{name}` must be {wanted}", f"give {wanted}")
        needs = metric.needs or (("properties",) if metric.kind == "duplicate_values" and not self.column else ())
        if needs and not any(name in given for name in needs) and all(name in known for name in given):
            message = f"`{self.quality.metric}` needs {' or '.join(f'`{name}`' for name in needs)}"
            self._add("C504", "arguments", message, f"add `arguments: {{{needs[0]}: ...}}`")
        return arguments

    def _listed(self, name: str, value: list[Any]) -> tuple[Any, ...]:
        """A list argument; null is left out of `missingValues`, since it is always missing."""
        for at, item in enumerate(value):
            if isinstance(item, dict | list) or (name == "properties" and not isinstance(item, str)):
                self._add("C504", f"arguments.{name}", f"item {at + 1} of `{name}` is {item!r}", "write plain text")
                return ()
        return tuple(item for item in value if item is not None or name != "missingValues")

    def _threshold(self, metric: Metric) -> Threshold | None:
        """What the metric must be; None for a row rule, which is `mustBe: 0` of a metric that counts bad rows."""
        given = [(name, getattr(self.quality, name)) for name in OPERATORS if getattr(self.quality, name) is not None]
        unit = self.quality.unit or "rows"
        if unit not in metric.units:
            fix = did_you_mean(unit, metric.units)
            self._add("C503", "unit", f"`{self.quality.metric or 'sql'}` is not counted in {unit!r}", fix)
        if len(given) != 1:
            self._add("C501", "", "a rule has exactly one operator", f"use one of {', '.join(OPERATORS)}")
            return Threshold("mustBe", 0, unit)
        operator, value = given[0]
        is_zero = operator == "mustBe" and value == 0 and not isinstance(value, bool)
        if is_zero and KINDS[metric.kind].metric in ("rows", "duplicates"):
            return None
        numbers: list[Any] = list(value) if isinstance(value, list) and operator.endswith("Between") else [value]
        if any(isinstance(number, bool) or not isinstance(number, int | float) for number in numbers):
            self._add("C513", operator, f"`{operator}` must be a number, not {value!r}", "give a number")
        elif metric is not SQL and any(number < 0 or (unit == "percent" and number > 100) for number in numbers):
            most = "between 0 and 100 percent" if unit == "percent" else "0 or more rows"
            self._add("C513", operator, f"{value} can never be reached", f"give {most}")
        elif len(numbers) == 2 and numbers[0] > numbers[1]:
            self._add("C506", operator, f"no number lies between {numbers[0]} and {numbers[1]}", "smaller number first")
        return Threshold(operator, tuple(value) if isinstance(value, list) else value, unit)

    def _policy(self, is_row_rule: bool) -> OnFailure:
        own = own_properties(self.report, QUALITY, (self.path, self.quality.customProperties))
        policy = on_failure(self.report, own.get("onFailure"))
        severity = self.quality.severity
        if severity is not None and severity.lower() not in SEVERITIES:
            self._add("C605", "severity", f"unknown severity {severity!r}", did_you_mean(severity, SEVERITIES))
        if policy is None and severity is not None:
            return OnFailure(SEVERITIES.get(severity.lower(), Policy.BLOCK))
        if policy is None:
            return OnFailure() if self.default.policy == Policy.QUARANTINE and not is_row_rule else self.default
        if policy.policy == Policy.QUARANTINE and not is_row_rule:
            message = "only rows can be quarantined, and this rule is about the whole dataset"
            fix = "use block or warn, or `mustBe: 0` of a metric that counts bad rows"
            self.report.add("C604", own["onFailure"].path, message, fix)
        return policy


def quality_rules(
    report: Report, path: Path, column: str, entries: list[DataQuality] | None, default: OnFailure
) -> list[Placed]:
    """The rules among the `quality` entries of a column (or, `column` being '', of the dataset)."""
    made = (
        Entry(report, (*path, "quality", at), entry, column, default).rule() for at, entry in enumerate(entries or ())
    )
    return [placed for placed in made if placed is not None]
