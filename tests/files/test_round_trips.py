"""Whatever Python's `csv` writes is read as the same texts: any dialect, encoding and text, in one piece or in many."""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_platform.files import Csv, FileError, Reading, csv_rows
from data_platform.files.detect import detect
from data_platform.files.read import read

WORDS = ("a", "é", "😀", "1", "-", " ", '"', '""', "'", ",", ";", "\t", "|", "\n", "\r\n", "\r", "\\", "#", "x y", "NA")
VALUES = st.lists(st.sampled_from(WORDS), max_size=6).map("".join)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(VALUES, min_size=width, max_size=width), max_size=30)
)
DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(("\n", "\r\n", "\r")),
        "quoting": st.sampled_from((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
    }
)
PLAIN = st.lists(
    st.sampled_from(("Größe", "été", "naïve", "plain", "x", "Ærø", "señor", "A-1")), min_size=1, max_size=3
).map(" ".join)
slow = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))


def text_of(table: list[list[str]], dialect: dict[str, Any]) -> str:
    names = [f"column {number}" for number in range(len(table[0]) if table else 1)]
    if any(end in value for row in table for value in row for end in "\r\n"):
        dialect = dialect | {"quoting": csv.QUOTE_ALL}  # Python 3.11 leaves other ends than its own without quotes
    written = io.StringIO()
    csv.writer(written, **dialect).writerows([names, *table])
    return written.getvalue()


def rows(content: bytes, form: Csv | None) -> list[tuple]:
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection, Reading() as reading:
        connection.execute("SET threads = 4")
        path = Path(folder) / "table.csv"
        path.write_bytes(content)
        return read([str(path)], form or detect(str(path)), {}, connection, reading).fetchall()


def expected(table: list[list[str]]) -> list[tuple]:
    return [tuple(value or None for value in row) for row in table]


@slow
@given(TABLES, DIALECTS, st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "utf-32-be")))
def test_what_is_written_is_read(table: list[list[str]], dialect: dict[str, Any], encoding: str) -> None:
    content = text_of(table, dialect).encode(encoding)
    form = Csv(delimiter=dialect["delimiter"], encoding="utf-8" if encoding == "utf-8-sig" else encoding)
    assert rows(content, form) == expected(table)


@slow
@given(TABLES.filter(lambda table: len(table) > 5), DIALECTS, st.integers(150, 3000))
def test_it_is_the_same_in_many_small_pieces(table: list[list[str]], dialect: dict[str, Any], size: int) -> None:
    whole = csv_rows._source
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            csv_rows, "_source", lambda files: f"{whole(files)[:-1]}, buffer_size={size}, max_line_size={size})"
        )
        try:
            found = rows(text_of(table * 20, dialect).encode(), Csv(delimiter=dialect["delimiter"]))
        except FileError as error:  # a row may be longer than so small a piece
            assert "too long" in str(error)
            return
    assert found == expected(table * 20)


@slow
@given(
    st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(PLAIN, min_size=width, max_size=width), min_size=3, max_size=20)
    ),
    DIALECTS,
    st.sampled_from(("utf-8", "utf-16", "cp1252")),
)
def test_words_need_not_be_told_how_they_are_written(
    table: list[list[str]], dialect: dict[str, Any], encoding: str
) -> None:
    assert rows(text_of(table, dialect).encode(encoding), None) == expected(table)


@slow
@given(st.lists(st.sampled_from(WORDS), max_size=40).map("".join))
def test_any_text_is_rows_or_a_refusal_never_a_crash(body: str) -> None:
    text = f"a,b\n{body}"
    try:
        found = rows(text.encode(), None)
    except FileError as error:
        assert error.problem
    else:
        assert all(value is None or '"' in value or value in text for row in found for value in row)
