"""Is what the lineage says true? A column is corrupted, everything downstream is made again, and the data are compared:
what changed is what `dp impact` had named. And a mart that somebody tampered with does not verify."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from data_platform.contracts import Contract
from data_platform.lakehouse import Lakehouse, Provenance, plan_read, publish, stage, staging_folder
from data_platform.lakehouse.duck import connect, stored
from data_platform.lakehouse.publications import recorded
from data_platform.quality.sql import identifier, identifiers
from data_platform.settings import PROJECT, Settings

pytestmark = pytest.mark.slow

FIRST, LAST = "2026-11-11", "2026-11-12"
CORRUPTED, COLUMN = "ads.listings", "price"
WITHOUT = ("--without", "tracking.visits", "--without", "ads.listing_engagement")
"""What Spark makes: tested elsewhere, and minutes of this test."""
SPOILT = "CAST(price * (1.5 + (listing_id % 7) / 10.0) AS DECIMAL(12, 2))"
"""Every price another one, and no two changed alike: what is made of prices cannot stay the same by chance."""

Cell = tuple[str, str, str]
"""A column of a partition of a dataset."""


class Market:
    """Three days of the marketplace in a folder of its own, and `dp` over it."""

    def __init__(self, home: Path):
        self.environment = os.environ | {
            "DATA_PLATFORM_HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COLUMNS": "200",
        }
        self.environment.pop("DAGSTER_HOME", None)
        self.lakehouse = Lakehouse(Settings.at(home))

    def dp(self, *arguments: str, ends_with: int = 0) -> str:
        done = subprocess.run(
            ["dp", *arguments], cwd=PROJECT, env=self.environment, capture_output=True, text=True, timeout=900
        )
        assert done.returncode == ends_with, f"dp {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def rows(self, contract: Contract, snapshot: int | None, connection: Any) -> str:
        """A query of all rows that a snapshot shows."""
        plan = plan_read(self.lakehouse, contract, at=snapshot, allow_missing=True)
        return stored(connection, plan.columns, plan.files)

    def snapshots(self, contracts: Mapping[str, Contract]) -> dict[str, int | None]:
        return {
            name: plan_read(self.lakehouse, each, allow_missing=True).snapshot_id for name, each in contracts.items()
        }

    def publish(self, contract: Contract, partition: str, changed: str, provenance: Provenance) -> None:
        """One partition with its rows changed (`changed` follows SELECT *), past every producer."""
        contracts = all_contracts()
        plan = plan_read(self.lakehouse, contract, (), [partition] if partition else None)
        with closing(connect(self.lakehouse.settings.warehouse)) as connection:
            rows = connection.sql(f"SELECT * {changed} FROM ({stored(connection, plan.columns, plan.files)})")
            staged = stage(rows, contract, staging_folder(self.lakehouse, contract))
            done = publish(self.lakehouse, staged, contract, [partition], provenance, others=contracts)
        assert not done.blocked


def all_contracts() -> Mapping[str, Contract]:
    from data_platform import domains
    from data_platform.datasets.build import contracts_of

    return contracts_of(domains)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    found = Market(tmp_path_factory.mktemp("market"))
    try:
        found.dp("run", "--days", "2", "--scale", "0.05", "--until", LAST, *WITHOUT)
        yield found
    finally:
        found.dp("sources", "stop")


def downstream(dataset: str) -> list[str]:
    """By the shape of the graph: more than what was really derived."""
    import dagster as dg

    from data_platform.definitions import defs

    graph = defs.resolve_asset_graph()
    below = dg.AssetSelection.assets(dg.AssetKey(dataset.split("."))).downstream(include_self=False)
    return sorted(".".join(key.path) for key in below.resolve(graph) if key in graph.executable_asset_keys)


def changes(market: Market, contract: Contract, before: int | None, after: int | None) -> Iterator[Cell]:
    """The columns that differ between two snapshots, by partition; of rows that come or go, every column does."""
    cut = contract.partitioning.columns[0] if contract.partitioning else ""
    keys, partition = identifiers(contract.primary_key), f"CAST({identifier(cut)} AS VARCHAR)" if cut else "''"
    with closing(connect(market.lakehouse.settings.warehouse)) as connection:
        for name in contract.column_names:
            key = keys if name in contract.primary_key else f"{keys}, {identifier(name)}"
            old, new = (
                f"SELECT {partition} AS place, {key} FROM ({market.rows(contract, each, connection)})"
                for each in (before, after)
            )
            query = f"SELECT DISTINCT place FROM (({old} EXCEPT ALL {new}) UNION ALL ({new} EXCEPT ALL {old}))"
            for (place,) in connection.execute(query).fetchall():
                yield contract.dataset, place, name


def test_what_changes_when_a_column_is_corrupted_is_exactly_what_impact_named(market: Market) -> None:
    contracts = all_contracts()
    below = [name for name in downstream(CORRUPTED) if name in contracts and name not in WITHOUT]  # and not the mails
    named = json.loads(market.dp("impact", f"{CORRUPTED}.{COLUMN}", "--partition", LAST, "--format", "json"))
    made_of = {(each["dataset"], each["partition"], name) for each in named for name in each["direct"]}
    decided = {
        (each["dataset"], each["partition"], name) for each in named for name in each["indirect"] + each["opaque"]
    }
    assert all(each["owners"] for each in named)

    before = market.snapshots(contracts)
    market.publish(contracts[CORRUPTED], LAST, f"REPLACE ({SPOILT} AS {COLUMN})", Provenance(run_id="corruption"))
    market.dp("materialize", *below, "--partition", FIRST, "--to", LAST)
    after = market.snapshots(contracts)

    assert all(before[name] != after[name] for name in below), "everything downstream was made again"
    truth = {cell for name in below for cell in changes(market, contracts[name], before[name], after[name])}
    assert truth, "the corruption must show somewhere"
    assert truth - made_of - decided == set(), "changed, and not named"
    assert made_of - truth == set(), "named as made of it, and not changed"
    assert {name for name, _, _ in truth} >= {"ads.price_index", "crm.customer_ads", "crm.call_list"}


def test_a_mart_verifies_until_somebody_tampers_with_it(market: Market) -> None:
    contract = all_contracts()["crm.customer_ads"]
    assert "identical" in market.dp("provenance", contract.dataset, "--verify")
    (made,) = recorded(market.lakehouse, [contract.dataset], current=True)
    forged = Provenance(
        run_id=made.run_id, code_version=made.code_version, engine=made.engine, inputs=made.inputs, lineage=made.lineage
    )
    market.publish(contract, "", "REPLACE (upper(city) AS city)", forged)
    told = market.dp("provenance", contract.dataset, "--verify", ends_with=1)
    assert "columns that differ: city" in told
