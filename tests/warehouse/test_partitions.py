"""Models that are cut otherwise than by day: from hours to days, and by day and a static key together."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from data_platform.contracts import Column, ColumnType, Contract, Contracts, Partitioning, PartitionKey
from data_platform.datasets.testing import publish_frame
from data_platform.warehouse.assets import Warehouse, warehouse_assets
from data_platform.warehouse.maker import asked_for

from . import scenario
from .scenario import CONTRACTS, DAILY, DATE, DAYS, LONG, NORMAL, TEXT, publish_inputs
from .test_step import failing, materialize, published, why

HOURLY = Partitioning((PartitionKey("hour", "hour", "2026-01-01"),))
CITIES = Partitioning(
    (PartitionKey("day", "day", "2026-01-01"), PartitionKey("city", "static", values=("Rio", "Lima")))
)
CLICKS = Contract(
    "shop",
    "clicks",
    "1.0.0",
    (Column("hour", ColumnType("timestamptz"), required=True), Column("clicks", LONG)),
    partitioning=HOURLY,
)
TRAFFIC = Contract("shop", "traffic", "1.0.0", (Column("day", DATE), Column("clicks", LONG)), partitioning=DAILY)
CITY = Contract(
    "shop",
    "city",
    "1.0.0",
    (Column("day", DATE, required=True), Column("city", TEXT, required=True), Column("orders", LONG)),
    partitioning=CITIES,
)
MODELS = {
    "shop/shop__traffic.sql": (
        "select cast(hour as date) as day, sum(clicks) as clicks from {{ source('shop', 'clicks') }} group by all"
    ),
    "shop/shop__city.sql": (
        "select o.day, p.city, count(*) as orders\n"
        "from {{ source('shop', 'orders') }} as o join {{ source('shop', 'people') }} as p using (person)\n"
        "where o.day in ({{ partitions('day') }}) and p.city in ({{ partitions('city') }}) group by all"
    ),
}


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> list[Warehouse]:
    contracts = Contracts.of(*CONTRACTS.values(), CLICKS, TRAFFIC, CITY)
    return warehouse_assets(scenario.project(tmp_path_factory.mktemp("cut"), MODELS, contracts))


def rows(contract: Contract) -> list[tuple]:
    from data_platform.datasets.testing import read_dataset

    frame = pl.from_arrow(read_dataset(contract))
    assert isinstance(frame, pl.DataFrame)
    return sorted(tuple(map(str, row)) for row in frame.select(contract.column_names).rows())


@pytest.mark.slow
def test_a_day_is_made_of_its_hours_and_of_all_of_them(cut: list[Warehouse]):
    for nth in range(23):
        hour = f"{DAYS[0]}-{nth:02}:00"
        publish_frame(pl.DataFrame({"hour": [f"{DAYS[0]}T{nth:02}:00:00Z"], "clicks": [nth]}), CLICKS, (hour,))
    result = materialize(cut, "shop.traffic", partition_key=DAYS[0])
    assert failing(result) == {("traffic", "inputs"): "ERROR"}
    assert f"shop.clicks has no published data for {DAYS[0]}-23:00" in why(result)
    for day, nth in ((DAYS[0], 23), (DAYS[1], 0)):
        frame = pl.DataFrame({"hour": [f"{day}T{nth:02}:00:00Z"], "clicks": [nth + 100]})
        publish_frame(frame, CLICKS, (f"{day}-{nth:02}:00",))
    assert materialize(cut, "shop.traffic", partition_key=DAYS[0]).success
    assert rows(TRAFFIC) == [(DAYS[0], str(sum(range(24)) + 100))], "not the first hour of the day after"


@pytest.mark.slow
def test_a_day_of_one_value_is_made_of_the_whole_day(cut: list[Warehouse]):
    publish_inputs(NORMAL)
    for day, city in ((DAYS[0], "Rio"), (DAYS[1], "Lima")):
        result = materialize(cut, "shop.city", partition_key=f"{city}|{day}")  # as Dagster spells it: by name
        assert published(result) == [("shop.city", f"{city}|{day}")]
    assert rows(CITY) == [(DAYS[0], "Rio", "2"), (DAYS[1], "Lima", "1")]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (["2026-01-01|Rio"], [("2026-01-01", "Rio")]),
        (["2026-01-01|Rio", "2026-01-02|Lima"], [("2026-01-01", "Rio"), ("2026-01-02", "Lima")]),
    ],
)
def test_of_two_keys_only_the_pairs_that_were_asked_for_are_kept(asked: list[str], expected: list[tuple]):
    cities, days = sorted({each.split("|")[1] for each in asked}), sorted({each.split("|")[0] for each in asked})
    with duckdb.connect() as connection:
        made = connection.sql(
            f"select day::date as day, city, 1 as orders from unnest({days}) a(day), unnest({cities}) b(city)"
        )
        kept = asked_for(made, CITY, asked).order("day, city").fetchall()
    assert [(str(day), city) for day, city, _ in kept] == expected
