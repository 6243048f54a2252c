"""Text formats as patterns: what they let through, in RE2 (DuckDB) and Rust (Polars) alike."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Callable

import duckdb
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from data_platform.contracts.formats import PATTERNS
from data_platform.contracts.patterns import complaint

GOOD: dict[str, list[str]] = {
    "email": ["a@b.co", "first.last+tag@sub.example.com", "o'brien@example.ie", "a@localhost"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000"],
    "uri": ["https://example.com/a?b=c#d", "urn:isbn:0451450523", "mailto:a@b.co", "http://[::1]:80/%20", "a:b"],
    "hostname": ["example.com", "localhost", "a-b.c1", "xn--bcher-kva.example", f"{'a' * 63}.b"],
    "ipv4": ["0.0.0.0", "255.255.255.255", "192.168.1.10"],
    "ipv6": [
        "::",
        "::1",
        "1::",
        "2001:db8::ff00:42:8329",
        "1:2:3:4:5:6:7:8",
        "::ffff:192.0.2.1",
        "1:2:3:4:5:6:1.2.3.4",
    ],
}
BAD: dict[str, list[str]] = {
    "email": ["", "a", "a@", "@b.co", "a b@c.de", "a@b..co", "a@-b.co", "a@b.co\n", "ä@b.co", "a@b_c.de"],
    "uuid": ["", "123e4567e89b12d3a456426614174000", "123e4567-e89b-12d3-a456-42661417400g", "{0}"],
    "uri": ["", "example.com", "//example.com", "http://a b", "http://ü", "1a:b", "a:", "a:%2", "a:b\n"],
    "hostname": ["", "-a", "a-", "a..b", ".a", "a.", "a_b", "a" * 64, "a b", "a\n"],
    "ipv4": ["", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "1.2.3.4\n", "١.2.3.4"],
    "ipv6": ["", ":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1%eth0", "::1.2.3"],
}


def in_duckdb(name: str, values: list[str]) -> list[bool]:
    query = "SELECT regexp_matches(v, $1) FROM (SELECT unnest($2::VARCHAR[]) AS v)"
    return [found for (found,) in duckdb.connect().execute(query, [PATTERNS[name], values]).fetchall()]


def in_polars(name: str, values: list[str]) -> list[bool]:
    return pl.Series(values, dtype=pl.String).str.contains(PATTERNS[name]).to_list()


@pytest.mark.parametrize("matches", [in_duckdb, in_polars])
@pytest.mark.parametrize("name", PATTERNS)
def test_a_format_lets_the_good_through_and_nothing_else(
    name: str, matches: Callable[[str, list[str]], list[bool]]
) -> None:
    assert [value for value, found in zip(GOOD[name], matches(name, GOOD[name]), strict=True) if not found] == []
    assert [value for value, found in zip(BAD[name], matches(name, BAD[name]), strict=True) if found] == []


@pytest.mark.parametrize("name", PATTERNS)
def test_the_patterns_are_ones_a_contract_may_have(name: str) -> None:
    assert complaint(PATTERNS[name]) == ""


ADDRESSES = st.ip_addresses(v=6).map(str) | st.ip_addresses(v=6).map(lambda address: address.exploded)
NEARLY = st.lists(
    st.sampled_from(["0", "1", "ab", "ffff", "12345", "", ":", "::", "1.2.3.4", "1.2.3", ":1"]), max_size=10
)


@given(st.lists(ADDRESSES | NEARLY.map(":".join) | NEARLY.map("".join), max_size=20))
@example(["1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:2:3:4:5:6::8", "1:2:3:4:5::1.2.3.4", "::1.2.3.4"])
def test_ipv6_is_what_python_takes_for_it(texts: list[str]) -> None:
    def is_address(text: str) -> bool:
        try:
            return bool(ipaddress.IPv6Address(text))
        except ValueError:
            return False

    assert in_duckdb("ipv6", texts) == [is_address(text) or text == "::" for text in texts]


@given(st.lists(st.uuids().map(str) | st.ip_addresses(v=4).map(str), max_size=10))
def test_every_uuid_and_every_ipv4_address_matches(texts: list[str]) -> None:
    assert in_polars("ipv4", texts) == ["." in text for text in texts]
    assert in_polars("uuid", texts) == [str(uuid.UUID(text)) == text if "-" in text else False for text in texts]
