"""The days on which something goes wrong: blocked, warned of, and repaired."""

from datetime import timedelta

import dagster as dg
import pytest

from data_platform.marketplace.days import bad_day, phone_day

from .conftest import FIRST_DAY, Platform

pytestmark = pytest.mark.slow

BAD_DAY = bad_day(FIRST_DAY)
EVE, NEXT_DAY = BAD_DAY - timedelta(days=1), BAD_DAY + timedelta(days=1)


def checks(run: dg.ExecuteInProcessResult, name: str) -> list[tuple[bool, dg.AssetCheckSeverity]]:
    found = [check for check in run.get_asset_check_evaluations() if check.check_name == name]
    return [(check.passed, check.severity) for check in found]


def test_the_bad_day_is_blocked_and_nothing_is_made_of_it(later: Platform):
    assert later.materialize(["ads.categories"]).success
    assert later.materialize(["ads.raw_listing_changes"], str(FIRST_DAY), str(NEXT_DAY)).success
    chain = ["ads.listings", "ads.price_index"]
    assert later.materialize(chain, str(EVE)).success
    blocked = later.materialize(chain, str(BAD_DAY))
    assert not blocked.success
    assert checks(blocked, "price_exclusive_minimum") == [(False, dg.AssetCheckSeverity.ERROR)]
    assert not blocked.get_asset_materialization_events()
    assert later.materialize(chain, str(NEXT_DAY)).success, "the day after needs only the raw changes"
    for dataset in chain:
        assert later.days_of(dataset) == [EVE, NEXT_DAY]
    assert (later.published("ads.listings")["price"] > 0).all()


def test_many_phone_numbers_in_messages_are_warned_of_and_published(later: Platform):
    day = phone_day(FIRST_DAY)
    run = later.materialize(["messaging.raw_messages", "messaging.messages"], str(day))
    assert run.success
    assert checks(run, "few_mention_a_phone") == [(False, dg.AssetCheckSeverity.WARN)]
    assert later.days_of("messaging.messages") == [day]


def test_a_few_wrong_prices_are_set_aside(platform: Platform):
    assert set(platform.quarantined("ads.listings")["price"].cast(float)) == {0.0}
