"""Small edits of a contract's text, in place: all that is not edited (comments, order, quotes, line ends) stays as its
author wrote it.

Each function takes the text and a path into it, and returns the new text. Both of YAML's styles are followed: what is
added to `{...}` or `[...]` is written into it, what is added to a block gets lines of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import yaml

from data_platform.contracts.yaml_source import Path, Source

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_./-]+)*")
_BLOCK = re.compile(r"[A-Za-z_][A-Za-z0-9_./(),-]*( [A-Za-z0-9_./(),-]+)*")
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))


class EditError(Exception):
    """A place in a file that is not written as this knows to edit it; says where, so that a person can."""

    def __init__(self, text: str, path: Path, problem: str):
        self.line, self.column = Source(text).locate(path)
        super().__init__(f"line {self.line}: {'.'.join(map(str, path))}: {problem}")


class Spelt(str):
    """Text that is already as YAML writes it."""


def scalar(value: Any, plain: re.Pattern[str] = _PLAIN) -> str:
    """A value as YAML writes it: as it is where that is safe (by default, in every style), else in double quotes."""
    match value:
        case Spelt():
            return str(value)
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | Decimal():
            return str(value)
        case float():
            return repr(value)
    text = str(value)
    if plain.fullmatch(text) and text.lower() not in _WORDS:
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if letter.isprintable():
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def block(value: Any) -> str:
    """A value behind its key on a line of its own, where commas and brackets mean nothing."""
    return flow(value) if isinstance(value, Mapping | list | tuple) else scalar(value, _BLOCK)


def flow(value: Any) -> str:
    """A value on one line: `{name: a, logicalTypeOptions: {maxLength: 20}}`."""
    match value:
        case Mapping():
            return "{" + ", ".join(f"{scalar(key)}: {flow(each)}" for key, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def put(text: str, path: Path, value: Any, *, after: str = "") -> str:
    """Set the key at `path`: its scalar replaced where it is there, else added after the key `after` (or as last)."""
    mapping = _mapping(text, path[:-1])
    found = next((pair for pair in mapping.value if pair[0].value == path[-1]), None)
    if found is not None:
        old = found[1]
        if not isinstance(old, yaml.ScalarNode) and not old.flow_style:
            raise EditError(text, path, "written over several lines; change it by hand")
        start, end = old.start_mark.index, _end(text, old)
        gap = "" if start and text[start - 1].isspace() else " "
        return text[:start] + gap + (flow if mapping.flow_style else block)(value) + text[end:]
    last = next((pair for pair in mapping.value if pair[0].value == after), mapping.value[-1])
    end = _end(text, last[1])
    if mapping.flow_style:
        return f"{text[:end]}, {scalar(path[-1])}: {flow(value)}{text[end:]}"
    return _after_line(text, end, f"{' ' * mapping.value[0][0].start_mark.column}{scalar(path[-1])}: {block(value)}")


def rename(text: str, path: Path, key: str) -> str:
    """Give a key another name, its value stays."""
    found = next(pair[0] for pair in _mapping(text, path[:-1]).value if pair[0].value == path[-1])
    return text[: found.start_mark.index] + scalar(key) + text[found.end_mark.index :]


def remove(text: str, path: Path) -> str:
    """Take a key away, with a comment on its line."""
    pairs = _mapping(text, path[:-1]).value
    place = next(place for place, pair in enumerate(pairs) if pair[0].value == path[-1])
    mapping, start, end = _mapping(text, path[:-1]), pairs[place][0].start_mark.index, _end(text, pairs[place][1])
    if place + 1 < len(pairs) and (mapping.flow_style or place == 0):
        return text[:start] + text[pairs[place + 1][0].start_mark.index :]
    if len(pairs) == 1:
        raise EditError(text, path, "nothing else is there; take it away by hand")
    if mapping.flow_style:
        return text[: _end(text, pairs[place - 1][1])] + text[end:]
    return text[: text.rindex("\n", 0, start) + 1] + text[_line_end(text, end) :].lstrip("\r").removeprefix("\n")


def extend(text: str, path: Path, values: Sequence[Any]) -> str:
    """Add values at the end of the list at `path`, which is there and holds at least one, each written in one line."""
    return _extend(text, path, [lambda indent, value=value: flow(value) for value in values])


def add_mapping(text: str, path: Path, value: Mapping[str, Any]) -> str:
    """Add a mapping at the end of the list at `path`, in the style of the one before it."""
    node = Source(text).node(path)
    in_flow = not isinstance(node, yaml.SequenceNode) or not node.value or node.value[-1].flow_style

    def written(indent: str) -> str:
        if in_flow:
            return flow(value)
        return _break(text).join(
            f"{indent if place else ''}{scalar(key)}: {block(each)}" for place, (key, each) in enumerate(value.items())
        )

    return _extend(text, path, [written])


def _extend(text: str, path: Path, items: Sequence[Callable[[str], str]]) -> str:
    node = Source(text).node(path)
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        raise EditError(text, path, "there is no list to add to; write it by hand")
    end = _end(text, node.value[-1])
    if node.flow_style:
        return text[:end] + "".join(f", {item('')}" for item in items) + text[end:]
    dash = text.rindex("-", 0, node.value[-1].start_mark.index)
    before = text[text.rindex("\n", 0, dash) + 1 : dash]
    if before.strip(" -"):
        raise EditError(text, path, "written in a way that cannot be added to; write it by hand")
    indent = " " * len(before)
    gap = text[dash + 1 : node.value[-1].start_mark.index] if "\n" not in text[dash : _start(node.value[-1])] else " "
    inside = indent + " " * (1 + len(gap))
    return _after_line(text, end, _break(text).join(f"{indent}-{gap}{item(inside)}" for item in items))


def _start(node: Any) -> int:
    return node.start_mark.index


def _mapping(text: str, path: Path) -> Any:
    node = Source(text).node(path)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise EditError(text, path, "not written as keys with values; change it by hand")
    return node


def _end(text: str, node: Any) -> int:
    """Where what a node holds ends: libyaml counts the comments and empty lines after a block as its own."""
    if isinstance(node, yaml.ScalarNode) or node.flow_style:
        return node.start_mark.index + len(text[node.start_mark.index : node.end_mark.index].rstrip())
    last = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    return _end(text, last)


def _after_line(text: str, position: int, lines: str) -> str:
    """`lines` below the line of `position`, whose comment stays with it."""
    end = _line_end(text, position)
    return text[:end] + _break(text) + lines + text[end:]


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    return end - 1 if end and text[end - 1] == "\r" and end > position else end


def _break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def as_written(text: str, path: Path, value: str) -> Spelt:
    """A value in the quotes, or without, that the scalar at `path` has now."""
    node = Source(text).node(path)
    quote = node.style if isinstance(node, yaml.ScalarNode) and node.style in ("'", '"') else ""
    return Spelt(f"{quote}{value}{quote}")
