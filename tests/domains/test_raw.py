"""Raw datasets are the sources row for row."""

import gzip
import json

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from .conftest import DAYS, Platform

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("dataset", "table", "time"),
    [
        ("users.raw_user_changes", "user_changes", "changed_at"),
        ("ads.raw_listing_changes", "listing_changes", "changed_at"),
        ("messaging.raw_payment_changes", "payment_changes", "changed_at"),
        ("messaging.raw_messages", "messages", "created_at"),
    ],
)
def test_the_monoliths_rows_arrive_as_they_are(platform: Platform, dataset: str, table: str, time: str):
    query = f"SELECT *, {time}::date AS day FROM {table} WHERE {time} >= %s AND {time} < %s::date + 1"
    expected = platform.source(query, DAYS[0], DAYS[-1])
    found = platform.published(dataset)
    key = [name for name in ("change_id", "message_id") if name in found.columns]
    numbers = {name: pl.String for name in ("price", "amount") if name in found.columns}
    assert found.height > 0
    assert_frame_equal(
        found.sort(key).cast(numbers), expected.sort(key).cast(numbers), check_column_order=False, check_dtypes=False
    )


def test_categories_are_the_whole_table(platform: Platform):
    expected = platform.source("SELECT * FROM categories ORDER BY category_id")
    assert_frame_equal(platform.published("ads.categories").sort("category_id"), expected, check_dtypes=False)


@pytest.mark.parametrize(
    ("dataset", "kind"),
    [("raw_listing_views", "listing_view"), ("raw_searches", "search"), ("raw_contacts", "contact")],
)
def test_every_line_of_the_event_files_arrives_as_text_in_its_hour(platform: Platform, dataset: str, kind: str):
    found = platform.published(f"tracking.{dataset}")
    names = [name for name in found.columns if name != "hour"]
    arrived = sorted(
        map(repr, found.with_columns(pl.col("hour").dt.strftime("%Y-%m-%d/%H")).select("hour", *names).rows())
    )
    expected = []
    for path in (path for day in DAYS for path in (platform.events / kind / str(day)).glob("*.jsonl.gz")):
        hour = f"{path.parent.name}/{path.name[:2]}"
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            event = {name: value if value is None else str(value) for name, value in json.loads(line).items()}
            expected.append(repr((hour, *(event.pop(name, None) for name in names))))
            assert not event
    assert arrived == sorted(expected)
