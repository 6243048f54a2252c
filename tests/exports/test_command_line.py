"""`dp sql` and `dp export`, as they are typed."""

import csv
import gzip
import json
import subprocess
import sys

import fastexcel
import polars as pl
import pytest
from typer.testing import CliRunner

from data_platform.cli import app
from tests.lake.scenario import library, publish_listings

pytestmark = pytest.mark.usefixtures("project", "published")


def dp(*arguments: str, code: int = 0, typed: str | None = None) -> str:
    done = CliRunner().invoke(app, list(arguments), input=typed)
    assert done.exit_code == code, done.output + str(done.exception)
    return done.output


def test_an_answer_is_printed_as_a_table():
    lines = dp("sql", "select listing_id, title from ads.listings where day = '2026-11-02' order by 1").splitlines()
    assert [line.strip().split(None, 1) for line in lines if line.strip()[:1].isdigit()] == [
        ["1", "=1+1"],
        ["2", "A boat, used"],
    ]


def test_a_query_comes_from_a_file_or_stdin(tmp_path):
    query = "select count(*) as n from ads.listings"
    (tmp_path / "query.sql").write_text(query)
    assert (
        dp("sql", "-f", str(tmp_path / "query.sql"))
        == dp("sql", typed=query)
        == dp("sql", "-", typed=query)
        == dp("sql", query)
    )
    dp("sql", query, "-f", str(tmp_path / "query.sql"), code=2)


def test_a_table_is_bounded_and_says_what_it_does_not_show():
    shown = dp("sql", "select range as i from range(60)")
    assert "… 10 more rows; --limit shows more, --out FILE writes all" in shown and len(shown.splitlines()) < 60
    assert "… more than 10,000 more rows" in dp("sql", "select range as i from range(1000000)")
    assert "more" not in dp("sql", "select range as i from range(60)", "--limit", "60")


def test_numbers_that_name_something_have_no_thousands_apart():
    assert "12345678" in dp("sql", "select 12345678 as listing_id, null as x, true as y")


def test_columns_of_one_name_are_all_shown():
    assert dp("sql", "select 1 as a, 2 as a, 3 as a").split()[-3:] == ["1", "2", "3"]


def test_an_answer_goes_to_other_programs_complete_or_not_at_all():
    assert dp("sql", "select 1 as a, 'x,\"y' as b", "--format", "csv") == 'a,b\n1,"x,""y"\n'
    assert json.loads(dp("sql", "select 1 as a, [1,2] as b", "--format", "json")) == [{"a": 1, "b": [1, 2]}]
    (row,) = json.loads(
        dp("sql", "select 'nan'::double as a, -'inf'::float as b, 0.5::double as c", "--format", "json")
    )
    assert row == {"a": "nan", "b": "-inf", "c": 0.5}  # JSON has no such numbers
    failed = dp(
        "sql", "select case when range > 900000 then error('boom') end from range(1000000)", "--format", "csv", code=1
    )
    assert "boom" in failed and len(failed) < 300 and "Traceback" not in failed


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "json", "jsonl", "parquet", "xlsx"])
def test_an_answer_becomes_a_file(tmp_path, ending):
    target = tmp_path / f"answer.{ending}"
    said = dp("sql", "select listing_id, title from ads.listings order by all", "--out", str(target))
    assert "4 rows" in said
    rows = read(target)
    assert [(int(row["listing_id"]), row["title"]) for row in rows][::2] == [(1, "=1+1"), (2, "A boat, used")]
    assert list(tmp_path.glob(".*")) == []


def test_the_past_is_asked():
    publish_listings(4)
    assert "no published data at 2026-01-01 00:00:00 UTC" in dp(
        "sql", "from ads.listings", "--at", "2026-01-01", code=1
    )


def test_what_is_wrong_is_a_sentence():
    assert "did you mean ads.listings" in dp("sql", "select * from ads.listing", code=1)
    assert "LINE 1: selct" in dp("sql", "selct 1", code=1)
    assert "confidential, above your clearance" in dp("sql", "select email from users.users", code=1)
    assert "email (confidential)" in dp("sql", "select * from users.users")


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "json", "jsonl", "parquet", "xlsx"])
def test_a_dataset_becomes_a_file(tmp_path, ending):
    target = tmp_path / f"listings.{ending}"
    dp("export", "ads.listings", "--to", str(target), "--all")
    rows = read(target)
    assert len(rows) == 4
    assert {str(row["title"]) for row in rows} == {"=1+1", "A boat, used"}
    assert {float(row["price"]) for row in rows} == {10.5}
    assert {str(row["day"])[:10] for row in rows} == {"2026-11-02", "2026-11-03"}


def test_a_part_of_a_dataset_is_chosen(tmp_path):
    target = tmp_path / "part.csv"
    dp(
        "export",
        "ads.listings",
        "--to",
        str(target),
        "--partition",
        "latest",
        "--columns",
        "price, day",
        "--where",
        "listing_id = 1 -- x",
    )
    assert target.read_text() == "price,day\n10.50,2026-11-03\n"
    dp(
        "export",
        "ads.listings",
        "--to",
        str(target),
        "--partition",
        "2026-11-02",
        "--partition",
        "2026-11-03",
        "--force",
    )
    assert len(read(target)) == 4


def test_a_part_is_not_taken_for_the_whole(tmp_path):
    said = dp("export", "ads.listings", "--to", str(tmp_path / "x.csv"), code=2)
    assert "has 2 partitions, 2026-11-02 .. 2026-11-03: choose --partition 2026-11-03 (or `latest`), or --all" in said
    dp("export", "ads.listings", "--to", str(tmp_path / "x.csv"), "--all", "--partition", "2026-11-02", code=2)
    dp("export", "users.users", "--to", str(tmp_path / "x.csv"), "--partition", "2026-11-02", code=2)


def test_columns_above_the_clearance_do_not_leave(tmp_path, monkeypatch):
    said = dp("export", "users.users", "--to", str(tmp_path / "users.csv"))
    assert "left out, above your clearance, internal: email (confidential), national_id (restricted)" in said
    assert (tmp_path / "users.csv").read_text().splitlines()[0] == "user_id,city"
    dp("export", "users.users", "--to", str(tmp_path / "u.csv"), "--columns", "email", code=1)
    dp("export", "users.users", "--to", str(tmp_path / "u.csv"), "--where", "email like 'a%'", code=1)
    monkeypatch.setenv("DATA_PLATFORM_CLEARANCE", "restricted")
    dp("export", "users.users", "--to", str(tmp_path / "u.csv"), "--columns", "email")
    assert [each.name for each in sorted(tmp_path.glob("u*"))] == ["u.csv", "users.csv"]


def test_a_file_is_never_replaced_by_accident_nor_half_written(tmp_path):
    target = tmp_path / "users.csv"
    target.write_text("mine")
    assert "is there already; --force replaces it" in dp("export", "users.users", "--to", str(target), code=1)
    dp("export", "users.users", "--to", str(target), "--where", "error('boom')", "--force", code=1)
    assert target.read_text() == "mine"
    dp("export", "users.users", "--to", str(target), "--force")
    assert target.read_text().startswith("user_id")
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("to", "said"), [("x.doc", "must end in one of .xlsx"), ("nowhere/x.csv", "there is no folder")]
)
def test_a_target_that_cannot_be_says_why(to, said):
    assert said in dp("export", "users.users", "--to", to, code=1)


def test_only_files_are_replaced_and_links_stay_links(tmp_path):
    said = dp("sql", "select 1", "--out", "/dev/null", "--format", "csv", "--force", code=1)
    assert "/dev/null is no file, but a device" in said
    (tmp_path / "there.csv").write_text("mine")
    (tmp_path / "link.csv").symlink_to(tmp_path / "there.csv")
    dp("export", "users.users", "--to", str(tmp_path / "link.csv"), "--force")
    assert (tmp_path / "link.csv").is_symlink() and (tmp_path / "there.csv").read_text().startswith("user_id")
    assert "is a folder" in dp("sql", "select 1", "--out", str(tmp_path), "--format", "csv", code=1)


def read(target) -> list[dict]:
    match "".join(target.suffixes):
        case ".csv":
            return list(csv.DictReader(target.read_text().splitlines()))
        case ".csv.gz":
            return list(csv.DictReader(gzip.decompress(target.read_bytes()).decode().splitlines()))
        case ".json":
            return json.loads(target.read_text())
        case ".jsonl":
            return [json.loads(line) for line in target.read_text().splitlines()]
        case ".parquet":
            return pl.read_parquet(target).to_dicts()
    return fastexcel.read_excel(target).load_sheet(0).to_polars().to_dicts()


def test_exporting_does_not_wait_for_dagster():
    code = "import sys; import data_platform.cli.export, data_platform.exports.post; print('dagster' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"


def test_each_dataset_of_a_query_may_be_read_at_a_snapshot_of_its_own():
    (before,) = json.loads(dp("sql", "select max(day) as day from ads.listings", "--format", "json"))
    snapshot = library().plan(library().find("ads.listings")).snapshot_id
    publish_listings(4)
    query = "select max(l.day) as day, count(distinct u.user_id) as users from ads.listings l, users.users u"
    at = ["--at", f"ads.listings={snapshot}", "--at", "USERS.users=main"]
    assert json.loads(dp("sql", query, *at, "--format", "json")) == [{**before, "users": 2}]
    assert "which the query does not read" in dp("sql", "from users.users", "--at", "ads.listings=1", code=1)
    assert "in each of them" in dp("sql", query, "--at", "2026-11-01", "--at", "ads.listings=1", code=2)
