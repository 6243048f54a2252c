"""The founding example, literally: `d2.count(*) == d1.count(*)` and `d2.d2_c1 >= 0`, before anything is published."""

from __future__ import annotations

from typing import Annotated

import dagster as dg
import polars as pl
import pytest

from acceptance import founding
from acceptance.founding.demo import assets
from data_platform.contracts import Contract
from data_platform.datasets import Reads, dataset
from data_platform.datasets.build import build_definitions
from data_platform.datasets.dataset import registry_of
from data_platform.datasets.partitions import range_tags
from data_platform.datasets.testing import read_dataset

DAYS = [f"2026-10-{day:02}" for day in range(1, 31)]
BAD_DAY = DAYS[11]


@pytest.fixture
def definitions() -> dg.Definitions:
    return build_definitions(founding, resources={"numbers": assets.Numbers()})


def run(
    *chosen: dg.AssetsDefinition, numbers: assets.Numbers | None = None, **options: object
) -> dg.ExecuteInProcessResult:
    resources = {"numbers": numbers or assets.Numbers()}
    return dg.materialize(list(chosen), resources=resources, raise_on_error=False, **options)  # type: ignore[arg-type]


def checks(result: dg.ExecuteInProcessResult, name: str) -> dict[str, dg.AssetCheckEvaluation]:
    found = result.get_asset_check_evaluations()
    return {each.check_name: each for each in found if each.asset_key.path[-1] == name}


def column(contract: Contract, name: str) -> list[int]:
    return read_dataset(contract)[name].to_pylist()


def test_the_rule_makes_no_second_edge_and_the_read_is_of_one_column(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    assert graph.get(dg.AssetKey(["demo", "d2"])).parent_keys == {dg.AssetKey(["demo", "d1"])}
    (read,) = assets.d2.producer.signature.inputs
    assert read.reads.columns == ("d1_c1",)


def test_d2_is_published_when_it_has_as_many_rows_as_d1_and_none_below_zero(lakehouse) -> None:
    result = run(assets.d1, assets.d2)
    assert result.success
    assert sorted(column(assets.d2.contract, "d2_c1")) == [0, 0, 0, 3, 7]
    found = checks(result, "d2")
    assert found["as_many_as_d1"].passed
    assert found["not_negative"].passed


def test_a_job_that_loses_rows_is_blocked_and_the_last_good_rows_stay(lakehouse) -> None:
    assert run(assets.d1, assets.d2).success

    @dataset("demo.d2", contracts=registry_of(domains_folder()))
    def losing(d1: Annotated[pl.LazyFrame, Reads("demo.d1", "d1_c1")]) -> pl.LazyFrame:
        return d1.filter(pl.col("d1_c1") >= 0).select(d2_c1="d1_c1")

    result = run(losing)
    assert not result.success
    failed = checks(result, "d2")["as_many_as_d1"]
    assert not failed.passed
    assert failed.severity is dg.AssetCheckSeverity.ERROR
    assert failed.description is not None
    assert "3" in failed.description
    assert "5" in failed.description
    assert len(column(assets.d2.contract, "d2_c1")) == 5


def test_a_job_that_forgets_to_replace_negatives_is_blocked(lakehouse) -> None:
    assert run(assets.d1, assets.d2).success

    @dataset("demo.d2", contracts=registry_of(domains_folder()))
    def forgetful(d1: Annotated[pl.LazyFrame, Reads("demo.d1", "d1_c1")]) -> pl.LazyFrame:
        return d1.select(d2_c1="d1_c1")

    result = run(forgetful)
    assert not result.success
    assert not checks(result, "d2")["not_negative"].passed
    assert checks(result, "d2")["as_many_as_d1"].passed
    assert sorted(column(assets.d2.contract, "d2_c1")) == [0, 0, 0, 3, 7]


def test_the_rule_compares_with_the_snapshot_that_was_read_not_with_a_later_one(lakehouse) -> None:
    assert run(assets.d1).success
    frame = pl.DataFrame({"d1_c1": [1], "d1_c2": [1]}, schema={"d1_c1": pl.Int32, "d1_c2": pl.Int32})

    @dataset("demo.d2", contracts=registry_of(domains_folder()))
    def slow(d1: Annotated[pl.DataFrame, Reads("demo.d1", "d1_c1")]) -> pl.DataFrame:
        from data_platform.datasets.testing import publish_frame

        publish_frame(frame, assets.d1.contract)  # somebody else publishes d1 while this runs
        return d1.select(d2_c1=pl.col("d1_c1").clip(lower_bound=0))

    assert run(slow).success
    assert len(column(assets.d2.contract, "d2_c1")) == 5


def test_one_bad_day_of_thirty_is_blocked_and_the_others_are_published_in_the_same_backfill(lakehouse) -> None:
    numbers = assets.Numbers(bad_day=BAD_DAY)
    whole = range_tags(DAYS[0], DAYS[-1])
    result = run(assets.d1_daily, numbers=numbers, tags=whole)
    assert not result.success
    good = [day for day in DAYS if day != BAD_DAY]
    events = result.get_asset_materialization_events()
    assert sorted(event.partition for event in events if event.asset_key.path[-1] == "d1_daily") == good
    assert {str(day) for day in read_dataset(assets.d1_daily.contract)["day"].to_pylist()} == set(good)
    failed = checks(result, "d1_daily")["second_numbers_are_there"]
    assert not failed.passed
    assert BAD_DAY in (failed.description or "")

    # Downstream, the days that are there can be produced, each held to its own day of d1.
    for first, last in ((DAYS[0], DAYS[10]), (DAYS[12], DAYS[-1])):
        days = range_tags(first, last)
        assert run(assets.d2_daily, tags=days).success
    assert len(column(assets.d2_daily.contract, "d2_c1")) == 5 * len(good)


def test_a_day_whose_input_is_blocked_is_not_produced(lakehouse) -> None:
    assert run(assets.d1_daily, assets.d2_daily, partition_key=BAD_DAY).success
    assert not run(assets.d1_daily, numbers=assets.Numbers(bad_day=BAD_DAY), partition_key=BAD_DAY).success
    result = run(assets.d2_daily, partition_key=BAD_DAY)
    assert not result.success
    failed = checks(result, "d2_daily")["inputs"]
    assert not failed.passed
    assert "demo.d1_daily" in (failed.description or "")
    assert len(column(assets.d2_daily.contract, "d2_c1")) == 5  # the last good day stays


def domains_folder():
    from pathlib import Path

    return Path(founding.__path__[0])
