"""The rows of dbt models made again from the snapshots that they were made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import duckdb
import polars as pl
import pytest
from warehouse import scenario
from warehouse.scenario import CONTRACTS, DAYS

from data_platform.datasets.partitions import range_tags
from data_platform.datasets.testing import publish_frame
from data_platform.engines import Engine
from data_platform.lakehouse import Lakehouse, Provenance, plan_read, publish, stage, staging_folder
from data_platform.lakehouse.publications import recorded
from data_platform.operations.verification import Verification
from data_platform.operations.verify import verify
from data_platform.warehouse.assets import warehouse_assets
from data_platform.warehouse.bake import baked

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def definitions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.Definitions]:
    project = scenario.project(tmp_path_factory.mktemp("dbt"))
    baked(project)
    yield dg.Definitions(assets=warehouse_assets(project))


def materialize(definitions: dg.Definitions) -> None:
    """The days in one run, then what has no partitions."""
    scenario.publish_inputs(scenario.NORMAL)
    for asset in definitions.assets or ():
        assert isinstance(asset, dg.AssetsDefinition)
        span = range_tags(DAYS[0], DAYS[-1])
        dg.materialize([asset], tags=span if asset.partitions_def else {})


def verified(lakehouse: Lakehouse, definitions: dg.Definitions, dataset: str) -> list[Verification]:
    shown = recorded(lakehouse, [dataset], current=True)
    return sorted(verify(lakehouse, definitions, CONTRACTS[dataset], shown), key=lambda each: each.partition)


def test_models_are_verified_and_tampered_ones_found_out(lakehouse: Lakehouse, definitions: dg.Definitions) -> None:
    materialize(definitions)
    before = recorded(lakehouse)
    for dataset in ("shop.daily", "sales.week", "shop.totals", "sales.best"):
        found = verified(lakehouse, definitions, dataset)
        assert found and all(each.holds and each.difference is None for each in found), (dataset, found)
    assert recorded(lakehouse) == before

    publish_frame(pl.DataFrame({"person": [1], "city": ["Oslo"], "email": ["x@y"]}), scenario.PEOPLE)
    assert all(each.holds for each in verified(lakehouse, definitions, "shop.daily")), "people are read as they were"

    (old,) = recorded(lakehouse, ["shop.totals"], current=True)
    totals = scenario.TOTALS
    rows = Engine("polars.DataFrame").read(plan_read(lakehouse, totals), lakehouse).with_columns(orders=pl.lit(7))
    staged = stage(duckdb.from_arrow(rows.to_arrow()), totals, staging_folder(lakehouse, totals))
    publish(lakehouse, staged, totals, provenance=Provenance(old.run_id, old.code_version, old.engine, old.inputs))
    (tampered,) = verified(lakehouse, definitions, "shop.totals")
    assert not tampered.holds and tampered.difference is not None
    assert tampered.difference.columns == {"orders": 2}
    keyed = replace(totals, primary_key=("person",))
    (named,) = verify(lakehouse, definitions, keyed, recorded(lakehouse, ["shop.totals"], current=True))
    assert set(named.differences) == {"person=1: orders is 7, made again 6", "person=2: orders is 7, made again 3"}
