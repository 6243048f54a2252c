"""One meaning on every engine: the same rows break the same rules on DuckDB, on Polars and in plain Python."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_platform.contracts import Contract, Rule
from data_platform.contracts.rules import KINDS

from .. import oracle
from . import generated
from .frames import arrow, audited, failing_ids, metrics, polars
from .table import ABOUT_VALUES, FOREIGN, KEYS, WHOLE, nasty_rows, wide

NASTY = nasty_rows()
BY_KIND = {kind: [rule for rule in ABOUT_VALUES if rule.kind == kind] for kind in {rule.kind for rule in ABOUT_VALUES}}
ELSEWHERE = {"type": "test_casts", "sql": "test_queries", "expression": "test_queries", "history": "test_queries"}
"""Kinds whose parity rows are in another module of this folder."""


def test_every_kind_of_rule_has_its_parity_rows() -> None:
    here = {rule.kind for rule in (*ABOUT_VALUES, *KEYS, *FOREIGN, *WHOLE)}
    assert here | set(ELSEWHERE) == set(KINDS)


@pytest.mark.parametrize("engine", ["duckdb", "polars", "spark"])
def test_every_kind_about_single_rows_is_compiled_for_every_engine(engine: str) -> None:
    if engine == "spark":
        pytest.importorskip("pyspark")
    kinds = {kind for kind, meaning in KINDS.items() if meaning.metric == "rows"} - {"type"}  # see the engines' casts
    assert set(import_module(f"data_platform.quality.dialects.{engine}").PREDICATES) == kinds


@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_the_same_nasty_rows_break_a_rule_everywhere(kind: str) -> None:
    contract = wide(*BY_KIND[kind])
    table = arrow(NASTY, contract)
    by_duckdb, by_polars = audited(table, contract), audited(polars(table), contract)
    assert metrics(by_duckdb) == metrics(by_polars)
    for rule in contract.rules:
        expected = [row["id"] for row in NASTY if oracle.breaks(rule, contract, row)]
        assert failing_ids(by_duckdb, rule) == expected, rule
        assert failing_ids(by_polars, rule) == expected, rule
        assert metrics(by_duckdb)[""][rule.name] == len(expected)


@settings(max_examples=25, deadline=None)
@given(rows=generated.rows(10), rules=generated.rules(8))
def test_the_same_generated_rows_break_a_rule_everywhere(rows: list[dict[str, Any]], rules: list[Rule]) -> None:
    contract = wide(*rules)
    table = arrow(rows, contract)
    audits = [audited(table, contract), audited(polars(table), contract), audited(polars(table).lazy(), contract)]
    for rule in rules:
        expected = [row["id"] for row in rows if oracle.breaks(rule, contract, row)]
        for each in audits:
            assert failing_ids(each, rule) == expected, rule
            assert metrics(each)[""][rule.name] == len(expected)


def parents(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return rows[1::3]


def repeated(rows: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    """The rows, and some of them again."""
    return [{**row, "id": place} for place, row in enumerate([*rows, *rows[::step]])]


def check_between_rows(rows: list[dict[str, Any]], contract: Contract) -> None:
    table, others = arrow(rows, contract), arrow(parents(rows), contract)
    audits = [
        audited(table, contract, parents=others),
        audited(polars(table), contract, parents=polars(others)),
        audited(polars(table).lazy(), contract, parents=polars(others).lazy()),
    ]
    for rule in contract.rules:
        if rule.kind == "duplicate_values":
            expected = oracle.duplicates(rule, contract, rows)
        else:
            expected = oracle.orphans(rule, rows, rows if rule.name == "to_itself" else parents(rows))
        for each in audits:
            assert failing_ids(each, rule) == sorted(row["id"] for row in expected), rule
            assert metrics(each)[""][rule.name] == len(expected)


def test_the_same_nasty_rows_share_a_key_or_miss_their_parent_everywhere() -> None:
    check_between_rows(repeated(NASTY, -2), wide(*KEYS, *FOREIGN))


@settings(max_examples=20, deadline=None)
@given(
    rows=generated.rows(10),
    rules=st.lists(st.sampled_from([*KEYS, *FOREIGN]), min_size=1, max_size=6, unique_by=lambda rule: rule.name),
)
def test_the_same_generated_rows_share_a_key_or_miss_their_parent_everywhere(
    rows: list[dict[str, Any]], rules: list[Rule]
) -> None:
    check_between_rows(repeated(rows, 2), wide(*rules))


@pytest.mark.parametrize("rows", [[], NASTY[:3], NASTY], ids=len)
def test_a_threshold_holds_for_all_or_for_none(rows: list[dict[str, Any]]) -> None:
    contract = wide(*WHOLE)
    table, others = arrow(rows, contract), arrow(parents(NASTY), contract)
    by_duckdb = audited(table, contract, parents=others)
    by_polars = audited(polars(table), contract, parents=polars(others))
    assert by_duckdb.verdicts == by_polars.verdicts
    assert {each.rule.name for each in by_duckdb.broken} == BROKEN[len(rows)]


BROKEN = {0: {"some_orphans"}, 3: set[str](), len(NASTY): {"few", "some_repeated", "few_repeated", "some_orphans"}}
