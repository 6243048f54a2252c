"""Which regular expressions we accept, compared with the engine that runs them."""

from __future__ import annotations

import duckdb
import pytest

from data_platform.contracts.patterns import complaint

RUN = [
    r"^\S",
    r"(?P<x>a)",
    r"[(?=]",
    r"\(?=",
    r"\p{L}+",
    r"\pL",
    r"[[:alpha:]]+",
    r"[[:alpha:](?=]",
    r"a{1000}",
    r"(?i)a",
    r"(?i-s:a)",
    r"a+?b",
    r"\z",
    r"\A",
    r"[]a]",
    r"[^]a]",
    r"[\]a]",
    r"\bfoo\b",
    r"^[^@]+@[^@]+$",
    r"[+]+",
    r"a\+\+",
    r"\\1",
    "é+",
    r"a??",
    r"\x{1F600}",
    r"\x41",
    r"\d{2,4}",
    r"a{,3}",
    r"{",
]
REFUSED = [
    r"a(?=b)",
    r"a(?!b)",
    r"(?<=a)b",
    r"(?<!a)b",
    r"(a)\1",
    r"(?P<x>a)(?P=x)",
    r"(?P<x>a)\k<x>",
    r"a++",
    r"a*+",
    r"a{2}+",
    r"(?>a)",
    r"(?(1)a|b)",
    r"(?#x)a",
    r"[a",
    r"(",
    r"a{1001}",
    r"\Z",
    r"(?x)a",
    r"(?a)x",
    r"(?<x>a)",
    r"**",
    r"a|*",
    r"[z-a]",
    r"\x4",
]
STRICTER = [r"\Qa+\E", r"a(?i)b", r"(?U)a", r"^+"]
"""What RE2 runs and we refuse all the same, for the sake of a simple check."""


def _runs(pattern: str) -> bool:
    try:
        duckdb.execute("SELECT regexp_matches('x', ?)", [pattern]).fetchall()
    except duckdb.Error:
        return False
    return True


@pytest.mark.parametrize("pattern", RUN)
def test_accepted_patterns_run(pattern: str) -> None:
    assert complaint(pattern) == ""
    assert _runs(pattern)


@pytest.mark.parametrize("pattern", REFUSED)
def test_refused_patterns_do_not_run(pattern: str) -> None:
    assert complaint(pattern)
    assert not _runs(pattern)


@pytest.mark.parametrize("pattern", STRICTER)
def test_a_few_patterns_are_refused_though_they_would_run(pattern: str) -> None:
    assert complaint(pattern)
    assert _runs(pattern)
