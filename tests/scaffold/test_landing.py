"""Landing zones from what landed: scaffolded, published by the sensor, and tested by what was written beside them."""

from __future__ import annotations

import csv
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from data_platform.contracts.catalog import check
from data_platform.datasets import Dataset
from data_platform.datasets.testing import read_dataset
from data_platform.files.landing.ledger import Ledger
from data_platform.operations.landing import landing_sensors
from data_platform.scaffold.model import ScaffoldError
from data_platform.scaffold.scaffold import Scaffolded, scaffold_files
from data_platform.settings import PROJECT
from scaffold.scenario import land, orders_of, write_csv
from scaffold.test_command_line import dp

ONE, TWO, THREE = "2026-11-01", "2026-11-02", "2026-11-03"


@pytest.fixture
def orders(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two days that landed below the test's own home."""
    monkeypatch.setenv("DATA_PLATFORM_FILES", str(home))
    monkeypatch.chdir(home)
    files = {f"orders-{ONE}.csv": orders_of(ONE), f"orders-{TWO}.csv": orders_of(TWO, 60)}
    return land(home / "landing" / "shop" / "orders", files)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def scaffold(home: Path, *asked: str, package: str = "some_domains", **options: Any) -> Scaffolded:
    out = home / package
    return scaffold_files(asked, "shop", out, base=str(home), owner="a@example.com", landing=True, **options)


def asset_of(home: Path, name: str, package: str, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    monkeypatch.syspath_prepend(str(home))
    return getattr(importlib.import_module(f"{package}.shop.assets"), name)


def published_by_the_sensor(asset: Dataset, instance: dg.DagsterInstance) -> list[str]:
    """The days that one tick asks for, materialized as the daemon would."""
    [sensor] = landing_sensors([asset])
    result = sensor(dg.build_sensor_context(instance))
    assert isinstance(result, dg.SensorResult)
    for request in result.run_requests or ():
        assert dg.materialize([asset], instance=instance, tags=dict(request.tags)).success
    tags = [each.tags for each in result.run_requests or ()]
    return [each.get("dagster/partition") or each["dagster/asset_partition_range_start"] for each in tags]


def rows_in(folder: Path) -> list[list[str]]:
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += list(csv.reader(file))[1:]
    return sorted(found)


def rows_of(asset: Dataset) -> list[list[str]]:
    return sorted([str(value) for value in row.values()] for row in read_dataset(asset.contract).to_pylist())


def test_days_that_landed_are_published_row_for_row_and_a_third_leaves_them_alone(
    orders: Path, home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaffold(home, "landing/shop/orders/*.csv", package="daily_domains")
    assert check([home / "daily_domains"]) == []
    asset = asset_of(home, "orders", "daily_domains", monkeypatch)
    assert published_by_the_sensor(asset, instance) == [ONE]
    assert rows_of(asset) == rows_in(orders) and len(rows_of(asset)) == 120
    before = {each.path: each.snapshot_id for each in Ledger(home, "shop.orders").files()}

    land(orders, {f"orders-{THREE}.csv": orders_of(THREE, 120)})
    assert published_by_the_sensor(asset, instance) == [THREE]
    assert rows_of(asset) == rows_in(orders) and len(rows_of(asset)) == 180
    after = {each.path: each.snapshot_id for each in Ledger(home, "shop.orders").files()}
    assert {path: after[path] for path in before} == before
    assert after[f"orders-{THREE}.csv"] not in before.values()
    assert published_by_the_sensor(asset, instance) == []


def test_a_key_counts_within_a_day_so_numbers_may_begin_anew(
    orders: Path, home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    scaffold(home, "landing/shop/orders", package="numbered_domains")
    asset = asset_of(home, "orders", "numbered_domains", monkeypatch)
    land(orders, {f"orders-{THREE}.csv": orders_of(THREE, 0)})
    published_by_the_sensor(asset, instance)
    assert rows_of(asset) == rows_in(orders) and len(rows_of(asset)) == 180


def test_what_is_not_cut_is_all_of_its_files_together(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = land(home / "prices", {"a.csv": {"price_id": range(100), "price": range(100)}})
    monkeypatch.setenv("DATA_PLATFORM_FILES", str(home))
    scaffold(home, str(folder), package="whole_domains")
    assert 'Landing("prices/*.csv", Csv(), keep="all")' in (home / "whole_domains/shop/assets.py").read_text()
    asset = asset_of(home, "prices", "whole_domains", monkeypatch)
    land(folder, {"b.csv": {"price_id": range(100, 110), "price": range(10)}})
    assert dg.materialize([asset], instance=instance).success
    assert rows_of(asset) == rows_in(folder) and len(rows_of(asset)) == 110


@pytest.mark.slow
def test_the_tests_that_are_written_pass_and_take_no_file_in(orders: Path, home: Path) -> None:
    land(home / "landing" / "shop" / "prices", {"a.csv": {"price_id": range(200), "price": range(200)}})
    write_csv(home / "customers.csv", {"customer_id": range(200)})
    scaffold_files([str(home / "customers.csv")], "shop", home / "tested_domains", base=str(home))
    done = scaffold(home, "landing/shop/orders", "landing/shop/prices", package="tested_domains")
    assert done.domain.tests.name == "test_shop_landing.py"
    before = sorted(path for path in (home / "landing").rglob("*"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(home), str(PROJECT)])}
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", "--rootdir", str(home), "tests"]
    run = subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0 and "9 passed" in run.stdout, run.stdout + run.stderr
    assert sorted(path for path in (home / "landing").rglob("*")) == before


def test_the_table_says_how_it_is_cut_and_how_sure_that_is(orders: Path, home: Path) -> None:
    asked = ["dataset", "landing/shop/orders", "--domain", "shop", "--landing", "--dry-run"]
    code, text = dp(home, *asked)
    told = " ".join(text.split())
    assert code == 0, text
    assert "partitions: one per day of ordered_on, from 2026-11-01 (verified: the day in the name of each" in told
    assert "granularity: day, start: '2026-11-01'" in told
    [dataset] = json.loads(dp(home, *asked, "--partition-by", "ordered_on", "--format", "json")[1])["datasets"]
    assert dataset["landing"] and dataset["partition_by"]["start"] == ONE


def test_files_that_are_read_again_each_time_are_not_partitioned(orders: Path, home: Path) -> None:
    asked = ["dataset", "landing/shop/orders/*.csv", "--domain", "shop", "--partition-by", "ordered_on"]
    code, text = dp(home, *asked)
    assert code == 2 and "--partition-by needs --landing" in " ".join(text.split())
    with pytest.raises(ScaffoldError, match="needs --landing"):
        scaffold_files(asked[1:2], "shop", home / "d", base=str(home), partition_by="ordered_on")


def test_a_file_alone_is_an_example_of_those_that_come(orders: Path, home: Path) -> None:
    code, text = dp(home, "dataset", f"landing/shop/orders/orders-{TWO}.csv", "--domain", "shop", "--landing")
    assert code == 0 and "lands in landing/shop/orders/orders-*.csv" in " ".join(text.split()), text
    assert 'Landing("landing/shop/orders/orders-*.csv", Csv())' in (home / "cli_domains/shop/assets.py").read_text()
