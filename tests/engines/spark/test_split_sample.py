"""Some of the rows that a rule of a Spark dataset blocked are kept, and `dp contracts suggest` asks them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from spark_session import spark  # noqa: F401 - a fixture
from typer.testing import CliRunner

from data_platform.cli import app, project
from data_platform.engines import Engine
from data_platform.lakehouse import Lakehouse, Provenance, publish, refusals
from tests.drift.scenario import contract_in, frame, parcels

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]
DAY = "2026-01-05"


def test_rows_that_are_blocked_are_kept_as_they_were_staged_and_a_contract_is_suggested_for_them(
    tmp_path: Path, lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from data_platform.engines.spark.driver import distribute

    monkeypatch.setattr(project, "DOMAINS", tmp_path / "domains")
    monkeypatch.setattr(refusals, "ROWS", 2)
    contract = contract_in(parcels(tmp_path / "domains"))
    rows = distribute(frame(*({"size": "XXL", "code": code} for code in ("AB1234", "AB1235", "ab")), {}))
    files = Engine("pyspark.DataFrame").stage(rows, contract, lakehouse)
    publication = publish(lakehouse, files, contract, [DAY], Provenance(run_id="run-1"))
    assert publication.blocked == (DAY,)
    (kept,) = refusals.refusals(lakehouse, contract)
    found = duckdb.connect().execute(f"SELECT size, code FROM '{kept.rows}'").fetchall()
    assert 2 <= len(found) <= 3 and {size for size, _ in found} == {"XXL"} and ("XXL", "ab") in found
    told = CliRunner().invoke(app, ["contracts", "suggest", "post.parcels"])
    assert told.exit_code == 0 and "XXL" in told.stdout, told.output
