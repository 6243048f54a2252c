"""The partition in a file's name. Pure.

| name                               | day          | hour               |
|------------------------------------|--------------|--------------------|
| `orders-2026-11-01.csv`            | 2026-11-01   | no hour            |
| `orders_20261101T053000.csv`       | 2026-11-01   | 2026-11-01-05:00   |
| `2026/11/01/05.csv`                | 2026-11-01   | 2026-11-01-05:00   |
| `day=2026-11-01/part-0.csv`        | 2026-11-01   | no hour            |
| `a-20261101-sent-20261102.csv`     | two days: `pattern` has to say which                    |
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from data_platform.contracts import Partitioning, PartitionKey
from data_platform.contracts.partitions import spell

_DAY = r"(?P<y>(?:19|20|21)\d\d)(?P<s>[-_./]?)(?P<m>0[1-9]|1[0-2])(?P=s)(?P<d>0[1-9]|[12]\d|3[01])"
_HOUR = r"(?P<h>[01]\d|2[0-3])(?:[-_:.h]?[0-5]\d){0,2}"
MOMENT = re.compile(rf"(?<!\d){_DAY}(?:[-_T ./]?(?:hour=)?{_HOUR}(?:\.\d+)?Z?)?(?!\d)")


class NoPartition(ValueError):
    """A name that does not say one partition; the message says why, and what to do."""


def partition_of(path: str, partitioning: Partitioning, pattern: str = "") -> str:
    """The partition that a file's path (below its landing folder) names; NoPartition where it names none, or several."""
    found = re.search(pattern, path) if pattern else None
    if pattern and found is None:
        raise NoPartition(f"its name does not match the pattern {pattern!r} of the landing zone")
    groups = found.groupdict() if found else {}
    return "|".join(_value(key, path, groups) for key in partitioning.keys)


def moment_in(path: str) -> datetime | None:
    """The one time in a file's name (else in its path), None where there is none, or several."""
    found = _moments(path, "day")
    return found.pop() if len(found) == 1 else None


def _value(key: PartitionKey, path: str, groups: dict[str, str | None]) -> str:
    if key.granularity == "static":
        return groups[key.column] or ""
    if groups.get("year") and groups.get("month") and groups.get("day"):
        pieces = [groups[name] for name in ("year", "month", "day", *(["hour"] if key.granularity == "hour" else []))]
        try:
            return spell(key, datetime(*(int(piece or "") for piece in pieces), tzinfo=UTC))  # type: ignore[arg-type]
        except (ValueError, TypeError):
            raise NoPartition(f"the {key.granularity} in its name, {'-'.join(map(str, pieces))}, is none") from None
    where = groups.get(key.column) or path
    found = {spell(key, moment) for moment in _moments(where, key.granularity)}
    if len(found) == 1:
        return found.pop()
    if found:
        raise NoPartition(
            f"its name has several {key.granularity}s ({', '.join(sorted(found))}); say which one counts with "
            "Landing(pattern=...)"
        )
    example = "2026-11-01" if key.granularity == "day" else "2026-11-01T05"
    raise NoPartition(
        f"its name says no {key.granularity}; name files like orders-{example}.csv, say where it is with "
        'Landing(pattern=...), or use partition="rows"'
    )


def _moments(path: str, granularity: str) -> set[datetime]:
    """The times in the name, else in the whole path: those with an hour where hours are wanted."""
    for text in (path.rpartition("/")[2], path):
        moments = set()
        for found in MOMENT.finditer(text):
            if granularity == "hour" and found["h"] is None:
                continue
            try:
                moments.add(
                    datetime(int(found["y"]), int(found["m"]), int(found["d"]), int(found["h"] or 0), tzinfo=UTC)
                )
            except ValueError:  # the 31st of a short month
                continue
        if moments:
            return moments
    return set()
