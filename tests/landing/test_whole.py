"""The whole way, from a folder to a published dataset: crashes, owners, other engines, orders of arrival."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_platform.datasets import Csv, Dataset, Landing, dataset
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.testing import temporary_lakehouse
from data_platform.files.landing.contents import contents, pending
from data_platform.files.landing.ledger import Ledger

from .scenario import CONTRACTS, ONE, ORDERS, THREE, TWO, csv, drop, materialize, orders, published, states

pytestmark = pytest.mark.usefixtures("lakehouse")


def settle(home: Path, asset: Dataset = orders) -> None:
    """Materialize by hand until nothing is pending, as the sensor's runs would."""
    ledger = Ledger(home, asset.contract.dataset)
    for _ in range(5):
        for day in pending(contents(ledger.files()), ledger.published()):
            materialize(asset, day)


class Killed(BaseException):
    pass


def test_a_step_that_dies_before_the_ledger_is_told_is_repeated_with_the_same_result(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    with monkeypatch.context() as killed:
        killed.setattr(Ledger, "record", lambda *_, **__: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            dg.materialize([orders], partition_key=ONE)
    assert published(ORDERS) == [(1, ONE, 10)] and states(home) == {"a.csv": "landed"}
    settle(home)
    assert published(ORDERS) == [(1, ONE, 10)] and states(home) == {"a.csv": "ingested"}


def test_the_owners_are_told_of_a_file_set_aside_once(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/bad.csv", "id,day,colour\n1,2026-01-01,red\n")
    materialize(orders, ONE)
    (told,) = [each.getMessage() for each in caplog.records if "data_platform.alerts" in each.name]
    assert "BLOCKED shop.orders: file bad.csv" in told and "colour" in told and "ana@market.example" in told
    assert "dp landing retry shop.orders bad.csv" in told
    caplog.clear()
    materialize(orders, ONE)
    assert not [each for each in caplog.records if "data_platform.alerts" in each.name]


def test_a_file_that_blocks_is_told_together_with_the_rule(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    drop(home, "orders/bad.csv", [(1, ONE, -1)])
    materialize(orders, ONE)
    (told,) = [each.getMessage() for each in caplog.records if "data_platform.alerts" in each.name]
    assert "file bad.csv" in told and "price_minimum" in told


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, pl.LazyFrame])
def test_a_producer_may_use_any_engine_and_change_what_it_reads(frame: type, home: Path) -> None:
    def function(rows):
        return rows.rename(columns={"cents": "price"}) if frame is pd.DataFrame else rows.rename({"cents": "price"})

    function.__annotations__ = {
        "rows": Annotated[frame, Landing("landing/orders/*.csv", Csv(), settle=0)],
        "return": frame,
    }
    asset = dataset("shop.orders", contracts=CONTRACTS)(function)
    drop(home, "orders/a.csv", [(1, ONE, 10)], "id,day,cents")
    drop(home, "orders/b.csv", [(2, ONE, "ten")], "id,day,euros")
    assert materialize(asset, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]
    assert states(home) == {"a.csv": "ingested", "b.csv": "refused"}


def test_a_producer_that_always_fails_costs_no_file(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[Dataset.__module__], "EXTRACTION_RETRIES", None)

    def function(rows):
        raise ZeroDivisionError

    zone = Annotated[pl.DataFrame, Landing("landing/orders/*.csv", Csv(), settle=0)]
    function.__annotations__ = {"rows": zone, "return": pl.DataFrame}
    asset = dataset("shop.orders", contracts=CONTRACTS)(function)
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    assert not materialize(asset, ONE).success
    assert states(home) == {"a.csv": "landed"}


def test_a_dataset_has_one_landing_zone() -> None:
    zone = Annotated[pl.DataFrame, Landing("a/*.csv")]

    def function(one, two):
        return one

    function.__annotations__ = {"one": zone, "two": zone, "return": pl.DataFrame}
    with pytest.raises(DefinitionError, match="one landing zone"):
        dataset("shop.orders", contracts=CONTRACTS)(function)


def test_rows_that_a_rule_quarantines_make_no_bad_file(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, ONE, 20), (3, ONE, "cheap")])
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10), (2, ONE, 20)]
    assert states(home) == {"a.csv": "ingested"}


def test_a_file_refused_for_one_day_takes_its_rows_out_of_the_others(home: Path) -> None:
    drop(home, "orders/good.csv", [(1, ONE, 10)])
    drop(home, "orders/half.csv", [(2, ONE, 10), (3, TWO, -1)])
    assert not materialize(orders, ONE, TWO).success
    settle(home)
    assert published(ORDERS) == [(1, ONE, 10)]
    assert states(home) == {"good.csv": "ingested", "half.csv": "refused"}


def test_checks_executed_alone_tell_what_is_set_aside(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/bad.csv", "")
    materialize(orders, ONE)
    (key,) = orders.keys
    alone = dg.materialize([orders], selection=dg.AssetSelection.checks(dg.AssetCheckKey(key, "files")))
    (check,) = alone.get_asset_check_evaluations()
    assert not check.passed and "bad.csv is set aside" in (check.description or "")


def test_plain_source_files_are_on_record_too(home: Path, lakehouse) -> None:
    from data_platform.datasets import Files

    def function(rows):
        return rows

    function.__annotations__ = {"rows": Annotated[pl.DataFrame, Files("stock.csv")], "return": pl.DataFrame}
    asset = dataset("shop.stock", contracts=CONTRACTS)(function)
    (home / "stock.csv").write_text("id,price\n1,10\n")
    assert materialize(asset).success
    summary = lakehouse.existing_table("shop.stock").current_snapshot().summary.additional_properties
    (known,) = json.loads(summary["data-platform.files"])
    assert known["name"] == str(home / "stock.csv") and len(known["sha256"]) == 64


def test_what_would_have_fitted_a_file_set_aside_can_be_asked(home: Path, lakehouse) -> None:
    from data_platform.lakehouse.refusals import refusals

    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/new.csv", [(2, ONE, 20, "red")], "id,day,price,colour")
    assert materialize(orders, ONE).success
    (kept,) = refusals(lakehouse, ORDERS)
    assert kept.partitions == (ONE,) and "colour" in (kept.columns or {})


def test_no_clock_and_no_catching_up_asks_for_days_without_files(lakehouse) -> None:
    from data_platform.operations.catch_up import _missing

    graph = dg.Definitions([orders]).resolve_asset_graph()
    (key,) = orders.keys
    assert graph.get(key).automation_condition is None
    with dg.instance_for_test() as instance:
        assert _missing(graph, instance, date.fromisoformat(ONE)) == {}


def test_the_files_of_a_publication_are_shown_with_its_dataset(home: Path, lakehouse) -> None:
    from data_platform.lakehouse.inventory import inventory

    for number in range(5):
        drop(home, f"orders/{number}.csv", [(number, ONE, 10)])
    materialize(orders, ONE)
    read = inventory(lakehouse, ORDERS).snapshots[0].inputs
    assert [each.split(" ")[0] for each in read] == ["0.csv", "1.csv", "2.csv", "and"] and read[
        -1
    ] == "and 2 more files"


CONTENT = [
    csv([(1, ONE, 1)]),
    csv([(2, TWO, 1), (3, THREE, 1)]),
    csv([(4, ONE, 1), (5, TWO, 1)]),
    "id,day,price\n6,2026-01-01\n",
    "id,day,price,colour\n7,2026-01-02,1,red\n",
]
GOOD = [(1, ONE, 1), (4, ONE, 1), (2, TWO, 1), (5, TWO, 1), (3, THREE, 1)]


@settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(range(len(CONTENT))), st.lists(st.integers(0, len(CONTENT) - 1), max_size=4), st.data())
def test_any_order_with_duplicates_and_deliveries_again_publishes_all_good_files_once(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], again: list[int], data: st.DataObject
) -> None:
    home = tmp_path_factory.mktemp("home")
    with temporary_lakehouse(home), pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_PLATFORM_FILES", str(home))
        for place, number in enumerate([*order, *again]):
            drop(home, f"orders/{place}.csv", CONTENT[number])
            if data.draw(st.booleans(), label="materialized"):
                materialize(orders, ONE, THREE)
        materialize(orders, ONE, THREE)
        settle(home)
        assert published(ORDERS) == sorted(GOOD)
        files = Ledger(home, "shop.orders").files()
        assert {str(each.state) for each in files} == {"ingested", "refused"}
        assert all(Path(home / "landing/orders" / (each.aside or each.path)).exists() for each in files)


def test_a_source_file_that_breaks_off_leaves_nothing_half_written(home: Path, lakehouse, monkeypatch) -> None:
    from data_platform.datasets import Files

    def function(rows):
        return rows

    function.__annotations__ = {"rows": Annotated[duckdb.DuckDBPyRelation, Files("stock.csv")]}
    function.__annotations__["return"] = duckdb.DuckDBPyRelation
    monkeypatch.setattr(sys.modules[Dataset.__module__], "EXTRACTION_RETRIES", None)
    asset = dataset("shop.stock", contracts=CONTRACTS)(function)
    (home / "stock.csv").write_text("id,price\n" + "1,10\n" * 300_000 + "1\n")
    result = materialize(asset)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "stock.csv:300002" in str(failure.event_specific_data)
    assert not [each for each in Path(lakehouse.settings.warehouse).rglob("*") if each.is_file()]
