"""What a file's beginning tells of how it is written down; where it could mean two things, the safer one."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.files import Csv, FileError, Format, Json, Parquet
from data_platform.files.detect import detect
from data_platform.files.encoding import encoding_of

from .corpus import DECIMALS, parquet

TABLE: list[tuple[str, str, Format]] = [
    ("the comma is the usual", "a,b\n1,x\n", Csv()),
    ("decimal commas between semicolons", "a;b\n1,5;2,5\n", Csv(delimiter=";")),
    ("the same without names", "1,5;2,5\n3,5;4,5\n", Csv(delimiter=";", header=False)),
    ("sentences with commas between tabs", "a\tb\nx, y, z\t1\nu, v\t2\n", Csv(delimiter="\t")),
    ("lists between commas", "id,tags\n1,a;b\n2,c;d\n", Csv()),
    ("a ragged line changes nothing", "a;b;c\n1;2;3\n4;5\n6;7;8\n", Csv(delimiter=";")),
    ("quoted delimiters", 'a,b\n"1;2","3;4"\n"5;6","7;8"\n', Csv()),
    ("years as names", "country,2019,2020\nno,1,2\nse,3,4\n", Csv()),
    ("numbers below text are below names", "id,2019\n1,2\n3,4\n", Csv()),
    ("text only, with names", "name,city\nAda,London\nAlan,Wilmslow\n", Csv()),
    ("text only, which comes again", "no,open\nse,open\nno,done\n", Csv(header=False)),
    ("dates in the first line", "2024-01-01,x\n2024-01-02,y\n", Csv(header=False)),
    ("titles over a table", "Sales\n2024\n\na;b\n1;2\n", Csv(delimiter=";", skip=3)),
    ("titles that a spreadsheet has padded", "Sales 2024,,\n,,\na,b,c\n1,2,3\n", Csv(skip=2)),
    ("comments with commas", "# one, two, three\na,b\n1,2\n", Csv(skip=1)),
    ("a comment sign before the names", "#id,name\n1,x\n", Csv()),
    ("names only", "a|b|c\n", Csv(delimiter="|")),
    ("one column", "name\nAda\nAlan\n", Csv()),
    ("backslashes before quotes", 'a,b\n"x\\"y",1\n', Csv(escape="\\")),
    ("tabs and quotes that mean nothing", 'a\tb\n"x\t1\ny\t2\n', Csv(delimiter="\t", quote="", escape="")),
    ("a broken quote is still a quote", 'a,b\n1,"x\n2,y\n', Csv()),
    ("objects by line", '{"a": 1}\n', Json()),
    ("objects in an array", '\n [\n{"a": 1}]', Json()),
    ("braces in text", "{a},b\n1,2\n", Csv()),
]
ENCODINGS = [
    ("Größe “x” – 3 €".encode("cp1252"), "cp1252"),
    ("Crème brûlée à la carte".encode("latin-1"), "cp1252"),
    ("Größe".encode(), "utf-8"),
    ("Größe".encode()[:4], "utf-8"),  # cut within a letter
    ("plain".encode("utf-16"), "utf-16"),
    ("plain".encode("utf-16-le"), "utf-16-le"),
    (b"plain", "utf-8"),
]
OTHER_ENCODINGS = [
    ("żółć gęślą jaźń", "cp1250"),
    ("Привет, мир", "cp1251"),
    ("Καλημέρα κόσμε", "cp1253"),
    ("déjà vu été", "mac-roman"),
    ("déjà vu été", "cp850"),
    ("日本語テキスト", "shift-jis"),
    ("中文文本", "gbk"),
]


@pytest.mark.parametrize(("content", "form"), [pytest.param(*case, id=name) for name, *case in TABLE])
def test_the_format_of(content: str, form: Format, tmp_path: Path) -> None:
    (tmp_path / "file").write_text(content)
    assert detect(str(tmp_path / "file")) == form


@pytest.mark.parametrize(("content", "encoding"), ENCODINGS)
def test_the_encoding_of(content: bytes, encoding: str) -> None:
    assert encoding_of("file", content) == encoding


@pytest.mark.parametrize(("text", "encoding"), OTHER_ENCODINGS)
def test_an_encoding_that_cannot_be_told_is_not_guessed(text: str, encoding: str) -> None:
    with pytest.raises(FileError, match="find out its encoding"):
        encoding_of("file", text.encode(encoding))


def test_parquet_is_known_by_its_first_bytes_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(parquet(DECIMALS))
    assert detect(str(tmp_path / "file.csv")) == Parquet()
