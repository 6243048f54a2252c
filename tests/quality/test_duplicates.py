"""Which rows are duplicates: null keys never, per partition, and always the same ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import DATE, DOUBLE, LONG, PRICES, SIZE, TAGS, TEXT, TIMESTAMP, small, table

from data_platform.contracts import Partitioning, PartitionKey, Rule
from data_platform.quality import duplicates

from .audits import metrics, surplus

KEY = Rule("key", "duplicate_values", ("id",))
PAIR = Rule("key", "duplicate_values", ("id", "name"))
DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)

WAYS = {
    "all at once": {},
    "by partition": {"LARGE": -1},
    "by partition, in passes": {"LARGE": -1, "AT_ONCE": 2},
    "by partition, numbers far apart": {"LARGE": -1, "AT_ONCE": 2, "DENSE": 0},
}


@pytest.fixture(params=WAYS, autouse=True)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many rows there are, the same is found."""
    for name, value in WAYS[request.param].items():
        monkeypatch.setattr(duplicates, name, value)


NAN = float("nan")
CASES = [  # keys, how many are surplus
    ([1, 2, 3], 0),
    ([1, 1, 2], 1),
    ([1, 1, 1, 2, 2], 3),
    ([None, None, None], 0),
    ([None, 1, None, 1], 1),
    ([], 0),
    ([-5, 3, -5, 0], 1),
    ([-(2**63), 2**63 - 1, -(2**63)], 1),
    ([-(2**63), 1 - 2**63, 2 - 2**63, 1 - 2**63], 1),
    ([2**63 - 1, 2**63 - 2, 2**63 - 1, 2**63 - 3], 1),
]


@pytest.mark.parametrize(("keys", "count"), CASES)
def test_all_rows_but_the_first_of_a_key_are_duplicates(keys: list, count: int, tmp_path: Path) -> None:
    contract = small(KEY, id=LONG, n=LONG)
    frame = table([{"id": key, "n": n} for n, key in enumerate(keys)], contract)
    assert metrics(contract, tmp_path, frame)[""].get("key", 0) == count
    assert len(surplus(contract, KEY, tmp_path, frame, show="n")) == count


def test_a_compound_key_with_a_null_in_it_is_no_duplicate(tmp_path: Path) -> None:
    contract = small(PAIR, id=LONG, name=TEXT)
    rows = [(1, "a"), (1, "a"), (1, None), (1, None), (None, "a"), (None, "a"), (2, "A"), (2, "a"), (2, "")]
    frame = table([{"id": id, "name": name} for id, name in rows], contract)
    assert metrics(contract, tmp_path, frame)[""]["key"] == 1


def test_not_a_number_is_a_key_like_any_other(tmp_path: Path) -> None:
    contract = small(KEY, id=DOUBLE)
    frame = table([{"id": key} for key in (NAN, NAN, 0.0, -0.0)], contract)
    assert metrics(contract, tmp_path, frame)[""]["key"] == 2


def test_the_same_key_in_two_partitions_is_no_duplicate(tmp_path: Path) -> None:
    contract = small(KEY, partitioning=DAILY, id=LONG, day=DATE, n=LONG)
    rows = [(1, FIRST), (1, SECOND), (2, FIRST), (2, FIRST), (3, SECOND), (3, SECOND), (3, SECOND)]
    numbered = [{"id": id, "day": day, "n": n} for n, (id, day) in enumerate(rows)]
    frames = [table([row for row in numbered if row["day"] == day], contract) for day in (FIRST, SECOND)]
    found = metrics(contract, tmp_path, *frames, partitions=["2026-01-01", "2026-01-02", "2026-01-03"])
    assert {day: each.get("key", 0) for day, each in found.items()} == {
        "2026-01-01": 1,
        "2026-01-02": 2,
        "2026-01-03": 0,
    }
    assert surplus(contract, KEY, tmp_path, *frames, show="n") == [3, 5, 6]


ORDERS = {  # keepFirst -> the version kept of (version, at): one of each, some null
    "version": 1,
    "version desc": 3,
    "version DESC": 3,
    "at": 2,
    "at desc": 1,
    "name, version desc": 3,
    "missing desc, version": 1,
}


@pytest.mark.parametrize(("keep", "kept"), ORDERS.items())
def test_keep_first_says_which_row_is_kept_nulls_last(keep: str, kept: int, tmp_path: Path) -> None:
    rule = Rule("key", "duplicate_values", ("id",), {"keepFirst": keep})
    contract = small(rule, id=LONG, version=LONG, at=DOUBLE, name=TEXT, missing=TIMESTAMP)
    rows = [(2, 0.1), (1, 0.9), (3, 0.5), (None, None)]
    frame = table([{"id": 1, "version": version, "at": at, "name": "x"} for version, at in rows], contract)
    assert set(surplus(contract, rule, tmp_path, frame, show="version")) == {1, 2, 3, None} - {kept}


def test_without_an_order_the_columns_order_decides_nested_ones_included(tmp_path: Path) -> None:
    contract = small(KEY, id=LONG, tags=TAGS, size=SIZE, prices=PRICES)
    rows = [
        {"id": 1, "tags": ["a"], "size": {"width": 2, "Unit of it": "cm"}, "prices": {"nok": 1}},
        {"id": 1, "tags": ["a"], "size": {"width": 1, "Unit of it": "cm"}, "prices": {"nok": 2}},
        {"id": 1, "tags": ["a"], "size": {"width": 1, "Unit of it": "cm"}, "prices": {"nok": 1}},
    ]
    for place, order in enumerate([(0, 1, 2), (2, 1, 0), (1, 2, 0)]):
        frame = table([rows[i] for i in order], contract)
        kept = surplus(contract, KEY, tmp_path / str(place), frame, show="prices")
        assert [str(each) for each in kept] == ["{'nok': 1}", "{'nok': 2}"]
        assert [each["width"] for each in surplus(contract, KEY, tmp_path / str(place), frame, show="size")] == [1, 2]


ROWS = st.lists(
    st.tuples(st.sampled_from([None, 1, 2, 3]), st.sampled_from([None, "a", "b"]), st.sampled_from([FIRST, SECOND])),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(rows=ROWS, data=st.data())
def test_the_same_rows_are_duplicates_whatever_order_and_files_they_were_staged_in(
    rows: list[tuple], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contract = small(KEY, partitioning=DAILY, id=LONG, name=TEXT, day=DATE)
    kept: dict[tuple, list] = {}
    for id, name, day in rows:
        if id is not None:
            kept.setdefault((id, day), []).append(name)
    expected = sorted(
        name or "~" for names in kept.values() for name in sorted(names, key=lambda each: each or "~")[1:]
    )
    for _ in range(2):
        shuffled = data.draw(st.permutations(rows))
        cut = data.draw(st.integers(0, len(rows)))
        frames = [
            table([{"id": id, "name": name, "day": day} for id, name, day in part], contract)
            for part in (shuffled[:cut], shuffled[cut:])
        ]
        found = surplus(contract, KEY, tmp_path_factory.mktemp("staged"), *frames, show="name")
        assert sorted(name or "~" for name in found) == expected


def test_duckdb_orders_maps_which_duplicates_rely_on() -> None:
    with duckdb.connect() as connection:
        ordered = connection.sql("SELECT m FROM (VALUES (MAP {'b': 1}), (MAP {'a': 1})) t(m) ORDER BY m").fetchall()
    assert [str(each) for (each,) in ordered] == ["{'a': 1}", "{'b': 1}"]


def test_rows_sharing_a_key_are_counted_over_several_files(tmp_path: Path) -> None:
    contract = small(KEY, id=LONG)
    frame = pa.table({"id": pa.array([1, 2], pa.int64())})
    assert metrics(contract, tmp_path, frame, frame, frame)[""]["key"] == 4
