"""A Spark dataset beside others: what its step records, shows and tells of where its columns come from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import dagster as dg
import polars as pl
import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Column, ColumnType, Contract, Contracts
from data_platform.datasets import Reads, dataset
from data_platform.lakehouse import current_lakehouse
from data_platform.lakehouse.publications import recorded
from data_platform.lineage import facet
from data_platform.lineage.graph import Graph
from data_platform.lineage.impact import impact
from tests.lineage.edges import sorted_table, table
from tests.open_lineage.collector import Collector
from tests.open_lineage.conftest import catalog  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.slow

LONG, TEXT = ColumnType("long"), ColumnType("string")
ADS = Contract("ads", "ads", "1.0.0", (Column("id", LONG), Column("shop", LONG), Column("title", TEXT)))
SHOPS = Contract("ads", "shops", "1.0.0", (Column("shop", LONG), Column("name", TEXT)))
OLD = Contract("ads", "old_shops", "1.0.0", (Column("shop", LONG), Column("name", TEXT)))
NAMED = Contract("ads", "named", "1.0.0", (Column("id", LONG), Column("shop", TEXT), Column("as_title", TEXT)))
COUNTED = Contract("ads", "counted", "1.0.0", (Column("shop", TEXT), Column("ads", LONG)))
CONTRACTS = Contracts.of(ADS, SHOPS, OLD, NAMED, COUNTED)


@dataset("ads.ads", contracts=CONTRACTS)
def ads() -> pl.DataFrame:
    return pl.DataFrame({"id": [1, 2, 3], "shop": [7, 7, 8], "title": ["bike", "car", "Ana's"]})


@dataset("ads.shops", contracts=CONTRACTS)
def shops() -> pl.DataFrame:
    return pl.DataFrame({"shop": [7, 8], "name": ["Bo's", "Ana's"]})


@dataset("ads.named", contracts=CONTRACTS)
def named(
    ads: Annotated[DataFrame, Reads("ads.ads", "id", "shop")],
    titles: Annotated[DataFrame, Reads("ads.ads", "id", "title")],
    shops: Annotated[DataFrame, Reads("ads.shops")],
    old: Annotated[DataFrame, Reads("ads.old_shops", missing="skip")],
    known: Annotated[pl.LazyFrame, Reads("ads.shops", "name")],
) -> DataFrame:
    """Reads a dataset twice by different columns, another by two engines, and one that has no rows."""
    names = shops.unionByName(old).alias("names")
    titled = ads.alias("l").join(titles.alias("r"), "id").join(names, "shop")
    return titled.select(
        "id", titled["name"].alias("shop"), titled.title.isin(*known.collect()["name"]).cast("string").alias("as_title")
    )


@dataset("ads.counted", contracts=CONTRACTS)
def counted(named: Annotated[pl.LazyFrame, Reads("ads.named", "shop")]) -> pl.LazyFrame:
    return named.group_by("shop").agg(ads=pl.len().cast(pl.Int64))


def test_a_spark_step_records_shows_and_tells_where_its_columns_come_from(
    spark,  # noqa: F811
    catalog: Collector,  # noqa: F811
) -> None:
    result = dg.materialize([ads, shops, named, counted])
    assert result.success
    (made,), (last,) = (recorded(current_lakehouse(), [name]) for name in ("ads.named", "ads.counted"))
    expected = {
        "id": "ads.ads.id:I",
        "shop": "ads.old_shops.name:I ads.shops.name:I",
        "as_title": "ads.ads.title:T",
        "": "ads.ads.id:J ads.ads.shop:J ads.shops.shop:J ads.old_shops.shop:J ads.shops.name:O",
    }
    lineage = facet.from_json(made.lineage)
    assert table(lineage) == sorted_table(expected) and made.engine == "spark"

    (event,) = (
        each for each in result.get_asset_materialization_events() if each.asset_key == dg.AssetKey(["ads", "named"])
    )
    shown = event.materialization.metadata
    by_column = shown["dagster/column_lineage"].value.deps_by_column
    assert {(each.asset_key.path[-1], each.column_name) for each in by_column["shop"]} == {
        ("shops", "name"),
        ("old_shops", "name"),
    }
    assert (
        "ads.ads.title (transformation)" in str(shown["lineage_columns"].value) and "svg+xml" in shown["lineage"].value
    )

    (complete,) = catalog.of("ads.named", "COMPLETE")
    engine = complete["run"]["facets"]["processing_engine"]
    assert (engine["name"], engine["version"]) == ("spark", spark.version)
    (told,) = complete["outputs"]
    assert told["facets"]["columnLineage"]["fields"] == json.loads(made.lineage)["fields"]

    graph = Graph(
        {name: each.column_names for name, each in CONTRACTS.items()},
        {"ads.named": lineage, "ads.counted": facet.from_json(last.lineage)},
    )
    reached = {
        each.dataset: (each.direct, each.indirect)
        for each in impact(current_lakehouse(), graph, CONTRACTS, "ads.shops", "name")
    }
    assert reached == {"ads.named": (("shop",), ()), "ads.counted": (("shop",), ("ads",))}
