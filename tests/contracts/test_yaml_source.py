"""YAML as people mean it, each part with its place."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from data_platform.contracts.yaml_source import Source, YamlError

MEANT = [
    ("version: 1.0", {"version": "1.0"}),
    ("version: 1.10", {"version": "1.10"}),
    ("nested: {version: 1.10}", {"nested": {"version": 1.1}}),
    ("a: 2024-01-01", {"a": "2024-01-01"}),
    ("a: 12:30:00", {"a": "12:30:00"}),
    ("name: no", {"name": "no"}),
    ("no: 1", {"no": 1}),
    ("1: a", {"1": "a"}),
    ("a: [yes, on, y, true, False]", {"a": ["yes", "on", "y", True, False]}),
    ("a: [~, null, '']", {"a": [None, None, ""]}),
    ("a:", {"a": None}),
    ("a: [007, 0x1F, 0o17, 1e3, -1.5, .5]", {"a": [7, 31, 15, 1000.0, -1.5, 0.5]}),
    ("a: [.inf, .nan, 1_000]", {"a": [".inf", ".nan", "1_000"]}),
    ("a: '1'", {"a": "1"}),
    ("a: &x [1]\nb: *x", {"a": [1], "b": [1]}),
    ("a: {<<: {b: 1}}", {"a": {"<<": {"b": 1}}}),
]


@pytest.mark.parametrize(("text", "document"), MEANT)
def test_plain_scalars_follow_yaml_1_2(text: str, document: Any) -> None:
    assert repr(Source(text).document) == repr(document)


REFUSED = [
    ("a: 1\nb: 2\na: 3", "C102", 3, 1),
    ("x:\n  - a: 1\n    a: 2", "C102", 3, 5),
    ("a: [1", "C101", 2, 1),
    ("a:\n\t- b", "C101", 2, 1),
    ("a: !!python/object:os.system {}", "C101", 1, 4),
    ("a: !secret x", "C101", 1, 4),
    ("a: &x [*x]", "C101", 1, 4),
    ("a: *nowhere", "C101", 1, 4),
    ("a: 1\n---\nb: 2", "C101", 2, 1),
    ("? [a]\n: 1", "C101", 1, 3),
    ("a: !!int x", "C101", 1, 4),
    ("a: \x00", "C101", 1, 1),
    ("a: \ud800", "C101", 1, 1),
    ("- 1", "C103", 1, 1),
    ("just text", "C103", 1, 1),
    ("# only a comment", "C103", 1, 1),
    ("", "C103", 1, 1),
]


@pytest.mark.parametrize(("text", "code", "line", "column"), REFUSED)
def test_what_is_not_usable_is_refused_with_its_place(text: str, code: str, line: int, column: int) -> None:
    with pytest.raises(YamlError) as refused:
        Source(text)
    error = refused.value
    assert (error.code, error.line) == (code, line)
    assert error.fix
    if code == "C102" or "!" in text or "*" in text:
        assert error.column == column


def test_a_place_is_that_of_the_key_or_of_the_list_item_or_of_the_nearest_part_there_is() -> None:
    source = Source("é: [à, {b: 😀, c: 1}]\nd:\n  - name: x\n")
    assert source.locate(("é",)) == (1, 1)
    assert source.locate(("é", 0)) == (1, 5)
    assert source.locate(("é", 1, "c")) == (1, 15)
    assert source.locate(("d", 0, "name")) == (3, 5)
    assert source.locate(("d", 0, "gone", 3)) == (3, 5)
    assert source.locate(("gone",)) == (1, 1)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])).map("é".__add__)  # PyYAML would not quote 0E0
SCALARS = st.none() | st.booleans() | st.integers() | TEXT
KEYS = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
DOCUMENTS = st.dictionaries(
    KEYS, st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
)


@given(DOCUMENTS, st.booleans())
def test_every_part_of_a_document_is_found_where_it_stands(document: dict[str, Any], flow: bool) -> None:
    document.pop("version", None)
    text = yaml.safe_dump(document, allow_unicode=True, default_flow_style=flow, sort_keys=False)
    source = Source(text)
    assert source.document == document
    lines = text.split("\n")

    def walk(node: Any, path: tuple[str | int, ...]) -> None:
        for step, value in node.items() if isinstance(node, dict) else enumerate(node):
            line, column = source.locate((*path, step))
            if isinstance(step, str):
                assert lines[line - 1][column - 1 :].lstrip("'\"? ").startswith(step)
            if isinstance(value, dict | list):
                walk(value, (*path, step))

    walk(document, ())
