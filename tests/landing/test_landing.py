"""Files land, are published through the contract once, and no bad one costs a good one."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.lakehouse import Lakehouse

from .scenario import (
    DUMPS,
    ONE,
    ORDERS,
    PRICES,
    STOCK,
    THREE,
    TWO,
    drop,
    dumps,
    file,
    materialize,
    orders,
    prices,
    published,
    reason,
    states,
    stock,
)

pytestmark = pytest.mark.usefixtures("lakehouse")


def test_a_day_is_made_of_all_files_with_rows_of_it(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, TWO, 20)])
    drop(home, "orders/b.csv", [(3, ONE, 30)])
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10), (3, ONE, 30)]
    assert materialize(orders, TWO).success
    assert published(ORDERS) == [(1, ONE, 10), (2, TWO, 20), (3, ONE, 30)]
    assert states(home) == {"a.csv": "ingested", "b.csv": "ingested"}


def test_a_late_file_joins_its_day(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    materialize(orders, ONE)
    drop(home, "orders/b.csv", [(2, ONE, 20)])
    materialize(orders, ONE)
    assert published(ORDERS) == [(1, ONE, 10), (2, ONE, 20)]


def test_the_same_content_counts_once_whatever_it_is_called(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/again.csv", [(1, ONE, 10)])
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]


def test_other_content_under_the_same_name_takes_its_place(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, TWO, 20)])
    materialize(orders, ONE, TWO)
    drop(home, "orders/a.csv", [(1, ONE, 11)])
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 11), (2, TWO, 20)], "a day is left alone until the new content is published"
    assert materialize(orders, TWO).success
    assert published(ORDERS) == [(1, ONE, 11)]


def test_the_day_in_the_name_fills_a_column_that_the_file_lacks(home: Path) -> None:
    drop(home, "prices/p-2026-01-01.csv", [(1, 10)], "id,price")
    drop(home, "prices/2026/01/02/p.csv", [(1, 20)], "id,price")
    assert materialize(prices, ONE, TWO).success
    assert published(PRICES) == [(1, ONE, 10), (1, TWO, 20)]


def test_a_name_that_disagrees_with_the_rows_is_set_aside_and_the_others_are_published(home: Path) -> None:
    drop(home, "prices/p-20260101.csv", [(1, ONE, 10)])
    drop(home, "prices/p-20260101-b.csv", [(2, TWO, 10)])
    assert materialize(prices, ONE).success
    assert published(PRICES) == [(1, ONE, 10)]
    why = reason(home, "p-20260101-b.csv", "prices")["reason"]
    assert "2026-01-02 (1 rows)" in why and "its name says 2026-01-01" in why


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,day,price\n1,2026-01-01\n", "2"),
        ("id,day,colour\n1,2026-01-01,red\n", "colour"),
        ("id,price\n1,10\n", "no column day"),
        ("id,day,price\n1,first of May,10\n", "say"),
        ("id,day,price\n1,1999-01-01,10\n", "before 2026-01-01"),
        ("id,day,price\n1,2999-01-01,10\n", "future"),
        ("", "empty"),
    ],
    ids=["a ragged row", "an unknown column", "no day", "a day that is none", "too early", "too late", "no bytes"],
)
def test_a_bad_file_is_set_aside_and_costs_no_good_one(content: str, said: str, home: Path) -> None:
    drop(home, "orders/good.csv", [(1, ONE, 10)])
    drop(home, "orders/bad.csv", content)
    result = materialize(orders, ONE)
    assert result.success
    assert published(ORDERS) == [(1, ONE, 10)]
    assert states(home) == {"good.csv": "ingested", "bad.csv": "refused"}
    assert said in reason(home, "bad.csv")["reason"]
    assert (home / "landing/orders/_refused/bad.csv").read_text() == content
    (check,) = [each for each in result.get_asset_check_evaluations() if each.check_name == "files"]
    assert not check.passed and said in (check.description or "")


def test_a_file_that_blocks_is_set_aside_and_the_last_good_data_stays(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    materialize(orders, ONE)
    drop(home, "orders/bad.csv", [(2, ONE, -1), (3, ONE, -1), (4, ONE, -1)])
    assert not materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]
    said = reason(home, "bad.csv")
    assert said["rule"] == "price_minimum" and "3 of 4 rows" in said["reason"] and said["partition"] == ONE
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]


def test_of_several_new_files_only_those_that_block_are_set_aside(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/bad.csv", [(2, ONE, -1), (3, ONE, -1), (4, ONE, -1)])
    assert not materialize(orders, ONE).success
    assert states(home) == {"a.csv": "landed", "bad.csv": "refused"}
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]


def test_a_good_file_of_several_days_is_not_blamed_for_another_one(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (5, TWO, 10)])
    drop(home, "orders/bad.csv", [(2, ONE, -1), (3, ONE, -1), (4, ONE, -1)])
    assert not materialize(orders, ONE).success
    assert states(home) == {"a.csv": "landed", "bad.csv": "refused"}


def test_what_only_together_is_blocked_is_set_aside_together(home: Path) -> None:
    for name in ("a", "b"):
        drop(home, f"orders/{name}.csv", [(1, ONE, ord(name))])
    assert not materialize(orders, ONE).success
    assert states(home) == {"a.csv": "refused", "b.csv": "refused"}


def test_of_full_dumps_only_the_latest_counts(home: Path) -> None:
    drop(home, "dumps/d-2026-01-02.csv", [(1, 20)], "id,price")
    drop(home, "dumps/d-2026-01-01.csv", [(1, 10)], "id,price")
    assert materialize(dumps).success
    assert published(DUMPS) == [(1, 20)]


def test_files_may_have_more_columns_over_the_years(home: Path) -> None:
    drop(home, "stock/a.csv", [(1,)], "id")
    drop(home, "stock/b.csv", [(2, 20)], "id,price")
    assert materialize(stock).success
    assert published(STOCK) == [(1, None), (2, 20)]


def test_a_day_for_which_nothing_landed_fails_and_says_so(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10), (3, THREE, 30)])
    result = materialize(orders, ONE, THREE)
    assert not result.success
    assert published(ORDERS) == [(1, ONE, 10), (3, THREE, 30)]
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "no good file has landed for 2026-01-02" in str(failure.event_specific_data)


def test_a_file_that_was_ingested_and_is_gone_costs_no_rows(home: Path) -> None:
    path = drop(home, "orders/a.csv", [(1, ONE, 10)])
    materialize(orders, ONE)
    path.unlink()
    drop(home, "orders/b.csv", [(2, ONE, 20)])
    result = materialize(orders, ONE)
    assert not result.success and published(ORDERS) == [(1, ONE, 10)]
    drop(home, "orders/put-back.csv", [(1, ONE, 10)])
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10), (2, ONE, 20)]


def test_what_may_still_be_written_is_nobodys(home: Path) -> None:
    for name in (".a.csv", "_a.csv", "a.csv.tmp", "a.part", "sub/a.csv"):
        drop(home, f"orders/{name}", [(9, ONE, 9)])
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    materialize(orders, ONE)
    assert published(ORDERS) == [(1, ONE, 10)] and list(states(home)) == ["a.csv"]


def test_the_publication_says_which_files_it_is_made_of(home: Path, lakehouse: Lakehouse) -> None:
    import json

    drop(home, "orders/a.csv", [(1, ONE, 10)])
    result = materialize(orders, ONE)
    (output,) = [each for each in result.get_asset_materialization_events() if each.asset_key.path[-1] == "orders"]
    shown = output.materialization.metadata["files"].value
    known = file(home, "a.csv")
    assert f"| a.csv | 1 | `{known.hash[:12]}` | new |" in str(shown)
    table = lakehouse.existing_table("shop.orders")
    assert table is not None
    summary = table.current_snapshot().summary.additional_properties
    assert json.loads(summary["data-platform.files"]) == [{"name": "a.csv", "size": known.size, "sha256": known.hash}]
    assert known.snapshot_id == str(table.current_snapshot().snapshot_id) and known.run_id == result.run_id
