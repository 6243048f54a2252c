"""Rules as ODCS `quality` entries, with one table of how each kind is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from data_platform.contracts.expression_tree import Literal
from data_platform.contracts.model import Contract, OnFailure, Policy, Rule, Unchecked
from data_platform.contracts.properties import VENDOR
from data_platform.contracts.rules import KINDS, describe

COMPARED = {"minimum": ">=", "maximum": "<=", "exclusive_minimum": ">", "exclusive_maximum": "<"}
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
Document = dict[str, Any]


def told(mapping: Document) -> Document:
    """Without what says nothing."""
    return {key: value for key, value in mapping.items() if value is not False and value not in ("", None, [], {})}


def custom(properties: Mapping[str, Any]) -> list[Document]:
    return [{"property": name, "value": value} for name, value in properties.items()]


def entries(contract: Contract, rules: list[Rule], column: str) -> Iterator[Document]:
    """The quality entries of a column, or of the dataset; what is written is taken out of `rules`."""
    for rule in tuple(rules):
        about_one = len(rule.columns) == 1 and rule.kind in ENTRIES and rule.kind not in EXPRESSED
        if (rule.columns[0] if about_one else "") != column:
            continue
        rules.remove(rule)
        say = ENTRIES.get(rule.kind)
        said = say(rule, contract) if say else None
        yield _entry(rule, said, contract.on_failure) if said else text_entry(unsaid(rule))


def _entry(rule: Rule, said: Document, default: OnFailure) -> Document:
    operator = {"mustBe": 0} if rule.threshold is None else {rule.threshold.operator: rule.threshold.value}
    if isinstance(value := next(iter(operator.values())), tuple):
        operator = {key: list(value) for key in operator}
    counted = {} if said.get("type") == "custom" else operator
    unit = rule.threshold.unit if rule.threshold and rule.threshold.unit != "rows" else ""
    dimension = rule.dimension if rule.dimension != KINDS[rule.kind].dimension else ""
    plain = rule.on_failure in (OnFailure(), OnFailure(Policy.WARN))
    severity = "warning" if rule.on_failure.policy is Policy.WARN else "error"
    return told({"name": rule.name, "description": rule.description, "dimension": dimension}) | {
        **said,
        **counted,
        **told({"unit": unit}),
        **({} if rule.on_failure == default else {"severity": severity}),
        **({} if plain else {"customProperties": custom({"onFailure": written_policy(rule.on_failure)})}),
    }


def written_policy(policy: OnFailure) -> Any:
    limits = {"maxPercent": policy.max_percent, "maxRows": policy.max_rows}
    given = {name: value for name, value in limits.items() if value is not None}
    return {"action": str(policy.policy), **given} if given else str(policy.policy)


def _metric(metric: str, *names: tuple[str, str]) -> Callable[[Rule, Contract], Document]:
    """A library metric, with its arguments under ODCS's names."""

    def say(rule: Rule, contract: Contract) -> Document:
        given = {theirs: rule.arguments[ours] for ours, theirs in names if rule.arguments.get(ours)}
        if len(rule.columns) > 1:
            given["properties"] = list(rule.columns)
        listed = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        return {"metric": metric, **told({"arguments": listed})}

    return say


def _length(bounds: str) -> Callable[[Rule, Contract], Document | None]:
    """A length as a pattern, for a rule whose policy is not its column's."""

    def say(rule: Rule, contract: Contract) -> Document | None:
        if rule.arguments["value"] > 1000:  # RE2 repeats no further
            return None
        pattern = f"^(?s:.{{{bounds.format(rule.arguments['value'])}}})$"
        return {"metric": "invalidValues", "arguments": {"pattern": pattern}}

    return say


def _compared(rule: Rule, contract: Contract) -> Document | None:
    """A comparison as an expression of ours; None where a name cannot be written in one."""
    operator = COMPARED.get(rule.kind) or rule.arguments["operator"]
    left, *right = (f"{contract.name}.{column}" for column in rule.columns)
    value = right[0] if right else str(Literal(rule.arguments["value"]))
    if rule.threshold or not all(WORD.fullmatch(name) for name in (contract.name, *rule.columns)):
        return None
    return {"type": "custom", "engine": VENDOR, "implementation": f"{left} {operator} {value}"}


def _pattern(rule: Rule, contract: Contract) -> Document:
    return {"metric": "invalidValues", "arguments": {"pattern": rule.arguments["value"]}}


ENTRIES: dict[str, Callable[[Rule, Contract], Document | None]] = {  # rule kind -> the quality entry that says it
    "required": _metric("nullValues"),
    "null_values": _metric("nullValues"),
    "missing_values": _metric("missingValues", ("values", "missingValues")),
    "invalid_values": _metric("invalidValues", ("values", "validValues"), ("pattern", "pattern")),
    "enum": _metric("invalidValues", ("values", "validValues")),
    "pattern": _pattern,
    "min_length": _length("{},"),
    "max_length": _length("0,{}"),
    "duplicate_values": _metric("duplicateValues", ("keepFirst", "keepFirst")),
    "row_count": _metric("rowCount"),
    "sql": lambda rule, contract: {"type": "sql", "query": rule.arguments["query"]},
    **dict.fromkeys((*COMPARED, "comparison"), _compared),
}
EXPRESSED = frozenset({*COMPARED, "comparison", "row_count"})
"""Kinds whose entry stands at the dataset's level."""


def unsaid(rule: Rule) -> Unchecked:
    """A rule that cannot be written, as words to act on."""
    return Unchecked(rule.name, f"To do: {describe(rule)} (write it as a `sql` rule)")


def text_entry(promise: Unchecked) -> Document:
    return {"name": promise.name, "type": "text", "description": promise.text}
