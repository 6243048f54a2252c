"""What a step records of where its columns come from, and what a dataset declares of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pytest

from data_platform.contracts import Contracts
from data_platform.datasets import Reads, dataset
from data_platform.datasets.dataset import io_manager
from data_platform.datasets.errors import DefinitionError
from data_platform.lakehouse import current_lakehouse
from data_platform.lakehouse.publications import recorded
from data_platform.lineage import facet
from tests.datasets import scenario
from tests.datasets.scenario import CONTRACTS, DAYS, RAW, STATS, Source, materialize
from tests.lineage.edges import table

COPY = replace(STATS, name="copy", partitioning=None)


def lineages(name: str) -> list[dict[str, str]]:
    return [table(facet.from_json(each.lineage)) for each in recorded(current_lakehouse(), [name])]


def test_a_publication_records_its_step_its_lineage_and_what_each_partition_was_made_from():
    assert materialize(
        scenario.raw, scenario.stats, day=DAYS[0], last=DAYS[2], resources={"source": Source(bad=0)}
    ).success
    found = recorded(current_lakehouse(), ["ads.stats"])
    assert {each.step for each in found} == {"ads__stats"}
    assert {each.partition: each.inputs[0].partitions for each in found} == {day: (day,) for day in DAYS}
    assert lineages("ads.stats") == [{"day": "ads.raw.day:I", "listings": "", "": "ads.raw.day:G"}] * 3


def test_what_comes_from_outside_has_columns_and_no_origins():
    assert materialize(scenario.raw, day=DAYS[0]).success
    assert lineages("ads.raw") == [dict.fromkeys(RAW.column_names, "")]


def test_an_input_without_rows_still_has_its_name():
    @dataset("ads.copy", contracts=Contracts.of(STATS, COPY))
    def copy(
        stats: Annotated[duckdb.DuckDBPyRelation, Reads("ads.stats", partitions="all", missing="skip")],
        again: Annotated[pl.LazyFrame, Reads("ads.stats", "day", partitions="all", missing="skip")],
    ) -> Any:
        return duckdb.sql("select stats.day, listings from stats join again using (day)")

    assert materialize(copy).success
    assert lineages("ads.copy") == [
        {"day": "ads.stats.day:I", "listings": "ads.stats.listings:I", "": "ads.stats.day:J"}
    ]


def test_what_a_dataset_declares_is_recorded_where_its_frame_cannot_say_it():
    lineage = {"listings": ["AGGREGATION ads.stats.listings"], "*": ["GROUP_BY ads.stats.day"]}

    @dataset("ads.copy", contracts=Contracts.of(STATS, COPY), lineage=lineage)
    def copy(stats: Annotated[pd.DataFrame, Reads("ads.stats", partitions="all", missing="skip")]) -> pd.DataFrame:
        return stats.groupby("day", as_index=False)["listings"].sum()

    assert materialize(copy).success
    assert lineages("ads.copy") == [{"day": "ads.stats.*:O", "listings": "ads.stats.listings:A", "": "ads.stats.day:G"}]


@pytest.mark.parametrize(
    ("lineage", "problem"),
    [
        ({"n": ["ads.stats.day"]}, "lineage declares n, which the contract of ads.copy does not have"),
        ({"day": ["ads.stats.listings"]}, "is said to come from ads.stats.listings, which no parameter reads"),
        ({"day": ["day"]}, "is said to come from day, which no parameter reads"),
        ({"day": ["SUM ads.stats.day"]}, "needs one of the kinds IDENTITY, TRANSFORMATION"),
        ({"*": ["AGGREGATION ads.stats.day"]}, "needs one of the kinds JOIN, GROUP_BY"),
    ],
)
def test_a_declaration_is_checked_when_definitions_load(lineage: dict[str, list[str]], problem: str):
    def copy(stats: Annotated[pd.DataFrame, Reads("ads.stats", "day", partitions="all")]) -> pd.DataFrame:
        return stats

    with pytest.raises(DefinitionError, match=problem):
        dataset("ads.copy", contracts=Contracts.of(STATS, COPY), lineage=lineage)(copy)


def test_an_extractor_that_fails_is_a_warning_and_never_a_failed_run(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("data_platform.lineage.polars_leaves.VERSION", 0)
    assert materialize(scenario.raw, scenario.stats, day=DAYS[0]).success
    assert lineages("ads.stats") == [dict.fromkeys(("day", "listings", ""), "ads.raw.*:O")]
    assert "ads.stats: its column lineage could not be read" in capfd.readouterr().err


def test_plain_assets_record_the_lineage_of_the_inputs_that_they_loaded():
    @dg.asset(key=["ads", "total"], io_manager_key="lakehouse", ins={"stats": dg.AssetIn(["ads", "stats"])})
    def plain(stats: pl.LazyFrame) -> pl.LazyFrame:
        return stats.select(pl.col("listings").sum())

    assert materialize(scenario.raw, scenario.stats, day=DAYS[0]).success
    result = dg.materialize([scenario.stats, plain], selection=[plain], resources={"lakehouse": io_manager(CONTRACTS)})
    assert result.success
    (found,) = recorded(current_lakehouse(), ["ads.total"])
    assert found.step == "ads__total"
    assert [(each.dataset, each.columns) for each in found.inputs] == [("ads.stats", ("day", "listings"))]
    assert lineages("ads.total") == [{"listings": "ads.stats.listings:A"}]
