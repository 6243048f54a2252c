"""How far a number is from what was measured before."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario import DAILY, HOURLY, STATIC, orders

from data_platform.contracts import Partitioning
from data_platform.quality.history import age, deviation

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("unit", "value", "past", "expected"),
    [
        ("percent", 150, (100, 100, 90), 50),
        ("percent", 50, (100,), -50),
        ("percent", 110, (100, 10), 100),
        ("percent", -110, (-100, -100), -10),
        ("percent", 0, (0, 0), 0),
        ("percent", 1, (0, 0), INF),
        ("percent", -1, (0, 0), -INF),
        ("score", 100, (90, 100, 110), 0),
        ("score", 120, (90, 100, 110), 0.6745 * 20 / 10),
        ("score", 80, (90, 100, 110), -0.6745 * 20 / 10),
        ("score", 100, (100, 100, 100, 5), 0),
        ("score", 101, (100, 100, 100, 5), INF),
        ("score", 99, (100, 100, 100, 5), -INF),
        ("rows", 7, (100,), 7),
        ("rows", 7, (), 7),
    ],
)
def test_how_far_is_far(unit: str, value: float, past: tuple[float, ...], expected: float) -> None:
    assert deviation(unit, value, past) == pytest.approx(expected)


def test_no_number_is_far_from_nothing() -> None:
    assert all(math.isnan(deviation(unit, NAN, (1, 2, 3))) for unit in ("percent", "score", "rows"))


@given(past=st.lists(st.integers(1, 1000), min_size=3, max_size=9), value=st.integers(0, 2000))
def test_a_score_neither_depends_on_the_unit_of_the_numbers_nor_on_their_order(past: list[int], value: int) -> None:
    score = deviation("score", value, past)
    assert deviation("score", 60 * value, [60 * each for each in reversed(past)]) == pytest.approx(score)


NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shape", "partition", "seconds"),
    [
        (None, "", 3600),
        (STATIC, "no", 3600),
        (DAILY, "2026-01-02", 13 * 3600),
        (HOURLY, "2026-01-02-11:00", 3600),
        (DAILY, "2026-01-01", -11 * 3600),
    ],
)
def test_age_ends_with_the_partition_or_now(shape: Partitioning | None, partition: str, seconds: float) -> None:
    newest = NOON.replace(hour=11).timestamp()
    assert age(newest, orders(shape), partition, NOON) == seconds
    assert math.isnan(age(None, orders(shape), partition, NOON))
