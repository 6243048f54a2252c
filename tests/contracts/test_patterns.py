"""Which regular expressions we accept, and what they mean in Rust and Java, held against RE2, which is the meaning."""

from __future__ import annotations

from random import Random

import duckdb
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts.patterns import complaint, for_re2, matches_nothing, translate

RUN = [
    r"^\S",
    r"(?P<x>a)(?P<x>b)",
    r"[(?=]",
    r"\(?=",
    r"\p{L}+",
    r"\pL",
    r"\p{^Greek}",
    r"[[:alpha:]]+",
    r"[[:alpha:](?=]",
    r"[[:^digit:]\d]",
    r"a{1000}",
    r"(?i)a",
    r"(?i-s:a)",
    r"a(?i)b",
    r"(?U)a+",
    r"a+?b",
    r"\z",
    r"\A",
    r"[]a]",
    r"[^]a]",
    r"[\]a]",
    r"[--a]",
    r"[a-]",
    r"[a&&b~~c]",
    r"\bfoo\B",
    r"^[^@]+@[^@]+$",
    r"[+]+",
    r"a\+\+",
    r"\\1",
    "é+",
    r"a??",
    r"\x{1F600}",
    r"\x{D800}",
    r"\x41",
    r"\07\123\a\v",
    r"\Qa+\E+",
    r"\d{2,4}",
    r"a{,3}",
    r"a{01}",
    r"{",
    r"^+$*",
    r"(|a)*",
    r"a(?i)*",
]
REFUSED = {
    r"a(?=b)": "look-around",
    r"a(?!b)": "look-around",
    r"(?<=a)b": "look-around",
    r"(?<!a)b": "look-around",
    r"(a)\1": "references",
    r"(?P<x>a)(?P=x)": "references",
    r"(?P<x>a)\k<x>": "references",
    r"(?P<x-y>a)": "a group's name",
    r"a++": "possessive",
    r"a*+": "possessive",
    r"a{2}+": "possessive",
    r"a{2}{3}": "repeat a repetition",
    r"(?>a)": "atomic",
    r"(?(1)a|b)": "conditions",
    r"(?#x)a": "comments",
    r"[a": "not closed",
    r"[": "not closed",
    r"(": "not closed",
    r"a)": "closes nothing",
    r"a{1001}": "at most 1000 times, not 1001",
    r"(a{100}){11}": "nested repetitions multiplied",
    r"a{3,2}": "at least 3 and at most 2",
    r"\Z": r"no escape `\Z`",
    r"\E": r"no escape `\E`",
    r"a\\"[:-1]: "no escape",
    r"(?x)a": "flags other than",
    r"(?a)x": "flags other than",
    r"(?i": "no such group",
    r"(?<x>a)": "groups named",
    r"**": "nothing to repeat",
    r"a|*": "nothing to repeat",
    r"[z-a]": "backwards",
    r"[a-\d]": "no escape",
    r"[[:foo:]]": "is no class",
    r"\p{Foo}": "no class",
    r"\p{greek}": "no class",
    r"\x4": "no escape",
}
STRICTER = {r"\C": "half a character", "(" * 101 + ")" * 101: "deep"}
"""What RE2 runs and we refuse all the same."""


def runs(pattern: str) -> bool:
    try:
        duckdb.execute("SELECT regexp_matches('x', ?)", [pattern]).fetchall()
    except duckdb.Error:
        return False
    return True


@pytest.mark.parametrize("pattern", RUN)
def test_accepted_patterns_run(pattern: str) -> None:
    assert complaint(pattern) == ""
    assert runs(pattern)


@pytest.mark.parametrize(("pattern", "why"), REFUSED.items())
def test_refused_patterns_do_not_run(pattern: str, why: str) -> None:
    assert why in complaint(pattern)
    assert not runs(pattern)


@pytest.mark.parametrize(("pattern", "why"), STRICTER.items())
def test_a_few_patterns_are_refused_though_they_would_run(pattern: str, why: str) -> None:
    assert why in complaint(pattern)
    assert runs(pattern)


LETTERS = "aAbBkKsS\u212aſéÉüÜ日αΩς\n\r\t\v \x85\u2028\xa0-^_12١Iıİßẞ😀.,]\u0301"
"""Characters that engines disagree about: in case, in what is a digit, a space, a word or a line."""
ATOMS = [
    *"aBkSé日1 \n\t-.^$",
    *r"\d \D \w \W \s \S \b \B \A \z \n \v \. \x41 \x{1F600} \pL \p{Lu} \P{L} \p{Greek} \12".split(),  # noqa: SIM905
    *("[aé-ü]", "[^a]", "[^\\d\\s]", "[[:alpha:]]", "[[:^space:]-]", "[]k]", "[^]S]", "[\\w.]", "[\\pN_]", "\\Q.*\\E"),
]


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    prefixes = st.sampled_from(["(", "(?:", "(?i:", "(?s:", "(?m:", "(?i)(", "(?ms)(", "(?-i:"])
    return (
        st.tuples(prefixes, inner).map(lambda pair: f"{pair[0]}{pair[1]})")
        | st.lists(inner, min_size=2, max_size=3).map("".join)
        | st.tuples(inner, inner).map("|".join)
        | st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "{2}", "{1,2}", "{0}", "{2,}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        )
    )


PATTERNS = st.recursive(st.sampled_from(ATOMS), nested, max_leaves=6)
TEXTS = st.lists(st.text(LETTERS, max_size=6), min_size=1, max_size=12)


def matches(pattern: str, texts: list[str]) -> list[bool]:
    query = "SELECT regexp_matches(x, ?) FROM (SELECT unnest(?::VARCHAR[]) AS x)"
    return [bool(flag) for (flag,) in duckdb.execute(query, [for_re2(pattern), texts]).fetchall()]


@settings(max_examples=300, deadline=None)
@given(PATTERNS, TEXTS)
@example("x*", ["", "a"])
@example(r"^$|a", ["", "b"])
@example(r"(?:\b){2}", ["a"])
def test_a_pattern_that_takes_a_character_extracts_something_wherever_it_matches(pattern, texts) -> None:
    """The audit asks for what is extracted, which DuckDB does once per distinct value."""
    query = "SELECT regexp_extract(x, ?) <> '' FROM (SELECT unnest(?::VARCHAR[]) AS x)"
    extracted = [flag for (flag,) in duckdb.execute(query, [for_re2(pattern), texts]).fetchall()]
    assert extracted == matches(pattern, texts) or matches_nothing(pattern)


@pytest.mark.parametrize("pattern", ["a", "^a$", "(b|a+)c*", "[^a]{2}", r"(?i)\pL", r"\Qa\E"])
def test_a_pattern_that_takes_a_character_is_known_as_one(pattern: str) -> None:
    assert not matches_nothing(pattern)


@settings(max_examples=300, deadline=None)
@given(PATTERNS, TEXTS)
@example(r"\B", ["aéa"])
@example(r"(?i)ß", ["ẞ", "ss"])
@example(r"^a$", ["a\n", "a"])
def test_a_pattern_means_the_same_to_rust(pattern: str, texts: list[str]) -> None:
    assert complaint(pattern) == ""
    assert pl.Series(texts).str.contains(translate(pattern, "rust")).to_list() == matches(pattern, texts)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from([*ATOMS, *"()[]{}|*+?", "(?i)", "(?=", "(?<", "[^", "[:", "{2}", "\\", "\\1"])))
def test_what_is_accepted_is_what_runs(tokens: list[str]) -> None:
    pattern = "".join(tokens)
    assert runs(pattern) == (complaint(pattern) == "")


ALL_TEXTS = ["", *LETTERS, "aé", "a\n", "\na\n", "foo", "foo bar", "a@b", "12", "ſS", "a-b_c", "日本\n語", "k\u212a"]


def made_up(random: Random, depth: int = 3) -> str:
    """A pattern that RE2 runs."""
    if not depth or random.random() < 0.2:
        return random.choice(ATOMS)
    one, other = made_up(random, depth - 1), made_up(random, depth - 1)
    group = random.choice(["(", "(?:", "(?i:", "(?s:", "(?m:", "(?i)(", "(?ms-i:"])
    times = random.choice(["", "*", "+", "?", "*?", "{2}", "{1,2}", "{0}", "{2,}"])
    return random.choice([f"{one}{other}", f"{group}{one}){times}", f"(?:{one}|{other}){times}"])


def test_a_pattern_means_the_same_to_java(spark) -> None:  # noqa: F811
    random = Random(4)
    cases = [(pattern, ALL_TEXTS) for pattern in [*RUN, *ATOMS]]
    for _ in range(400):
        texts = ["".join(random.choices(LETTERS, k=random.randrange(7))) for _ in range(12)]
        cases.append((made_up(random), [*texts, "", "\n"]))
    rows = [
        (pattern, translate(pattern, "java"), text, expected)
        for pattern, texts in cases
        for text, expected in zip(texts, matches(pattern, texts), strict=True)
    ]
    assert len({expected for *_, expected in rows}) == 2
    frame = spark.createDataFrame(rows, "pattern string, java string, text string, expected boolean")
    assert frame.where("(text RLIKE java) <> expected").limit(10).collect() == []
