"""Structs, and lists of them: what becomes of their fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from data_platform.lineage.model import Kind, through
from data_platform.lineage.spark.plan import Node
from data_platform.lineage.spark.values import Value, merged, side_by_side


def struct(node: Node, arguments: Sequence[Value], scope: object) -> Value:
    """Names and values in turn."""
    fields = tuple(arguments[1::2])
    return Value(through(merged(fields), Kind.TRANSFORMATION), fields)


def field(node: Node, arguments: Sequence[Value], scope: object) -> Value:
    (whole,) = arguments
    if whole.fields:
        return whole.fields[node.fields["ordinal"]].through(Kind.TRANSFORMATION)
    return Value(through(whole.origins, Kind.TRANSFORMATION))


def updated(node: Node, arguments: Sequence[Value], scope: object) -> Value:
    """A struct with some fields set or dropped: the others stay, where its type says which there are."""
    whole, *changed = arguments
    found, names = Value(through(merged(arguments), Kind.TRANSFORMATION)), list(_types(node.children[0]))
    fields = dict(zip(names, whole.fields or [Value(whole.origins)] * len(names), strict=True))
    for change, value in zip(node.children[1:], changed, strict=True):
        if change.name == "WithField":
            fields[change.fields["name"].lower()] = value
        else:
            fields.pop(change.fields["name"].lower(), None)
    return Value(found.origins, tuple(fields.values()) if names else ())


def _types(node: Node) -> dict[str, Any]:
    """The fields of a struct and their types, as far as the plan says; {} for what is none."""
    kind = node.fields.get("dataType")
    if node.name == "GetStructField":
        above = list(_types(node.children[0]).values())
        kind = above[node.fields["ordinal"]] if above else None
    elif node.name == "UpdateFields" and (types := _types(node.children[0])):
        names = [each.fields["name"].lower() for each in node.children[1:] if each.name == "WithField"]
        dropped = {each.fields["name"].lower() for each in node.children[1:]} - set(names)
        return {name: kind for name, kind in (types | dict.fromkeys(names)).items() if name not in dropped}
    if not isinstance(kind, Mapping) or kind.get("type") != "struct":
        return {}
    return {each["name"].lower(): each["type"] for each in kind["fields"]}


def list_of(node: Node, arguments: Sequence[Value], scope: object) -> Value:
    return side_by_side(arguments).through(Kind.TRANSFORMATION)


def item(node: Node, arguments: Sequence[Value], scope: object) -> Value:
    """An element: the place is part of what it comes from, and of its fields."""
    items, *places = arguments
    at = through(merged(places), Kind.TRANSFORMATION)
    fields = tuple(Value(each.origins | at, each.fields) for each in items.fields)
    return Value(through(items.origins, Kind.TRANSFORMATION) | at, fields)
