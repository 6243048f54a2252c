"""A dataset that reads `Files`: materialized, its rows are the file's in any kind of frame; a file that cannot be read
fails the step with the place, at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scenario import got, small

from data_platform.contracts import Contracts
from data_platform.datasets import Csv, Files, dataset
from data_platform.lakehouse import Lakehouse

from .corpus import LONG, TEXT

CONTRACT = small(id=LONG, name=TEXT)
FRAMES = (duckdb.DuckDBPyRelation, pa.Table, pl.DataFrame, pl.LazyFrame, pd.DataFrame)


def producer(frame: type, form: Csv) -> dg.AssetsDefinition:
    def made(rows: Any) -> Any:
        return rows

    made.__annotations__ = {"rows": Annotated[frame, Files("in/*.csv", form)], "return": frame}
    return dataset("shop.small", contracts=Contracts.of(CONTRACT))(made)


@pytest.fixture
def inbox(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DATA_PLATFORM_FILES", str(home))
    (home / "in").mkdir()
    return home / "in"


@pytest.mark.slow
def test_a_file_is_published_through_spark(spark: Any, inbox: Path, lakehouse: Lakehouse) -> None:
    from pyspark.sql import DataFrame

    test_a_file_is_published_through_any_frame(DataFrame, inbox, lakehouse)


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_a_file_is_published_through_any_frame(frame: type, inbox: Path, lakehouse: Lakehouse) -> None:
    (inbox / "one.csv").write_bytes("id;name\n1;Zoë\n".encode("cp1252"))
    (inbox / "two.csv").write_bytes("id;name\n2;\n".encode("cp1252"))
    assert dg.materialize([producer(frame, Csv(delimiter=";", encoding="cp1252"))]).success
    assert got(lakehouse, CONTRACT) == [{"id": 1, "name": "Zoë"}, {"id": 2, "name": None}]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.__name__)
def test_a_fault_in_a_file_fails_the_step_with_its_place(frame: type, inbox: Path, lakehouse: Lakehouse) -> None:
    (inbox / "one.csv").write_bytes(b"id,name\n1,x\n2\n")
    result = dg.materialize([producer(frame, Csv())], raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert f"{inbox}/one.csv:3: has 1 values where there are 2 columns" in str(failed.step_failure_data.error)
    assert not lakehouse.existing_table("shop.small")


def test_no_file_says_where_it_was_looked_for(inbox: Path) -> None:
    result = dg.materialize([producer(pa.Table, Csv())], raise_on_error=False)
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert f"{inbox}/*.csv: there is no such file" in str(failed.step_failure_data.error)
