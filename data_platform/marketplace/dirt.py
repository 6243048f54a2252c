"""The dirt in the example's sources, all of it in one place.

| what                                             | how much                    | what it is meant to trigger             |
|--------------------------------------------------|-----------------------------|-----------------------------------------|
| users: malformed e-mail                          | 0.5 % of sign-ups           | quarantine by a pattern rule            |
| listings: no city                                | 1 %                         | a warning by a nullValues rule          |
| listings: price 0                                | 0.5 %                       | quarantine or warning by a minimum      |
| listings: price is negative hundredths           | 60 % of the inserts and     | the bad day is blocked;                 |
|                                                  | updates of day 10           | repaired at 02:00 of day 11             |
| messages: a phone number in the body             | 1.5-4 % a day, 8 % on day 7 | a warning at more than 5 %              |
| payments: amount is not the listing's price      | 0.5 %                       | a cross-dataset sql rule                |
| events: late (happened 1-6 h before received_at) | 1 %                         | late arrival: windows, yesterday's rows |
| events: delivered twice, same event_id           | 0.5 %, half of them with a  | quarantine by a duplicateValues rule    |
|                                                  | later received_at           |                                         |
| events: broken, one way of BROKEN                | 0.7 %                       | quarantine by type, range, enum, null   |
"""

from collections.abc import Callable

import numpy as np

from .days import Day
from .draws import Floats, Ints, luck, some_of

MALFORMED_EMAIL, NO_CITY, PRICE_ZERO, WRONG_AMOUNT = 0.005, 0.01, 0.005, 0.005
CURRENCY_BUG, CURRENCY_BUG_SALT = 0.6, 977
LATE, DUPLICATED, BROKEN_SHARE = 0.01, 0.005, 0.007
PHONE_DAY_SHARE, PHONE_USUAL = 0.08, (0.015, 0.04)

BROKEN_TIMES = ("yesterday", "2026-02-31T25:61:00Z", "")
Break = Callable[[dict, np.random.Generator], object]


def _set(key: str, *values: object) -> Break:
    return lambda event, rng: event.update({key: values[rng.integers(len(values))]})


def _negative(key: str) -> Break:
    return lambda event, rng: event.update({key: -1 - (event[key] or 0)})


def _without(key: str) -> Break:
    return lambda event, rng: event.pop(key)


# kind -> the ways one of its events can be broken, all equally likely
BROKEN: dict[str, tuple[Break, ...]] = {
    "listing_view": (
        _negative("dwell_ms"),
        _set("listing_id", None, "abc"),
        _set("device", "toaster"),
        _set("viewed_at", *BROKEN_TIMES),
        _without("session_id"),
    ),
    "search": (
        _negative("results"),
        _set("device", "toaster"),
        _set("searched_at", *BROKEN_TIMES),
        _without("query"),
    ),
    "contact": (
        _set("listing_id", None, "abc"),
        _set("channel", "pigeon"),
        _set("contacted_at", *BROKEN_TIMES),
        _without("user_id"),
    ),
}


def spoil_emails(emails: list[str], rng: np.random.Generator) -> None:
    """Break some addresses in place, as forms without validation let through."""
    ways = (
        lambda e: e.replace("@", ""),
        lambda e: e.replace("@", " at "),
        lambda e: e + "@",
        lambda e: e.split("@")[0],
    )
    for position in some_of(rng, len(emails), MALFORMED_EMAIL):
        emails[position] = ways[rng.integers(len(ways))](emails[position])


def written_prices(listing_ids: Ints, prices: Floats, day: Day) -> Floats:
    """What reaches the table: the price, or on the bad day for most listings the bug's negative hundredths.

    Prices are whole amounts, so hundredths lose nothing and the repair can restore them.
    """
    if not day.is_bad:
        return prices
    return np.where(luck(listing_ids, CURRENCY_BUG_SALT) < CURRENCY_BUG, np.round(prices / -100, 2) + 0.0, prices)


def phone_positions(count: int, day: Day, rng: np.random.Generator) -> Ints:
    """Which of the day's messages carry a phone number; on the phone day never fewer than 8 %."""
    if day.is_phone_day:
        return np.sort(rng.permutation(count)[: int(np.ceil(PHONE_DAY_SHARE * count))])
    return some_of(rng, count, rng.uniform(*PHONE_USUAL))
