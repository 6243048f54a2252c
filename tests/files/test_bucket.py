"""Files in a bucket (moto speaks S3) are found, detected and read as local ones are."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from data_platform.files import Csv, FileError, Json, Parquet, Reading
from data_platform.files.detect import detect
from data_platform.files.read import read
from data_platform.files.source import locate
from tests.buckets import make_bucket

from .corpus import DECIMALS, parquet

pytestmark = pytest.mark.slow


@pytest.fixture
def bucket(s3: Any) -> Callable[[str, bytes], Any]:
    """A function that puts a file in the bucket `drop`."""
    make_bucket(s3, "drop")
    return lambda name, content: s3.put_object(Bucket="drop", Key=name, Body=content)


def rows(paths: list[str], form) -> list[tuple]:
    with duckdb.connect() as connection, Reading() as reading:
        return read(paths, form, {}, connection, reading).fetchall()


def test_files_are_found_by_glob_below_a_prefix_or_by_address(bucket: Any) -> None:
    for name in ("in/b.csv", "in/a.csv", "in/a.txt", "in/deep/c.csv"):
        bucket(name, b"a,b\n1,2\n")
    assert locate("*.csv", "s3://drop/in") == ["s3://drop/in/a.csv", "s3://drop/in/b.csv"]
    assert locate("s3://drop/in/deep/c.csv", "/elsewhere") == ["s3://drop/in/deep/c.csv"]
    with pytest.raises(FileError, match=r"s3://drop/in/none: there is no such file \(asked for as none"):
        locate("none", "s3://drop/in")


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (b"a,b\n1,2\n", Csv()),
        ("a;b\r\n1;é\r\n".encode("cp1252"), Csv(delimiter=";", encoding="cp1252")),
        (gzip.compress(b'a,b\n1,"2\n3"\n', mtime=0), Csv()),
        (b'{"a":1}\n{"a":2}\n', Json()),
        (parquet(DECIMALS), Parquet()),
    ],
)
def test_they_are_read_as_local_files_are(bucket: Any, tmp_path, content: bytes, form) -> None:
    bucket("some file", content)
    (tmp_path / "local").write_bytes(content)
    assert detect("s3://drop/some file") == form
    assert rows(["s3://drop/some file"], form) == rows([str(tmp_path / "local")], form)


def test_a_fault_is_located_in_the_bucket_not_in_the_copy(bucket: Any) -> None:
    bucket("ragged.csv", b"a,b\n1,2\n3\n")
    with pytest.raises(FileError, match=r"^s3://drop/ragged\.csv:3: has 1 values"):
        rows(["s3://drop/ragged.csv"], Csv())
