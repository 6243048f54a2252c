"""Random draws that can be drawn again: everything depends on the seed, the first day, the day's index and a purpose."""

import zlib

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

HOUR = 3_600_000_000  # all moments are microseconds since 1970, UTC
DAY = 24 * HOUR
MINUTE = 60_000_000
# Share of a day's traffic by hour: a quiet night, a lunch hump, an evening peak.
ALL_HOURS = np.array([14, 9, 6, 4, 4, 6, 12, 24, 36, 44, 48, 52, 58, 54, 48, 46, 48, 54, 64, 76, 84, 78, 56, 32], float)
# Edits and payments leave the night to the monolith's jobs (repairs at 02:00, purges at 03:30).
OPEN_HOURS = np.where(np.arange(24) < 4, 0.0, ALL_HOURS)
ZIPF_EXPONENT, ZIPF_SHIFT = 0.9, 3.0  # the shift keeps the first of all from having a tenth of everything


def generator(seed: int, first_day: int, index: int, purpose: str) -> np.random.Generator:
    """One independent stream per purpose, so that a change in one place leaves the other draws as they were."""
    return np.random.default_rng([seed, first_day, index, zlib.crc32(purpose.encode())])


def moments(rng: np.random.Generator, count: int, midnight: int, hours: Floats = ALL_HOURS) -> Ints:
    """`count` moments of the day, spread as `hours` says, in order."""
    hour = rng.choice(24, size=count, p=hours / hours.sum())
    return np.sort(midnight + hour * HOUR + rng.integers(0, HOUR, count))


def luck(ids: Ints, salt: int) -> Floats:
    """A number in (0, 1] that belongs to an id for life (splitmix64), without having to be stored."""
    with np.errstate(over="ignore"):
        x = ids.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % 2**64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2**53 + 2**-53


def popularity(ids: Ints, salt: int) -> Floats:
    """Weights that follow the Zipf-Mandelbrot law over the ids; an id keeps its fame from day to day."""
    return (luck(ids, salt) + ZIPF_SHIFT / max(1, len(ids))) ** -ZIPF_EXPONENT


def pick(rng: np.random.Generator, weights: Floats, count: int) -> Ints:
    """Positions drawn by weight, with replacement."""
    total = np.cumsum(weights)
    return np.minimum(np.searchsorted(total, rng.random(count) * total[-1]), len(weights) - 1)


def pick_distinct(rng: np.random.Generator, weights: Floats, count: int) -> Ints:
    """Positions drawn by weight, each at most once (exponential races: the smallest arrive first)."""
    arrival = rng.exponential(size=len(weights)) / weights
    return np.sort(np.argsort(arrival, kind="stable")[:count])


def some_of(rng: np.random.Generator, count: int, share: float) -> Ints:
    """About `share` of `count` positions; the fraction is settled by chance, so that small days stay unbiased."""
    return np.sort(rng.permutation(count)[: int(share * count + rng.random())])
