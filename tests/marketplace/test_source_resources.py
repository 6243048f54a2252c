"""The resources: a day read from the sources with the right types, and errors that say how to go on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from data_platform.marketplace.errors import MarketplaceError, PostgresUnavailable
from data_platform.marketplace.postgres import PostgresServer
from data_platform.marketplace.resources import TABLES, EventFiles, Monolith

from .conftest import FIRST_DAY, Marketplace

START = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC) + timedelta(days=1)
END = START + timedelta(days=1)
MOMENT = pa.timestamp("us", tz="UTC")


def test_a_day_of_changes_arrives_typed_and_in_order(twelve_days: Marketplace):
    changes = Monolith(dsn=twelve_days.dsn).changes("listings", START, END)
    assert dict(zip(changes.schema.names, changes.schema.types, strict=True)) == {
        "change_id": pa.int64(),
        "operation": pa.string(),
        "changed_at": MOMENT,
        "listing_id": pa.int64(),
        "seller_id": pa.int64(),
        "category_id": pa.int32(),
        "title": pa.string(),
        "price": pa.decimal128(12, 2),
        "currency": pa.string(),
        "city": pa.string(),
        "status": pa.string(),
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    moments = changes["changed_at"].to_pylist()
    assert moments == sorted(moments)
    assert START <= moments[0] <= moments[-1] < END
    assert set(changes["operation"].to_pylist()) == {"I", "U", "D"}
    expected = twelve_days.query(
        "SELECT change_id, price FROM listing_changes WHERE changed_at >= %s AND changed_at < %s", START, END
    )
    assert dict(zip(changes["change_id"].to_pylist(), changes["price"].to_pylist(), strict=True)) == dict(expected)


def test_only_the_columns_asked_for_are_read(twelve_days: Marketplace):
    changes = Monolith(dsn=twelve_days.dsn).changes("users", START, END, columns=["user_id", "changed_at"])
    assert changes.column_names == ["user_id", "changed_at"]


def test_a_day_without_rows_has_the_types_of_one_with_rows(twelve_days: Marketplace):
    monolith, past = Monolith(dsn=twelve_days.dsn), START - timedelta(days=999)
    empty = monolith.changes("payments", past, past + timedelta(days=1))
    assert empty.num_rows == 0
    assert empty.schema == monolith.changes("payments", START, END).schema


def test_rows_by_time_and_whole_tables(twelve_days: Marketplace):
    monolith = Monolith(dsn=twelve_days.dsn)
    written = monolith.rows("messages", "created_at", START, END)
    assert written.num_rows == twelve_days.one(
        "SELECT count(*) FROM messages WHERE created_at::date = %s", START.date()
    )
    assert all(monolith.table(name).num_rows for name in TABLES)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda m: m.changes("pg_shadow", START, END), "has no table 'pg_shadow'; it has users"),
        (lambda m: m.changes("messages", START, END), r"keeps no changes of 'messages'.*rows\('messages'"),
        (lambda m: m.changes("users", START, END, columns=['x" FROM users --']), "refused a query"),
    ],
)
def test_what_the_monolith_does_not_have_is_said(twelve_days: Marketplace, ask, message: str):
    with pytest.raises(MarketplaceError, match=message):
        ask(Monolith(dsn=twelve_days.dsn))


def test_without_a_database_the_error_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MARKETPLACE_DSN", raising=False)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path))
    with pytest.raises(PostgresUnavailable, match="run `make run`"):
        Monolith().table("users")
    with pytest.raises(PostgresUnavailable, match="does not answer"):
        Monolith(dsn="postgresql://nobody:none@127.0.0.1:1/none").table("users")
    server = PostgresServer(tmp_path / "marketplace" / "postgres")
    try:
        server.start()
        server.stop()
        with pytest.raises(PostgresUnavailable, match="is not running: start it with"):
            Monolith().table("users")
    finally:
        server.delete()


def test_event_files_are_those_of_the_hours_asked_for(twelve_days: Marketplace):
    files = EventFiles(folder=str(twelve_days.events)).files(
        "search", START + timedelta(hours=22), END + timedelta(hours=1)
    )
    day, next_day = f"{START:%Y-%m-%d}", f"{END:%Y-%m-%d}"
    assert [file.split("/search/")[1] for file in files] == [
        f"{day}/22.jsonl.gz",
        f"{day}/23.jsonl.gz",
        f"{next_day}/00.jsonl.gz",
    ]


def test_an_hour_that_has_not_arrived_is_an_error(twelve_days: Marketplace):
    with pytest.raises(MarketplaceError, match=r"2 of 2 hourly files of 'contact' have not arrived"):
        EventFiles(folder=str(twelve_days.events)).files(
            "contact", END + timedelta(days=99), END + timedelta(days=99, hours=2)
        )
