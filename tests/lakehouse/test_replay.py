"""Replay: what waited and passes now joins its partition, once; what does not waits on, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario import (
    BLOCK,
    COUNTRIES,
    DAILY,
    DAY_X_COUNTRY,
    DOUBLE,
    FLOAT,
    HOURLY,
    INT,
    LONG,
    NAMES,
    QUARANTINE,
    STATIC,
    TAGS,
    TEXT,
    Row,
    got,
    in_order,
    order,
    orders,
    partition_of,
    put,
    quarantined,
    small,
    with_rules,
)

from data_platform.contracts import (
    Column,
    ColumnType,
    Contract,
    OnFailure,
    Partitioning,
    Policy,
    Rule,
    Threshold,
)
from data_platform.contracts.partitions import WHOLE
from data_platform.engines import Engine
from data_platform.lakehouse import Lakehouse, StructureError, plan_read
from data_platform.lakehouse.metrics import history
from data_platform.lakehouse.provenance import read_properties
from data_platform.lakehouse.quarantine import quarantine_contract, waiting
from data_platform.lakehouse.replay import replay
from data_platform.settings import Settings

from .test_publish import parquet_files, referenced

TYPES = Rule("types", "type", NAMES, on_failure=QUARANTINE)
AMOUNT = Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE)
COUNTRY = Rule("country", "enum", ("country",), {"values": ("no",)}, on_failure=QUARANTINE)
KEY = Rule("key", "duplicate_values", ("id",), {"keepFirst": "ratio desc"}, on_failure=QUARANTINE)
STRICT = orders(DAILY, rules=(AMOUNT, COUNTRY, KEY))
LOOSE = replace(STRICT, rules=(COUNTRY, KEY), version="2.0.0")
BAD = {"amount": Decimal("-1.00")}
ABROAD = {"country": "se"}

ONE, TWO = "2026-01-01", "2026-01-02"


def bare(contract: Contract, rows: list[Row]) -> list[Row]:
    """Quarantined rows without their stamp."""
    return in_order({name: row[name] for name in contract.column_names} for row in rows)


def ids(rows: list[Row]) -> list[int]:
    return sorted(row["id"] for row in rows)


def snapshots(lakehouse: Lakehouse, contract: Contract) -> tuple[int, ...]:
    """How many snapshots the dataset and its quarantine have."""
    tables = [lakehouse.existing_table(name.dataset) for name in (contract, quarantine_contract(contract))]
    return tuple(len(table.metadata.snapshots) if table is not None else 0 for table in tables)


def typed(relation: str) -> Any:
    """A frame of a type that only SQL has."""
    return duckdb.sql(relation)


# --- What becomes of rows ------------------------------------------------------------------------------------


def test_rows_that_pass_the_contract_of_today_join_their_partition(lakehouse: Lakehouse) -> None:
    rows = [order(1), order(2, **BAD), order(3, day=2, **BAD), order(4, day=3)]
    put(lakehouse, STRICT, rows)
    replayed = replay(lakehouse, LOOSE)
    assert got(lakehouse, LOOSE) == in_order(rows)
    assert quarantined(lakehouse, LOOSE) == []
    assert replayed.merged == {ONE: 1, TWO: 1} and replayed.waiting == {ONE: 0, TWO: 0} and not replayed.withdrawn


def test_rows_that_still_fail_wait_on_and_say_why_today(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, **BAD, **ABROAD), order(4, **ABROAD)], run="first")
    before = {row["id"]: row for row in quarantined(lakehouse, STRICT)}
    replayed = replay(lakehouse, LOOSE, run_id="second")
    after = {row["id"]: row for row in quarantined(lakehouse, LOOSE)}
    assert ids(got(lakehouse, LOOSE)) == [1, 2] and replayed.waiting == {ONE: 2}
    assert {id: (row["_rules"], row["_contract_version"]) for id, row in after.items()} == {
        3: (["country"], "2.0.0"),
        4: (["country"], "2.0.0"),
    }
    same = ("_row", "_run_id", "_quarantined_at", "_partition", "_uncast")
    assert [[after[id][name] for name in same] for id in (3, 4)] == [
        [before[id][name] for name in same] for id in (3, 4)
    ]
    assert {row["_run_id"] for row in after.values()} == {"first"}


def test_reasons_are_those_of_today_even_where_no_row_passes(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD)])
    renamed = replace(STRICT, rules=(replace(AMOUNT, name="price", description="prices are never negative"),))
    before = snapshots(lakehouse, STRICT)
    replayed = replay(lakehouse, renamed)
    (row,) = quarantined(lakehouse, renamed)
    assert (row["_rules"], row["_reasons"]) == (["price"], ["broken: prices are never negative"])
    assert replayed.snapshot_id is None and snapshots(lakehouse, STRICT)[0] == before[0], "the dataset did not change"


@pytest.mark.parametrize("rule", ["", "amount", "country"])
def test_twice_is_once(rule: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, **BAD, **ABROAD), order(4, **ABROAD)])
    replay(lakehouse, LOOSE, rule=rule)
    once, left, there = got(lakehouse, LOOSE), quarantined(lakehouse, LOOSE), snapshots(lakehouse, LOOSE)
    again = replay(lakehouse, LOOSE, rule=rule)
    assert (got(lakehouse, LOOSE), quarantined(lakehouse, LOOSE)) == (once, left)
    assert snapshots(lakehouse, LOOSE) == there and again.snapshot_id is None and not again.merged


def test_only_the_partitions_asked_for_are_replayed(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1, **BAD), order(2, day=2, **BAD), order(3, day=2)])
    untouched = plan_read(lakehouse, STRICT, partitions=[TWO]).files
    assert replay(lakehouse, LOOSE, [ONE]).merged == {ONE: 1}
    assert ids(got(lakehouse, LOOSE)) == [1, 3] and ids(quarantined(lakehouse, LOOSE)) == [2]
    assert plan_read(lakehouse, LOOSE, partitions=[TWO]).files == untouched


def test_only_the_rows_that_a_rule_refused_are_replayed(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, **ABROAD), order(4, **BAD, **ABROAD)])
    everything_goes = replace(STRICT, rules=())
    assert replay(lakehouse, everything_goes, rule="country").merged == {ONE: 2}
    assert ids(got(lakehouse, everything_goes)) == [1, 3, 4]
    assert [(row["id"], row["_rules"]) for row in quarantined(lakehouse, STRICT)] == [(2, ["amount"])]


def test_partitions_of_which_nothing_changes_are_not_written_again(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, day=2), order(4, day=2, **ABROAD)])
    untouched = plan_read(lakehouse, STRICT, partitions=[TWO]).files
    replay(lakehouse, LOOSE)
    assert ids(got(lakehouse, LOOSE)) == [1, 2, 3]
    assert plan_read(lakehouse, LOOSE, partitions=[TWO]).files == untouched


def test_of_waiting_and_published_rows_with_one_key_the_one_to_keep_is_published(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1, ratio=0.1), order(1, ratio=0.9, **BAD), order(2, ratio=0.5)])
    assert ids(got(lakehouse, STRICT)) == [2] and ids(quarantined(lakehouse, STRICT)) == [1, 1]
    replayed = replay(lakehouse, LOOSE)
    assert [(row["id"], row["ratio"]) for row in got(lakehouse, LOOSE)] == [(1, 0.9), (2, 0.5)]
    assert [(row["ratio"], row["_rules"]) for row in quarantined(lakehouse, LOOSE)] == [(0.1, ["key"])]
    assert replayed.waiting == {ONE: 1}


def test_published_rows_that_a_tightened_contract_refuses_go_to_the_quarantine(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, ratio=0.1), order(4, day=2, ratio=0.1)])
    tightened = replace(LOOSE, rules=(Rule("ratio", "minimum", ("ratio",), {"value": 0.5}, on_failure=QUARANTINE),))
    replayed = replay(lakehouse, tightened, run_id="again")
    assert (replayed.merged, replayed.withdrawn, replayed.waiting) == ({ONE: 1}, {ONE: 1}, {ONE: 1})
    assert ids(got(lakehouse, tightened)) == [1, 2, 4], "where nothing waited nothing was looked at"
    (row,) = quarantined(lakehouse, tightened)
    assert (row["id"], row["_rules"], row["_run_id"]) == (3, ["ratio"], "again")


def test_where_the_whole_would_be_blocked_nothing_changes_and_the_verdict_says_why(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, day=2), order(4, day=2, **BAD), order(5, day=2, **BAD)])
    few = Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 3))
    replayed = replay(lakehouse, replace(LOOSE, rules=(few,)))
    assert replayed.blocked == (TWO,) and replayed.merged == {ONE: 1} and replayed.waiting == {ONE: 0, TWO: 2}
    (verdict,) = [each for each in replayed.verdicts if each.blocked]
    assert verdict.outcomes[0].reason == "3 is not < 3"
    assert ids(got(lakehouse, LOOSE)) == [1, 2, 3] and ids(quarantined(lakehouse, LOOSE)) == [4, 5]


def test_too_many_rows_that_still_fail_block_their_partition(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, **ABROAD)])
    limited = replace(LOOSE, rules=(replace(COUNTRY, on_failure=OnFailure(Policy.QUARANTINE, max_percent=10)),))
    assert replay(lakehouse, limited).blocked == (ONE,)
    assert ids(got(lakehouse, LOOSE)) == [1] and ids(quarantined(lakehouse, LOOSE)) == [2, 3]


def test_a_partition_without_rows_gets_some_and_one_with_rows_may_lose_them_all(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1, **BAD), order(2, day=2, **ABROAD), order(3, day=2)])
    assert got(lakehouse, STRICT, partitions=[ONE]) == []
    upside_down = replace(LOOSE, rules=(replace(COUNTRY, arguments={"values": ("fi",)}),))
    assert replay(lakehouse, upside_down, [TWO]).withdrawn == {TWO: 1}
    assert got(lakehouse, LOOSE, partitions=[ONE, TWO]) == []
    assert replay(lakehouse, replace(LOOSE, rules=())).merged == {ONE: 1, TWO: 2}
    assert ids(got(lakehouse, LOOSE, partitions=[ONE, TWO])) == [1, 2, 3]


@pytest.mark.parametrize("shape", [None, STATIC, HOURLY, DAY_X_COUNTRY], ids=["whole", "static", "hourly", "two keys"])
def test_every_partitioning_is_replayed(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    rows = [order(id, day=1 + id % 2, hour=id, country=COUNTRIES[id % 3], amount=Decimal(id - 2)) for id in range(5)]
    contract = orders(shape, rules=(AMOUNT,))
    put(lakehouse, contract, rows)
    assert len(quarantined(lakehouse, contract)) == 2
    replay(lakehouse, with_rules(contract))
    assert got(lakehouse, contract) == in_order(rows) and quarantined(lakehouse, contract) == []


def test_nothing_waits_so_nothing_happens(lakehouse: Lakehouse) -> None:
    assert replay(lakehouse, STRICT).merged == {}
    put(lakehouse, STRICT, [order(1)])
    before = snapshots(lakehouse, STRICT)
    for replayed in (replay(lakehouse, LOOSE), replay(lakehouse, LOOSE, [ONE], "amount")):
        assert (replayed.merged, replayed.waiting, replayed.snapshot_id) == ({}, {}, None)
    assert snapshots(lakehouse, STRICT) == before


def test_a_snapshot_says_what_was_replayed_from_what(lakehouse: Lakehouse) -> None:
    publication = put(lakehouse, STRICT, [order(1), order(2, **BAD)])
    beside = lakehouse.catalog.load_table("shop.orders__quarantine").current_snapshot()
    replayed = replay(lakehouse, LOOSE, run_id="run-7", who="ana")
    snapshot = lakehouse.catalog.load_table("shop.orders").current_snapshot()
    assert snapshot is not None and beside is not None and snapshot.snapshot_id == replayed.snapshot_id
    found = read_properties(snapshot.summary.additional_properties)
    assert (found["engine"], found["run-id"], found["who"], found["contract-version"]) == (
        "replay",
        "run-7",
        "ana",
        "2.0.0",
    )
    assert f'"dataset":"shop.orders","snapshot":{publication.snapshot_id}' in found["inputs"]
    assert f'"dataset":"shop.orders__quarantine","snapshot":{beside.snapshot_id}' in found["inputs"]


def test_a_replay_is_measured_as_a_publication_is(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, day=2), order(4, day=2, **ABROAD)])
    replayed = replay(lakehouse, LOOSE)
    newest, *_ = next(history(lakehouse, "shop.orders"))
    assert (newest.publication, newest.partition, newest.rows) == (replayed.publication_id, ONE, 2)


def test_a_partition_whose_last_publication_was_blocked_stays_blocked(lakehouse: Lakehouse) -> None:
    contract = replace(STRICT, rules=(AMOUNT, Rule("known", "required", ("id",), on_failure=BLOCK)))
    put(lakehouse, contract, [order(1), order(2, **BAD)])
    put(lakehouse, contract, [order(None)])
    assert replay(lakehouse, LOOSE).merged == {ONE: 1}
    assert ids(got(lakehouse, LOOSE)) == [1, 2]
    assert plan_read(lakehouse, LOOSE).blocked == (ONE,), "what was produced last is still not what is published"


def test_nothing_is_left_behind_but_what_snapshots_refer_to(lakehouse: Lakehouse) -> None:
    put(lakehouse, STRICT, [order(1), order(2, **BAD), order(3, **ABROAD), order(4, day=2, **ABROAD)])
    for contract in (LOOSE, LOOSE, replace(LOOSE, rules=(TYPES,))):
        replay(lakehouse, contract)
    assert parquet_files(lakehouse) == referenced(lakehouse, LOOSE) | referenced(lakehouse, quarantine_contract(LOOSE))
    assert not list(lakehouse.settings.home.glob("spill/*"))
    assert len(got(lakehouse, LOOSE)) == 4


# --- Values that could not be cast ---------------------------------------------------------------------------

WIDENED: dict[str, tuple[ColumnType, ColumnType, str, list[Any]]] = {  # strict, loose, the frame, what replay brings
    "a number with a point, for a longer integer": (INT, LONG, "3000000000::DOUBLE", [3_000_000_000]),
    "a number in scientific notation": (INT, LONG, "9e15::DOUBLE", [9_000_000_000_000_000]),
    "a long integer": (INT, LONG, "9007199254740993::BIGINT", [9_007_199_254_740_993]),
    "an unsigned integer": (INT, LONG, "4000000000::UINTEGER", [4_000_000_000]),
    "text of a long integer": (INT, LONG, "' 0003000000000 '", [3_000_000_000]),
    "a double that is no float": (FLOAT, DOUBLE, "0.1::DOUBLE", [0.1]),
    "a double beyond all floats": (FLOAT, DOUBLE, "1e300::DOUBLE", [1e300]),
    "a decimal": (
        ColumnType("decimal", 5, 2),
        ColumnType("decimal", 12, 2),
        "123456789.25::DECIMAL(18,4)",
        [Decimal("123456789.25")],
    ),
    "a double that is a decimal": (
        ColumnType("decimal", 5, 2),
        ColumnType("decimal", 20, 2),
        "1e16::DOUBLE",
        [Decimal("1e16")],
    ),
    "a half that no integer is": (INT, LONG, "2.5::DOUBLE", []),
    "text that is no number": (INT, LONG, "'12 apples'", []),
    "bytes that are no text": (TEXT, TEXT, r"'\xFF'::BLOB", []),
    "a list of texts that are no numbers": (
        ColumnType("list", element=INT),
        ColumnType("list", element=INT),
        "['1', 'one']",
        [],
    ),
}


@pytest.mark.parametrize("case", WIDENED)
def test_a_value_that_could_not_be_cast_is_cast_again_as_if_it_had_just_arrived(
    case: str, lakehouse: Lakehouse
) -> None:
    strict, loose, value, expected = WIDENED[case]
    rule = Rule("types", "type", ("value",), on_failure=QUARANTINE)
    before, after = (small(rule, id=LONG, value=kind) for kind in (strict, loose))
    frame = f"SELECT 1::BIGINT AS id, {value} AS value UNION ALL SELECT 2, NULL"
    assert put(lakehouse, before, typed(frame)).quarantined == {WHOLE: 1}
    waited = quarantined(lakehouse, before)
    assert waited[0]["value"] is None, "what was lost is shown by its text alone"
    replay(lakehouse, after)
    assert got(lakehouse, after) == in_order(
        [{"id": 2, "value": None}, *({"id": 1, "value": each} for each in expected)]
    )
    assert quarantined(lakehouse, after) == ([] if expected else waited)


def test_published_values_are_not_disturbed_by_those_that_come_back_as_text(lakehouse: Lakehouse) -> None:
    rule = Rule("types", "type", ("id", "a", "b", "c", "d"), on_failure=QUARANTINE)
    kinds = {
        "a": ColumnType("timestamp"),
        "b": ColumnType("timestamptz"),
        "c": ColumnType("decimal", 38, 10),
        "d": DOUBLE,
        "e": ColumnType("binary"),
        "f": ColumnType("date"),
        "g": TAGS,
    }
    before, after = small(rule, id=INT, **kinds), small(rule, id=LONG, **kinds)
    frame = (
        "SELECT 1::BIGINT AS id, TIMESTAMP '9999-12-31 23:59:59.999999' AS a, TIMESTAMPTZ '0001-01-01 00:00:00+00' AS b, "
        "1234567890123456789012345678.0123456789::DECIMAL(38,10) AS c, 'nan'::DOUBLE AS d, '\\x00\\xFF'::BLOB AS e, "
        "DATE '9999-12-31' AS f, ['it''s', NULL, ', ]'] AS g"
    )
    strict_frame = typed(f"{frame} UNION ALL SELECT * REPLACE (3000000000 AS id) FROM ({frame})")
    put(lakehouse, before, strict_frame)
    (published,) = got(lakehouse, before)
    replay(lakehouse, after)
    assert got(lakehouse, after) == in_order([published, published | {"id": 3_000_000_000}])


def test_of_two_lost_values_the_one_that_can_be_cast_now_is_remembered_cast(lakehouse: Lakehouse) -> None:
    rule = Rule("types", "type", ("a", "b"), on_failure=QUARANTINE)
    put(lakehouse, small(rule, a=INT, b=INT), typed("SELECT '3000000000' AS a, 'many' AS b"))
    replay(lakehouse, small(rule, a=LONG, b=INT))
    (row,) = quarantined(lakehouse, small(rule, a=LONG, b=INT))
    assert (row["a"], row["b"], row["_uncast"], row["_rules"]) == (3_000_000_000, None, '{"b":"many"}', ["types"])


def test_a_value_lost_in_a_column_that_the_contract_dropped_holds_its_row_back_no_longer(lakehouse: Lakehouse) -> None:
    rule = Rule("types", "type", ("id", "note"), on_failure=QUARANTINE)
    put(lakehouse, small(rule, id=LONG, note=INT), typed("SELECT 1::BIGINT AS id, 'x' AS note"))
    without = small(replace(rule, columns=("id",)), id=LONG)
    assert replay(lakehouse, without).merged == {WHOLE: 1}
    assert got(lakehouse, without) == [{"id": 1}]


def test_a_column_added_since_is_null_in_rows_that_waited(lakehouse: Lakehouse) -> None:
    minimum = Rule("id", "minimum", ("id",), {"value": 2}, on_failure=QUARANTINE)
    put(lakehouse, small(minimum, id=LONG), typed("SELECT unnest([1, 2]) AS id"))
    grown = small(id=LONG, note=TEXT)
    replay(lakehouse, grown)
    assert got(lakehouse, grown) == [{"id": 1, "note": None}, {"id": 2, "note": None}]


def test_a_lost_value_under_no_rule_is_refused_as_it_is_by_a_publication(lakehouse: Lakehouse) -> None:
    put(lakehouse, small(Rule("types", "type", ("id",), on_failure=QUARANTINE), id=LONG), typed("SELECT 'x' AS id"))
    with pytest.raises(StructureError, match=r"1 value\(s\) of id cannot be cast to long"):
        replay(lakehouse, small(id=LONG))
    assert len(quarantined(lakehouse, small(id=LONG))) == 1


def test_columns_that_the_contract_ignores_are_kept_nowhere(lakehouse: Lakehouse) -> None:
    minimum = Rule("id", "minimum", ("id",), {"value": 2}, on_failure=QUARANTINE)
    contract = replace(small(minimum, id=LONG), unknown_columns="ignore")
    put(lakehouse, contract, typed("SELECT 1::BIGINT AS id, 'unclassified' AS surprise"))
    (row,) = quarantined(lakehouse, contract)
    assert "unclassified" not in repr(row)


# --- One meaning ---------------------------------------------------------------------------------------------

ARRIVING = st.fixed_dictionaries(
    {
        "day": st.sampled_from(["2026-01-01", "2026-01-02"]),
        "country": st.sampled_from(COUNTRIES[:3]),
        "id": st.sampled_from([None, 1.0, 2.0, 2.5, 3e9, 9e15, 1e300, float("nan"), float("inf")]),
        "price": st.sampled_from([None, "1.50", " 2 ", "-1", "12345.67", "1e3", "free", "1.005", ""]),
        "ratio": st.sampled_from([None, 0.5, 0.1, 1e300, -1.0, float("nan"), float("-inf")]),
        "name": st.sampled_from([None, "", "ada", "it's", "é"]),
    }
)
VERSIONS = {
    "strict": (
        {"id": INT, "price": ColumnType("decimal", 5, 2), "ratio": FLOAT},
        (
            Rule("positive", "minimum", ("price",), {"value": 0}, on_failure=QUARANTINE),
            Rule("share", "maximum", ("ratio",), {"value": 1}, on_failure=QUARANTINE),
            Rule("named", "required", ("name",), on_failure=QUARANTINE),
            Rule("id_known", "required", ("id",), on_failure=QUARANTINE),
            Rule("key", "duplicate_values", ("id",), {"keepFirst": "price desc"}, on_failure=QUARANTINE),
        ),
    ),
    "loose": (
        {"id": LONG, "price": ColumnType("decimal", 20, 2), "ratio": DOUBLE},
        (
            Rule("share", "maximum", ("ratio",), {"value": 2}, on_failure=QUARANTINE),
            Rule("id_known", "required", ("id",), on_failure=QUARANTINE),
            Rule("key", "duplicate_values", ("id", "name"), {"keepFirst": "ratio"}, on_failure=QUARANTINE),
        ),
    ),
}


def version(name: str, shape: Partitioning | None) -> Contract:
    types, rules = VERSIONS[name]
    kinds = {"day": ColumnType("date"), "country": TEXT, **types, "name": TEXT}
    everything = Rule("types", "type", tuple(kinds), on_failure=QUARANTINE)
    return Contract(
        "shop",
        "arrivals",
        {"strict": "1.0.0", "loose": "2.0.0"}[name],
        tuple(Column(column, kind) for column, kind in kinds.items()),
        rules=(everything, *rules),
        partitioning=shape,
    )


def rows_by_partition(lakehouse: Lakehouse, contract: Contract, shown: Contract) -> dict[str, list[str]]:
    """The exact rows (NaN is not null) of a table, of the columns of `shown`, by partition."""
    plan = plan_read(lakehouse, contract, allow_missing=True)
    found: dict[str, list[str]] = {}
    for row in Engine("pyarrow.Table").read(plan, lakehouse).to_pylist():
        place = row["_partition"] if "_partition" in row else partition_of(shown, row)
        own = {name: row[name] for name in (*shown.column_names, "_uncast", "_rules", "_reasons") if name in row}
        found.setdefault(place, []).append(repr(own))
    return {partition: sorted(rows) for partition, rows in found.items()}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ARRIVING, min_size=1, max_size=12), shape=st.sampled_from([None, DAILY, STATIC, DAY_X_COUNTRY]))
def test_what_a_strict_contract_refused_and_a_loose_one_replays_is_what_the_loose_one_publishes(
    rows: list[dict[str, Any]], shape: Partitioning | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = pl.DataFrame(rows, schema=ARRIVED).with_columns(pl.col("day").str.to_date())
    partitions = sorted({partition_of(version("strict", shape), row) for row in frame.to_dicts()})
    late, direct = (Lakehouse(Settings.at(tmp_path_factory.mktemp("home"))) for _ in range(2))
    strict, loose = version("strict", shape), version("loose", shape)
    put(late, strict, frame, *partitions)
    waited = set(waiting(late, strict))
    replay(late, loose)
    put(direct, loose, frame, *partitions)
    for contract in (loose, quarantine_contract(loose)):
        replayed, published = (rows_by_partition(each, contract, loose) for each in (late, direct))
        assert {each: replayed.get(each) for each in waited} == {each: published.get(each) for each in waited}
    assert len(got(late, loose)) + len(quarantined(late, loose)) == len(rows)


ARRIVED = {
    "day": pl.String,
    "country": pl.String,
    "id": pl.Float64,
    "price": pl.String,
    "ratio": pl.Float64,
    "name": pl.String,
}
