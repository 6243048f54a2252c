"""Which partitions a reader reads, for every pair of cuts that correspond; as a table."""

import dagster as dg
import pytest

from data_platform.contracts import Column, ColumnType, Contract, Partitioning, PartitionKey
from data_platform.datasets import window
from data_platform.datasets.partitions import partition_mapping, partitions_read, to_contract, to_dagster

DAY = PartitionKey("day", "day", "2026-01-01")
HOUR = PartitionKey("at", "hour", "2026-01-01")
DEVICE = PartitionKey("device", "static", values=("ios", "web"))
APP = PartitionKey("app", "static", values=("ios", "web"))


def cut(*keys):
    return Contract(
        "ads", "x", "1", (Column("id", ColumnType("long")),), partitioning=Partitioning(keys) if keys else None
    )


HOURS = tuple(f"2026-01-02-{hour:02}:00" for hour in range(24))


@pytest.mark.parametrize(
    ("reader", "read", "how", "keys", "expected"),
    [
        (cut(DAY), cut(DAY), "same", ["2026-01-02"], ("2026-01-02",)),
        (cut(DAY), cut(HOUR), "same", ["2026-01-02"], HOURS),
        (cut(HOUR), cut(DAY), "same", ["2026-01-02-05:00"], ("2026-01-02",)),
        (cut(DAY), cut(DAY), window(3), ["2026-01-02"], ("2026-01-01", "2026-01-02")),
        (cut(DAY), cut(DAY), "same", ["2026-01-02", "2026-01-04"], ("2026-01-02", "2026-01-04")),
        (cut(DAY), cut(), "same", ["2026-01-02"], None),
        (cut(), cut(DAY), "same", [], None),
        (cut(DAY), cut(DAY), "all", ["2026-01-02"], None),
        (cut(DEVICE), cut(APP), "same", ["ios"], ("ios",)),
        (cut(DAY, DEVICE), cut(DAY), "same", ["2026-01-02|web"], ("2026-01-02",)),
        (cut(DAY, DEVICE), cut(DEVICE), "same", ["2026-01-02|web"], ("web",)),
        (cut(DEVICE), cut(DAY, DEVICE), "same", ["web"], "every day of web"),
        (cut(DAY, DEVICE), cut(DAY, DEVICE), "same", ["2026-01-02|web"], ("2026-01-02|web",)),
        (cut(DAY, APP), cut(DAY, APP), "same", ["web|2026-01-02"], ("2026-01-02|web",)),
    ],
)
def test_a_readers_partitions_choose_those_it_reads(reader, read, how, keys, expected):
    found = partitions_read(partition_mapping(how, reader, read), reader, keys, read)
    if expected == "every day of web":
        assert found and {partition.split("|")[1] for partition in found} == {"web"}
    else:
        assert (tuple(sorted(found)) if found is not None else None) == expected


def test_keys_of_two_dimensions_are_ordered_by_name_for_dagster_and_by_contract_for_us():
    both = cut(DAY, APP)
    assert to_dagster(both, "2026-01-02|web") == "web|2026-01-02"
    assert to_contract(both, ["web|2026-01-02"]) == ("2026-01-02|web",)
    definition = dg.MultiPartitionsDefinition(
        {"day": dg.DailyPartitionsDefinition("2026-01-01"), "app": dg.StaticPartitionsDefinition(["ios", "web"])}
    )
    assert definition.get_partition_keys()[0] == "ios|2026-01-01", "Dagster joins keys in the order of their names"
