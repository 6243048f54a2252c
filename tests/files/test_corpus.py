"""No ugly file becomes a wrong value or a crash: its rows are exactly those that a person reads in it, or it is refused
with the place."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data_platform.files import FileError, Reading
from data_platform.files.detect import detect
from data_platform.files.read import read

from .corpus import CORPUS, Ugly

CASES = [pytest.param(case, id=case.name) for case in CORPUS]


def rows(path: Path, case: Ugly) -> tuple[list[str], list[tuple]]:
    form = case.form or detect(str(path))
    with duckdb.connect() as connection, Reading() as reading:
        found = read([str(path)], form, case.types, connection, reading)
        return found.columns, found.fetchall()


def test_the_corpus_is_large() -> None:
    assert len(CORPUS) >= 40
    assert len({case.name for case in CORPUS}) == len(CORPUS)


@pytest.mark.parametrize("case", CASES)
def test_a_file_is_read_exactly_or_refused_with_its_place(case: Ugly, tmp_path: Path) -> None:
    path = tmp_path / case.file
    path.write_bytes(case.content)
    if case.refused is None:
        columns, found = rows(path, case)
        assert columns == list(case.columns)
        assert found == list(case.rows)
        return
    place, said = case.refused
    with pytest.raises(FileError) as refused:
        rows(path, case)
    message = str(refused.value)
    assert message.startswith(f"{path}{place}:") and said in message
    assert refused.value.fix and "ignore_errors" not in message and "Possible" not in message
