"""Every kind of value in Excel, read back by another implementation and, for what that does not tell, from the XML."""

import re
import zipfile
from datetime import date, datetime, time
from pathlib import Path

import duckdb
import fastexcel
import pytest

from data_platform.exports import xlsx
from data_platform.exports.errors import ExportError


def written(path: Path, query: str, name: str = "rows") -> int:
    connection = duckdb.connect(":memory:")
    connection.execute("SET TimeZone = 'UTC'")
    return xlsx.write_sheet(connection.sql(query), path, name)


def cell(path: Path, expression: str) -> object:
    """What a cell holds, with its header being `x`."""
    assert written(path, f"select {expression} as x") == 1
    sheet = fastexcel.read_excel(path).load_sheet(0)
    return sheet.to_polars()["x"][0] if sheet.height else None


def xml(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        return archive.read("xl/worksheets/sheet1.xml").decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.xlsx"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("42", 42),
        ("-999999999999999", -999999999999999),
        ("1000000000000000", "1000000000000000"),
        ("9223372036854775807", "9223372036854775807"),
        ("sum(7)", 7),
        ("170141183460469231731687303715884105727", "170141183460469231731687303715884105727"),
        ("12.50::decimal(10,2)", 12.5),
        ("-0.00000000000000000012::decimal(38,20)", -1.2e-19),
        ("1234567890.1234567::decimal(20,7)", "1234567890.1234567"),
        ("0.1::double", 0.1),
        ("'nan'::double", "nan"),
        ("'-inf'::double", "-inf"),
        ("true", True),
        ("'text'", "text"),
        ("'  spaces '", "  spaces "),
        ("'00123'", "00123"),
        ("'5e3'", "5e3"),
        ("'emoji 🚢 <&>'", "emoji 🚢 <&>"),
        ("'https://market.example'", "https://market.example"),
        ("'line' || chr(10) || 'break'", "line\nbreak"),
        ("date '2026-11-02'", date(2026, 11, 2)),
        ("date '1900-03-01'", date(1900, 3, 1)),
        ("date '1899-12-31'", "1899-12-31"),
        ("date 'infinity'", "infinity"),
        ("timestamp '2026-11-02 09:30:15'", datetime(2026, 11, 2, 9, 30, 15)),
        ("timestamp '2026-11-02 09:30:15.123'", datetime(2026, 11, 2, 9, 30, 15, 123000)),
        ("timestamptz '2026-11-02 09:30:15+02'", datetime(2026, 11, 2, 7, 30, 15)),
        ("timestamp_ns '2026-11-02 09:30:15'", datetime(2026, 11, 2, 9, 30, 15)),
        ("time '09:30:15'", time(9, 30, 15)),
        ("[1, 2]", "[1,2]"),
        ("{'a': 1, 'b': 'x'}", '{"a":1,"b":"x"}'),
        ("map {'a': 1}", '{"a":1}'),
        ("'\\xAB\\x00'::blob", "AB00"),
        ("'a'::enum('a', 'b')", "a"),
        ("interval 3 days", "3 days"),
        ("uuid '6d3d7b1f-7a3c-4b1e-9d2a-000000000001'", "6d3d7b1f-7a3c-4b1e-9d2a-000000000001"),
    ],
)
def test_a_value_is_as_it_was(path, expression, value):
    found = cell(path, expression)
    if isinstance(found, datetime) and not isinstance(value, datetime):
        found = found.date() if isinstance(value, date) else found.time()
    assert found == value and isinstance(found, bool) == isinstance(value, bool)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "{=1}", "\t=1"])
def test_a_text_is_never_a_formula(path, text):
    assert cell(path, f"'{text}'") == text
    assert "<f>" not in xml(path) and "<hyperlink" not in xml(path)


def test_nulls_are_empty_cells(path):
    assert written(path, "select null::int as a, null::date as b, null::varchar as c, 1 as d") == 1
    assert re.findall(r'r="([A-D]2)"', xml(path)) == ["D2"]


def test_many_rows_keep_their_order_and_place(path):
    assert written(path, "select range as i, range * 2 as j from range(25000)") == 25000
    sheet = fastexcel.read_excel(path).load_sheet(0).to_polars()
    assert sheet["i"].to_list() == list(range(25000)) and (sheet["j"] == sheet["i"] * 2).all()


def test_no_rows_are_a_header(path):
    assert written(path, "select 1 as a, 'x' as b where false") == 0
    assert fastexcel.read_excel(path).load_sheet(0).to_polars().columns == ["a", "b"]


def test_a_sheet_is_called_like_its_dataset_as_far_as_excel_allows(path):
    written(path, "select 1 as a", "a/very:long[name]that_has_more_than_31_characters")
    assert fastexcel.read_excel(path).sheet_names == ["a_very_long_name_that_has_more_"]


def test_a_text_too_long_for_a_cell_is_refused_with_its_place(path):
    written(path, "select repeat('x', 32767) as t")
    with pytest.raises(ExportError, match=r"row 2, column t: a text of 32,768 characters; a cell has room for 32,767"):
        written(path, "select repeat('x', 32766 + range::int) as t from range(1, 3)")
    with pytest.raises(ExportError, match="16,384 characters"):  # Excel counts such as two
        written(path, "select repeat('🚢', 16384) as t")


def test_more_than_a_sheet_holds_is_refused_before_anything_is_written(path):
    with pytest.raises(ExportError, match=r"more than 1,048,575 rows"):
        written(path, "select 1 as a from range(1048576)")
    with pytest.raises(ExportError, match=r"16,385 columns"):
        written(path, f"select {', '.join(f'1 as c{n}' for n in range(16385))}")
    assert not path.exists()
