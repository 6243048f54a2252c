"""One meaning, wherever rows were staged: Spark splits its files into the good and the refused rows that DuckDB finds."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, time
from decimal import Decimal
from hashlib import md5
from typing import Any

import pyarrow as pa
import pytest
from scenario import (
    BINARY,
    BOOLEAN,
    DATE,
    DOUBLE,
    FLOAT,
    INT,
    LONG,
    MONEY,
    NASTY,
    QUARANTINE,
    SHAPES,
    TEXT,
    TIME,
    TIMESTAMP,
    Row,
    got,
    in_order,
    order,
    orders,
    partition_of,
    put,
    quarantined,
    small,
    staged,
    table,
    with_rules,
)
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import ColumnType, Contract, OnFailure, Partitioning, PartitionKey, Policy, Reference, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse import Lakehouse, Provenance, Publication, plan_read, publish
from data_platform.lakehouse.discard import discard
from data_platform.lakehouse.quarantine import quarantine_contract, rows_waiting, waiting
from data_platform.lakehouse.replay import replay
from data_platform.settings import Settings
from tests.lakehouse.test_publish import parquet_files, referenced

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("spark")]

OF_ITS_OWN = ("_row", "_quarantined_at")
"""What differs from one publication to the next."""


@dataclass(frozen=True)
class Split:
    """What became of the same rows in a lakehouse of their own."""

    lakehouse: Lakehouse
    publication: Publication
    good: list[Row]
    refused: list[Row]

    @property
    def told(self) -> dict[str, Any]:
        made = self.publication
        return {
            "good": self.good,
            "refused": [{name: row[name] for name in row if name not in OF_ITS_OWN} for row in self.refused],
            "counts": (made.rows, made.quarantined, made.blocked),
        }


class Engines:
    """Publishes the same rows twice: staged by DuckDB, and by Spark."""

    def __init__(self, folder: Any) -> None:
        self._folder, self._times = folder, 0

    def split(self, rows: pa.Table, contract: Contract, *partitions: str, parents: Contract | None = None) -> Split:
        """What Spark made of the rows, which is what DuckDB made of them. The rows of `parents` are ids 1 to 3."""
        from data_platform.engines.spark.driver import distribute

        self._times += 1
        made = {}
        for name, frame in (("duckdb", rows), ("spark", distribute(rows))):
            lakehouse = Lakehouse(Settings.at(self._folder / f"{name}-{self._times}"))
            if parents is not None:
                put(lakehouse, parents, [{"id": id} for id in (1, 2, 3)])
            others = {parents.dataset: parents} if parents else {}
            files = staged(lakehouse, contract, frame)
            asked = partitions or (WHOLE,)
            publication = publish(lakehouse, files, contract, asked, Provenance(run_id="run"), others=others)
            good = got(lakehouse, contract) if publication.snapshot_id else []
            refused = in_order({**row, "_row": ""} for row in quarantined(lakehouse, contract))
            made[name] = Split(lakehouse, publication, good, refused)
        assert made["spark"].told == made["duckdb"].told
        return made["spark"]


@pytest.fixture
def engines(tmp_path: Any) -> Engines:
    return Engines(tmp_path)


MANY = tuple(Rule(f"ids_{n:02}", "minimum", ("id",), {"value": n}, on_failure=QUARANTINE) for n in range(-1, 9))
DUPLICATES = [order(5, ratio=ratio, hour=hour) for ratio in (0.1, 0.9, None, 0.9) for hour in (9, 9, 12)]
SPOILT = {"amount": Decimal("-1.00"), NASTY: "neither"}
ROWS = [
    *(
        order(id, day=day, hour=hour, country=country)
        for id in (0, 7, 8)
        for day, hour, country in ((1, 9, "no"), (3, 9, "se"))
    ),
    *DUPLICATES,
    order(7, **SPOILT),
    order(-3, **SPOILT, email="nobody"),
    order(9, day=2, hour=0, **SPOILT),
]


@pytest.mark.parametrize("shape", ["unpartitioned", "static x hour"])
def test_each_row_is_refused_for_all_its_rules_or_published_once(shape: str, engines: Engines) -> None:
    base = orders(SHAPES[shape])
    rules = tuple(
        replace(rule, on_failure=QUARANTINE) if rule.name == "amount_minimum" else rule for rule in base.rules
    )
    contract = replace(base, rules=(*rules, *MANY))
    split = engines.split(table(ROWS, contract), contract, *sorted({partition_of(contract, row) for row in ROWS}))
    worst = next(row for row in split.refused if row["id"] == -3)
    assert worst["_rules"] == ["amount_minimum", *(rule.name for rule in MANY), "odd_enum"]
    assert any("key" in row["_rules"] and "ids_06" in row["_rules"] for row in split.refused)
    assert len(split.good) + len(split.refused) == len(ROWS) and split.good


D = Decimal
EARLY, LATE = datetime(1, 1, 1, 0, 0, 0, 5), datetime(9999, 12, 31, 23, 59, 59, 999999)
CAST: dict[str, tuple[pa.DataType, ColumnType, list[Any]]] = {
    "id": (pa.int64(), LONG, [1, 2, 3, 4, 5, 6, 7]),
    "part": (pa.string(), TEXT, list("aaabbbb")),
    "long": (pa.string(), LONG, ["1", "x'y\"z", "12.5", None, " é😀\n\u2028\\", "\x01", "9" * 30]),
    "day": (pa.string(), DATE, ["2026-01-01", "2026-02-30", "", "2026-01-01", None, "today", "x"]),
    "clock": (pa.string(), TIME, ["08:30:00.5", "24:00", "23:59:59.999999", None, "00:00", "", "8:30"]),
    "at": (pa.string(), TIMESTAMP, ["2026-01-01T00:00:00+02:00", "2026-01-01 25:00", None, "0001-01-01", "", "x", "1"]),
    "flag": (pa.string(), BOOLEAN, ["true", "yes", None, "FALSE", "1", "", "t"]),
    "money": (pa.string(), MONEY, ["1.25", "1.255", None, "99999999.99", "100000000", "-.5", "1e3"]),
    "number": (pa.string(), DOUBLE, ["1.25", "nan", None, "inf", "1e400", "x", "1e3"]),
    "whole": (pa.float64(), LONG, [1.0, 1.5, None, float("inf"), float("nan"), 1e300, -1.25e-7]),
    "exact": (pa.float64(), MONEY, [1.25, 1.255, None, float("-inf"), 99999999.994, 123456789012345680.0, -0.0001]),
    "single": (pa.float32(), INT, [1.0, 1.5, None, float("inf"), 0.1, 3e38, -2.5]),
    "narrow": (pa.int64(), INT, [1, 2**31, None, -(2**63), 2**63 - 1, 0, -1]),
    "short": (pa.int32(), ColumnType("decimal", 4, 0), [1, 99_999, None, -(2**31), 10_000, 9_999, 0]),
    "part_of": (pa.decimal128(12, 3), LONG, list(map(D, ("1", "1.5", "-0.001", "999999999.999", "0", "2", "3.10")))),
    "below_one": (
        pa.decimal128(4, 4),
        ColumnType("decimal", 2, 1),
        [D("0.1"), D("0.1234"), None, D("-0.9999"), *[D("0.5")] * 3],
    ),
    "date": (
        pa.timestamp("us"),
        DATE,
        [datetime(2026, 1, 1), datetime(2026, 1, 1, 1), None, EARLY, LATE, *[datetime(2026, 1, 1)] * 2],
    ),
    "text": (pa.binary(), TEXT, [b"a", b"\xff\x00'\"\\~", None, "é".encode(), b"", b"\xc3", b"ok\xfe"]),
    "bytes": (pa.string(), BINARY, ["a", "é", None, "", "x", "y", "z"]),
    "time": (pa.time64("us"), TIME, [time(8, 30), None, time(23, 59, 59, 999999), time(0), None, None, None]),
}


def test_what_would_not_cast_is_kept_as_duckdb_spells_it(engines: Engines) -> None:
    rows = pa.table({name: pa.array(values, kind) for name, (kind, _, values) in CAST.items()})
    types = Rule("types", "type", on_failure=QUARANTINE)
    rules = (
        types,
        replace(types, name="longs", columns=("long",)),
        Rule("days", "required", ("day",), on_failure=QUARANTINE),
    )
    rules = (*rules, Rule("woken", "minimum", ("time",), {"value": "00:00:01"}, on_failure=QUARANTINE))
    kinds = {name: kind for name, (_, kind, _) in CAST.items()}
    contract = small(*rules, partitioning=Partitioning((PartitionKey("part", "static", values=("a", "b")),)), **kinds)
    split = engines.split(rows, contract, "a", "b")
    assert [row["id"] for row in split.good] == [1]
    assert {row["id"]: row["_rules"] for row in split.refused}[2] == ["longs", "types"]


def keyed(*rules: Rule) -> Contract:
    part = Partitioning((PartitionKey("part", "static", values=("a", "b", "c", "d")),))
    return small(*rules, partitioning=part, part=TEXT, id=LONG, of=LONG, note=TEXT)


PARENTS = replace(small(id=LONG), name="parents")
KEY = Rule("key", "duplicate_values", ("id",), {"keepFirst": "of desc"}, on_failure=QUARANTINE)
FOREIGN = Rule(
    "foreign",
    "foreign_key",
    ("of",),
    {"columns": ("id",)},
    on_failure=QUARANTINE,
    reads=(Reference("shop.parents", ("id",), "all"),),
)
OWN = Rule(
    "own",
    "foreign_key",
    ("of",),
    {"columns": ("id",)},
    on_failure=QUARANTINE,
    reads=(Reference("shop.small", ("id",), "same"),),
)
OWN_OF_ALL = replace(OWN, name="own_of_all", reads=(Reference("shop.small", ("id",), "all"),))
NOTED = Rule("noted", "required", ("note",), on_failure=QUARANTINE)
MOSTLY_NOTED = replace(NOTED, name="mostly_noted", on_failure=OnFailure(Policy.QUARANTINE, 20))
KEYED = [
    *(("a", 1, 2, "x"), ("a", 1, 2, "x"), ("a", 1, 2, "x"), ("a", 1, 3, "y"), ("a", 2, 9, None), ("a", 4, None, "x")),
    *(("b", 1, 4, "x"), ("b", 2, 1, "x"), ("b", None, 5, "x"), ("b", None, 5, None)),
    *(("c", 5, 5, None), ("c", 5, 5, None), ("c", 6, 1, None)),
    *(("d", 7, 7, "x"), ("d", 8, 8, "x")),
]


@pytest.mark.parametrize(
    ("rules", "refused", "blocked"),
    [
        ((KEY, FOREIGN, NOTED), {"a": 4, "b": 3, "c": 3, "d": 2}, ()),
        ((OWN, KEY), {"a": 5, "b": 3, "c": 2}, ()),
        ((OWN_OF_ALL, MOSTLY_NOTED), {"a": 2}, ("b", "c")),
        ((replace(KEY, on_failure=OnFailure(Policy.QUARANTINE, 40)), OWN_OF_ALL), {"c": 1}, ("a",)),
    ],
    ids=["another dataset", "own partition", "all partitions", "over the limit"],
)
def test_rows_refused_for_others_are_those_of_duckdb(
    rules: tuple[Rule, ...], refused: dict[str, int], blocked: tuple[str, ...], engines: Engines
) -> None:
    contract = keyed(*rules)
    rows = table([dict(zip(contract.column_names, row, strict=True)) for row in KEYED], contract)
    split = engines.split(rows, contract, "a", "b", "c", "d", parents=PARENTS)
    assert (split.publication.quarantined, split.publication.blocked) == (refused, blocked)


def spread(rows: list[Row], contract: Contract) -> Any:
    """Rows as a Spark frame."""
    from data_platform.engines.spark.driver import distribute

    return distribute(table(rows, contract))


def test_clean_files_are_published_untouched_and_the_next_publication_replaces_both(lakehouse: Lakehouse) -> None:
    contract = keyed(NOTED, KEY)
    rows = [
        dict(zip(contract.column_names, row, strict=True))
        for row in [
            *(("a", 1, 2, "x"), ("a", 2, 2, "x")),
            *(("b", 1, 2, "x"), ("b", 2, 2, None)),
            *(("c", 1, 2, None), ("c", 2, 2, None)),
            *(("d", 1, 2, "x"), ("d", 1, 1, "x")),
        ]
    ]
    before = staged(lakehouse, with_rules(contract), spread(rows, contract))  # so that no row is staged apart
    file_of = {partition: file for file in before.files for partition in "abcd" if _cut(partition) in file}
    publication = publish(lakehouse, before, contract, list("abcd"), Provenance(run_id="run"))
    assert publication.rows == {"a": 2, "b": 1, "c": 0, "d": 1} and publication.blocked == ()
    assert publication.quarantined == {"b": 1, "c": 2, "d": 1}
    published = plan_read(lakehouse, contract).files
    assert file_of["a"] in published and not {file_of["b"], file_of["c"], file_of["d"]} & set(published)
    assert sorted((row["part"], row["id"], row["of"]) for row in got(lakehouse, contract)) == [
        ("a", 1, 2),
        ("a", 2, 2),
        ("b", 1, 2),
        ("d", 1, 2),
    ]
    beside = quarantine_contract(contract)
    assert parquet_files(lakehouse) == referenced(lakehouse, contract) | referenced(lakehouse, beside)
    names = [row["_row"] for row in quarantined(lakehouse, contract)]
    assert len(set(names)) == 4 and all(
        re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name) for name in names
    )

    again = put(lakehouse, contract, spread([row | {"note": "y"} for row in rows[:-1]], contract), *"abcd")
    assert again.rows == {"a": 2, "b": 2, "c": 2, "d": 1} and again.quarantined == {}
    assert quarantined(lakehouse, contract) == [] and {row["note"] for row in got(lakehouse, contract)} == {"y"}


def _cut(partition: str) -> str:
    return f"__partition={md5(partition.encode(), usedforsecurity=False).hexdigest()}/"


def test_rows_that_spark_quarantined_wait_are_replayed_and_are_discarded_like_any_others(lakehouse: Lakehouse) -> None:
    contract = small(Rule("types", "type", on_failure=QUARANTINE), id=INT, size=INT, price=FLOAT)
    came = small(id=TEXT, size=LONG, price=DOUBLE)
    rows = [("1", 1, 1.0), (" +2147483648", 2, 2.5), ("3", 2**40, 3.0), ("4", 4, 0.1), ("x", 5, None)]
    frame = spread([dict(zip(came.column_names, row, strict=True)) for row in rows], came)
    assert put(lakehouse, contract, frame).quarantined == {WHOLE: 4}
    assert waiting(lakehouse, contract)[WHOLE].rules == {"types": 4}
    shown = [dict(row.values) for row in rows_waiting(lakehouse, contract)]
    assert {"id": " +2147483648", "size": "2", "price": "2.5"} in shown
    assert {"id": "4", "size": "4", "price": "0.1"} in shown

    wider = small(*contract.rules, id=LONG, size=LONG, price=DOUBLE)
    replay(lakehouse, replace(wider, version="2.0.0"))
    assert got(lakehouse, wider) == in_order(
        {"id": int(id), "size": size, "price": price} for id, size, price in rows[:-1]
    )
    (left,) = quarantined(lakehouse, wider)
    assert (left["_uncast"], left["_types"], left["size"]) == ('{"id":"x"}', '{"id":"VARCHAR"}', 5)
    assert discard(lakehouse, wider, reason="no number", who="ana") == {WHOLE: 1}
    assert quarantined(lakehouse, wider) == []
