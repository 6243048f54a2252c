"""Golden files: the same rows pass in any order, and what differs is shown by row and cell."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from scenario import CLEAN, orders, table

from data_platform.datasets.testing import assert_golden, golden, materialize, valid_frame

from . import scenario

pytest_plugins = ["pytester"]
FORMATS = ("csv", "json", "parquet")
ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "price": pa.array([Decimal("1.50"), None, Decimal("-2.00")], pa.decimal128(10, 2)),
        "name": ["Ana", "", None],
        "seen": pa.array([datetime(2026, 1, 1, 12, tzinfo=UTC)] * 3, pa.timestamp("us", "UTC")),
        "day": [date(2026, 1, 1)] * 3,
        "ratio": [0.1, float("nan"), -0.0],
        "note": ['a "b", c', " spaced ", "two\nlines"],
    }
)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Any]:
    """Writes a golden file, as `--update-golden` does."""

    def write(rows: Any, name: str) -> Path:
        golden.updating = True
        try:
            assert_golden(rows, tmp_path / name)
        finally:
            golden.updating = False
        return tmp_path / name

    yield write


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("rows", [ROWS, ROWS.slice(0, 0), table(CLEAN, orders())], ids=["some", "none", "awkward"])
def test_the_same_rows_in_any_order_are_golden(form: str, rows: pa.Table, written: Any) -> None:
    file = written(rows, f"rows.{form}")
    assert_golden(rows.take(pa.array(range(rows.num_rows), pa.int64())[::-1]), file)
    if rows is ROWS and form != "parquet":
        assert_golden(pl.from_arrow(rows), file)


@pytest.mark.parametrize("form", FORMATS)
def test_what_differs_is_shown(form: str, written: Any) -> None:
    file = written(ROWS, f"rows.{form}")
    changed = ROWS.slice(0, 2).to_pylist()
    changed[0]["name"] = None
    changed[1]["ratio"] = 0.0
    changed.append(changed[1] | {"id": 4})
    with pytest.raises(AssertionError) as failed:
        assert_golden(pa.Table.from_pylist(changed, schema=ROWS.schema), file, key=["id"])
    told = str(failed.value)
    assert told.startswith(f"not the rows of rows.{form}:\n1 row(s) missing:\n")
    assert "1 row(s) extra:" in told and "2 row(s) changed:" in told
    assert re.search(r"1 +name +Ana +null", told) and re.search(r"2 +ratio +NaN +0\.0", told)
    assert "pytest --update-golden" in told


@pytest.mark.parametrize("form", FORMATS)
def test_null_and_an_empty_text_are_not_the_same(form: str, written: Any) -> None:
    file = written(pa.table({"name": ["", None]}), f"rows.{form}")
    with pytest.raises(AssertionError, match=r"1 row\(s\) missing"):
        assert_golden(pa.table({"name": pa.array([None, None], pa.string())}), file)


def test_columns_and_types_must_be_the_same(written: Any) -> None:
    file = written(ROWS, "rows.parquet")
    other = ROWS.drop_columns(["note"]).append_column("more", pa.array([1, 2, 3]))
    other = other.set_column(0, "id", other["id"].cast(pa.int32()))
    with pytest.raises(AssertionError) as failed:
        assert_golden(other, file)
    for line in ("column missing: note", "column extra: more", "column id: golden int64, got int32"):
        assert line in str(failed.value)


def test_an_absent_file_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"there is no golden file .*rows\.csv: run `pytest --update-golden` once"):
        assert_golden(ROWS, tmp_path / "rows.csv")
    with pytest.raises(ValueError, match=r"one of \.csv, \.json, \.parquet"):
        golden.golden_files.write(ROWS, tmp_path / "rows.xlsx")


@pytest.mark.usefixtures("lakehouse")
def test_what_a_dataset_publishes_is_held_to_a_file_beside_the_test() -> None:
    day = scenario.DAYS[0]
    materialize(scenario.stats, day, inputs={"listings": valid_frame(scenario.RAW, 7, day)})
    assert_golden(scenario.stats, "golden/stats.csv", day)


@pytest.mark.slow
def test_the_option_writes_the_files_and_the_next_run_passes(pytester: pytest.Pytester) -> None:
    pytester.makeconftest('pytest_plugins = ["data_platform.datasets.testing"]')
    pytester.makepyfile(
        """
        import pyarrow as pa
        from data_platform.datasets.testing import assert_golden

        def test_rows():
            assert_golden(pa.table({"id": [2, 1]}), "golden/rows.csv")
        """
    )
    assert pytester.runpytest_subprocess("-n0", "-p", "no:cacheprovider").ret == 1
    assert pytester.runpytest_subprocess("-n0", "--update-golden").ret == 0
    assert (pytester.path / "golden" / "rows.csv").read_text() == "id\n1\n2\n"
    assert pytester.runpytest_subprocess("-n0").ret == 0
