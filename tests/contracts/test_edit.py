"""Edits of a contract's text, in place: each a small text, what is done to it, and what comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_platform.contracts.edit import EditError, add_mapping, extend, flow, put, remove, rename, scalar
from data_platform.contracts.yaml_source import Source

CASES = [
    ("a: 1 # one\nb: 2\n", lambda text: put(text, ("a",), 3), "a: 3 # one\nb: 2\n"),
    ("a: 1", lambda text: put(text, ("b",), "x"), "a: 1\nb: x"),
    ("a: 1 # one\nc: 3\n", lambda text: put(text, ("b",), 2, after="a"), "a: 1 # one\nb: 2\nc: 3\n"),
    ("{a: 1, c: 3}", lambda text: put(text, ("b",), 2, after="a"), "{a: 1, b: 2, c: 3}"),
    ("a: {x: 'é😀', y: 1} # c\n", lambda text: put(text, ("a", "y"), 20), "a: {x: 'é😀', y: 20} # c\n"),
    ("a:\nb: 1\n", lambda text: put(text, ("a",), 2), "a: 2\nb: 1\n"),
    ("a: 1\nb: decimal(6, 2)\n", lambda text: put(text, ("b",), "decimal(7, 2)"), "a: 1\nb: decimal(7, 2)\n"),
    ("{b: x}", lambda text: put(text, ("b",), "decimal(7, 2)"), '{b: "decimal(7, 2)"}'),
    ("a: {x: 1, y: 2}", lambda text: rename(text, ("a", "x"), "z"), "a: {z: 1, y: 2}"),
    ("a: {x: 1, y: 2}", lambda text: remove(text, ("a", "x")), "a: {y: 2}"),
    ("a: {x: 1, y: 2}", lambda text: remove(text, ("a", "y")), "a: {x: 1}"),
    ("l:\n- a: 1 # one\n  b: 2 # two\n", lambda text: remove(text, ("l", 0, "b")), "l:\n- a: 1 # one\n"),
    ("l:\n- a: 1\n  b: 2\n", lambda text: remove(text, ("l", 0, "a")), "l:\n- b: 2\n"),
    ("a: 1\nb:\n  x: 2\n# c\nd: 4\n", lambda text: remove(text, ("b",)), "a: 1\n# c\nd: 4\n"),
    ("l: [1, 2,] # few\n", lambda text: extend(text, ("l",), [3]), "l: [1, 2, 3,] # few\n"),
    (
        "l:\n  - a # A\n\n  # more\nm: 1\n",
        lambda text: extend(text, ("l",), ["b"]),
        "l:\n  - a # A\n  - b\n\n  # more\nm: 1\n",
    ),
    ("l:\n-   a\n", lambda text: extend(text, ("l",), ["b", "c"]), "l:\n-   a\n-   b\n-   c\n"),
    (
        "l:\n  - name: a\n    text: |\n      long\n\n      text\n\n# end\n",
        lambda text: add_mapping(text, ("l",), {"name": "b", "more": {"x": 1}}),
        "l:\n  - name: a\n    text: |\n      long\n\n      text\n  - name: b\n    more: {x: 1}\n\n# end\n",
    ),
    (
        "l:\n  - {name: a}\n",
        lambda text: add_mapping(text, ("l",), {"name": "b", "type": "decimal(3, 1)"}),
        'l:\n  - {name: a}\n  - {name: b, type: "decimal(3, 1)"}\n',
    ),
    ("l: [{name: a}]\n", lambda text: add_mapping(text, ("l",), {"name": "b"}), "l: [{name: a}, {name: b}]\n"),
    ("a: 1\r\nl:\r\n  - x\r\n", lambda text: extend(text, ("l",), ["z"]), "a: 1\r\nl:\r\n  - x\r\n  - z\r\n"),
]


@pytest.mark.parametrize(("before", "edit", "after"), CASES)
def test_an_edit_leaves_all_else_as_it_was(before, edit, after):
    assert edit(before) == after
    Source(after)


@pytest.mark.parametrize(
    "edit",
    [
        lambda text: extend(text, ("none",), [1]),
        lambda text: extend(text, ("empty",), [1]),
        lambda text: put(text, ("block",), 1),
        lambda text: remove(text, ("block", "only")),
        lambda text: put(text, ("empty", "x"), 1),
    ],
)
def test_what_cannot_be_edited_in_place_is_said_with_its_line(edit):
    with pytest.raises(EditError, match=r"line [123]: "):
        edit("empty: []\nblock:\n  only: 1\n")


@given(
    st.recursive(
        st.one_of(st.text(st.characters(blacklist_categories=("Cs",))), st.integers(), st.booleans(), st.none()),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("abc:#{}- ", min_size=1), inner),
        max_leaves=8,
    )
)
def test_whatever_is_written_on_one_line_is_read_back_as_it_was(value):
    written = flow(value)
    assert "\n" not in written and Source(f"a: [{written}]").document == {"a": [value]}


@given(st.text(st.characters(blacklist_categories=("Cs",))))
def test_any_text_is_one_scalar(text):
    assert Source(f"a: {scalar(text)}").document == {"a": text}
