"""Two processes run dbt at the same time on one lakehouse: there is no database file for them to fight over."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import polars as pl
import pytest

from data_platform.contracts import Contract
from data_platform.datasets.testing import publish_frame, read_dataset, valid_frame
from data_platform.settings import PROJECT
from tests.domains.conftest import CONTRACTS

pytestmark = pytest.mark.slow

DAYS = ("2026-11-02", "2026-11-03")
MODEL = "crm.ad_replies"
READS = ("tracking.contacts", "messaging.messages")


@pytest.fixture
def inputs(home: Path) -> dict[str, str]:
    """Two days of what the model reads; the environment of a process that works on them."""
    for contract in (CONTRACTS[name] for name in READS):
        for day in DAYS:
            publish_frame(valid_frame(contract, partition=day), contract, (day,))
    hidden = {name for name in os.environ if name.startswith("PYTEST")}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"DATA_PLATFORM_HOME": str(home), "DAGSTER_HOME": str(home / "dagster")}


def materialize_both(environment: dict[str, str], *days: str) -> list[tuple[int, dict]]:
    """What each of the processes, begun together, ends with and says."""
    command = ("dp", "materialize", MODEL, "--format", "json", "--partition")
    begun = [
        subprocess.Popen([*command, day], cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for day in days
    ]
    ended = [(each.communicate(timeout=240), each.returncode) for each in begun]
    said = [(code, out.decode(), error.decode()) for (out, error), code in ended]
    assert all(code in (0, 1) and out for code, out, _ in said), said
    return [(code, json.loads(out)[MODEL]) for code, out, _ in said]


def days_of(contract: Contract) -> list[str]:
    frame = pl.from_arrow(read_dataset(contract))
    assert isinstance(frame, pl.DataFrame)
    assert not frame.select("day", "listing_id").is_duplicated().any()
    return sorted(map(str, frame["day"].unique()))


def no_database_was_left(home: Path) -> bool:
    return not [*home.rglob("*.duckdb"), *home.rglob("*.wal"), *(home / "dbt").glob("run-*")]


def test_of_different_days_both_end_well(inputs: dict[str, str], home: Path):
    for code, result in materialize_both(inputs, *DAYS):
        assert (code, result["published"], result["reasons"]) == (0, 1, [])
    assert days_of(CONTRACTS[MODEL]) == list(DAYS)
    assert no_database_was_left(home)


def test_of_the_same_day_the_rows_are_there_once_and_whoever_lost_is_told_to_run_again(
    inputs: dict[str, str], home: Path
):
    said = materialize_both(inputs, DAYS[0], DAYS[0])
    assert 0 in [code for code, _ in said]
    for code, result in said:
        assert code == 0 or "another writer changed these partitions meanwhile; run it again" in result["reasons"][0]
    assert days_of(CONTRACTS[MODEL]) == [DAYS[0]]
    assert no_database_was_left(home)
