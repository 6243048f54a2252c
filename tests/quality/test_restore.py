"""Text and type of a lost value are that value: DuckDB spells every plain type so that it reads it back exactly."""

from __future__ import annotations

import duckdb
import pytest
from scenario import LONG, NASTY, TEXT, small

from data_platform.quality.restore import TYPED, arrived_types, noted, restored_rows

VALUES: tuple[tuple[str, str], ...] = (
    ("BOOLEAN", "true"),
    ("TINYINT", "-128"),
    ("UBIGINT", "18446744073709551615"),
    ("HUGEINT", "-170141183460469231731687303715884105727"),
    ("UHUGEINT", "340282366920938463463374607431768211455"),
    ("BIGNUM", "123456789012345678901234567890123456789012345678901234567890"),
    ("DECIMAL(38,10)", "1234567890123456789012345678.0123456789"),
    ("FLOAT", "0.1"),
    ("DOUBLE", "0.1"),
    ("DOUBLE", "-0.0"),
    ("DOUBLE", "1.7976931348623157e308"),
    ("DOUBLE", "nan"),
    ("DOUBLE", "-inf"),
    ("DATE", "0044-03-15 (BC)"),
    ("DATE", "infinity"),
    ("TIME", "24:00:00"),
    ("TIME WITH TIME ZONE", "10:00:00.000001+02:30"),
    ("TIMESTAMP", "294247-01-10 04:00:54.775806"),
    ("TIMESTAMP_NS", "2026-01-01 00:00:00.123456789"),
    ("TIMESTAMP_S", "2026-01-01 00:00:01"),
    ("TIMESTAMP WITH TIME ZONE", "0044-03-15 (BC) 10:00:00.5+00"),
    ("BLOB", r"\x00\xFF a\x27\x5C"),
    ("UUID", "8e2e2f2a-9b9b-4c4c-8d8d-000000000000"),
    ("INTERVAL", "1 month -2 days 00:00:00.1"),
    ("VARCHAR", "it's \t é"),
)


@pytest.mark.parametrize(("kind", "spelt"), VALUES, ids=[" ".join(each) for each in VALUES])
def test_a_value_survives_being_text(kind: str, spelt: str) -> None:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    value = f"CAST($value AS {kind})"
    again = f"CAST(CAST({value} AS VARCHAR) AS {kind})"
    same = f"{again} IS NOT DISTINCT FROM {value}, CAST({again} AS VARCHAR) = CAST({value} AS VARCHAR)"
    name, *found = connection.execute(f"SELECT typeof({value}), {same}", {"value": spelt}).fetchone() or ()
    assert found == [True, True]
    assert TYPED.fullmatch(name), "the type is taken back under the name that DuckDB gives it"


@pytest.mark.parametrize("kind", ["BIGINT[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, BIGINT)", "ENUM('a', 'b')", None])
def test_values_whose_text_is_not_exact_are_not_tried(kind: str | None) -> None:
    query = restored_rows(small(id=LONG), "SELECT 1", [("id", kind)])
    assert "TRY_CAST" not in query


def test_what_is_noted_of_a_type_cannot_become_a_query() -> None:
    query = restored_rows(small(id=LONG), "SELECT 1", [("id", "INTEGER) AS x); DROP TABLE orders; --")])
    assert "DROP" not in query


def test_values_are_noted_under_any_name_a_column_can_have() -> None:
    carrier = "CAST(to_json(MAP {$name: $value}) AS VARCHAR)"
    asked = {"name": NASTY, "value": 'a "b" \\ c'}
    found = duckdb.execute(f"SELECT {noted(carrier, NASTY)}", asked).fetchone()
    assert found == ('a "b" \\ c',)


def test_types_are_listed_by_column_and_rows_that_lost_nothing_stay_as_they_are() -> None:
    rows = (
        "SELECT 1::BIGINT AS id, 'x' AS note, NULL::VARCHAR AS _uncast, NULL::VARCHAR AS _types "
        'UNION ALL SELECT NULL, \'y\', \'{"id":"3e3"}\', \'{"id":"DOUBLE"}\' '
        'UNION ALL SELECT NULL, \'z\', \'{"id":"0.5"}\', \'{"id":"DOUBLE"}\' '
        'UNION ALL SELECT NULL, NULL, \'{"id":"7 "}\', \'{"id":"VARCHAR"}\''
    )
    types = duckdb.execute(arrived_types(rows)).fetchall()
    assert types == [("id", "DOUBLE"), ("id", "VARCHAR")]
    found = duckdb.execute(restored_rows(small(id=LONG, note=TEXT), rows, types)).fetchall()
    assert sorted(((id, note, uncast) for id, note, uncast, _ in found), key=str) == [
        (1, "x", None),
        (3000, "y", None),
        (7, None, None),
        (None, "z", '{"id":"0.5"}'),
    ]
