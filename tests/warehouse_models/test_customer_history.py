"""crm.customer_history, the slowly changing dimension: a customer's days as a line, and the periods that follow from it."""

from __future__ import annotations

from datetime import date

import pytest

from .conftest import Ask

CASES = [  # one character per day: a city, n(o city), `.` away while others are there, `-` nobody was published
    ("A", [("A", 1, None, None)]),
    ("AAA", [("A", 1, None, None)]),
    ("AAB", [("A", 1, 3, "changed"), ("B", 3, None, None)]),
    ("ABA", [("A", 1, 2, "changed"), ("B", 2, 3, "changed"), ("A", 3, None, None)]),
    ("AA.", [("A", 1, 3, "left")]),
    ("A.A", [("A", 1, 2, "left"), ("A", 3, None, None)]),
    ("A.B", [("A", 1, 2, "left"), ("B", 3, None, None)]),
    ("..A", [("A", 3, None, None)]),
    ("A-A", [("A", 1, None, None)]),
    ("A-B", [("A", 1, 3, "changed"), ("B", 3, None, None)]),
    ("A-.", [("A", 1, 3, "left")]),
    ("A.-A", [("A", 1, 2, "left"), ("A", 4, None, None)]),
    ("nn", [(None, 1, None, None)]),
    ("nA", [(None, 1, 2, "changed"), ("A", 2, None, None)]),
    ("An", [("A", 1, 2, "changed"), (None, 2, None, None)]),
    ("", []),
]


def users(line: str) -> str:
    """The customer 1 as in the line, beside another who is there on every published day."""
    rows = ["(date '2026-10-01', 0, 'Z', true, null::varchar)"]
    for nth, city in enumerate(line, 1):
        if city != "-":
            rows.append(f"(date '2026-11-{nth:02}', 2, 'Z', true, null)")
        if city not in ".-":
            rows.append(f"(date '2026-11-{nth:02}', 1, {'null' if city == 'n' else repr(city)}, true, '+55')")
    values = ", ".join(rows[1:] or rows)
    return f"select * from (values {values}) as users (day, user_id, city, is_verified, phone)"


@pytest.mark.parametrize(("line", "periods"), CASES, ids=[line or "none" for line, _ in CASES])
def test_periods_follow_from_the_days(ask: Ask, line: str, periods: list[tuple]):
    rows = [row for row in ask("crm.customer_history", {"users.users": users(line)}) if row["customer_id"] == 1]
    rows.sort(key=lambda row: row["version"])

    def day(nth: int | None) -> date | None:
        return date(2026, 11, nth) if nth else None

    names = ("city", "valid_from", "valid_to", "closed_because")
    expected = [(city, day(begins), day(ends), why) for city, begins, ends, why in periods]
    assert [tuple(row[name] for name in names) for row in rows] == expected
    assert [row["version"] for row in rows] == list(range(1, len(rows) + 1))
    assert [row["is_current"] for row in rows] == [row["valid_to"] is None for row in rows]


@pytest.mark.parametrize("second", ["'B', true, '+55'", "'A', false, '+55'", "'A', true, null"])
def test_every_attribute_begins_a_period(ask: Ask, second: str):
    states = f"(date '2026-11-01', 1, 'A', true, '+55'), (date '2026-11-02', 1, {second})"
    users = f"select * from (values {states}) as users (day, user_id, city, is_verified, phone)"
    assert len(ask("crm.customer_history", {"users.users": users})) == 2


def test_another_number_is_no_change_of_having_one(ask: Ask):
    numbers = ", ".join(f"(date '2026-11-0{nth}', 1, 'A', true, '+55 {nth}')" for nth in (1, 2))
    users = f"select * from (values {numbers}) as users (day, user_id, city, is_verified, phone)"
    assert [row["has_phone"] for row in ask("crm.customer_history", {"users.users": users})] == [True]
