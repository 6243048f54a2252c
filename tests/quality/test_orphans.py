"""Foreign keys against their meaning said in a few lines of Python."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import DATE, DOUBLE, LONG, TEXT, small, table

from data_platform.contracts import Partitioning, PartitionKey, Reference, Rule
from data_platform.quality.audit import audit
from data_platform.quality.elsewhere import Elsewhere
from data_platform.quality.orphans import orphan_rows
from data_platform.quality.rows import CONFORMED, POSITION

from .audits import conformed

DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
DAYS = (date(2026, 1, 1), date(2026, 1, 2))
KEYS = st.tuples(st.sampled_from([None, 0, 1, 2]), st.sampled_from([None, "a", "b", ""]))
PARENT = Reference("shop.parent", ("id", "name"))
PAIR = Rule("key", "foreign_key", ("x", "y"), {"columns": ("id", "name")}, reads=(PARENT,))


@settings(max_examples=50, deadline=None)
@given(
    children=st.lists(st.tuples(KEYS, st.sampled_from(DAYS)), max_size=10),
    parents=st.lists(st.tuples(KEYS, st.sampled_from(DAYS)), max_size=6),
    same=st.booleans(),
    cut=st.integers(0, 10),
)
def test_an_orphan_is_a_whole_key_that_no_parent_has(
    children: list, parents: list, same: bool, cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contract = small(PAIR, partitioning=DAILY, x=LONG, y=TEXT, day=DATE, n=LONG)
    rows = [{"x": x, "y": y, "day": day, "n": n} for n, ((x, y), day) in enumerate(children)]
    parent = pa.table(
        {
            "id": pa.array([key[0] for key, _ in parents], pa.int64()),
            "name": pa.array([key[1] for key, _ in parents], pa.string()),
            "day": pa.array([day for _, day in parents], pa.date32()),
        }
    )

    def known(day: date) -> set:
        return {key for key, of in parents if not same or of == day}

    expected = [
        row["n"] for row in rows if None not in (row["x"], row["y"]) and (row["x"], row["y"]) not in known(row["day"])
    ]
    folder = tmp_path_factory.mktemp("staged")
    by_day = [[row for row in rows if row["day"] == day] for day in DAYS]
    parts = [part for of in by_day for part in (of[:cut], of[cut:])]  # one partition per file, several files of each
    with conformed(contract, folder, *(table(part, contract) for part in parts)) as (connection, shape):
        file = str(folder / "parent.parquet")
        connection.from_arrow(parent).write_parquet(file)
        where = {str(day): f" WHERE day = DATE '{day}'" if same else "" for day in DAYS}
        views = {PARENT: {day: f"SELECT id, name FROM '{file}'{each}" for day, each in where.items()}}
        partitions = [str(day) for day in DAYS]
        counted = audit(connection, contract, shape, partitions, contract.rules, Elsewhere(views))
        files = {day: tuple(counted[day].files) for day in partitions}
        found: list[int] = []
        for query in orphan_rows(PAIR, contract, views[PARENT], files):
            join = f'SELECT "n" FROM {CONFORMED} JOIN ({query}) USING ({POSITION})'
            found += [n for (n,) in connection.execute(join).fetchall()]
        assert sorted(found) == expected
    assert sum(counted[day].metrics["key"] for day in partitions) == len(expected)


def test_zeros_and_what_is_not_a_number_are_found_like_any_other_key(tmp_path) -> None:
    rule = Rule("key", "foreign_key", ("x",), {"columns": ("id",)}, reads=(Reference("shop.parent", ("id",)),))
    contract = small(rule, x=DOUBLE)
    rows = table([{"x": x} for x in (0.0, -0.0, float("nan"), 2.0)], contract)
    views = {rule.reads[0]: {"": "SELECT unnest([-0.0, 'nan'::DOUBLE, 1.0]) AS id"}}
    with conformed(contract, tmp_path, rows) as (connection, shape):
        counted = audit(connection, contract, shape, [""], contract.rules, Elsewhere(views))
    assert counted[""].metrics == {"key": 1.0}
