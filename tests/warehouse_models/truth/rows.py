"""The published rows, and how they are looked up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

Row = dict[str, Any]
Tables = Callable[[str], list[Row]]
"""The published rows of a dataset."""


def shown(tables: Tables) -> list[Row]:
    """Listings that somebody else than their seller has seen."""
    return [row for row in tables("ads.listings") if row["status"] != "draft"]


def days_of(rows: Iterable[Row]) -> list[date]:
    return sorted({row["day"] for row in rows})


_places: dict[int, tuple[list[Row], dict[tuple, list[Row]]]] = {}


def by_place(rows: list[Row]) -> dict[tuple, list[Row]]:
    """The same rows by day and listing, grouped once per table."""
    if id(rows) not in _places:
        grouped = defaultdict(list)
        for row in rows:
            grouped[row["day"], row["listing_id"]].append(row)
        _places[id(rows)] = rows, grouped
    return _places[id(rows)][1]
