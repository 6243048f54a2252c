"""Cron schedules, held to what Dagster takes."""

from __future__ import annotations

import pytest
from dagster._utils.schedules import is_valid_cron_string  # what a ScheduleDefinition asks; characterized here
from hypothesis import given
from hypothesis import strategies as st

from data_platform.contracts.schedules import cron_complaint

GOOD = [
    "* * * * *",
    "0 6 * * *",
    "*/15 0-6,20 1 jan-mar MON-fri",
    "0 0 29 2 *",
    "5 4 * * 7",
    "0-30/10 * * * 0",
    " 0  6 * * * ",
]
BAD = [  # schedule, what is said
    ("", "five fields"),
    ("@daily", "five fields"),
    ("0 6 * *", "five fields"),
    ("0 0 6 * * *", "five fields"),
    ("60 * * * *", "'60' is no minute, which is 0 to 59"),
    ("* 24 * * *", "'24' is no hour"),
    ("* * 0 * *", "'0' is no day of the month"),
    ("* * * 13 *", "'13' is no month"),
    ("* * * * 8", "'8' is no day of the week"),
    ("* * * foo *", "'foo' is no month"),
    ("5-1 * * * *", "'5-1' is no minute"),
    ("*/0 * * * *", "'*/0' is no minute"),
    ("1,,2 * * * *", "'' is no minute"),
    ("1/5 * * * *", "'1/5' is no minute"),
    ("0 0 30 2 *", "no such day: 30 in month 2"),
    ("0 0 31 2 1", "no such day: 31 in month 2"),
    ("0 0 31 4,6 *", "no such day: 31 in month 4,6"),
    ("② * * * *", "is no minute"),
]


@pytest.mark.parametrize("cron", GOOD)
def test_a_schedule_that_comes_round_holds(cron: str) -> None:
    assert cron_complaint(cron) == ""
    assert is_valid_cron_string(" ".join(cron.split()))


@pytest.mark.parametrize(("cron", "word"), BAD)
def test_any_other_is_refused_with_the_field_it_fails_at(cron: str, word: str) -> None:
    assert word in cron_complaint(cron)


def _terms(least: int, most: int, *words: str) -> st.SearchStrategy[str]:
    number = st.integers(least, most)
    numbers = st.tuples(number, number).map(sorted).map(lambda pair: f"{pair[0]}-{pair[1]}")
    term = number.map(str) | numbers | st.just("*") | st.sampled_from([*words, "*"])
    stepped = st.tuples(numbers | st.just("*"), st.integers(1, 9)).map(lambda pair: f"{pair[0]}/{pair[1]}")
    return st.lists(term | stepped, min_size=1, max_size=3).map(",".join)


@given(st.tuples(_terms(0, 59), _terms(0, 23), _terms(1, 28), _terms(1, 12, "jan", "DEC"), _terms(0, 7, "mon", "SUN")))
def test_dagster_takes_every_schedule_that_we_take(parts: tuple[str, ...]) -> None:
    assert cron_complaint(" ".join(parts)) == ""
    assert is_valid_cron_string(" ".join(parts))
