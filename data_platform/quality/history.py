"""Rules against a dataset's own past: how far a number is from what earlier publications measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.partitions import STEP, split, start_of

SCORE = 0.6745
"""Makes a robust z-score of a distance in median absolute deviations (Iglewicz and Hoaglin, 1993)."""


def measured(rule: Rule, value: float, past: Sequence[float]) -> tuple[float, str, str]:
    """What the rule measures of a number, what it was measured from, and why that says nothing yet ('' where it does)."""
    why = too_little(rule, past)
    unit = rule.threshold.unit if rule.threshold else ""
    return math.nan if why else deviation(unit, value, past), against(rule, value, past), why


def deviation(unit: str, value: float, past: Sequence[float]) -> float:
    """How far `value` is from the median of the `past`, in % of it or (`score`) as a robust z-score; as it is in any
    other unit.

    Where the median is 0, or nothing ever deviated from it, anything else is infinitely far. NaN without an answer.
    """
    if math.isnan(value) or unit not in ("percent", "score"):
        return value
    middle = median(past)
    apart = value - middle
    if not apart:
        return 0.0
    factor, scale = 100, abs(middle)
    if unit == "score":
        factor, scale = SCORE, median(abs(each - middle) for each in past)
    return factor * apart / scale if scale else math.copysign(math.inf, apart)


def too_little(rule: Rule, past: Sequence[float]) -> str:
    """Why the rule says nothing yet; '' where there is enough history."""
    least = int(rule.arguments["least"])
    needs_past = rule.threshold is not None and rule.threshold.unit in ("percent", "score")
    return f"no history yet: {len(past)} of at least {least} publications" if needs_past and len(past) < least else ""


def against(rule: Rule, value: float, past: Sequence[float]) -> str:
    """What was compared, in words."""
    number = f"{value:,.12g} {'rows' if rule.arguments['of'] == 'rowCount' else 'seconds'}"
    return f"{number}; the median of the last {len(past)} is {median(past):,.12g}" if past else number


def age(newest: float | None, contract: Contract, partition: str, now: datetime) -> float:
    """Seconds from the newest value (seconds since 1970) to the partition's end, or to `now` where the dataset is not
    cut by time; NaN without a value."""
    if newest is None:
        return math.nan
    time = contract.partitioning.time if contract.partitioning else None
    end = now.astimezone(UTC)
    if contract.partitioning is not None and time is not None:
        keys = dict(zip(contract.partitioning.keys, split(contract.partitioning, partition), strict=True))
        end = start_of(time, keys[time]) + STEP[time.granularity]
    return end.timestamp() - newest
