"""Reading: time travel, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from every_frame import frames
from pyiceberg.expressions import And, EqualTo, GreaterThanOrEqual, LessThan
from scenario import CLEAN, COUNTRIES, DAILY, DAY_X_COUNTRY, HOPELESS, HOURLY, STATIC, got, order, orders, put

from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse import InputRead, Lakehouse, LakehouseError, MissingPartitions, plan_read
from data_platform.lakehouse.filters import rows_of


@frames
def test_a_snapshot_and_a_tag_show_the_rows_of_their_time(frame: str, lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    first = put(lakehouse, contract, [order(1, day=1)])
    lakehouse.catalog.load_table(contract.dataset).manage_snapshots().create_tag(first.snapshot_id, "audited").commit()
    put(lakehouse, contract, [order(2, day=1), order(3, day=2)])
    for at in (first.snapshot_id, "audited"):
        assert [row["id"] for row in got(lakehouse, contract, frame=frame, at=at)] == [1]
        assert plan_read(lakehouse, contract, at=at).snapshot_id == first.snapshot_id
    assert [row["id"] for row in got(lakehouse, contract, frame=frame)] == [2, 3]


def test_a_snapshot_that_is_not_there_is_named_with_those_that_are(lakehouse: Lakehouse) -> None:
    contract = orders()
    publication = put(lakehouse, contract, [order(1)])
    for at in (1, "nothing"):
        with pytest.raises(LakehouseError, match=str(publication.snapshot_id)):
            plan_read(lakehouse, contract, at=at)


def test_a_partition_published_later_is_missing_then(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    first = put(lakehouse, contract, [order(1, day=1)])
    put(lakehouse, contract, [order(2, day=2)])
    with pytest.raises(MissingPartitions, match="2026-01-02"):
        plan_read(lakehouse, contract, partitions=["2026-01-02"], at=first.snapshot_id)


def test_missing_partitions_are_named_and_may_be_allowed(lakehouse: Lakehouse) -> None:
    contract = orders(DAY_X_COUNTRY)
    put(lakehouse, contract, [order(1, day=1, country="no"), order(2, day=1, country="se")])
    wanted = ["2026-01-01|no", "2026-01-02|no"]
    with pytest.raises(MissingPartitions) as missing:
        plan_read(lakehouse, contract, partitions=wanted)
    assert missing.value.partitions == ("2026-01-02|no",)
    plan = plan_read(lakehouse, contract, partitions=wanted, allow_missing=True)
    assert plan.partitions == ("2026-01-01|no",) and plan.rows == 1
    nothing = plan_read(lakehouse, contract, partitions=[], allow_missing=True)
    assert nothing.files == ()


def test_a_dataset_that_was_never_published_may_be_allowed(lakehouse: Lakehouse) -> None:
    plan = plan_read(lakehouse, orders(DAILY), ["id"], ["2026-01-01"], allow_missing=True)
    assert (plan.names, plan.files, plan.snapshot_id, plan.rows) == (["id"], (), None, 0)


def test_a_plan_reads_only_the_files_of_its_partitions_and_leaves_its_trace(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    publication = put(lakehouse, contract, [order(id, day=id) for id in (1, 2, 3)])
    plan = plan_read(lakehouse, contract, ["id"], ["2026-01-02"])
    assert len(plan.files) == 1 and plan.bytes > 0
    assert plan.trace == InputRead("shop.orders", publication.snapshot_id, ("2026-01-02",), ("id",))


def test_neighbouring_partitions_are_one_range() -> None:
    days = ["2026-01-01", "2026-01-02", "2026-01-03"]
    one = rows_of(orders(DAILY), days)
    assert one == And(GreaterThanOrEqual("day", "2026-01-01"), LessThan("day", "2026-01-04"))
    assert rows_of(orders(STATIC), ["no"]) == EqualTo("country", "no")


@pytest.mark.parametrize("count", [0, 1, 2, 700])
def test_hundreds_of_scattered_partitions_can_be_planned(count: int, lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    put(lakehouse, contract, [order(1, day=1)])
    days = [str(date(2026, 1, 1) + timedelta(days=2 * n)) for n in range(count)]
    plan = plan_read(lakehouse, contract, partitions=days, allow_missing=True)
    assert plan.partitions == tuple(days[:1])


def test_hours_are_planned_to_the_hour(lakehouse: Lakehouse) -> None:
    contract = orders(HOURLY)
    put(lakehouse, contract, [order(hour, hour=hour) for hour in range(5)])
    hours = ["2026-01-01-01:00", "2026-01-01-03:00"]
    assert [row["id"] for row in got(lakehouse, contract, partitions=hours)] == [1, 3]


def test_long_and_odd_static_values_are_told_apart(lakehouse: Lakehouse) -> None:
    contract = orders(STATIC)
    put(lakehouse, contract, [order(n, country=country) for n, country in enumerate(COUNTRIES)])
    for n, country in enumerate(COUNTRIES):
        assert [row["id"] for row in got(lakehouse, contract, partitions=[country])] == [n]


def test_a_table_with_row_level_deletes_is_refused(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """pyiceberg writes none itself, so a planned file is given one, as a scan of such a table has it."""
    from pyiceberg.table import DataScan

    contract = orders()
    put(lakehouse, contract, [order(1)])
    plan_files = DataScan.plan_files

    def with_a_delete(scan: DataScan):  # type: ignore[no-untyped-def]
        for task in plan_files(scan):
            task.delete_files.add(task.file)
            yield task

    monkeypatch.setattr(DataScan, "plan_files", with_a_delete)
    with pytest.raises(LakehouseError, match="row-level deletes"):
        plan_read(lakehouse, contract)


def test_a_blocked_partition_is_marked_until_it_is_published(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    days = ("2026-01-01", "2026-01-02", "2026-01-03")

    def blocked(*partitions: str) -> tuple[str, ...]:
        return plan_read(lakehouse, contract, partitions=partitions or None, allow_missing=True).blocked

    put(lakehouse, contract, [order(None, day=1)], days[0])
    assert blocked() == (), "there is no table, so the day is missing"
    put(lakehouse, contract, [order(1, day=1), order(2, day=2)])
    before = plan_read(lakehouse, contract)
    put(lakehouse, contract, [order(None, day=1)])
    assert blocked() == blocked(*days) == days[:1] and blocked(days[1]) == ()
    assert plan_read(lakehouse, contract).files == before.files
    put(lakehouse, contract, [order(2, day=2), order(None, day=3)])
    assert blocked() == (days[0], days[2]) and blocked(days[2]) == days[2:]
    put(lakehouse, contract, [order(1, day=1), order(None, day=2)])
    assert blocked() == days[1:]
    assert plan_read(lakehouse, contract, at=before.snapshot_id).blocked == (), (
        "what was asked for by name is what it is"
    )
    put(lakehouse, contract, [order(2, day=2), order(3, day=3)])
    assert blocked() == ()


def test_a_whole_dataset_can_be_blocked(lakehouse: Lakehouse) -> None:
    contract = orders()
    put(lakehouse, contract, CLEAN)
    put(lakehouse, contract, HOPELESS)
    assert plan_read(lakehouse, contract).blocked == (WHOLE,)
    put(lakehouse, contract, CLEAN)
    assert plan_read(lakehouse, contract).blocked == ()


def test_a_plan_says_which_partition_each_file_is_of(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    put(lakehouse, contract, [order(1, day=1), order(2, day=2), order(3, day=3)])
    plan = plan_read(lakehouse, contract)
    files = {day: plan_read(lakehouse, contract, partitions=[day]).files for day in plan.partitions}
    assert {day: plan.files_of([day]) for day in plan.partitions} == files
    assert set(plan.files_of(["2026-01-01", "2026-01-03"])) == {*files["2026-01-01"], *files["2026-01-03"]}
