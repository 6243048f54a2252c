"""Eleven days of a small marketplace, the tenth of them bad, with all SQL datasets; and a way to ask one model alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path

import dagster as dg
import duckdb
import polars as pl
import pytest

from data_platform.datasets.partitions import range_tags
from data_platform.warehouse.assets import warehouse_assets
from data_platform.warehouse.manifest import models
from tests.domains.conftest import CONTRACTS, FIRST_DAY, LIVED, Platform, sources

from .truth import TRUTH, Row

__all__ = ["sources"]  # the fixture

Ask = Callable[[str, Mapping[str, str]], list[Row]]
LAST_DAY = FIRST_DAY + timedelta(days=LIVED - 1)
BAD_DAY = LAST_DAY - timedelta(days=1)
NEEDS_LISTINGS = {"ads.daily_listing_funnel", "ads.category_funnel"}
DAILY = [name for name in TRUTH if CONTRACTS[name].partitioning]
WHOLE = [name for name in TRUTH if not CONTRACTS[name].partitioning]


@pytest.fixture(scope="session")
def ask() -> Ask:
    """The rows of a model whose query names no partition, of hand-made tables: SQL by dataset."""
    known = models()

    def rows(dataset: str, tables: Mapping[str, str]) -> list[Row]:
        with duckdb.connect(config={"threads": 1}) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name, query in tables.items():
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {name.split('.')[0]}; CREATE TABLE {name} AS {query}")
            made = connection.sql(known[dataset].sql)
            return [dict(zip(made.columns, row, strict=True)) for row in made.fetchall()]

    return rows


class Warehouse:
    """All that was published of the eleven days."""

    def __init__(self, platform: Platform):
        self.platform = platform
        self.rows = cache(self._rows)

    def publish_sources(self, first: str, last: str) -> None:
        """All that Python makes, but what is cut by device, too."""
        cuts = self.platform.cuts
        self.platform.materialize(cuts["whole"])
        self.platform.materialize(cuts["hour"], f"{first}-00:00", f"{last}-23:00")
        self.platform.materialize(cuts["day"], first, last)

    def build(self, names: list[str], first: str = "", last: str = "") -> dg.ExecuteInProcessResult:
        """Run these SQL datasets for the days from `first` to `last`, in one run."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("DATA_PLATFORM_HOME", str(self.platform.home))
            return dg.materialize(
                [*self.platform.assets.values(), *warehouse_assets()],
                selection=[dg.AssetKey(name.split(".")) for name in names],
                tags=range_tags(first, last or first) if first else None,
                resources=self.platform.resources,
                instance=self.platform.instance,
                raise_on_error=False,
            )

    def frame(self, dataset: str) -> pl.DataFrame:
        return self.platform.published(dataset)

    def _rows(self, dataset: str) -> list[Row]:
        return self.frame(dataset).to_dicts()


@pytest.fixture(scope="session")
def lived(sources: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """The daily datasets in ranges; those that need the bad day's listings are refused with it, and built around it. Then,
    in one run, those that are computed whole."""
    with dg.DagsterInstance.ephemeral() as instance:
        warehouse = Warehouse(Platform(*sources, tmp_path_factory.mktemp("platform"), instance))
        for first, last in ((FIRST_DAY, BAD_DAY - timedelta(days=1)), (BAD_DAY, BAD_DAY), (LAST_DAY, LAST_DAY)):
            warehouse.publish_sources(str(first), str(last))
        for name in DAILY:
            assert warehouse.build([name], str(FIRST_DAY), str(LAST_DAY)).success == (name not in NEEDS_LISTINGS)
            if name in NEEDS_LISTINGS:
                assert warehouse.build([name], str(FIRST_DAY), str(BAD_DAY - timedelta(days=1))).success
                assert warehouse.build([name], str(LAST_DAY)).success
        assert warehouse.build(WHOLE).success
        yield warehouse
