"""Published rows made again from their recorded inputs: untouched ones are the same, tampered ones are found out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from data_platform.contracts import Contract
from data_platform.datasets.testing import temporary_lakehouse
from data_platform.engines import Engine
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lakehouse.compare import compare
from data_platform.lakehouse.publications import Recorded, recorded
from data_platform.lakehouse.replay import replay
from data_platform.operations.verification import Verification
from data_platform.operations.verify import verify

from . import scenario
from .scenario import DAILY_TOTAL, DAYS, DEFINITIONS, ORDERS, RAW, TOTAL, current, orders, put, raw, run


def verified(lakehouse: Lakehouse, contract: Contract, *partitions: str, at: int | None = None) -> list[Verification]:
    return list(verify(lakehouse, DEFINITIONS, contract, current(lakehouse, contract, *partitions), at))


def rows(lakehouse: Lakehouse, contract: Contract, *partitions: str) -> pl.DataFrame:
    plan = plan_read(lakehouse, contract, (), partitions or None)
    return Engine("polars.DataFrame").read(plan, lakehouse)


@pytest.fixture(scope="module")
def untouched() -> Iterator[tuple[Lakehouse, Iterator[str]]]:
    """A lakehouse, and days of it that no test has tampered with."""
    days = [f"2026-01-{day:02}" for day in range(1, 13)]
    with temporary_lakehouse() as lakehouse:
        run(raw, orders, day=days[0], last=days[-1])
        yield lakehouse, iter(days)


@pytest.fixture
def tampered(untouched: tuple[Lakehouse, Iterator[str]]) -> Lakehouse:
    return untouched[0]


@pytest.fixture
def day(untouched: tuple[Lakehouse, Iterator[str]]) -> str:
    return next(untouched[1])


def one_day(lakehouse: Lakehouse) -> Recorded:
    run(raw, orders, day=DAYS[0])
    return current(lakehouse, ORDERS)[0]


@pytest.mark.parametrize(
    "contract",
    [ORDERS, TOTAL, pytest.param(RAW, marks=pytest.mark.slow), pytest.param(DAILY_TOTAL, marks=pytest.mark.slow)],
    ids=lambda each: each.name,
)
def test_untouched_rows_are_the_same_row_for_row_and_nothing_is_left_behind(
    shop: Lakehouse, contract: Contract
) -> None:
    before, files = recorded(shop), set(Path(shop.settings.warehouse).rglob("*"))
    found = verified(shop, contract)
    assert [each.partition for each in found] == ([""] if contract is TOTAL else list(DAYS))
    assert all(each.holds and each.difference is None for each in found), [each.sentence for each in found]
    assert recorded(shop) == before and set(Path(shop.settings.warehouse).rglob("*.parquet")) <= files


def test_what_cannot_be_pinned_is_said(shop: Lakehouse) -> None:
    (found, *_) = verified(shop, RAW, DAYS[0])
    assert "source cannot be pinned" in "".join(found.notes)
    assert not verified(shop, ORDERS, DAYS[0])[0].notes


def test_other_rows_published_with_the_same_provenance_are_found_out(tampered: Lakehouse, day: str) -> None:
    (before,) = current(tampered, ORDERS, day)
    number = int(day[-2:])
    mine = rows(tampered, ORDERS, day).with_columns(
        price=pl.when(pl.col("id") == int(f"{number}1")).then(99.0).otherwise("price"), customer=pl.lit("mallory")
    )
    put(tampered, ORDERS, mine, day, like=before)
    (found,) = verified(tampered, ORDERS, day)
    assert not found.holds and found.difference is not None
    assert found.difference.columns == {"customer": 2, "price": 1}
    assert found.differences == (
        f"id={number}0: customer is •••, made again •••",
        f"id={number}1: customer is •••, made again •••, price is 99.0, made again 20.25",
    )
    assert "DIFFERENT" in found.sentence and "mallory" not in found.sentence + str(found.differences)


@pytest.mark.slow
def test_rows_added_and_taken_away_are_named_by_their_keys(tampered: Lakehouse, day: str) -> None:
    (before,) = current(tampered, ORDERS, day)
    published = rows(tampered, ORDERS, day)
    gone = published["id"][0]
    other = published.with_columns(id=pl.when(pl.col("id") == gone).then(77).otherwise("id"))
    put(tampered, ORDERS, other, day, like=before)
    (found,) = verified(tampered, ORDERS, day)
    assert set(found.differences) == {f"id={gone}: only made again", "id=77: only published"}


@pytest.mark.slow
def test_a_rewritten_data_file_is_found_out_and_a_lost_one_said(tampered: Lakehouse, day: str) -> None:
    (file,) = (Path(each.removeprefix("file://")) for each in plan_read(tampered, ORDERS, (), [day]).files)
    table = pq.read_table(file, partitioning=None)
    kinds = table.schema.get_field_index("kind")
    pq.write_table(table.set_column(kinds, "kind", [["huge"] * table.num_rows]), file)
    (found,) = verified(tampered, ORDERS, day)
    assert found.difference is not None and found.difference.columns == {"kind": 2}
    file.unlink()
    (lost,) = verified(tampered, ORDERS, day)
    assert not lost.holds and "cannot be verified" in lost.sentence and file.name in lost.problem


@pytest.mark.slow
def test_inputs_are_read_as_they_were_and_not_as_they_are(tampered: Lakehouse, day: str) -> None:
    put(tampered, RAW, rows(tampered, RAW, day).with_columns(price=pl.lit(1.0)), day)
    (found,) = verified(tampered, ORDERS, day)
    assert found.holds


@pytest.mark.slow
def test_an_input_whose_snapshot_has_expired_is_said(lakehouse: Lakehouse) -> None:
    one_day(lakehouse)
    again = put(lakehouse, RAW, rows(lakehouse, RAW), DAYS[0])
    table = lakehouse.table(RAW)
    gone = [each.snapshot_id for each in table.metadata.snapshots if each.snapshot_id != again.snapshot_id]
    table.maintenance.expire_snapshots().by_ids(gone).commit()
    (found,) = verified(lakehouse, ORDERS)
    assert not found.holds and "has expired" in found.problem and RAW.dataset in found.problem


@pytest.mark.slow
def test_earlier_snapshots_are_verified_as_they_were(tampered: Lakehouse, day: str) -> None:
    (first,) = current(tampered, ORDERS, day)
    put(tampered, ORDERS, rows(tampered, ORDERS, day).with_columns(kind=pl.lit("x")), day, like=first)
    (found,) = verify(tampered, DEFINITIONS, ORDERS, [first], first.snapshot_id)
    assert found.holds and not verified(tampered, ORDERS, day)[0].holds


@pytest.mark.slow
def test_after_a_blocked_publication_the_rows_that_stayed_are_verified(tampered: Lakehouse, day: str) -> None:
    bad = rows(tampered, ORDERS, day).with_columns(id=pl.lit(None, pl.Int64))
    assert put(tampered, ORDERS, bad, day).blocked
    (found,) = verified(tampered, ORDERS, day)
    assert found.holds and found.rows == 2


@pytest.mark.slow
def test_of_a_range_some_of_which_is_blocked_the_others_are_verified(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(raw, day=DAYS[0], last=DAYS[2])
    good = rows(lakehouse, RAW, DAYS[1])
    put(lakehouse, RAW, good.with_columns(id=pl.lit(None, pl.Int64)), DAYS[1])
    run(orders, day=DAYS[0], last=DAYS[2])
    assert [(each.partition, each.holds) for each in verified(lakehouse, ORDERS)] == [(DAYS[0], True), (DAYS[2], True)]


@pytest.mark.slow
def test_code_and_contract_that_changed_since_are_said(tampered: Lakehouse, day: str) -> None:
    (before,) = current(tampered, ORDERS, day)
    put(tampered, ORDERS, rows(tampered, ORDERS, day), day, like=replace(before, code_version="0123456789ab"))
    newer = replace(ORDERS, version="1.1.0")
    (found,) = verify(tampered, DEFINITIONS, newer, current(tampered, ORDERS, day))
    said = "; ".join(found.notes)
    assert found.holds and "the code has changed since: it was 0123456789ab" in said and "it was 1.0.0" in said


@pytest.mark.slow
def test_rows_that_a_replay_brought_back_are_not_made_again_but_what_they_joined_is(
    tampered: Lakehouse, day: str
) -> None:
    (before,) = current(tampered, ORDERS, day)
    replay(tampered, replace(ORDERS, rules=(scenario.REQUIRED,)), [day])
    (found,) = verified(tampered, ORDERS, day)
    assert not found.holds and "by a replay" in found.problem
    said = int(found.problem.rpartition(" --at ")[2])
    (joined,) = verify(tampered, DEFINITIONS, ORDERS, [before], said)
    assert joined.holds


def test_what_nothing_here_makes_is_said(tampered: Lakehouse, day: str) -> None:
    (found,) = verify(tampered, scenario.dg.Definitions(), ORDERS, current(tampered, ORDERS, day))
    assert not found.holds and "nothing here makes it" in found.problem


def differs(first: Sequence[float | None], second: Sequence[float | None], tmp_path: Path) -> str:
    """Whether two columns of floats are the same, the same but for rounding, or different."""
    files = []
    for name, values in (("a", first), ("b", second)):
        frame = pl.DataFrame(
            {"total": values, "days": [1] * len(values)}, schema={"total": pl.Float64, "days": pl.Int64}
        )
        frame.write_parquet(tmp_path / f"{name}.parquet")
        files.append([str(tmp_path / f"{name}.parquet")])
    with duckdb.connect() as connection:
        found = compare(connection, TOTAL, *files, [""])
    return "same" if not found else "rounding" if found[""].rounding else "different"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1.0, 2.0], [2.0, 1.0], "same"),
        ([1.0, 1.0], [1.0], "different"),
        ([0.1 + 0.2], [0.3], "rounding"),
        ([0.1 + 0.2, 5.0], [5.0, 0.3], "rounding"),
        ([0.1 + 0.2, 5.0], [5.1, 0.3], "different"),
        ([float("nan"), None], [None, float("nan")], "same"),
        ([None], [0.0], "different"),
        ([1e300], [float("inf")], "different"),
        ([], [], "same"),
    ],
    ids=str,
)
def test_order_does_not_matter_and_the_last_digits_of_a_sum_are_told_apart(
    first: list, second: list, expected: str, tmp_path: Path
) -> None:
    assert differs(first, second, tmp_path) == expected
