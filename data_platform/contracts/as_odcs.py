"""A contract as an ODCS document: what `odcs.read` reads back as the same columns and rules.

It writes what another tool's schema can say (columns, types, keys, rules); partitions, service levels and the like
are added by hand to the file it drafts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from data_platform.contracts.expression_tree import Literal
from data_platform.contracts.implied import KEY_RULE, OPTIONS
from data_platform.contracts.model import Column, Contract, OnFailure, Policy, Rule, Unchecked
from data_platform.contracts.properties import VENDOR
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import ColumnType

STANDARD = "v3.2.0"
OPTION_OF = {kind: option for option, kind in OPTIONS.items()}
LOGICAL: dict[str, tuple[str, str]] = {  # our type -> logicalType and, where that alone is wider, physicalType
    "string": ("string", ""),
    "binary": ("string", "binary"),
    "int": ("integer", "int"),
    "long": ("integer", ""),
    "float": ("number", "float"),
    "double": ("number", ""),
    "boolean": ("boolean", ""),
    "date": ("date", ""),
    "time": ("time", ""),
    "timestamp": ("timestamp", ""),
    "timestamptz": ("timestamp", "timestamptz"),
}
COMPARED = {"minimum": ">=", "maximum": "<=", "exclusive_minimum": ">", "exclusive_maximum": "<"}
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Document = dict[str, Any]


def document(contract: Contract, metadata: Mapping[str, Mapping[str, Any]] | None = None) -> Document:
    """The contract as an ODCS document; `metadata` are further custom properties by column.

    A rule ODCS has no words for becomes a promise in words, so that nobody thinks it is checked."""
    metadata = metadata or {}
    told: list[Rule] = [rule for rule in contract.rules if rule.kind != "type"]
    properties = [_property(contract, column, told, metadata.get(column.name, {})) for column in contract.columns]
    related = list(_relationships(contract, told))
    quality = [*_entries(contract, told, ""), *map(_text, contract.unchecked)]
    keys = [rule for rule in contract.rules if rule.name == KEY_RULE and contract.primary_key]
    own: Document = {"visibility": contract.visibility, "unknownColumns": contract.unknown_columns}
    own |= {"onFailure": _on_failure(contract.on_failure)}
    own |= {"keepFirst": rule.arguments["keepFirst"] for rule in keys if rule.arguments.get("keepFirst")}
    usual = {"visibility": "private", "unknownColumns": "refuse", "onFailure": "block"}
    dataset = {
        "name": contract.name,
        "description": contract.description,
        "tags": list(contract.tags),
        "customProperties": _custom({name: value for name, value in own.items() if value != usual.get(name)}),
        "properties": properties,
        "relationships": related,
        "quality": quality,
    }
    members = [{"username": owner, "role": "owner"} for owner in contract.owners]
    return _told(
        {
            "apiVersion": STANDARD,
            "kind": "DataContract",
            "id": contract.dataset if contract.domain else contract.name,
            "version": contract.version,
            "status": contract.status,
            "domain": contract.domain,
            "team": _told({"name": contract.team, "members": members}),
            "schema": [_told(dataset)],
        }
    )


def dump(document: Document, heading: Sequence[str] = ()) -> str:
    """The document as YAML, below some lines of comment."""
    import yaml

    class Indented(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    text = yaml.dump(document, Dumper=Indented, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return "".join(f"# {line}\n" for line in heading) + text


def _told(mapping: Document) -> Document:
    """Without what says nothing."""
    return {key: value for key, value in mapping.items() if value is not False and value not in ("", None, [], {})}


def _custom(properties: Mapping[str, Any]) -> list[Document]:
    return [{"property": name, "value": value} for name, value in properties.items()]


def _property(contract: Contract, column: Column, rules: list[Rule], metadata: Mapping[str, Any]) -> Document:
    """A column. The rules that its own keys say are taken out of `rules`."""
    policy = _policy(contract, column)
    implied = {rule.kind: rule for rule in reversed(rules) if _is_implied(rule, column, policy)}
    for rule in implied.values():
        rules.remove(rule)
    described = type_keys(column.type)
    options = {OPTION_OF[kind]: _option(implied[kind]) for kind in OPTION_OF if kind in implied}
    key = contract.primary_key.index(column.name) + 1 if column.name in contract.primary_key else 0
    if key:
        rules[:] = [rule for rule in rules if rule.name != KEY_RULE]
    own = {"piiCategory": column.pii} if column.pii else {}
    if policy != contract.on_failure:
        own["onFailure"] = _on_failure(policy)
    return _told(
        {
            "name": column.name,
            **described,
            "description": column.description,
            "required": "required" in implied,
            "unique": "duplicate_values" in implied,
            "primaryKey": bool(key),
            "primaryKeyPosition": key or None,
            "classification": column.classification if column.classification != "internal" else "",
            "tags": list(column.tags),
            "logicalTypeOptions": options,
            "enum": [{"value": value} for value in implied["enum"].arguments["values"]] if "enum" in implied else [],
            "customProperties": _custom({**metadata, **own}),
            "relationships": list(_relationships(contract, rules, (column.name,))),
            "quality": list(_entries(contract, rules, column.name)),
        }
    )


def type_keys(kind: ColumnType) -> Document:
    """The keys of a property that say its type."""
    match kind:
        case ColumnType(kind="decimal"):
            return {"logicalType": "number", "physicalType": f"decimal({kind.precision}, {kind.scale})"}
        case ColumnType(kind="list", element=ColumnType() as element):
            return {"logicalType": "array", "items": type_keys(element)}
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            return {"logicalType": "map", "map": {"key": type_keys(key), "value": type_keys(element)}}
        case ColumnType(kind="struct"):
            fields = [{"name": name, **type_keys(part)} for name, part in kind.fields]
            return {"logicalType": "object", "properties": fields}
    logical, physical = LOGICAL[kind.kind]
    return _told({"logicalType": logical, "physicalType": physical})


def _policy(contract: Contract, column: Column) -> OnFailure:
    """The policy of the rules that the column implies: the dataset's, unless all of them, or its casts, have another."""
    casts = {rule.on_failure for rule in contract.rules if rule.name == f"{column.name}_type"}
    found = {rule.on_failure for rule in contract.rules if _is_named_by(rule, column)}
    return next(iter(casts or (found if len(found) == 1 else ())), contract.on_failure)


def _is_implied(rule: Rule, column: Column, policy: OnFailure) -> bool:
    return _is_named_by(rule, column) and rule.on_failure == policy


def _is_named_by(rule: Rule, column: Column) -> bool:
    """Whether reading the column's own keys would give this very rule."""
    short = "unique" if rule.kind == "duplicate_values" else rule.kind
    sayable = rule.kind in OPTION_OF or rule.kind in ("required", "enum", "duplicate_values")
    is_plain = rule.is_row_rule and not rule.description and not rule.arguments.get("keepFirst")
    return sayable and is_plain and rule.columns == (column.name,) and rule.name == f"{column.name}_{short}"


def _option(rule: Rule) -> Any:
    return rule.arguments.get("value", True)


def _relationships(contract: Contract, rules: list[Rule], columns: tuple[str, ...] = ()) -> Iterator[Document]:
    """The foreign keys of these columns (of all: those of several); what is written is taken out of `rules`."""
    for rule in tuple(rules):
        if rule.kind != "foreign_key" or not rule.is_row_rule or (columns and rule.columns != columns):
            continue
        rules.remove(rule)
        [parent] = rule.reads
        keys = [f"{parent.dataset}.{name}" for name in parent.columns]
        own: Document = {"partitions": parent.partitions} if parent.partitions != "all" else {}
        own |= {"onFailure": _on_failure(rule.on_failure)} if rule.on_failure != contract.on_failure else {}
        ends = {"from": [f"{contract.name}.{name}" for name in rule.columns], "to": keys}
        yield _told({"id": rule.name, **({"to": keys[0]} if columns else ends), "customProperties": _custom(own)})


def _entries(contract: Contract, rules: list[Rule], column: str) -> Iterator[Document]:
    """The quality entries of a column, or of the dataset; what is written is taken out of `rules`."""
    for rule in tuple(rules):
        about_one = len(rule.columns) == 1 and rule.kind in ENTRIES and rule.kind not in EXPRESSED
        if (rule.columns[0] if about_one else "") != column:
            continue
        rules.remove(rule)
        say = ENTRIES.get(rule.kind)
        said = say(rule, contract) if say else None
        yield _entry(rule, said, contract.on_failure) if said else _text(unsaid(rule))


def _entry(rule: Rule, said: Document, default: OnFailure) -> Document:
    operator = {"mustBe": 0} if rule.threshold is None else {rule.threshold.operator: rule.threshold.value}
    if isinstance(value := next(iter(operator.values())), tuple):
        operator = {key: list(value) for key in operator}
    counted = {} if said.get("type") == "custom" else operator
    unit = rule.threshold.unit if rule.threshold and rule.threshold.unit != "rows" else ""
    dimension = rule.dimension if rule.dimension != KINDS[rule.kind].dimension else ""
    plain = rule.on_failure in (OnFailure(), OnFailure(Policy.WARN))
    severity = "warning" if rule.on_failure.policy is Policy.WARN else "error"
    return _told({"name": rule.name, "description": rule.description, "dimension": dimension}) | {
        **said,
        **counted,
        **_told({"unit": unit}),
        **({} if rule.on_failure == default else {"severity": severity}),
        **({} if plain else {"customProperties": _custom({"onFailure": _on_failure(rule.on_failure)})}),
    }


def _on_failure(policy: OnFailure) -> Any:
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
        return {"metric": metric, **_told({"arguments": listed})}

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
    if not all(WORD.fullmatch(name) for name in (contract.name, *rule.columns)):
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
    from data_platform.contracts.rules import describe

    return Unchecked(rule.name, f"To do: {describe(rule)} (write it as a `sql` rule)")


def _text(promise: Unchecked) -> Document:
    return {"name": promise.name, "type": "text", "description": promise.text}
