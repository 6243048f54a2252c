"""The parts that decide how small a change is: the next version, a rounder bound, a form, a type."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from data_platform.contracts import ColumnType
from data_platform.drift.changes import LEVELS, bumped
from data_platform.drift.loosen import LOOSENINGS, outward, shapes
from data_platform.drift.types import decimal_for


@pytest.mark.parametrize(
    ("version", "levels", "next_one"),
    [
        ("1.4.2", ["minor"], "1.5.0"),
        ("1.4.2", ["minor", "major", "minor"], "2.0.0"),
        ("1.4", ["minor"], "1.5"),
        ("1.10", ["major"], "2.0"),
        ("v2", ["minor"], "v2.1"),
        ("3", ["major"], "4"),
        ("2026-01-01", ["minor"], "2026-01-01"),
        ("1.0.0", [], "1.0.0"),
    ],
)
def test_the_next_version_is_semantic(version, levels, next_one):
    assert bumped(version, levels) == next_one


@pytest.mark.parametrize(
    ("value", "down", "up"),
    [
        (0, 0, 0),
        (7, 7, 7),
        (1234, 1200, 1300),
        (-1234, -1300, -1200),
        (2**31 - 1, 2_100_000_000, 2**31 - 1),
        (2**63 - 1, 9_200_000_000_000_000_000, 2**63 - 1),
        (Decimal("0.0123"), Decimal("0.012"), Decimal("0.013")),
        (Decimal("-3.456"), Decimal("-3.5"), Decimal("-3.4")),
        (99.5, Decimal("99"), Decimal("100")),
        (date(2026, 1, 5), "2026-01-05", "2026-01-05"),
        (datetime(2026, 1, 5, 7), "2026-01-05T00:00:00", "2026-01-06T00:00:00"),
        (datetime(2026, 1, 5, tzinfo=UTC), "2026-01-05T00:00:00+00:00", "2026-01-05T00:00:00+00:00"),
    ],
)
def test_a_bound_is_rounded_outward_and_fits_its_type(value, down, up):
    assert (outward(value, False), outward(value, True)) == (down, up)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["AB-12", "CDE-3456"], ["[A-Z]{2,3}[-][0-9]{2,4}"]),
        (["a", "1"], ["[a-z]", "[0-9]"]),
        (["x]y", "p]q"], [r"[a-z]\][a-z]"]),
        (["é"], None),
        ([""], None),
        (["a\nb"], None),
    ],
)
def test_the_form_of_texts(values, found):
    assert shapes(values) == found


@pytest.mark.parametrize(
    ("texts", "least", "found"),
    [
        (["1.50", "-20"], None, (3, 1)),
        (["12345"], ColumnType("decimal", 6, 2), (7, 2)),
        (["0.001"], ColumnType("decimal", 6, 2), (7, 3)),
        (["000"], None, (1, 0)),
        (["1e5"], None, None),
        (["9" * 39], None, None),
    ],
)
def test_the_smallest_decimal(texts, least, found):
    made = decimal_for(texts, least)
    assert (made and (made.precision, made.scale)) == found


def test_every_loosening_is_of_a_known_kind_of_rule_and_every_level_of_a_version():
    from data_platform.contracts.rules import KINDS

    assert LOOSENINGS.keys() <= KINDS.keys()
    assert {level for level, _ in LEVELS.values()} == {"minor", "major"}
