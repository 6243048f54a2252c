"""Several files as one, what is renamed, how long temporary copies live, and what is looked at in a file."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_platform.files import Csv, FileError, Json, Parquet, Reading
from data_platform.files.read import read
from data_platform.files.source import locate


def files(folder: Path, *contents: bytes, suffix: str = ".csv") -> list[str]:
    paths = [folder / f"{number}{suffix}" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return [str(path) for path in paths]


def rows(paths: list[str], form) -> list[tuple]:
    with duckdb.connect() as connection, Reading() as reading:
        return read(paths, form, {}, connection, reading).fetchall()


def test_files_are_read_in_the_order_given_each_by_its_own_names(tmp_path: Path) -> None:
    paths = files(tmp_path, b"a,b\n1,2\n", b"b,a\r\n4,3\r\n", b'a,b\n"5\n",6\n')
    assert rows(paths, Csv()) == [("1", "2"), ("3", "4"), ("5\n", "6")]


def test_a_file_with_other_columns_is_refused_by_name(tmp_path: Path) -> None:
    paths = files(tmp_path, b"a,b\n1,2\n", b"a,c\n4,3\n")
    with pytest.raises(FileError, match=r"1\.csv:1: has c, which .*0\.csv has not and lacks b, which .*0\.csv has"):
        rows(paths, Csv())


def test_parquet_files_of_other_types_are_refused(tmp_path: Path) -> None:
    for number, kind in enumerate((pa.int32(), pa.int64())):
        pq.write_table(pa.table({"a": pa.array([1], kind)}), tmp_path / f"{number}.parquet")
    paths = [str(tmp_path / f"{number}.parquet") for number in range(2)]
    with pytest.raises(FileError, match=r"1\.parquet, column a: has BIGINT where .*0\.parquet has INTEGER"):
        rows(paths, Parquet())
    assert rows(paths[:1], Parquet(rename={"a": "b"})) == [(1,)]


def test_columns_are_renamed_and_not_to_the_same_name(tmp_path: Path) -> None:
    paths = files(tmp_path, b"Order No,b\n1,2\n")
    with duckdb.connect() as connection:
        assert read(paths, Csv(rename={"Order No": "order_no"}), {}, connection).columns == ["order_no", "b"]
    with pytest.raises(FileError, match="Order No and b would both be b"):
        rows(paths, Csv(rename={"Order No": "b"}))


def test_objects_may_lack_names_that_others_have(tmp_path: Path) -> None:
    paths = files(tmp_path, b'{"a":1}\n{"b":2}\n', b'[{"c":3,"a":4}]', suffix=".json")
    assert rows(paths, Json()) == [("1", None, None), (None, "2", None), ("4", None, "3")]


def test_temporary_copies_are_gone_after_the_block_whatever_happens(tmp_path: Path) -> None:
    (path,) = files(tmp_path, "a,b\n1,é\n".encode("cp1252"))
    with duckdb.connect() as connection, Reading() as reading:
        found = read([path], Csv(encoding="cp1252"), {}, connection, reading)
        derived = found.filter("a = '1'")
        del found
        copies = [Path(copy) for copy in reading.sources if copy != path]
        assert [copy.exists() for copy in copies] == [True]
        assert derived.fetchall() == derived.fetchall() == [("1", "é")]
    assert not copies[0].exists()
    with pytest.raises(ZeroDivisionError), duckdb.connect() as connection, Reading() as reading:
        read([path], Csv(encoding="cp1252"), {}, connection, reading)
        copies = [Path(copy) for copy in reading.sources if copy != path]
        _ = 1 / 0
    assert not copies[0].exists()


def test_errors_about_something_else_stay_what_they_are(tmp_path: Path) -> None:
    (path,) = files(tmp_path, b"a,b\n1,2\n")
    with pytest.raises(duckdb.ConversionException), duckdb.connect() as connection, Reading() as reading:
        read([path], Csv(), {}, connection, reading).query("rows", "SELECT 'x'::INTEGER FROM rows").fetchall()


def test_locations_are_paths_globs_or_names_that_look_like_globs(tmp_path: Path) -> None:
    files(tmp_path, b"", b"")
    (tmp_path / "odd[1].csv").touch()
    base = str(tmp_path)
    assert locate("*.csv", base) == [f"{base}/0.csv", f"{base}/1.csv", f"{base}/odd[1].csv"]
    assert locate("odd[1].csv", base) == [f"{base}/odd[1].csv"]
    assert locate(f"{base}/0.csv", "s3://bucket/elsewhere") == [f"{base}/0.csv"]


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_name_that_looks_like_a_glob_means_that_file(suffix: str, tmp_path: Path) -> None:
    for name, value in (("odd[1]", "right"), ("odd1", "wrong")):
        if suffix == "csv":
            (tmp_path / f"{name}.csv").write_text(f"a\n{value}\n")
        else:
            pq.write_table(pa.table({"a": [value]}), tmp_path / f"{name}.parquet")
    assert rows([str(tmp_path / f"odd[1].{suffix}")], Csv() if suffix == "csv" else Parquet()) == [("right",)]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("none*.csv", r"none\*\.csv: there is no such file \(asked for as none"),
        (".", "is a folder"),
        ("ftp://x/y", "only"),
    ],
)
def test_a_location_without_files_says_where_it_looked(location: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=said):
        locate(location, str(tmp_path))


@pytest.mark.parametrize(
    "wrong", [{"encoding": "utf-9"}, {"delimiter": "||"}, {"quote": "''"}, {"delimiter": '"'}, {"delimiter": "\n"}]
)
def test_a_format_that_means_nothing_is_an_error_where_it_is_said(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"encoding|must be one|cannot be"):
        Csv(**wrong)
