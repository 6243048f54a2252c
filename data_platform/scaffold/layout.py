"""Expressions as text, on one line where that is short enough, else one part per line, as `ruff format` lays them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import Any

WIDTH = 120


@dataclass(frozen=True, slots=True)
class Node:
    """Parts between an opening and a closing text: `Csv(`, arguments, `)`."""

    opening: str
    parts: tuple[Node | str, ...]
    closing: str


def node_of(value: Any, prefix: str = "") -> Node | str:
    """A value as the expression that makes it. Of a dataclass, what is as usual is left out."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = [
            node_of(getattr(value, each.name), f"{each.name}=") for each in fields(value) if not _is_usual(value, each)
        ]
        if len(fields(value)) == 1 and parts:
            parts = [node_of(getattr(value, fields(value)[0].name))]
        return Node(f"{prefix}{type(value).__name__}(", tuple(parts), ")")
    if isinstance(value, Mapping):
        return Node(prefix + "{", tuple(node_of(of, f"{quoted(key)}: ") for key, of in value.items()), "}")
    if isinstance(value, tuple) and len(value) != 1:
        return Node(prefix + "(", tuple(map(node_of, value)), ")")
    if isinstance(value, tuple):
        return f"{prefix}({quoted(value[0])},)"
    return prefix + (quoted(value) if isinstance(value, str) else repr(value))


def render(node: Node | str, indent: int = 0, before: int = 0, after: int = 0) -> str:
    """The expression where `before` and `after` characters stand on its line."""
    flat = one_line(node)
    if isinstance(node, str) or not node.parts or indent + before + len(flat) + after <= WIDTH:
        return flat
    inner = " " * (indent + 4)
    lines = [f"{inner}{render(part, indent + 4, 0, 1)}," for part in node.parts]
    return "\n".join([node.opening, *lines, " " * indent + node.closing])


def one_line(node: Node | str) -> str:
    if isinstance(node, str):
        return node
    return node.opening + ", ".join(map(one_line, node.parts)) + node.closing


def call(name: str, parts: Sequence[Node | str]) -> Node:
    return Node(f"{name}(", tuple(parts), ")")


def quoted(text: str) -> str:
    """A text in double quotes, as ruff prefers them."""
    if '"' in text and "'" not in text:
        return repr(text)
    return '"' + repr('"' + text)[2:-1].replace('"', '\\"').replace("\\'", "'") + '"'


def _is_usual(value: Any, each: Any) -> bool:
    usual = each.default if each.default_factory is MISSING else each.default_factory()
    return getattr(value, each.name) == usual
