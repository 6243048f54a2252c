"""One simulated day: which it is, how much happens on it, and its random draws."""

import datetime as dt
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from . import draws

# How much happens at scale 1. The first two are there at the start; the rest is per day.
VOLUMES = {
    "initial_users": 2_000,
    "initial_listings": 4_000,
    "new_users": 60,
    "new_listings": 250,
    "user_edits": 40,
    "listing_edits": 280,  # with the ~125 sales a day: 400 updates
    "deleted_users": 5,
    "deleted_listings": 15,
    "messages": 600,
    "payments": 150,
    "refunds": 3,
    "listing_view": 15_500,
    "search": 3_500,
    "contact": 1_000,
}
DAILY_GROWTH = 1.004
WEEK = (0.98, 0.96, 0.95, 0.97, 1.02, 1.08, 1.10)  # Monday first
BAD_DAY_INDEX = 9
PHONE_DAY_INDEX = 6


def bad_day(first_day: dt.date) -> dt.date:
    """The day on which a currency bug spoils the prices; the next day at 02:00 they are repaired."""
    return first_day + timedelta(days=BAD_DAY_INDEX)


def phone_day(first_day: dt.date) -> dt.date:
    """The day on which unusually many messages carry a phone number."""
    return first_day + timedelta(days=PHONE_DAY_INDEX)


@dataclass(frozen=True)
class Day:
    """A day of the simulation, `index` days after its first."""

    date: dt.date
    index: int
    seed: int
    scale: float

    @property
    def first(self) -> dt.date:
        return self.date - timedelta(days=self.index)

    @property
    def start(self) -> datetime:
        return datetime(self.date.year, self.date.month, self.date.day, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.start + timedelta(days=1)

    @property
    def midnight(self) -> int:
        """The day's start in microseconds since 1970."""
        return int(self.start.timestamp()) * 1_000_000

    @property
    def is_bad(self) -> bool:
        return self.index == BAD_DAY_INDEX

    @property
    def is_after_the_bad_one(self) -> bool:
        return self.index == BAD_DAY_INDEX + 1

    @property
    def is_phone_day(self) -> bool:
        return self.index == PHONE_DAY_INDEX

    def at(self, hours: float) -> datetime:
        """The moment `hours` after midnight."""
        return self.start + timedelta(hours=hours)

    def count(self, what: str) -> int:
        """How many of `what` this day brings: proportional to the scale, growing, livelier at the week's end."""
        if what.startswith("initial_"):
            return max(1, round(VOLUMES[what] * self.scale))
        return max(1, round(VOLUMES[what] * self.scale * DAILY_GROWTH**self.index * WEEK[self.date.weekday()]))

    def draws(self, purpose: str) -> np.random.Generator:
        return draws.generator(self.seed, self.first.toordinal(), self.index, purpose)
