"""The column graph: what a column comes from and goes into, how far, and where nobody can look inside."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from data_platform.lineage import ANY, Kind, Lineage, Origin
from data_platform.lineage.graph import ROWS, Edge, Graph, Node, picture_of

REASON = "a Python function"


def lineage(rows: str = "", **columns: str) -> Lineage:
    """`lineage("a.x FILTER", total="a.y AGGREGATION, a.z WINDOW")`; `a.* OPAQUE` is of unknown columns."""
    return Lineage({name: origins(said) for name, said in columns.items()}, origins(rows))


def origins(said: str) -> frozenset[Origin]:
    return frozenset(origin(each) for each in said.split(", ") if each)


def origin(said: str) -> Origin:
    name, kind = said.split(" ")
    domain, dataset, column = name.split(".")
    return Origin(f"{domain}.{dataset}", column, Kind(kind), reason=REASON if kind == "OPAQUE" else "")


MADE: Mapping[str, Lineage] = {
    "ads.listings": lineage(
        "ads.raw.at SORT",
        listing_id="ads.raw.listing_id IDENTITY",
        price="ads.raw.price TRANSFORMATION",
        status="ads.raw.status IDENTITY",
    ),
    "ads.stats": lineage(
        "ads.listings.status FILTER, ads.views.listing_id JOIN",
        listing_id="ads.listings.listing_id IDENTITY",
        revenue="ads.listings.price AGGREGATION, ads.listings.status CONDITIONAL",
        views="",
    ),
    "ml.scores": lineage("ads.stats.* OPAQUE", listing_id="ads.stats.* OPAQUE", score="ads.stats.* OPAQUE"),
    "crm.mart": lineage("", score="ml.scores.score IDENTITY", revenue="ads.stats.revenue IDENTITY"),
}
COLUMNS = {"ads.raw": ("listing_id", "price", "status", "at"), "ads.views": ("view_id", "listing_id")} | {
    name: tuple(each.columns) for name, each in MADE.items()
}
GRAPH = Graph(COLUMNS, MADE, {"ops.count": ["crm.mart"]})


def said(edge: Edge) -> str:
    return f"{edge.source} > {edge.target} {edge.kind or 'ROWS'}"


UP = {
    ("ads.stats", "revenue", 1): {
        "ads.listings.price > ads.stats.revenue AGGREGATION",
        "ads.listings.status > ads.stats.revenue CONDITIONAL",
        "ads.listings.status > ads.stats FILTER",
        "ads.views.listing_id > ads.stats JOIN",
    },
    ("ads.stats", "views", 1): {"ads.listings.status > ads.stats FILTER", "ads.views.listing_id > ads.stats JOIN"},
    ("ads.stats", "revenue", 0): set(),
    ("ads.raw", "price", 5): set(),
    ("crm.mart", "score", 2): {
        "ml.scores.score > crm.mart.score IDENTITY",
        "ads.stats.* > ml.scores.score OPAQUE",
        "ads.stats.* > ml.scores OPAQUE",
    },
    ("crm.mart", "score", 9): {
        "ml.scores.score > crm.mart.score IDENTITY",
        "ads.stats.* > ml.scores.score OPAQUE",
        "ads.stats.* > ml.scores OPAQUE",
        "ads.listings.* > ads.stats.* OPAQUE",
        "ads.views.* > ads.stats.* OPAQUE",
        "ads.raw.* > ads.listings.* OPAQUE",
    },
}
DOWN = {
    ("ads.raw", "price", 1): {"ads.raw.price > ads.listings.price TRANSFORMATION"},
    ("ads.raw", "price", 9): {
        "ads.raw.price > ads.listings.price TRANSFORMATION",
        "ads.listings.price > ads.stats.revenue AGGREGATION",
        "ads.stats.revenue > crm.mart.revenue IDENTITY",
        "ads.stats.revenue > ml.scores OPAQUE",
        "ads.stats.revenue > ml.scores.listing_id OPAQUE",
        "ads.stats.revenue > ml.scores.score OPAQUE",
        "ml.scores.score > crm.mart.score IDENTITY",
        "ml.scores > crm.mart ROWS",
        "crm.mart > ops.count ROWS",
    },
    ("ads.views", "listing_id", 2): {
        "ads.views.listing_id > ads.stats JOIN",
        "ads.stats > crm.mart ROWS",
        "ads.stats > ml.scores ROWS",
    },
    ("ads.views", "view_id", 9): set(),
    ("crm.mart", "score", 1): set(),
    ("crm.mart", ROWS, 1): {"crm.mart > ops.count ROWS"},
}


@pytest.mark.parametrize(("dataset", "column", "levels"), UP)
def test_what_a_column_comes_from(dataset, column, levels):
    part = GRAPH.around(dataset, column, up=levels, down=0)
    assert {said(each) for each in part.up} == UP[dataset, column, levels] and part.down == ()


@pytest.mark.parametrize(("dataset", "column", "levels"), DOWN)
def test_what_a_column_goes_into(dataset, column, levels):
    part = GRAPH.around(dataset, column, up=0, down=levels)
    assert {said(each) for each in part.down} == DOWN[dataset, column, levels] and part.up == ()


def test_of_a_dataset_all_its_columns_and_which_rows_there_are_are_shown():
    part = GRAPH.around("ads.stats", up=1, down=1)
    assert {said(each) for each in part.up} == UP["ads.stats", "revenue", 1] | {
        "ads.listings.listing_id > ads.stats.listing_id IDENTITY"
    }
    assert {each.target.dataset for each in part.down} == {"ml.scores", "crm.mart"}
    assert part.columns == ("listing_id", "revenue", "views")


def test_an_opaque_edge_keeps_its_reason():
    (edge, *_) = GRAPH.around("ml.scores", "score").up
    assert edge == Edge(Node("ads.stats", ANY), Node("ml.scores", "score"), Kind.OPAQUE, False, REASON)
    assert edge.how == f"opaque: {REASON}"


def test_datasets_that_read_themselves_and_each_other_are_walked_once():
    circle = Graph(
        {"a.x": ("n",), "a.y": ("n",)},
        {"a.x": lineage("", n="a.x.n IDENTITY, a.y.n IDENTITY"), "a.y": lineage("", n="a.x.n IDENTITY")},
    )
    part = circle.around("a.x", "n", up=9, down=9)
    assert len(part.up) == len(part.down) == 3


def test_one_lineage_alone_is_a_graph_too():
    assert {said(each) for each in picture_of("ads.stats", MADE["ads.stats"]).up} == {
        said(each) for each in GRAPH.around("ads.stats", up=1, down=0).up
    }
