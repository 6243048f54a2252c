"""Every way to cut a dataset, by names and by rows; and every kind of file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import duckdb
import pytest

from data_platform.contracts import Column, ColumnType, Contract, Contracts, Partitioning, PartitionKey, Rule
from data_platform.datasets import Csv, Dataset, Json, Landing, Parquet, dataset
from data_platform.files import Dates
from data_platform.operations.landing import landing_sensors

from .scenario import DATE, LONG, ONE, ORDERS, TEXT, TWO, drop, published, states

pytestmark = pytest.mark.usefixtures("lakehouse")

AT = ColumnType("timestamp")
DAY, COUNTRY = PartitionKey("day", "day", ONE), PartitionKey("country", "static", values=("no", "se"))
HOUR = PartitionKey("at", "hour", ONE)
BASE = Contract("shop", "orders", "1.0.0", (), rules=(Rule("types", "type"),))
HOURLY = replace(BASE, columns=(Column("id", LONG), Column("at", AT)), partitioning=Partitioning((HOUR,)))
BY_COUNTRY = replace(BASE, columns=(Column("id", LONG), Column("country", TEXT)), partitioning=Partitioning((COUNTRY,)))
BOTH = replace(
    BASE,
    columns=(Column("id", LONG), Column("day", DATE), Column("country", TEXT)),
    partitioning=Partitioning((COUNTRY, DAY)),
)


def lands(contract: Contract, landing: Landing) -> Dataset:
    def function(rows):
        return rows

    frame = duckdb.DuckDBPyRelation
    function.__annotations__ = {"rows": Annotated[frame, landing], "return": frame}
    return dataset(contract.dataset, contracts=Contracts.of(contract))(function)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


def run_all(instance: dg.DagsterInstance, asset: Dataset) -> list[dict[str, str]]:
    """Execute what the sensor asks for; the partitions of each run."""
    (sensor,) = landing_sensors([asset])
    result = sensor(dg.build_sensor_context(instance))
    assert isinstance(result, dg.SensorResult)
    for request in result.run_requests or ():
        assert dg.materialize([asset], instance=instance, tags=dict(request.tags), raise_on_error=False).success
    return [
        {name: value for name, value in request.tags.items() if name.startswith("dagster/")}
        for request in result.run_requests or ()
    ]


@pytest.mark.parametrize(
    ("contract", "landing", "files", "rows"),
    [
        (
            HOURLY,
            Landing("landing/orders/*.csv", settle=0),
            {"a.csv": "id,at\n1,2026-01-01T05:30:00\n2,2026-01-01 06:59:59\n3,2026-01-03 00:00\n"},
            3,
        ),
        (
            HOURLY,
            Landing("landing/orders/**/*.csv", partition="name", settle=0),
            {"2026/01/01/05.csv": "id\n1\n", "2026/01/01/06.csv": "id\n2\n"},
            2,
        ),
        (
            BY_COUNTRY,
            Landing("landing/orders/*.csv", settle=0),
            {"a.csv": "id,country\n1,no\n2,se\n", "b.csv": "id,country\n3,no\n"},
            3,
        ),
        (
            BY_COUNTRY,
            Landing("landing/orders/*/*.csv", partition="name", pattern="(?P<country>..)/", settle=0),
            {"no/a.csv": "id\n1\n", "se/a.csv": "id\n1\n"},
            2,
        ),
        (
            BOTH,
            Landing("landing/orders/*.csv", settle=0),
            {"a.csv": f"id,day,country\n1,{ONE},no\n2,{TWO},se\n3,{ONE},no\n"},
            3,
        ),
        (
            BOTH,
            Landing("landing/orders/*.csv", partition="name", pattern="(?P<country>..)-(?P<day>.*).csv", settle=0),
            {"no-20260101.csv": "id\n1\n", "se-20260102.csv": "id\n2\n"},
            2,
        ),
    ],
    ids=["hours in rows", "hours in names", "values in rows", "values in names", "both in rows", "both in names"],
)
def test_a_dataset_may_be_cut_in_any_way(
    contract: Contract, landing: Landing, files: dict[str, str], rows: int, home: Path, instance: dg.DagsterInstance
) -> None:
    asset = lands(contract, landing)
    for name, content in files.items():
        drop(home, f"orders/{name}", content)
    assert run_all(instance, asset)
    assert run_all(instance, asset) == []
    assert len(published(contract)) == rows and set(states(home).values()) == {"ingested"}


def test_a_value_that_is_no_partition_is_refused(home: Path, instance: dg.DagsterInstance) -> None:
    drop(home, "orders/a.csv", "id,country\n1,no\n2,dk\n")
    assert run_all(instance, lands(BY_COUNTRY, Landing("landing/orders/*.csv", settle=0))) == []
    assert states(home) == {"a.csv": "refused"}


def test_a_day_that_is_not_over_waits(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import UTC, datetime

    from data_platform import clock

    asset = lands(ORDERS, Landing("landing/orders/*.csv", settle=0))
    drop(home, "orders/a.csv", [(1, TWO, 1)])
    with monkeypatch.context() as then:
        then.setattr(clock, "now", lambda: datetime(2026, 1, 2, 12, tzinfo=UTC))
        assert run_all(instance, asset) == []
    assert states(home) == {"a.csv": "landed"}
    assert len(run_all(instance, asset)) == 1


def _json(path: Path, rows: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _gzip(path: Path, rows: list[dict[str, Any]]) -> None:
    text = "id;day\n" + "".join(f"{row['id']};{row['day'][8:]}.{row['day'][5:7]}.{row['day'][:4]}\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode("latin-1")))


def _parquet(path: Path, rows: list[dict[str, Any]]) -> None:
    values = ", ".join(f"({row['id']}, DATE '{row['day']}')" for row in rows)
    duckdb.execute(f"COPY (SELECT * FROM (VALUES {values}) t(id, day)) TO '{path}' (FORMAT parquet)")


@pytest.mark.parametrize(
    ("ending", "form", "write"),
    [
        ("jsonl", Json(), _json),
        ("csv.gz", Csv(delimiter=";", encoding="latin-1", spellings={"day": Dates("%d.%m.%Y")}), _gzip),
        ("parquet", Parquet(), _parquet),
    ],
    ids=["JSON", "zipped CSV with other dates", "Parquet"],
)
def test_files_may_be_written_down_in_any_way(
    ending: str, form: Any, write: Any, home: Path, instance: dg.DagsterInstance
) -> None:
    asset = lands(ORDERS, Landing(f"landing/orders/*.{ending}", form, settle=0))
    drop(home, f"orders/bad.{ending}", "{no such format")
    write(home / f"landing/orders/a.{ending}", [{"id": 1, "day": ONE}, {"id": 2, "day": TWO}])
    write(home / f"landing/orders/b.{ending}", [{"id": 3, "day": TWO}])
    assert len(run_all(instance, asset)) == 1
    assert published(ORDERS) == [(1, ONE, None), (2, TWO, None), (3, TWO, None)]
    assert states(home)[f"bad.{ending}"] == "refused"
