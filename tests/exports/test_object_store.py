"""A warehouse on S3 (moto speaks it): asked by SQL, and exported to a bucket."""

from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from scenario import put

from data_platform.exports.catalog import write_catalog
from data_platform.exports.errors import ExportError
from data_platform.exports.write import export_query
from data_platform.lake import LakeError, Library
from data_platform.lake.reader import Reader
from data_platform.lakehouse import Lakehouse, storage
from data_platform.settings import Settings
from tests.buckets import make_bucket
from tests.lake.scenario import CONTRACTS, LISTINGS, listings

pytestmark = pytest.mark.slow

QUERY = "select count(*)::int as n from ads.listings"


@pytest.fixture
def library(s3: Any, home: Path) -> Library:
    remote = Lakehouse(Settings.at(home, warehouse=f"s3://{make_bucket(s3, 'lake')}/some/prefix"))
    put(remote, LISTINGS, listings(2, 3), "2026-11-02", "2026-11-03")
    return Library(CONTRACTS, remote, Reader())


def test_sql_reads_a_warehouse_on_s3_and_nothing_else_there(library: Library):
    assert library.sql(QUERY).item() == 4
    with pytest.raises(LakeError):
        library.sql("select * from 's3://lake/other.parquet'")


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_an_export_becomes_an_object_once(library: Library, ending: str):
    target = f"s3://lake/exports/n.{ending}"
    assert export_query(library, QUERY, target).rows == 1
    with pytest.raises(ExportError, match="is there already; --force replaces it"):
        export_query(library, QUERY, target)
    export_query(library, "select 5 as n", target, force=True)
    with storage.filesystem(target).open(target) as file:
        read = {"csv": pl.read_csv, "parquet": pl.read_parquet, "xlsx": pl.read_excel}[ending]
        assert read(file.read()).item() == 5


def test_an_export_that_fails_leaves_no_object(library: Library):
    with pytest.raises(LakeError, match="boom"):
        export_query(library, "select error('boom') as n", "s3://lake/exports/failed.csv")
    files = storage.filesystem("s3://lake")
    files.invalidate_cache()
    assert not files.exists("s3://lake/exports/failed.csv")


def test_a_catalog_for_bi_tools_names_the_objects_of_the_warehouse(library: Library, tmp_path: Path):
    file = tmp_path / "market.duckdb"
    assert write_catalog(library, str(file)).datasets == ("ads.listings",)
    with duckdb.connect(str(file), read_only=True) as tool:
        tool.register_filesystem(storage.filesystem(library.lakehouse.settings.warehouse))  # a tool's own is httpfs
        assert tool.execute(QUERY).fetchall() == [(4,)]
