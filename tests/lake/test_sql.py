"""`lake.sql`: one SELECT over the datasets that the reader may see, now or in the past, and nothing else."""

import gc
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from scenario import rows_of

from data_platform import lake
from data_platform.lake import LakeError, LeftOut
from data_platform.lakehouse import LakehouseError, MissingPartitions
from tests.lake.scenario import library, publish_listings

pytestmark = pytest.mark.usefixtures("published")

JOINED = "select city, count(*) as n from ads.listings join users.users using (user_id) group by all order by all"


def refused(query: str, *domains: str, clearance: str = "internal", **options) -> str:
    with pytest.raises(LakeError) as error:
        library(*domains, clearance=clearance).sql(query, **options)
    return str(error.value)


def test_datasets_are_joined_by_their_names():
    assert library().sql(JOINED).rows() == [("Bergen", 2), ("Oslo", 2)]


@pytest.mark.usefixtures("project")
def test_the_modules_function_reads_as_the_environment_says(monkeypatch):
    assert lake.sql("select count(*) as n from ads.listings").item() == 4
    with pytest.raises(LakeError, match="confidential"):
        lake.sql("select email from users.users")
    monkeypatch.setenv("DATA_PLATFORM_CLEARANCE", "confidential")
    assert lake.sql("select email from users.users where user_id = 1").item() == "a@x.example"


@pytest.mark.parametrize("frame", ["polars", "polars-lazy", "pandas", "arrow", "duckdb"])
def test_the_answer_is_any_kind_of_frame(frame):
    answer = library().sql(JOINED, frame=frame)
    assert rows_of(answer) == [{"city": "Bergen", "n": 2}, {"city": "Oslo", "n": 2}]


def test_names_in_any_case_and_with_names_are_understood():
    query = "WITH listings AS (FROM ADS.Listings) SELECT count(*) FROM listings, range(2);"
    assert library().sql(query).item() == 8


def test_parameters_are_bound():
    query = "select count(*) from ads.listings where day = $day and title <> $title"
    assert library().sql(query, {"day": date(2026, 11, 2), "title": "x' or true --"}).item() == 2
    assert library().sql("select count(*) from ads.listings where listing_id = ?", [1]).item() == 2


def test_the_past_is_read_by_moment_snapshot_and_dataset(published):
    before = datetime.now(UTC)
    (old,) = {each.snapshot_id for each in [published.existing_table("ads.listings").current_snapshot()]}
    publish_listings(3, price="99.00")
    query = "select max(price)::float from ads.listings"
    assert library().sql(query).item() == 99
    for at in (before, before.replace(tzinfo=None), before.isoformat(), old, str(old), {"ads.listings": old}):
        assert library().sql(query, at=at).item() == 10.5, at
    assert library().sql(query, at=datetime.now(UTC)).item() == 99


def test_no_moment_lies_within_a_publication(published):
    for _ in range(3):
        publish_listings(2, 3)
    table = published.existing_table("ads.listings")
    for each in table.metadata.snapshots[1:]:
        at = datetime.fromtimestamp(each.timestamp_ms / 1000, UTC)
        assert library().sql("select count(*) from ads.listings", at=at).item() == 4


def test_before_the_first_publication_there_is_nothing_to_read():
    with pytest.raises(LakehouseError, match=r"ads.listings had no published data at .*: its oldest snapshot is of"):
        library().sql("from ads.listings", at=datetime.now(UTC) - timedelta(days=1))


def test_a_snapshot_of_one_of_several_datasets_has_to_say_of_which():
    assert "is a snapshot of one dataset, and the query reads 2" in refused(JOINED, at=12345)


def test_what_was_never_published_is_no_empty_table():
    with pytest.raises(MissingPartitions, match=r"ads.raw_listings has no published data"):
        library("ads").sql("from ads.raw_listings")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from ads.listing", "there is no dataset 'ads.listing'; did you mean ads.listings"),
        ("select * from listings", "there is no dataset 'listings'; did you mean ads.listings"),
        (
            "select * from ads.raw_listings",
            "private to the domain ads; DATA_PLATFORM_DOMAIN is not set. Ask ana@market",
        ),
        ("select prise from ads.listings", 'Referenced column "prise" not found'),
        ("select *\nfrom ads.listings\nwhere", "syntax error"),
        ("select title::int from ads.listings", "Could not convert string"),
        ("", "there is no query"),
        ("select 1; select 2", "these are 2 statements"),
        ("delete from ads.listings", "only SELECT can be run here, and this is DELETE"),
        ("copy (select 1) to '/tmp/x.csv'", "only SELECT can be run here, and this is COPY"),
        ("set memory_limit = '1TB'", "only SELECT"),
        ("attach '/tmp/x.db'", "only SELECT"),
        ("select * from '/etc/passwd'", "not the name of a dataset"),
        ("select * from read_csv('/etc/passwd')", "read_csv() is not a dataset"),
        ("select * from query('select 1')", "query() is not a dataset"),
        ("select * from information_schema.tables", "there is no dataset"),
        ("select getenv('HOME')", "reads a setting"),
        ("describe ads.listings", "about datasets"),
    ],
)
def test_a_query_that_cannot_run_says_why(query, said):
    assert said in refused(query)


def test_an_error_shows_its_place():
    line = "LINE 1: select title::int from ads.listings"
    assert f"{line}\n{'^^^^^':>{line.index('::') + 5}}" in refused("select title::int from ads.listings")
    assert "LINE 2: form ads.listings" in refused("select *\nform ads.listings where (")


def test_an_answer_larger_than_memory_is_computed_on_disk_and_leaves_nothing_there(monkeypatch, tmp_path):
    monkeypatch.setattr("data_platform.lakehouse.duck.MEMORY_LIMIT", "100MB")
    (scratch := tmp_path / "scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    texts = "select 'padding to fill the memory ' || range as t from range(1500000)"
    ranked = f"select t, row_number() over (order by hash(t)) as r from ({texts})"
    assert library().sql(f"select max(t), count(*) as n from ({ranked}) where r % 2 = 0")["n"].item() == 750_000
    gc.collect()
    assert list(scratch.iterdir()) == []


def test_a_variable_of_python_is_no_table():
    secret = pl.DataFrame({"a": [1]})  # noqa: F841 - DuckDB would find it
    assert "there is no dataset 'secret'" in refused("select * from secret")


def test_a_members_private_datasets_are_there():
    with pytest.raises(MissingPartitions):
        library("users", "ads").sql("from ads.raw_listings")
    assert "you read as users" in refused("from ads.raw_listings", "users")


@pytest.mark.parametrize(
    "query",
    [
        "select email from users.users",
        "select u.email from users.users u",
        "select users.email from users.users",
        "select EMAIL from users.users",
        "select city from users.users where email like 'a%'",
        "select * exclude (email) from users.users",
        "select city from users.users order by email",
        "select * replace (1 as email) from users.users",
        "from users.users join users.users as other using (email)",
    ],
)
def test_a_column_above_the_clearance_is_an_error_that_says_so(query):
    said = refused(query)
    assert (
        "users.users: the column email is confidential, above your clearance, internal. Ask bo@market.example" in said
    )
    assert "set DATA_PLATFORM_CLEARANCE=confidential" in said


def test_a_star_says_which_columns_were_left_out():
    with pytest.warns(
        LeftOut, match=r"users.users: left out, .*: email \(confidential\), national_id \(restricted\)"
    ) as found:
        answer = library().sql("select * from users.users")
    assert answer.columns == ["user_id", "city"]
    assert [each.filename for each in found] == [__file__]


def test_without_a_star_nothing_is_said(recwarn):
    library().sql('select city, \'"class":"STAR"\' as x, count(*) from users.users group by all')
    library(clearance="restricted").sql("select * from users.users")
    assert not recwarn.list


def test_where_a_reader_is_cleared_for_no_column_there_is_nothing():
    assert "every column is above your clearance" in refused("from users.secrets")


def test_a_blocked_partition_is_mentioned():
    publish_listings(3, price="-1.00")
    with pytest.warns(
        LeftOut, match="ads.listings: a rule blocked what was last produced of 2026-11-03; this is older"
    ):
        library().sql("select count(*) from ads.listings")
