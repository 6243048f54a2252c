"""What columns hold: the same whether a file's footer says it or the rows are looked at."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenario import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    MONEY,
    TAGS,
    TEXT,
    TIME,
    TIMESTAMP,
    TIMESTAMPTZ,
    small,
    table,
)

from data_platform.contracts import ColumnType, Contract
from data_platform.engines.arrow import relation
from data_platform.lakehouse import stage
from data_platform.quality.audit import audit
from data_platform.quality.conform import conform
from data_platform.quality.profile import LONGEST, ColumnProfile, Footers, Profiler
from data_platform.quality.rows import create_views

MOMENTS = st.datetimes(datetime(1969, 12, 30), datetime(2026, 1, 3))
VALUES: dict[ColumnType, st.SearchStrategy] = {
    LONG: st.integers(-(2**63), 2**63 - 1),
    INT: st.integers(-9, 1000),
    DOUBLE: st.floats() | st.sampled_from([0.0, -0.0, math.nan, math.inf]),
    FLOAT: st.floats(width=32) | st.just(math.nan),
    MONEY: st.decimals(-(10**7), 10**7, places=2),
    TEXT: st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
    | st.just("é" * LONGEST)
    | st.just("x" * (LONGEST + 1)),
    BOOLEAN: st.booleans(),
    DATE: st.dates(date(1969, 12, 30), date(2026, 1, 3)),
    TIME: st.times(),
    TIMESTAMP: MOMENTS,
    TIMESTAMPTZ: MOMENTS.map(lambda each: each.replace(tzinfo=UTC)),
    BINARY: st.binary(max_size=3),
    TAGS: st.lists(st.sampled_from(["a", "b"]), max_size=2),
}


def profiled(contract: Contract, folder: Path, *frames: list) -> list[dict[str, ColumnProfile]]:
    """The profile as the footers of what was staged say it, and as the rows do."""
    staged = [
        stage(relation(table(rows, contract), ""), contract, str(folder / str(n))) for n, rows in enumerate(frames)
    ]
    files = [file for each in staged for file in each.files]
    footers: Footers = {file: told for each in staged for file, told in each.footers.items()}
    shape = conform(contract, staged[0].columns)
    found = []
    for told in (footers, {}):
        with relation_connection() as connection:
            create_views(connection, shape, files, staged[0].columns)
            profiler = Profiler.of(contract, shape, files, told)
            found.append(dict(audit(connection, contract, shape, [""], (), profiler=profiler)[""].profile))
    return found


def relation_connection():
    from data_platform.lakehouse.duck import connect

    return connect("")


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_footers_and_rows_say_the_same(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    kind = data.draw(st.sampled_from(list(VALUES)))
    contract = small(x=kind)
    values = data.draw(st.lists(st.lists(st.none() | VALUES[kind], max_size=5), min_size=1, max_size=3))
    frames = [[{"x": value} for value in part] for part in values]
    by_footers, by_rows = profiled(contract, tmp_path_factory.mktemp("staged"), *frames)
    every = [value for part in values for value in part]
    assert plain(by_footers["x"]) == plain(by_rows["x"])
    assert by_rows["x"].nulls == every.count(None)
    numbers = [each for each in every if each is not None and not (isinstance(each, float) and math.isnan(each))]
    if kind in (LONG, INT, MONEY) and numbers:
        assert (Decimal(by_rows["x"].minimum or ""), Decimal(by_rows["x"].maximum or "")) == (
            min(numbers),
            max(numbers),
        )
    if kind == TEXT and numbers:
        assert by_rows["x"].maximum == (max(numbers) if len(max(numbers)) <= LONGEST else None)


def plain(profile: ColumnProfile) -> ColumnProfile:
    """Zero is zero, whatever its sign."""
    low, high = (
        bound.replace("-0.0", "0.0") if bound == "-0.0" else bound for bound in (profile.minimum, profile.maximum)
    )
    return ColumnProfile(profile.nulls, profile.distinct, low, high)


def test_what_must_be_cast_is_profiled_as_it_is_after_the_cast(tmp_path: Path) -> None:
    contract = small(x=LONG)
    texts = small(x=TEXT)
    staged = stage(relation(table([{"x": "10"}, {"x": "9"}, {"x": None}], texts), ""), contract, str(tmp_path / "s"))
    shape = conform(contract, staged.columns)
    with relation_connection() as connection:
        create_views(connection, shape, staged.files, staged.columns)
        profiler = Profiler.of(contract, shape, staged.files, staged.footers)
        (profile,) = audit(connection, contract, shape, [""], (), profiler=profiler)[""].profile.values()
    assert profile == ColumnProfile(1, 2, "9", "10")


def test_many_distinct_values_are_estimated_within_some_percent(tmp_path: Path) -> None:
    contract = small(x=LONG)
    (profile, _) = profiled(contract, tmp_path, [{"x": i % 5000} for i in range(20_000)])
    assert profile["x"].distinct == pytest.approx(5000, rel=0.1)


def test_nothing_at_all_has_a_profile_too(tmp_path: Path) -> None:
    contract = small(x=LONG, tags=TAGS)
    assert profiled(contract, tmp_path, []) == [{"x": ColumnProfile(0, 0), "tags": ColumnProfile(0)}] * 2
