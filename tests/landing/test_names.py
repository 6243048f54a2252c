"""The partition in a file's name, and what names a landing zone may not have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from data_platform.contracts import Partitioning, PartitionKey
from data_platform.files.landing import Landing
from data_platform.files.landing.folder import Folder, ignored
from data_platform.files.landing.names import NoPartition, partition_of

from .scenario import DAILY, DUMPS, ORDERS

HOURLY = Partitioning((PartitionKey("at", "hour", "2026-01-01"),))
BY_COUNTRY = Partitioning(
    (PartitionKey("country", "static", values=("no", "se")), PartitionKey("day", "day", "2026-01-01"))
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("orders-2026-11-01.csv", "2026-11-01"),
        ("orders_20261101.csv.gz", "2026-11-01"),
        ("20261101.csv", "2026-11-01"),
        ("orders 2026.11.01 final.csv", "2026-11-01"),
        ("orders-20261101T235959.csv", "2026-11-01"),
        ("orders-20261101123000Z.csv", "2026-11-01"),
        ("orders-2026-11-01_05-30.csv", "2026-11-01"),
        ("2026/11/01/orders.csv", "2026-11-01"),
        ("day=2026-11-01/part-0.csv", "2026-11-01"),
        ("2026/11/01/orders-2026-11-02.csv", "2026-11-02"),
        ("2026-11-01-to-2026-11-01.csv", "2026-11-01"),
        ("order-00123456-2026-11-01.csv", "2026-11-01"),
        ("orders-2024-02-29.csv", "2024-02-29"),
    ],
)
def test_a_day_is_recognized_as_people_write_it(path: str, expected: str) -> None:
    assert partition_of(path, DAILY) == expected


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("orders.csv", "says no day"),
        ("orders-2026-13-01.csv", "says no day"),
        ("orders-2025-02-29.csv", "says no day"),
        ("orders-12026110199.csv", "says no day"),
        ("orders-2026-1-1.csv", "says no day"),
        ("orders-2026-11-01-sent-2026-11-02.csv", "several days (2026-11-01, 2026-11-02)"),
    ],
)
def test_a_name_without_one_day_is_refused_with_what_to_do(path: str, said: str) -> None:
    with pytest.raises(NoPartition) as refused:
        partition_of(path, DAILY)
    assert said in str(refused.value) and "pattern=" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("2026-11-01-05.csv", "2026-11-01-05:00"),
        ("events-20261101T053000.csv", "2026-11-01-05:00"),
        ("2026110105.csv", "2026-11-01-05:00"),
        ("2026/11/01/05.csv", "2026-11-01-05:00"),
        ("2026/11/01/23/events.csv", "2026-11-01-23:00"),
        ("day=2026-11-01/hour=07/part-0.csv", "2026-11-01-07:00"),
    ],
)
def test_an_hour_is_recognized_too(path: str, expected: str) -> None:
    assert partition_of(path, HOURLY) == expected


def test_a_day_alone_is_no_hour() -> None:
    with pytest.raises(NoPartition, match="says no hour"):
        partition_of("2026-11-01.csv", HOURLY)


@pytest.mark.parametrize(
    ("pattern", "path", "partitioning", "expected"),
    [
        (r"for-(?P<day>[\d-]+)", "for-2026-11-01-sent-2026-11-02.csv", DAILY, "2026-11-01"),
        (r"(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4})", "orders 01.11.2026.csv", DAILY, "2026-11-01"),
        (r"(?P<country>..)/(?P<day>.*)\.csv", "no/20261101.csv", BY_COUNTRY, "no|2026-11-01"),
        (r"(?P<year>\d{4})(?P<month>..)(?P<day>..)-(?P<hour>..)", "20261101-05.csv", HOURLY, "2026-11-01-05:00"),
    ],
)
def test_a_pattern_says_where_it_is(pattern: str, path: str, partitioning: Partitioning, expected: str) -> None:
    assert partition_of(path, partitioning, pattern) == expected


@pytest.mark.parametrize("path", ["31.02.2026.csv", "orders.csv"])
def test_what_a_pattern_does_not_find_is_refused(path: str) -> None:
    with pytest.raises(NoPartition):
        partition_of(path, DAILY, r"(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4})")


@pytest.mark.parametrize(
    ("landing", "contract", "said"),
    [
        (Landing("a/*.csv"), ORDERS, ""),
        (Landing("a/*.csv", partition="name"), ORDERS, ""),
        (Landing("a/*.csv", keep="latest"), DUMPS, ""),
        (Landing("a/b.csv"), ORDERS, "names one file"),
        (Landing("a/*.csv", partition="names"), ORDERS, "use rows or name"),
        (Landing("a/*.csv", keep="last"), DUMPS, "use all or latest"),
        (Landing("a/*.csv", keep="latest"), ORDERS, "is partitioned"),
        (Landing("a/*.csv", partition="name"), DUMPS, "is not partitioned"),
        (Landing("a/*.csv", pattern="x"), ORDERS, 'add partition="name"'),
        (Landing("a/*.csv", partition="name", pattern="("), ORDERS, "no regular expression"),
        (Landing("a/*.csv", partition="name", pattern="(?P<hours>x)"), ORDERS, "hours is no partition column"),
        (
            Landing("a/*", partition="name"),
            replace(ORDERS, partitioning=BY_COUNTRY),
            "add (?P<country>...)(?P<day>...)",
        ),
    ],
)
def test_a_zone_that_makes_no_sense_is_a_definition_error(landing: Landing, contract, said: str) -> None:
    found = landing.problems(contract)
    assert len(found) == bool(said)
    assert said in "".join(found)


@pytest.mark.parametrize(
    ("location", "base", "root", "pattern"),
    [
        ("landing/orders/*.csv", "/data", "/data/landing/orders", "*.csv"),
        ("/x/o-*/y/*.csv", "/data", "/x", "o-*/y/*.csv"),
        ("s3://lake/in/**/*.csv", "/data", "s3://lake/in", "**/*.csv"),
        ("in/*.csv", "s3://lake", "s3://lake/in", "*.csv"),
    ],
)
def test_a_folder_is_what_comes_before_the_first_wildcard(location: str, base: str, root: str, pattern: str) -> None:
    assert Folder.of(location, base) == Folder(root, pattern)


@pytest.mark.parametrize("path", [".a.csv", "_refused/a.csv", "x/.hidden/a.csv", "a.csv.tmp", "A.CSV.PART", "a.csv~"])
def test_what_is_nobodys_delivery_is_ignored(path: str) -> None:
    assert ignored(path)
