"""From a file through a contract to a published table: what is no value of its type is refused with its own text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from scenario import QUARANTINE, got, in_order, put, quarantined, small

from data_platform.contracts import Column, ColumnType, Contract, Rule
from data_platform.files import Csv, Dates, FileError, Json, Numbers, Reading
from data_platform.files.detect import detect
from data_platform.files.read import read
from data_platform.lakehouse import Lakehouse

from .corpus import CORPUS, LONG, PRICE, TEXT, Ugly

FITS = [  # small enough, not empty, and with names that a contract may have
    pytest.param(case, id=case.name)
    for case in CORPUS
    if case.refused is None
    and 0 < len(case.rows) < 100
    and len(case.columns) < 100
    and not case.file.endswith("parquet")
]
TYPED = small(
    Rule("types", "type", ("id", "amount", "day", "at"), on_failure=QUARANTINE),
    id=LONG,
    amount=PRICE,
    day=ColumnType("date"),
    at=ColumnType("timestamp"),
    country=TEXT,
)
GERMAN = Csv(
    delimiter=";",
    encoding="cp1252",
    missing={"amount": ("-", "NA")},
    spellings={"amount": Numbers(",", "."), "day": Dates("%d.%m.%Y"), "at": Dates("%d.%m.%Y %H:%M")},
)


def publish(lakehouse: Lakehouse, contract: Contract, path: Path, form=None) -> None:
    types = {column.name: column.type for column in contract.columns}
    with Reading() as reading:
        put(lakehouse, contract, read([str(path)], form or detect(str(path)), types, reading=reading), "")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("case", FITS)
def test_what_is_published_is_what_the_file_says(case: Ugly, lakehouse: Lakehouse, tmp_path: Path) -> None:
    columns = tuple(Column(name, case.types.get(name, TEXT)) for name in case.columns)
    contract = Contract("shop", "ugly", "1.0.0", columns)
    publish(lakehouse, contract, written(tmp_path / case.file, case.content), case.form)
    assert got(lakehouse, contract) == in_order(dict(zip(case.columns, row, strict=True)) for row in case.rows)


def test_what_is_spelt_otherwise_is_quarantined_with_its_text(lakehouse: Lakehouse, tmp_path: Path) -> None:
    content = (
        "id;amount;day;at;country\r\n"
        "1;1.234,50;31.12.2024;31.12.2024 23:59;NA\r\n"
        "2;-;29.02.2024;;Österreich\r\n"
        "3;1.5;01.01.2024;;no\r\n"  # one and a half, or fifteen?
        "4;1,505;01.01.2024;;no\r\n"  # more digits than are promised
        "5;1,50;30.02.2024;;no\r\n"  # no such day
        "6;1,50;01/02/2024;;no\r\n"  # January or February?
        "12345678901234567890;1,50;01.01.2024;;no\r\n"
        "007;+2;2024-01-01;;NA\r\n"
    )
    contract = TYPED
    publish(lakehouse, contract, written(tmp_path / "german.csv", content.encode("cp1252")), GERMAN)
    last = datetime(2024, 12, 31, 23, 59)
    assert [tuple(row.values()) for row in sorted(got(lakehouse, contract), key=lambda row: row["id"])] == [
        (1, Decimal("1234.50"), date(2024, 12, 31), last, "NA"),
        (2, None, date(2024, 2, 29), None, "Österreich"),
        (7, Decimal("2.00"), date(2024, 1, 1), None, "NA"),
    ]
    assert len(quarantined(lakehouse, contract)) == 5
    refused = str(quarantined(lakehouse, contract))
    for text in ("1.5 (not as 1.234,5)", "1.505", "30.02.2024", "01/02/2024", "12345678901234567890"):
        assert text in refused


@pytest.mark.parametrize("time", range(5))
def test_a_fault_far_down_a_file_is_located_when_its_rows_are_staged_and_nothing_waits_for_ever(
    time: int, lakehouse: Lakehouse, tmp_path: Path
) -> None:
    lines = [f"{number},1.00" for number in range(300_000)]
    lines[250_000] = "250000,1.00,more"
    path = written(tmp_path / "long.csv", "\n".join(["id,amount", *lines]).encode())
    with pytest.raises(FileError, match=r"long\.csv:250002: has 3 values where there are 2 columns"):
        publish(lakehouse, small(id=LONG, amount=PRICE), path, Csv())
    assert not lakehouse.existing_table("shop.small")


def test_numbers_of_json_arrive_with_all_their_digits(lakehouse: Lakehouse, tmp_path: Path) -> None:
    contract = small(id=LONG, share=ColumnType("decimal", 38, 19))
    path = written(tmp_path / "f.jsonl", b'{"id":9007199254740993,"share":0.1000000000000000055}\n')
    publish(lakehouse, contract, path, Json())
    assert got(lakehouse, contract) == [{"id": 9007199254740993, "share": Decimal("0.1000000000000000055")}]
