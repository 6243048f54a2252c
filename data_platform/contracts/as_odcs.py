"""A contract as an ODCS document: what `odcs.read` reads back as the same columns and rules.

It writes what another tool's schema can say (columns, types, keys, rules); partitions, service levels and the like
are added by hand to the file it drafts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from data_platform.contracts.as_entries import Document, custom, entries, text_entry, told, written_policy
from data_platform.contracts.implied import KEY_RULE, OPTIONS
from data_platform.contracts.model import Column, Contract, OnFailure, Rule
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


def document(contract: Contract, metadata: Mapping[str, Mapping[str, Any]] | None = None) -> Document:
    """The contract as an ODCS document; `metadata` are further custom properties by column ('': of the dataset).

    A rule ODCS has no words for becomes a promise in words, so that nobody thinks it is checked."""
    metadata = metadata or {}
    left: list[Rule] = [rule for rule in contract.rules if rule.kind != "type"]
    properties = [_property(contract, column, left, metadata.get(column.name, {})) for column in contract.columns]
    related = list(_relationships(contract, left))
    quality = [*entries(contract, left, ""), *map(text_entry, contract.unchecked)]
    key = next((rule for rule in contract.rules if rule.name == KEY_RULE and contract.primary_key), None)
    own: Document = {
        "visibility": contract.visibility,
        "size": contract.size,
        "unknownColumns": contract.unknown_columns,
        "onFailure": written_policy(contract.on_failure),
        "keepFirst": key.arguments.get("keepFirst", "") if key else "",
    }
    usual = {"visibility": "private", "size": "S", "unknownColumns": "refuse", "onFailure": "block", "keepFirst": ""}
    dataset = {
        "name": contract.name,
        "description": contract.description,
        "tags": list(contract.tags),
        "customProperties": custom(
            {**metadata.get("", {}), **{name: value for name, value in own.items() if value != usual[name]}}
        ),
        "properties": properties,
        "relationships": related,
        "quality": quality,
    }
    members = [{"username": owner, "role": "owner"} for owner in contract.owners]
    return told(
        {
            "apiVersion": STANDARD,
            "kind": "DataContract",
            "id": contract.dataset if contract.domain else contract.name,
            "version": contract.version,
            "status": contract.status,
            "domain": contract.domain,
            "team": told({"name": contract.team, "members": members}),
            "schema": [told(dataset)],
        }
    )


def in_words(document: Document) -> list[str]:
    """What a document says in words alone."""
    parts = [*document["schema"], *document["schema"][0]["properties"]]
    return [entry["description"] for part in parts for entry in part.get("quality", ()) if entry.get("type") == "text"]


def dump(document: Document, heading: Sequence[str] = ()) -> str:
    """The document as YAML, below some lines of comment."""
    import yaml

    class Indented(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            super().increase_indent(flow, False)

    text = yaml.dump(document, Dumper=Indented, sort_keys=False, allow_unicode=True, default_flow_style=None, width=110)
    return "".join(f"# {line}\n" for line in heading) + text


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
        own["onFailure"] = written_policy(policy)
    return told(
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
            "customProperties": custom({**metadata, **own}),
            "relationships": list(_relationships(contract, rules, (column.name,))),
            "quality": list(entries(contract, rules, column.name)),
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
    return told({"logicalType": logical, "physicalType": physical})


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
        known = parent.dataset.removeprefix(f"{contract.domain}.")  # a domain may be called as one of its datasets
        keys = [f"{known}.{name}" for name in parent.columns]
        own: Document = {"partitions": parent.partitions} if parent.partitions != "all" else {}
        own |= {"onFailure": written_policy(rule.on_failure)} if rule.on_failure != contract.on_failure else {}
        ends = {"from": [f"{contract.name}.{name}" for name in rule.columns], "to": keys}
        yield told({"id": rule.name, **({"to": keys[0]} if columns else ends), "customProperties": custom(own)})
