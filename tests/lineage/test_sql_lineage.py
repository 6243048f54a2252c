"""What each clause of a query means for its columns and its rows, case by case; names; what nobody understands."""

from __future__ import annotations

import logging

import duckdb
import pytest

from data_platform.lineage import ANY, Kind, Lineage, Origin, base
from data_platform.lineage.graph import Graph
from data_platform.lineage.render import as_json, mermaid, svg, tree
from data_platform.lineage.sql import sql_lineage
from tests.lineage.sql_cases import TABLES, Case, cases, written

LISTINGS = base("ads.listings", ["id", "price"])


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_query_has_these_edges_and_no_others(case: Case) -> None:
    assert written(sql_lineage(case.query, TABLES)) == case.edges


def test_every_case_is_read() -> None:
    assert len(cases()) >= 130
    assert len({case.title for case in cases()}) == len(cases())


@pytest.mark.parametrize(
    ("table", "name", "is_found"),
    [
        ("ads.listings", "ads.listings", True),
        ("ads.listings", "ADS.Listings", True),
        ("ads.listings", '"memory"."ads"."listings"', True),
        ("ads.listings", '"ads.listings"', True),
        ("memory.ads.listings", "ads.listings", True),
        ("listings", "main.listings", True),
        ("listings", "memory.main.listings", True),
        ("listings", "crm.listings", False),
        ("ads.listings", "listings", False),
        ("ads.listings", "crm.listings", False),
    ],
)
def test_a_table_is_found_by_what_it_is_surely_called(table: str, name: str, is_found: bool) -> None:
    found = sql_lineage(f"SELECT id FROM {name}", {table: LISTINGS})
    assert ("id" not in found.opaque) is is_found


def test_columns_are_qualified_with_any_end_of_the_tables_name() -> None:
    query = "SELECT listings.id, ads.listings.price, memory.ads.listings.id AS x FROM memory.ads.listings"
    found = sql_lineage(query, {"ads.listings": LISTINGS})
    assert [*found.columns] == ["id", "price", "x"] and not found.opaque


def test_two_tables_that_may_be_meant_are_none() -> None:
    tables = {"a.ads.listings": LISTINGS, "b.ads.listings": LISTINGS}
    assert sql_lineage("SELECT id FROM ads.listings", tables).opaque


def test_a_table_may_be_a_query_itself() -> None:
    cheap = sql_lineage("SELECT id, price * 2 AS twice FROM listings WHERE price < 9", {"listings": LISTINGS})
    found = sql_lineage("SELECT sum(twice) AS total FROM cheap", {"cheap": cheap})
    assert found == Lineage(
        {"total": frozenset([Origin("ads.listings", "price", Kind.AGGREGATION)])},
        frozenset([Origin("ads.listings", "price", Kind.FILTER)]),
    )


@pytest.mark.parametrize(
    ("query", "outputs", "names"),
    [
        ("SELECT id, sum(price) FROM listings GROUP BY ALL", ["id", "total"], ["id", "total"]),
        ("SELECT id, sum(price) AS price FROM listings GROUP BY ALL", ["price", "id"], ["id", "price"]),
        ("PIVOT listings ON id USING sum(price)", ["1", "2"], ["1", "2"]),
        ("PIVOT listings ON id USING sum(price)", [], [ANY]),
        ("SELECT * FROM 'listings.csv'", ["id", "price"], ["id", "price"]),
        ("not a query at all", ["id", "price"], ["id", "price"]),
    ],
)
def test_outputs_name_what_the_query_leaves_open(query: str, outputs: list[str], names: list[str]) -> None:
    assert [*sql_lineage(query, {"listings": LISTINGS}, outputs).columns] == names


def test_what_goes_wrong_is_opaque_and_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        found = sql_lineage("SELECT FROM WHERE", {"listings": LISTINGS}, ["id"])
    assert {each.kind for each in found.columns["id"]} == {Kind.OPAQUE}
    assert {(each.dataset, each.column) for each in found.rows} == {("ads.listings", ANY)}
    assert "no column lineage of a query" in caplog.text


@pytest.mark.parametrize("query", ["SELECT FROM WHERE", "CALL anything()", "SELECT id FROM listings", "SELECT id"])
def test_an_output_that_is_not_understood_is_never_without_origins(query: str) -> None:
    """That would say that it is made of constants."""
    for tables in ({}, {"listings": base("ads.listings", [])}):
        found = sql_lineage(query, tables, ["id"])
        assert {each.kind for each in found.columns["id"]} == {Kind.OPAQUE}


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " + " + ".join(["id"] * 3000) + " AS x FROM listings",
        "SELECT CASE " + " ".join(f"WHEN price > {n} THEN id" for n in range(2000)) + " END AS x FROM listings",
        " UNION ALL ".join(["SELECT id AS x FROM listings"] * 1000),
        "WITH c0 AS (FROM listings), "
        + ", ".join(f"c{n + 1} AS (SELECT * FROM c{n})" for n in range(500))
        + " SELECT id AS x FROM c500",
    ],
    ids=["a long sum", "a long case", "a long union", "a long chain of common table expressions"],
)
def test_what_is_generated_may_be_long(query: str) -> None:
    found = sql_lineage(query, {"listings": LISTINGS})
    assert not found.opaque and ("ads.listings", "id") in found.used("x")


def test_duckdbs_aggregates_are_aggregations() -> None:
    """Of those that have an alias in the parser, and of those that it does not know."""
    names = duckdb.sql("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type = 'aggregate'")
    calls = {name: _origins(f"{name}(id)", f"{name}(id, id)") for (name,) in names.fetchall() if name.isidentifier()}
    kinds = {name: {each.kind for each in origins} for name, origins in calls.items() if origins}
    others = {name for name, found in kinds.items() if found != {Kind.AGGREGATION}}
    assert len(kinds) > 60 and not others


def _origins(*calls: str) -> frozenset[Origin]:
    found = [sql_lineage(f"SELECT {call} AS x FROM listings", {"listings": LISTINGS}) for call in calls]
    return next((each.columns["x"] for each in found if not each.opaque), frozenset())


@pytest.mark.parametrize(
    "source", ["read_csv('a \"b\".csv')", "'some file.csv'", "other.thing", f"read_csv({['x' * 90] * 9})"]
)
def test_what_is_no_dataset_is_shown_by_its_text(source: str) -> None:
    lineage = sql_lineage(f"SELECT l.id, f.n FROM ads.listings l, {source} f", {"ads.listings": LISTINGS})
    (read,) = {each.dataset for each in lineage.columns["n"]}
    assert 0 < len(read) < 150
    graph = Graph({"crm.made": ("id", "n"), "ads.listings": ("id",)}, {"crm.made": lineage})
    part = graph.around("crm.made", up=2)
    assert any(f"{read}.{ANY}" in line for line in tree(part))
    assert mermaid(part) and svg(part).startswith("<svg") and as_json(part)
    assert graph.around(read, "n").down
