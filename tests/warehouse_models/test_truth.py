"""Each SQL dataset, published by dbt over eleven days of the marketplace, says what plain Python says of the same rows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.domains.conftest import FIRST_DAY, LIVED

from .conftest import BAD_DAY, DAILY, LAST_DAY, NEEDS_LISTINGS, Warehouse
from .truth import TRUTH, Row

pytestmark = pytest.mark.slow


def comparable(row: Row) -> tuple:
    def plain(value: Any) -> Any:
        match value:
            case Decimal() | float() | bool() | int():
                return round(float(value), 6)
            case datetime():
                return value.isoformat()
            case dict():
                return comparable(value)
            case list():
                return [plain(each) for each in value]
        return value

    return tuple((name, repr(plain(row[name]))) for name in sorted(row))


@pytest.mark.parametrize("dataset", TRUTH)
def test_the_published_rows_are_the_truth(lived: Warehouse, dataset: str):
    expected = sorted(map(comparable, TRUTH[dataset](lived.rows)))
    assert sorted(map(comparable, lived.rows(dataset))) == expected
    assert expected


@pytest.mark.parametrize("dataset", DAILY)
def test_a_bad_day_costs_only_what_needs_its_listings(lived: Warehouse, dataset: str):
    days = {FIRST_DAY + timedelta(days=nth) for nth in range(LIVED)}
    assert BAD_DAY not in lived.platform.days_of("ads.listings")
    assert set(lived.platform.days_of(dataset)) == days - ({BAD_DAY} if dataset in NEEDS_LISTINGS else set())


@pytest.mark.parametrize("dataset", DAILY)
def test_a_day_alone_is_what_it_was_within_the_range(lived: Warehouse, dataset: str):
    def of_day(day: date) -> list[tuple]:
        return sorted(map(comparable, lived.platform.published(dataset, day).to_dicts()))

    before = of_day(LAST_DAY)
    assert lived.build([dataset], str(LAST_DAY)).success
    assert of_day(LAST_DAY) == before


def test_nothing_of_it_had_to_be_set_aside(lived: Warehouse):
    assert {name for name in TRUTH if lived.platform.quarantined(name).height} == set()
