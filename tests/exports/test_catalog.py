"""The file for BI tools: what is in it, and that it may be swapped under their eyes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from data_platform.cli import app
from data_platform.exports.catalog import write_catalog
from data_platform.exports.errors import ExportError
from tests.lake.scenario import library, publish_listings

pytestmark = pytest.mark.usefixtures("published")

READER = """
import sys, duckdb
for _ in range(40):
    with duckdb.connect(sys.argv[1], read_only=True) as tool:
        rows, = tool.execute("select count(*) from ads.listings").fetchone()
        said, = tool.execute("select rows from datasets where dataset = 'ads.listings'").fetchone()
        assert rows == said, (rows, said)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "market.duckdb"


def opened(file: Path, query: str) -> list[Any]:
    with duckdb.connect(str(file), read_only=True) as tool:
        return tool.execute(query).fetchall()


def test_each_dataset_is_a_view_with_what_its_contract_says(file: Path) -> None:
    done = write_catalog(library(), str(file))
    assert done.datasets == ("ads.listings", "users.users")
    assert opened(file, "select listing_id, title, price::varchar from ads.listings where day = '2026-11-02'") == [
        (1, "=1+1", "10.50"),
        (2, "A boat, used", "10.50"),
    ]
    comments = opened(file, "select column_name, comment from duckdb_columns() where table_name = 'listings'")
    assert ("title", "As the seller wrote it; a | in it is fine.") in comments
    assert opened(file, "select comment from duckdb_views() where view_name = 'listings'") == [
        ("All listings <by> day.",)
    ]
    assert opened(file, "select dataset, owner, rows from datasets order by 1") == [
        ("ads.listings", "ana@market.example", 4),
        ("users.users", "bo@market.example", 2),
    ]


def test_there_is_only_what_the_reader_may_see_and_that_is_said(file: Path) -> None:
    done = write_catalog(library(), str(file))
    assert [name for name, *_ in opened(file, "describe users.users")] == ["user_id", "city"]
    assert any("left out" in note and "national_id (restricted)" in note for note in done.notes)
    assert any("every column is above your clearance" in note for note in done.notes)  # users.secrets
    more = write_catalog(library("ads", clearance="restricted"), str(file))
    assert len(opened(file, "describe users.users")) == 4
    assert "nothing is published yet of ads.raw_listings, users.secrets: no view" in more.notes


def test_older_tools_read_it(file: Path) -> None:
    write_catalog(library(), str(file))
    assert file.read_bytes()[8:20] == b"DUCK" + (64).to_bytes(8, "little")  # the format of DuckDB 1.0


def test_a_tool_keeps_the_file_that_it_opened_until_it_opens_it_again(file: Path) -> None:
    write_catalog(library(), str(file))
    count = "select count(*) from ads.listings"
    watching = f"""
import duckdb
tool = duckdb.connect({str(file)!r}, read_only=True)
input(tool.execute({count!r}).fetchone()[0])
print("", tool.execute({count!r}).fetchone()[0])
"""
    with subprocess.Popen(
        [sys.executable, "-c", watching], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as tool:
        assert tool.stdout is not None and tool.stdout.read(1) == "4"
        publish_listings(4)
        assert opened(file, count) == [(4,)]
        write_catalog(library(), str(file))
        assert opened(file, count) == [(6,)]
        assert tool.communicate("\n", timeout=60)[0].strip() == "4"


@pytest.mark.slow
def test_readers_never_meet_half_a_file(file: Path) -> None:
    write_catalog(library(), str(file))
    readers = [subprocess.Popen([sys.executable, "-c", READER, str(file)], stderr=subprocess.PIPE) for _ in range(3)]
    day = 4
    while any(each.poll() is None for each in readers) and day < 29:
        publish_listings(day)
        write_catalog(library(), str(file))
        day += 1
    assert [each.communicate(timeout=120)[1].decode() for each in readers] == ["", "", ""]
    assert day > 5
    assert [each.name for each in file.parent.glob("*duckdb*")] == [file.name]


def test_nothing_else_is_ever_overwritten(file: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(file)) as mine:
        mine.execute("create table work (x int)")
    with pytest.raises(ExportError, match="is no catalog; name another file"):
        write_catalog(library(), str(file))
    text = tmp_path / "notes.txt"
    text.write_text("mine")
    with pytest.raises(ExportError, match="is no catalog"):
        write_catalog(library(), str(text))
    assert text.read_text() == "mine"
    with pytest.raises(ExportError, match="a local file"):
        write_catalog(library(), "s3://bucket/market.duckdb")
    with pytest.raises(ExportError, match="there is no folder"):
        write_catalog(library(), str(tmp_path / "nowhere" / "market.duckdb"))


@pytest.mark.usefixtures("project")
def test_the_command_says_what_it_wrote_and_what_it_left_out(file: Path) -> None:
    done = CliRunner().invoke(app, ["catalog", str(file)])
    assert done.exit_code == 0, done.output
    assert f"{file}: 2 datasets" in done.output
    assert "email (confidential)" in done.output
    assert opened(file, "select count(*) from users.users") == [(2,)]
