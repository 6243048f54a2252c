"""What type a column of text is proposed to have, and which text it stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.files import Booleans, Dates, Numbers
from scaffold.scenario import column_of, table_of

TYPES: dict[str, tuple[str, list[object], str]] = {  # -> the column's name, its values, the type
    "small whole numbers": ("pieces", ["1", "2", "300"], "int"),
    "signed whole numbers": ("change", ["+1", "-2", "0"], "int"),
    "identifiers in digits leave room": ("order_id", ["1", "2", "300"], "long"),
    "large whole numbers": ("views", ["5000000000", "1"], "long"),
    "numbers with leading zeros are codes": ("shop", ["00123", "04567", "99999"], "string"),
    "nineteen digits are an identifier": ("ref", ["1234567890123456789", "2234567890123456789"], "string"),
    "postal codes are no numbers": ("zip_code", ["90210", "10001"], "string"),
    "money": ("price", ["9.9", "1200.50", "-3"], "decimal(18, 2)"),
    "one digit after the point": ("ratio", ["1.5", "2.5"], "decimal(18, 2)"),
    "four digits after the point": ("rate", ["1.2345", "2.5"], "decimal(18, 4)"),
    "measurements": ("position", ["-46.6333824", "12.123456789"], "double"),
    "exponents": ("mass", ["1e-9", "2.5E+3"], "double"),
    "what a float prints": ("score", ["0.30000000000000004", "0.1"], "double"),
    "more digits than a double holds": ("exact", ["0.12345678901234567890", "1.5"], "decimal(38, 20)"),
    "more digits than a decimal holds": ("exact", ["0." + "1234567890" * 5, "1.5"], "string"),
    "true and false": ("active", ["true", "FALSE"], "boolean"),
    "yes and no": ("active", ["Yes", "no"], "boolean"),
    "yes alone is a word": ("active", ["yes"], "string"),
    "days": ("day", ["2026-01-31", "2024-02-29"], "date"),
    "a day that never was": ("day", ["2026-02-30", "2024-02-29"], "string"),
    "moments": ("at", ["2026-01-31 10:00:00", "2026-01-31T10:00:01.123456"], "timestamp"),
    "days and moments": ("at", ["2026-01-31 10:00:00", "2026-01-31"], "timestamp"),
    "nanoseconds would be lost": ("at", ["2026-01-31 10:00:00.123456789"], "string"),
    "moments with a zone": ("at", ["2026-01-31T10:00:00Z", "2026-01-31 10:00:00+02:00"], "timestamptz"),
    "zones now and then": ("at", ["2026-01-31T10:00:00Z", "2026-01-31T10:00:00"], "string"),
    "times of day": ("opens", ["08:00:00", "23:59:59"], "time"),
    "hours and minutes may be a duration": ("took", ["08:00", "23:59"], "string"),
    "German days": ("am", ["31.01.2026", "1.2.2026"], "date"),
    "days first": ("day", ["13/04/2026", "03/04/2026"], "date"),
    "months first": ("day", ["04/13/2026", "03/04/2026"], "date"),
    "days or months first": ("day", ["03/04/2026", "05/06/2026"], "string"),
    "two digits of a year": ("day", ["13/04/26", "03/04/26"], "string"),
    "eight digits of a day": ("order_date", ["20260131", "20240229"], "date"),
    "eight digits of something": ("reference", ["20260131", "20240229"], "int"),
    "months in words": ("day", ["31 Jan 2026", "1 Feb 2026"], "date"),
    "moments on a clock of twelve hours": ("at", ["01/31/2026 10:00 PM", "01/30/2026 1:05 AM"], "timestamp"),
    "decimal commas": ("price", ["9,90", "1200,5"], "decimal(18, 2)"),
    "German thousands": ("price", ["1.234,50", "999,00", "1.234.567,00"], "decimal(18, 2)"),
    "English thousands": ("price", ["1,234.50", "999.00"], "decimal(18, 2)"),
    "several groups of three": ("views", ["1,234,567", "1,000"], "int"),
    "Swiss thousands": ("price", ["1'234.50", "12.00"], "decimal(18, 2)"),
    "one group of three with a comma": ("price", ["1,234", "5,678"], "string"),
    "one group of three with a point": ("price", ["1.234", "5.678"], "string"),
    "three digits after the point, and a zero before it": ("price", ["1.234", "0.678"], "decimal(18, 3)"),
    "amounts with a currency": ("price", ["€ 5", "€ 7"], "string"),
    "percentages": ("share", ["5%", "7%"], "string"),
    "words": ("word", ["alpha", "beta"], "string"),
}


@pytest.mark.parametrize("case", TYPES)
def test_a_column_has_the_type_that_all_its_values_have(case: str, tmp_path: Path) -> None:
    name, values, expected = TYPES[case]
    assert str(column_of(tmp_path, name, values).type) == expected


SPELLINGS: dict[str, tuple[list[object], object]] = {
    "days first": (["13/04/2026", "03/04/2026"], Dates("%d/%m/%Y")),
    "months first": (["04/13/2026", "03/04/2026"], Dates("%m/%d/%Y")),
    "German moments": (["31.01.2026 10:30", "01.02.2026 00:00"], Dates("%d.%m.%Y %H:%M")),
    "German numbers": (["1.234,50", "999,00"], Numbers(",", ".")),
    "decimal commas": (["9,90", "1200,5"], Numbers(",", "")),
    "yes and no": (["Yes", "No"], Booleans("yes", "no")),
    "ISO 8601": (["2026-01-31"], None),
    "plain numbers": (["1.5"], None),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_a_spelling_is_found(case: str, tmp_path: Path) -> None:
    values, expected = SPELLINGS[case]
    assert column_of(tmp_path, "something", values).spelling == expected


@pytest.mark.parametrize("values", [["03/04/2026", "05/06/2026"], ["1,234", "5,678"], ["1.234", "5.678"]])
def test_what_can_be_read_in_two_ways_stays_text_and_is_told(values: list[object], tmp_path: Path) -> None:
    column = column_of(tmp_path, "something", values)
    assert (str(column.type), str(column.sure)) == ("string", "open")
    assert column.notes


MARKED: dict[str, tuple[list[object], str, int]] = {  # values, type, missing of 200
    "numbers": (["1", "2", "NA", "4"], "int", 50),
    "days": (["2026-01-31", "-"], "date", 100),
    "an empty field is missing anyway": (["1", None], "int", 100),
    "words": (["alpha", "NA"], "string", 0),
    "markers alone are words": (["NA", "NA"], "string", 0),
}


@pytest.mark.parametrize("case", MARKED)
def test_a_marker_is_a_missing_value_only_among_values_of_a_type(case: str, tmp_path: Path) -> None:
    values, kind, missing = MARKED[case]
    column = column_of(tmp_path, "something", values)
    assert (str(column.type), column.nulls) == (kind, missing)


def test_namibia_is_a_country_beside_missing_numbers(tmp_path: Path) -> None:
    values = {"code": ["NA", "DE", "FR", "NA"] * 50, "amount": ["1", "NA", "3", "4"] * 50}
    table = table_of(tmp_path, values)
    assert (table.column("code").nulls, table.column("amount").nulls) == (0, 50)
    assert dict(table.source.format.missing) == {"amount": ("NA",)}  # type: ignore[union-attr]


def test_a_late_row_that_contradicts_the_sample_is_believed(tmp_path: Path) -> None:
    numbers = [str(at) for at in range(25_000)]
    late = {
        "n": [*numbers, "1.5"],
        "d": ["2026-01-31"] * 25_000 + ["2026-01-31 10:00:00"],
        "w": [*numbers, "many"],
        "e": [None] * 25_000 + ["7"],
        "leading": [*numbers, "007"],
        "never": ["2026-01-31"] * 25_000 + ["infinity"],
        "far": ["2026-01-31"] * 25_000 + ["10000-01-01"],
        "midnight": ["23:59:59"] * 25_000 + ["24:00:00"],
        "rounded": ["1.5"] * 25_000 + ["0." + "123456789" * 4],
    }
    table = table_of(tmp_path, late)
    types = {column.name: str(column.type) for column in table.columns}
    assert types == {
        "n": "decimal(18, 2)",
        "d": "timestamp",
        "w": "string",
        "e": "int",
        "leading": "string",
    } | dict.fromkeys(("never", "far", "midnight"), "string") | {"rounded": "decimal(38, 36)"}


def test_an_almost_numeric_column_stays_text_and_says_how_many_values_are_none(tmp_path: Path) -> None:
    for count, said in ((1_000, "1 of 1,001 different values"), (30_000, "of 2,000 different values")):
        column = column_of(tmp_path, "n", ["unknown", *map(str, range(count))])
        assert (str(column.type), str(column.sure)) == ("string", "open")
        assert said in column.notes[0]


def test_a_column_without_any_value_is_text_and_open(tmp_path: Path) -> None:
    column = column_of(tmp_path, "something", [None])
    assert (str(column.type), str(column.sure), column.nulls) == ("string", "open", 200)


def test_a_file_without_rows_has_columns_of_text(tmp_path: Path) -> None:
    table = table_of(tmp_path, {"a": [], "b": []})
    assert (table.rows, [str(each.type) for each in table.columns], table.key) == (0, ["string", "string"], ())
