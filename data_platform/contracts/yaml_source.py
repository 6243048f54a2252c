"""YAML text as JSON-like objects, with the place of every part of it.

Read with libyaml at C speed, by the rules of YAML 1.2: `no` is text, a date is text, only `true` and `false` are
booleans. Keys are always text and may not repeat. Positions are looked up only when there is something to report.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.cyaml import CParser  # pyright: ignore[reportAttributeAccessIssue]  # libyaml's parser has no stubs
from yaml.resolver import BaseResolver

Path = tuple[str | int, ...]
"""A place in a document: keys and list positions from the root."""

TEXT_KEYS = frozenset({"version", "apiVersion"})
"""Root keys whose plain value stays as written: `version: 1.0` is the text 1.0, `1.10` is not 1.1."""

_STR, _MAP, _SEQ = (
    BaseResolver.DEFAULT_SCALAR_TAG,
    BaseResolver.DEFAULT_MAPPING_TAG,
    BaseResolver.DEFAULT_SEQUENCE_TAG,
)
_BOOL, _INT, _FLOAT, _NULL = (f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null"))


class YamlError(Exception):
    """Text that is not usable YAML: code, 1-based place, what and how to fix it."""

    def __init__(self, code: str, line: int, column: int, message: str, fix: str = ""):
        super().__init__(message)
        self.code, self.line, self.column, self.message, self.fix = code, line, column, message, fix


class _Loader(CParser, BaseResolver):
    """libyaml's composer with the scalars of YAML 1.2's core schema; `.inf` and `.nan` stay text."""

    def __init__(self, stream: str):
        CParser.__init__(self, stream)
        BaseResolver.__init__(self)


for _tag, _pattern, _first in (
    (_BOOL, r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (_INT, r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (_FLOAT, r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    (_NULL, r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(_tag, re.compile(rf"^(?:{_pattern})$"), list(_first))


class Source:
    """One YAML document: its `document` (dicts, lists and scalars) and where each part of it stands."""

    def __init__(self, text: str):
        """Parses `text`; YamlError where that is not one document of plain mappings, lists and scalars."""
        self._root = _compose(text)
        self._open: set[int] = set()
        self.document: Any = self._value(self._root, at_root=True)

    def locate(self, path: Path) -> tuple[int, int]:
        """The 1-based line and column of a part: of its key in a mapping, of its start in a list.

        Where the path goes on into what is not there, the place of the last part that is."""
        node, mark = self._root, self._root.start_mark
        for step in path:
            found = self._step(node, step)
            if found is None:
                break
            mark, node = found
        return mark.line + 1, mark.column + 1

    def node(self, path: Path) -> Any:
        """libyaml's own node of a part, for who edits the text; None where there is no such part."""
        node = self._root
        for step in path:
            found = self._step(node, step)
            if found is None:
                return None
            node = found[1]
        return node

    @staticmethod
    def _step(node: Any, step: str | int) -> tuple[Any, Any] | None:
        if isinstance(node, yaml.MappingNode):
            return next(((key.start_mark, value) for key, value in node.value if key.value == step), None)
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
            return node.value[step].start_mark, node.value[step]
        return None

    def _value(self, node: Any, at_root: bool = False) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if node.tag not in (_MAP, _SEQ):
            raise _at("C101", node, f"the tag {node.tag} is not allowed", "write plain values")
        if id(node) in self._open:
            raise _at("C101", node, "an alias may not contain itself", "write the value out")
        self._open.add(id(node))
        value: Any = self._mapping(node, at_root) if node.tag == _MAP else [self._value(item) for item in node.value]
        self._open.discard(id(node))
        return value

    def _mapping(self, node: Any, at_root: bool) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            name = key.value
            if not isinstance(name, str):
                raise _at("C101", key, "a key must be text", "write `key: value`")
            if name in mapping:
                raise _at("C102", key, f"the key `{name}` is given twice; only one can count", "remove one of them")
            keep_text = at_root and name in TEXT_KEYS and value.tag in (_INT, _FLOAT)
            mapping[name] = value.value if keep_text else self._value(value)
        return mapping


def _compose(text: str) -> Any:
    try:
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        detail = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlError("C101", line, column, f"not YAML: {detail}", "check indentation, colons and quotes") from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise YamlError("C101", 1, 1, f"not YAML: {error}", "save the file as plain UTF-8 text") from error
    if root is None:
        raise YamlError("C103", 1, 1, "the file is empty", "write an ODCS contract, or remove the file")
    if not isinstance(root, yaml.MappingNode):
        raise _at("C103", root, "a contract is a mapping of keys", "start with `apiVersion: v3.1.0`")
    return root


def _scalar(node: Any) -> Any:
    text: str = node.value
    if node.tag == _STR:
        return text
    try:
        if node.tag == _BOOL:
            return {"true": True, "false": False}[text.lower()]
        if node.tag == _INT:
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if node.tag == _FLOAT:
            return float(text)
        if node.tag == _NULL:
            return None
    except (KeyError, ValueError) as error:
        raise _at("C101", node, f"{text!r} is not a {node.tag.rpartition(':')[2]}", "quote it if it is text") from error
    raise _at("C101", node, f"the tag {node.tag} is not allowed", "write a plain value")


def _at(code: str, node: Any, message: str, fix: str) -> YamlError:
    return YamlError(code, node.start_mark.line + 1, node.start_mark.column + 1, message, fix)
