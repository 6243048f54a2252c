"""What was refused, and the smallest change of the contract that accepts it."""

from datetime import datetime

import duckdb
import pytest

from data_platform.drift import Evidence, suggest
from data_platform.drift.rows import Rows

from .scenario import CONTRACT, frame


def suggested(file, rows, *, may_widen=lambda before, after: True):
    evidence = Evidence("a test", duckdb.from_arrow(rows), is_whole=True)
    return suggest(file, [evidence], may_widen)


def changed(found):
    """The lines that a patch takes away and adds, but for the version's."""
    lines = [line for line in found.patch.splitlines()[2:] if line[:1] in "+-" and "version:" not in line]
    return [line[0] + " ".join(line[1:].split()) for line in lines]


def refused(contract, rows):
    """What a contract refuses of rows, by rule."""
    asked = Rows(duckdb.from_arrow(rows), contract)
    return [*asked.shape.problems, *asked.lost(), *asked.counts()]


CASES = {
    "a new value": ([{"size": "XL"}], ["+- {value: XL}"], "1.5.0"),
    "a new value of a list in one line": (
        [{"service": "over night"}, {"service": "no"}],
        [
            "-- {name: service, logicalType: string, enum: [{value: normal}], description: How fast.}",
            '+- {name: service, logicalType: string, enum: [{value: normal}, {value: "no"}, {value: over night}], '
            "description: How fast.}",
        ],
        "1.5.0",
    ),
    "too heavy": ([{"weight": "31.07"}], ["-maximum: 30", "+maximum: 32"], "1.5.0"),
    "no weight": (
        [{"weight": "0"}, {"weight": "-0.01"}],
        ["-exclusiveMinimum: 0", "+minimum: -0.01"],
        "1.5.0",
    ),
    "too far": (
        [{"stops": 1234}],
        ["-logicalTypeOptions: {minimum: 0, maximum: 3}", "+logicalTypeOptions: {minimum: 0, maximum: 1300}"],
        "1.5.0",
    ),
    "a longer text": (
        [{"note": "x" * 117}],
        ["-logicalTypeOptions: {minLength: 2, maxLength: 20}", "+logicalTypeOptions: {minLength: 2, maxLength: 120}"],
        "1.5.0",
    ),
    "a shorter text": (
        [{"note": ""}],
        ["-logicalTypeOptions: {minLength: 2, maxLength: 20}", "+logicalTypeOptions: {minLength: 0, maxLength: 20}"],
        "1.5.0",
    ),
    "missing values": ([{"paid": None}], ["-required: true", "+required: false"], "2.0.0"),
    "a wider number": ([{"stops": 2}, {"parcel_id": 2**40}], ["-physicalType: int"], "2.0.0"),
    "a wider decimal": (
        [{"weight": "12345.00"}],
        ["-physicalType: decimal(6, 2)", "+physicalType: decimal(7, 2)", "-maximum: 30", "+maximum: 13000"],
        "2.0.0",
    ),
    "a new column": (
        [{"colour": "red"}],
        ["+- name: colour", "+logicalType: string", '+description: "TO DO: what this column holds."'],
        "1.5.0",
    ),
    "another form": (
        [{"code": "XYZ-12"}, {"code": "ABC-4567"}],
        [
            '-- {name: code, logicalType: string, required: true, logicalTypeOptions: {pattern: "^[A-Z]{2}[0-9]{4}$"}}',
            '+- {name: code, logicalType: string, required: true, logicalTypeOptions: {pattern: "^[A-Z]{2}[0-9]{4}$'
            '|^(?:[A-Z]{3}[-][0-9]{2,4})$"}}',
        ],
        "1.5.0",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_smallest_change_that_accepts_the_rows_is_suggested(file, name):
    rows, lines, version = CASES[name]
    found = suggested(file, frame({}, *rows))
    assert changed(found) == lines
    assert found.version == ("1.4.0", version)
    assert not found.remaining
    assert refused(found.contract, frame({}, *rows)) == []
    assert file.read_text() == CONTRACT


def test_rows_that_fit_need_no_change(file):
    found = suggested(file, frame({}, {"size": "M"}))
    assert (found.patch, found.changes, found.remaining) == ("", (), ())


def test_a_required_column_that_did_not_come_may_be_missing(file):
    found = suggested(file, frame({}, without="paid"))
    assert changed(found) == ["-required: true", "+required: false"]
    assert [each.is_breaking for each in found.changes] == [True]


def test_a_key_is_not_made_optional(file):
    found = suggested(file, frame({}, {"parcel_id": None}))
    assert not found.patch and found.remaining[0].rule == "parcel_id_required"
    found = suggested(file, frame({}, without="day"))
    assert not found.patch and "missing" in found.remaining[0].why


def test_a_type_that_published_data_cannot_take_on_is_told_and_not_suggested(file):
    found = suggested(file, frame({"weight": "1.255"}), may_widen=lambda before, after: False)
    assert not found.patch
    assert "decimal(7, 3)" in found.remaining[0].why and "new dataset" in found.remaining[0].fix
    assert changed(suggested(file, frame({"weight": "1.255"}))) == [
        "-physicalType: decimal(6, 2)",
        "+physicalType: decimal(7, 3)",
    ]


def test_what_is_no_value_of_any_wider_type_is_to_be_repaired(file):
    found = suggested(file, frame({"stops": "N/A"}, {"stops": "2"}))
    assert not found.patch and "'N/A'" in found.remaining[0].why and "nulls" in found.remaining[0].fix


def test_a_patch_shows_no_sensitive_value(file):
    found = suggested(file, frame({"email": "nobody at home"}))
    assert not found.patch and "sensitive" in found.remaining[0].fix
    assert "nobody" not in repr(found)


def test_a_renamed_column_is_recognized(file):
    found = suggested(file, frame({"note": "fragile", "notes": "x"}, without="note"))
    assert any("rename" in each.fix for each in found.remaining)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        (["1", "-20"], ["logicalType: integer"]),
        (["00123", "4"], ["logicalType: string"]),
        (["1.5", "20"], ["logicalType: number", "physicalType: decimal(3, 1)"]),
        (["1e5", "20"], ["logicalType: number"]),
        (["2026-01-01", None], ["logicalType: date"]),
        (["2026-01-01 10:00:00", "2026-01-01"], ["logicalType: timestamp"]),
        (["true", "FALSE"], ["logicalType: boolean"]),
        ([1, 2], ["logicalType: integer"]),
        ([datetime(2026, 1, 1)], ["logicalType: timestamp"]),
        ([None], ["logicalType: string"]),
    ],
    ids=str,
)
def test_the_type_of_a_new_column_is_found_in_its_values(file, values, lines):
    found = suggested(file, frame(*({"extra": value} for value in values)))
    assert changed(found)[1:-1] == [f"+{line}" for line in lines]


def test_a_name_that_no_column_may_have_is_not_suggested(file):
    found = suggested(file, frame({"Rabatt %": 1}))
    assert not found.patch and "rabatt" in found.remaining[0].fix


def test_comments_order_and_line_ends_stay(file):
    file.write_bytes(CONTRACT.replace("\n", "\r\n").encode())
    found = suggested(file, frame({"size": "XL", "colour": 1, "weight": "40", "parcel_id": 2**40}, {"paid": None}))
    assert not found.remaining
    assert "\n" not in found.after.replace("\r\n", "")
    before, after = (text.replace("\r\n", "\n").split("\n") for text in (found.before, found.after))
    assert [line for line in after if "#" in line and "version" not in line] == [
        line for line in before if "#" in line and "version" not in line
    ]


def test_one_file_may_need_several_changes(file):
    rows = frame({"size": "XL", "stops": 2**40}, {"size": "L", "note": None, "paid": None})
    found = suggested(file, rows)
    assert {(each.column, each.kind) for each in found.changes} == {
        ("size", "enum"),
        ("stops", "type"),
        ("stops", "bound"),
        ("paid", "required"),
    }
    assert refused(found.contract, rows) == []
