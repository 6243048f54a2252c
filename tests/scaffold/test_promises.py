"""Enums, patterns, ranges, nullability and personal data: what a column of a kind promises about tomorrow."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from data_platform.scaffold.personal import by_name, by_values
from data_platform.scaffold.propose import is_required
from scaffold.scenario import column_of, table_of

DRAW = random.Random(0)
ENUMS: dict[str, tuple[list[object], int]] = {
    "few words, often": (["new", "used", "broken"], 3),
    "a word that comes once may be one of many": (["new"] * 199 + ["rare"], 0),
    "many words": ([f"word{at}" for at in range(200)], 0),
    "digits are codes": (["07", "08"], 0),
    "long texts": (["x" * 60, "y" * 60], 0),
}


@pytest.mark.parametrize("case", ENUMS)
def test_an_enum_is_a_few_words_of_which_none_is_rare(case: str, tmp_path: Path) -> None:
    values, expected = ENUMS[case]
    assert len(column_of(tmp_path, "something", values).values) == expected


def test_a_new_word_late_in_the_file_is_no_enum(tmp_path: Path) -> None:
    assert column_of(tmp_path, "something", ["a"] * 30_000 + ["b"]).values == ()


HEX = [f"{DRAW.getrandbits(128):032x}" for _ in range(200)]
PATTERNS: dict[str, tuple[list[object], str]] = {
    "hexadecimal": (HEX, "^[0-9a-f]{32}$"),
    "uuid": ([f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}" for h in HEX],
             "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
    "padded numbers": ([f"{at:05}" for at in range(200)], "^[0-9]{5}$"),
    "a prefix and a number that may grow": ([f"ORD-{at}" for at in range(100, 300)], "^ORD\\-[0-9]+$"),
    "a prefix and a padded number": ([f"ORD-{at:06}" for at in range(200)], "^ORD\\-[0-9]{6}$"),
    "prose": ([f"some words {at}" for at in range(200)], ""),
    "few codes": (["AB", "CD"], ""),
}  # fmt: skip


@pytest.mark.parametrize("case", PATTERNS)
def test_a_pattern_is_one_that_codes_have(case: str, tmp_path: Path) -> None:
    values, expected = PATTERNS[case]
    assert column_of(tmp_path, "something", values).pattern == expected


RANGES: dict[str, tuple[str, list[object], tuple[float | None, float | None]]] = {
    "a price": ("price", ["0.5", "100"], (0, None)),
    "a price below zero": ("price", ["-0.5", "100"], (None, None)),
    "a balance": ("balance_amount", ["0.5", "100"], (None, None)),
    "a temperature": ("temperature", ["1", "30"], (None, None)),
    "an identifier": ("shop_id", ["1", "30"], (None, None)),
    "a latitude": ("lat", ["-33.86785", "51.50853"], (-90, 90)),
    "a longitude": ("geo_lng", ["151.20732", "-0.12574"], (-180, 180)),
    "a place in metres": ("lat", ["4512345.25", "4512346.5"], (None, None)),
}


@pytest.mark.parametrize("case", RANGES)
def test_a_range_is_one_no_value_of_that_name_ever_leaves(case: str, tmp_path: Path) -> None:
    name, values, expected = RANGES[case]
    found = column_of(tmp_path, name, values).range
    assert (found.low, found.high) == expected


@pytest.mark.parametrize(("rows", "nulls", "expected"), [(500, 0, True), (500, 1, False), (50, 0, False)])
def test_required_is_what_many_rows_have_without_exception(
    rows: int, nulls: int, expected: bool, tmp_path: Path
) -> None:
    table = table_of(tmp_path, {"thing_id": range(rows), "n": [*[None] * nulls, *range(rows - nulls)]})
    assert is_required(table, table.column("n")) is expected


NAMES = {
    "email": "email", "customer_email": "email", "E_Mail".lower(): "email", "phone_number": "phone", "mobile": "phone",
    "first_name": "name", "customer_name": "name", "surname": "name", "ip": "ip_address", "client_ip": "ip_address",
    "cpf": "national_id", "ssn": "national_id", "iban": "bank_account", "card_number": "bank_account",
    "password_hash": "secret", "date_of_birth": "birth", "street": "location", "zip_code": "location",
    "customer_city": "location", "review_comment_message": "free_text", "device_id": "device",
    "product_name": "", "category_name": "", "order_id": "", "price": "", "status": "", "shipping_date": "",
    "usage": "", "message_id": "", "state": "", "filename": "",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_personal_data_is_known_by_its_name(name: str) -> None:
    assert by_name(name) == NAMES[name]


def test_a_bare_name_is_a_persons_where_rows_are_people() -> None:
    assert (by_name("name", "customer"), by_name("name", "product")) == ("name", "")


VALUES = {
    "email": ["ana@example.com", "b.c+d@mail.example.org"],
    "ip_address": ["10.0.0.1", "2001:db8::1:2:3"],
    "national_id": ["123-45-6789", "123.456.789-09"],
    "bank_account": ["DE89 3704 0044 0532 0130 00", "4111 1111 1111 1111"],
    "phone": ["+49 30 1234567", "(11) 91234-5678"],
    "": ["alpha", "2026-01-31", "1.2.3", "12345"],
}


@pytest.mark.parametrize("category", VALUES)
def test_personal_data_is_known_by_its_values(category: str) -> None:
    assert by_values(VALUES[category]) == category


def test_personal_data_is_classified_and_says_so(tmp_path: Path) -> None:
    column = column_of(tmp_path, "contact", [f"person{at}@example.com" for at in range(200)])
    assert (column.pii, column.classification) == ("email", "confidential")
    assert any("review" in note for note in column.notes)


def test_an_address_among_other_text_is_told(tmp_path: Path) -> None:
    column = column_of(tmp_path, "remark_x", [*(f"word {at}" for at in range(199)), "write to ana@example.com"])
    assert column.notes == ("some values hold an e-mail address",)
