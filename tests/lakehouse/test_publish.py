"""Publishing: exactly the partitions produced are replaced, refused rows kept aside, clean files not rewritten."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario import (
    CLEAN,
    COUNTRIES,
    DAILY,
    DAY_X_COUNTRY,
    DIRTY,
    DUPLICATES,
    EMPTY,
    HOPELESS,
    HOURLY,
    LONG,
    NASTY,
    QUARANTINE,
    SHAPES,
    STATIC,
    TEXT,
    WARN,
    WRONG_TYPES,
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
    with_rules,
)

from data_platform.contracts import Contract, Partitioning, Rule, Threshold
from data_platform.contracts.partitions import WHOLE
from data_platform.lakehouse import (
    InputRead,
    Lakehouse,
    LakehouseError,
    MissingPartitions,
    Provenance,
    StructureError,
    plan_read,
    publish,
)
from data_platform.lakehouse.journal import JOURNALS, waiting_files
from data_platform.lakehouse.provenance import read_properties
from data_platform.lakehouse.publish import STEPS
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.refusals import FOLDER
from data_platform.quality.examples import SHOWN
from data_platform.settings import Settings

shapes = pytest.mark.parametrize("shape", SHAPES.values(), ids=list(SHAPES))


def parquet_files(lakehouse: Lakehouse) -> set[str]:
    """All but what waits for a journal, and what is kept of refusals."""
    found = {str(path) for path in Path(lakehouse.settings.warehouse).rglob("*.parquet") if FOLDER not in path.parts}
    return found.difference(*(waiting_files(lakehouse, journal) for journal in JOURNALS))


def referenced(lakehouse: Lakehouse, contract: Contract) -> set[str]:
    """The files that any snapshot of the table refers to."""
    found = lakehouse.existing_table(contract.dataset)
    if found is None:
        return set()
    scans = [found.scan(snapshot_id=snapshot.snapshot_id) for snapshot in found.snapshots()]
    return {task.file.file_path for scan in scans for task in scan.plan_files()}


@shapes
def test_what_was_produced_can_be_read_back(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    contract = orders(shape)
    publication = put(lakehouse, contract, CLEAN)
    assert got(lakehouse, contract) == in_order(CLEAN)
    assert set(publication.published) == {partition_of(contract, row) for row in CLEAN}
    assert sum(publication.rows.values()) == len(CLEAN) and not any(publication.quarantined.values())
    assert quarantined(lakehouse, contract) == []


@shapes
def test_publishing_again_changes_nothing(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    contract = orders(shape)
    first, second = put(lakehouse, contract, CLEAN), put(lakehouse, contract, CLEAN)
    assert first.snapshot_id != second.snapshot_id
    assert got(lakehouse, contract) == in_order(CLEAN)


@shapes
def test_each_partition_can_be_read_alone(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    contract = orders(shape)
    put(lakehouse, contract, CLEAN)
    for partition in {partition_of(contract, row) for row in CLEAN}:
        expected = in_order(row for row in CLEAN if partition_of(contract, row) == partition)
        plan = plan_read(lakehouse, contract, partitions=[partition])
        assert got(lakehouse, contract, partitions=[partition]) == expected
        assert plan.rows == len(expected)
        assert plan.partitions == ((partition,) if shape else ())


@shapes
def test_only_the_partitions_produced_are_replaced(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    contract = orders(shape)
    put(lakehouse, contract, CLEAN)
    target = partition_of(contract, CLEAN[0])
    fresh = [CLEAN[0] | {"id": 100, "ratio": 0.75}]
    put(lakehouse, contract, fresh, target)
    others = [row for row in CLEAN if partition_of(contract, row) != target]
    assert got(lakehouse, contract) == in_order(others + fresh)


def test_rows_that_a_rule_quarantines_are_kept_with_why(lakehouse: Lakehouse) -> None:
    contract = orders(STATIC)
    publication = put(lakehouse, contract, DIRTY, run="run-7")
    assert got(lakehouse, contract) == in_order(DIRTY[:4])
    (row,) = quarantined(lakehouse, contract)
    assert {name: row[name] for name in DIRTY[4]} == DIRTY[4]
    assert row["_rules"] == ["amount_minimum", "odd_enum"]
    assert [reason.partition(":")[0] for reason in row["_reasons"]] == ["broken", "broken"]
    assert (row["_partition"], row["_run_id"], row["_contract_version"]) == ("no", "run-7", "1.0.0")
    assert row["_uncast"] is None
    assert publication.quarantined == {"no": 1} and publication.rows["no"] == 1


def test_duplicates_go_to_quarantine_and_the_first_in_the_stated_order_stays(lakehouse: Lakehouse) -> None:
    contract = orders()
    put(lakehouse, contract, DUPLICATES)
    assert [(row["id"], row["ratio"]) for row in got(lakehouse, contract)] == [(1, 0.9), (2, 0.5), (3, 0.5)]
    assert sorted(str(row["ratio"]) for row in quarantined(lakehouse, contract)) == ["0.1", "None"]


def test_values_that_cannot_be_cast_are_quarantined_with_their_text(lakehouse: Lakehouse) -> None:
    contract = orders()
    put(lakehouse, contract, pl.DataFrame(WRONG_TYPES))
    assert [(row["id"], row["amount"]) for row in got(lakehouse, contract)] == [
        (id, Decimal("12.50")) for id in (1, 2, 3)
    ]
    (row,) = quarantined(lakehouse, contract)
    assert (row["id"], row["amount"], row["ratio"]) == (None, None, 0.5)
    assert json.loads(row["_uncast"]) == {"id": "four", "amount": "twelve"}


def test_a_clean_replacement_empties_the_quarantine_of_its_partitions_only(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY, rules=(Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),))
    bad = {"amount": Decimal("-1.00")}
    put(lakehouse, contract, [order(1, day=1, **bad), order(2, day=2, **bad), order(3, day=2)])
    assert len(quarantined(lakehouse, contract)) == 2
    put(lakehouse, contract, [order(1, day=1)])
    assert [row["_partition"] for row in quarantined(lakehouse, contract)] == ["2026-01-02"]
    assert [row["id"] for row in got(lakehouse, contract)] == [1, 3]


def test_a_quarantine_that_holds_nothing_of_these_partitions_is_left_alone(lakehouse: Lakehouse) -> None:
    contract = orders(STATIC)
    put(lakehouse, contract, DIRTY)
    beside = lakehouse.catalog.load_table("shop.orders__quarantine")
    put(lakehouse, contract, [order(9, country="se")])
    assert lakehouse.catalog.load_table("shop.orders__quarantine").metadata_location == beside.metadata_location


def test_a_blocked_publication_keeps_the_last_good_rows(lakehouse: Lakehouse) -> None:
    contract = orders()
    before = put(lakehouse, contract, CLEAN)
    publication = put(lakehouse, contract, HOPELESS)
    assert publication.blocked == (WHOLE,) and publication.published == () and publication.snapshot_id is None
    assert publication.rows == {} and publication.quarantined == {} and publication.bytes == 0
    assert got(lakehouse, contract) == in_order(CLEAN)
    assert plan_read(lakehouse, contract).snapshot_id == before.snapshot_id
    assert parquet_files(lakehouse) == referenced(lakehouse, contract)


def test_a_blocked_first_publication_leaves_no_table(lakehouse: Lakehouse) -> None:
    contract = orders()
    put(lakehouse, contract, HOPELESS)
    assert lakehouse.existing_table(contract.dataset) is None
    with pytest.raises(MissingPartitions, match=r"shop\.orders has no published data"):
        plan_read(lakehouse, contract)
    assert parquet_files(lakehouse) == set()


def test_one_blocked_day_does_not_cost_its_siblings(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    put(lakehouse, contract, [order(1, day=1), order(2, day=2), order(3, day=3)])
    rows = [
        order(10, day=1),
        order(None, day=2),
        order(20, day=2),
        order(30, day=3, amount=Decimal("-1.00")),
        order(31, day=3),
    ]
    publication = put(lakehouse, contract, rows)
    assert publication.blocked == ("2026-01-02",)
    assert publication.rows == {"2026-01-01": 1, "2026-01-03": 1}
    assert sorted(row["id"] for row in got(lakehouse, contract)) == [2, 10, 31]
    assert [row["id"] for row in quarantined(lakehouse, contract)] == [30]
    assert parquet_files(lakehouse) >= referenced(lakehouse, contract)


def test_a_partition_with_too_many_bad_rows_is_blocked_and_quarantines_nothing(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    bad = {"amount": Decimal("-1.00")}
    rows = [order(1, day=1, **bad), order(2, day=1, **bad), order(3, day=1), order(4, day=2, **bad), order(5, day=2)]
    publication = put(lakehouse, contract, rows)
    assert publication.blocked == ("2026-01-01",) and publication.quarantined == {"2026-01-02": 1}
    assert [row["id"] for row in quarantined(lakehouse, contract)] == [4]


def test_a_warning_publishes_everything(lakehouse: Lakehouse) -> None:
    contract = with_rules(orders(), Rule("email", "pattern", ("email",), {"value": "@"}, on_failure=WARN))
    publication = put(lakehouse, contract, [order(1, email="nobody"), order(2)])
    (outcome,) = publication.verdicts[0].outcomes
    assert (outcome.metric, str(outcome.action), outcome.examples) == (1.0, "warn", ())  # the column is sensitive
    assert len(got(lakehouse, contract)) == 2


@pytest.mark.parametrize("shape", [None, DAILY, STATIC, HOURLY, DAY_X_COUNTRY], ids=str)
def test_zero_rows_are_a_legal_publication(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    contract = orders(shape)
    partition = partition_of(contract, CLEAN[0])
    publication = put(lakehouse, contract, EMPTY, partition)
    assert publication.rows == {partition: 0} and publication.snapshot_id is not None
    assert got(lakehouse, contract, partitions=[partition]) == []
    assert plan_read(lakehouse, contract, partitions=[partition]).partitions == ((partition,) if shape else ())


def test_zero_rows_replace_the_rows_there_were_and_are_replaced_in_turn(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    for rows in ([order(1, day=1)], [], [order(2, day=1)], []):
        put(lakehouse, contract, rows, "2026-01-01")
        assert got(lakehouse, contract, partitions=["2026-01-01"]) == rows
    with pytest.raises(MissingPartitions, match="2026-01-02"):
        plan_read(lakehouse, contract, partitions=["2026-01-01", "2026-01-02"])


def test_zero_rows_are_blocked_where_the_contract_wants_some(lakehouse: Lakehouse) -> None:
    contract = with_rules(orders(), Rule("some", "row_count", threshold=Threshold("mustBeGreaterThan", 0)))
    assert put(lakehouse, contract, EMPTY).blocked == (WHOLE,)


def test_all_rows_may_go_to_quarantine(lakehouse: Lakehouse) -> None:
    rule = Rule("amount", "minimum", ("amount",), {"value": 100}, on_failure=QUARANTINE)
    contract = with_rules(orders(DAILY), rule)
    publication = put(lakehouse, contract, [order(1), order(2)])
    assert publication.rows == {"2026-01-01": 0} and publication.quarantined == {"2026-01-01": 2}
    assert got(lakehouse, contract, partitions=["2026-01-01"]) == []


@pytest.mark.parametrize(
    ("rows", "shown"),
    [([order(1, day=2)], "2026-01-02"), ([order(1, day=1), order(2) | {"day": None}], "null")],
    ids=["another day", "no day"],
)
def test_rows_of_partitions_not_asked_for_are_refused(rows: list[Row], shown: str, lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    put(lakehouse, contract, [order(7, day=1)])
    with pytest.raises(StructureError, match=shown):
        put(lakehouse, contract, rows, "2026-01-01")
    assert [row["id"] for row in got(lakehouse, contract)] == [7]
    assert parquet_files(lakehouse) == referenced(lakehouse, contract)


def test_a_country_the_contract_does_not_know_is_refused(lakehouse: Lakehouse) -> None:
    with pytest.raises(StructureError, match="atlantis"):
        put(lakehouse, orders(STATIC), [order(1, country="atlantis")], "no")


def test_missing_required_and_unknown_columns_are_refused_before_anything_is_written(lakehouse: Lakehouse) -> None:
    contract = orders()
    with pytest.raises(StructureError) as refused:
        staged(lakehouse, contract, pl.DataFrame({"id": [1], "surprise": [2]}))
    assert "required column day (date) is missing" in refused.value.problems
    assert any("surprise" in problem for problem in refused.value.problems)
    assert not Path(lakehouse.settings.warehouse).exists()


def test_unknown_columns_are_dropped_where_the_contract_ignores_them(lakehouse: Lakehouse) -> None:
    contract = replace(small(id=LONG, note=TEXT), unknown_columns="ignore")
    frame = pl.DataFrame({"surprise": [1, 2], "id": [1, 2], "__n": [0, 0], "file_row_number": [0, 0]})
    put(lakehouse, contract, frame)
    assert got(lakehouse, contract) == [{"id": 1, "note": None}, {"id": 2, "note": None}]


def test_values_lost_under_no_rule_are_refused_rather_than_published_as_null(lakehouse: Lakehouse) -> None:
    contract = small(id=LONG)
    assert put(lakehouse, contract, pl.DataFrame({"id": ["1", "2"]})).rows == {WHOLE: 2}
    with pytest.raises(StructureError, match=r"1 value\(s\) of id cannot be cast to long"):
        put(lakehouse, contract, pl.DataFrame({"id": ["1", "x"]}))
    assert [row["id"] for row in got(lakehouse, contract)] == [1, 2]


def test_clean_files_are_published_where_they_were_staged(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    written = staged(lakehouse, contract, CLEAN)
    publish(lakehouse, written, contract, ["2026-01-01", "2026-01-02", "2026-01-03"])
    assert set(plan_read(lakehouse, contract).files) == set(written.files)


def test_only_files_with_a_refused_row_are_written_again(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY, rules=(Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),))
    written = staged(lakehouse, contract, [*CLEAN, order(9, day=2, amount=Decimal("-1.00"))])
    publish(lakehouse, written, contract, ["2026-01-01", "2026-01-02", "2026-01-03"])
    published = set(plan_read(lakehouse, contract).files)
    again = {path for path in written.files if path not in published}
    assert [path for path in again if "2026-01-02" in path] and len(again) == 1
    assert parquet_files(lakehouse) == published | set(referenced(lakehouse, contract)) | {
        path for path in parquet_files(lakehouse) if "__quarantine" in path
    }


@shapes
def test_nothing_staged_is_left_behind(shape: Partitioning | None, lakehouse: Lakehouse) -> None:
    contract = orders(shape, rules=(Rule("odd", "enum", (NASTY,), {"values": ('"é"',)}, on_failure=QUARANTINE),))
    put(lakehouse, contract, DIRTY)
    kept = referenced(lakehouse, contract) | referenced(lakehouse, quarantine_contract(contract))
    assert parquet_files(lakehouse) == kept
    assert not (lakehouse.settings.home / "spill").exists() or not list((lakehouse.settings.home / "spill").iterdir())


def test_a_snapshot_says_where_its_rows_come_from(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    inputs = (InputRead("shop.raw", 42, ("2026-01-01",), ("id",)),)
    written = staged(lakehouse, contract, [order(1)])
    publication = publish(lakehouse, written, contract, ["2026-01-01"], Provenance("run-1", "abc", "polars", inputs))
    snapshot = lakehouse.catalog.load_table(contract.dataset).current_snapshot()
    assert snapshot is not None and snapshot.snapshot_id == publication.snapshot_id
    found = read_properties(snapshot.summary.additional_properties)
    assert {key: found[key] for key in ("run-id", "code-version", "engine", "contract-version", "publication")} == {
        "run-id": "run-1",
        "code-version": "abc",
        "engine": "polars",
        "contract-version": "1.0.0",
        "publication": publication.publication_id,
    }
    assert json.loads(found["inputs"]) == [
        {"dataset": "shop.raw", "snapshot": 42, "partitions": ["2026-01-01"], "columns": ["id"]}
    ]
    assert json.loads(found["partitions"]) == ["2026-01-01"] and found["quarantined-rows"] == "0"


def test_the_steps_are_reached_in_order_and_a_blocked_publication_stops_before_the_tables(lakehouse: Lakehouse) -> None:
    reached: list[str] = []
    put(lakehouse, orders(), CLEAN, on_step=reached.append)
    assert tuple(reached) == STEPS
    reached.clear()
    put(lakehouse, orders(), HOPELESS, on_step=reached.append)
    assert tuple(reached) == STEPS[:3]


def test_examples_show_bad_values_but_never_sensitive_ones(lakehouse: Lakehouse) -> None:
    rules = (
        Rule("types", "type", tuple(WRONG_TYPES[0]), on_failure=QUARANTINE),
        Rule("country", "enum", ("country",), {"values": ("se",)}, on_failure=WARN),
        Rule("email", "enum", ("email",), {"values": ()}, on_failure=WARN),
        Rule("key", "duplicate_values", ("country", "day"), on_failure=WARN),
        Rule("tags", "required", ("tags",), on_failure=WARN),
    )
    publication = put(lakehouse, with_rules(orders(), *rules), pl.DataFrame(WRONG_TYPES))
    shown = {each.rule.name: each.examples for each in publication.verdicts[0].outcomes if not each.holds}
    assert shown == {
        "types": ("amount: twelve", "id: four"),
        "country": ("no",),
        "key": ("no, 2026-01-01",),
        "tags": (),
    }


def test_a_failing_rule_shows_examples_for_the_first_few_partitions_only(lakehouse: Lakehouse) -> None:
    contract = with_rules(orders(DAILY), Rule("ratio", "minimum", ("ratio",), {"value": 1}, on_failure=WARN))
    publication = put(lakehouse, contract, [order(id, day=id) for id in range(1, SHOWN + 4)])
    shown = [verdict.outcomes[0].examples for verdict in publication.verdicts]
    assert shown == [("0.5",)] * SHOWN + [()] * 3


def test_a_file_that_holds_several_partitions_is_refused(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY)
    mixed = staged(lakehouse, orders(), [order(1, day=1), order(2, day=2)])
    with pytest.raises(StructureError, match="several partitions"):
        publish(lakehouse, mixed, contract, ["2026-01-01", "2026-01-02"])


def test_a_partition_that_is_misspelt_is_an_error(lakehouse: Lakehouse) -> None:
    with pytest.raises(StructureError, match=r"01\.01\.2026"):
        put(lakehouse, orders(DAILY), EMPTY, "01.01.2026")


def test_an_unpartitioned_dataset_has_no_partition_to_name(lakehouse: Lakehouse) -> None:
    with pytest.raises(StructureError, match="unpartitioned"):
        put(lakehouse, orders(), EMPTY, "2026-01-01")


@pytest.mark.parametrize("catalog", ["mysql://x", "hive"])
def test_an_unknown_catalog_says_what_there_is(catalog: str, tmp_path: Path) -> None:
    with pytest.raises(LakehouseError, match="sqlite:///"):
        _ = Lakehouse(Settings.at(tmp_path, catalog=catalog)).catalog


EVENTS = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 3]),  # day
        st.sampled_from(COUNTRIES[:2]),
        st.integers(0, 3),  # id, so that keys repeat
        st.sampled_from(["12.50", "-1.00"]),
    ),
    max_size=8,
)
RULES_OF_ROWS = (
    Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),
    Rule("key", "duplicate_values", ("id",), on_failure=QUARANTINE),
)


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=EVENTS, second=EVENTS, shape=st.sampled_from([None, DAILY, STATIC, DAY_X_COUNTRY]))
def test_good_and_quarantined_rows_are_what_was_staged_and_replace_what_was_there(
    first: list[tuple], second: list[tuple], shape: Partitioning | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lakehouse = Lakehouse(Settings.at(tmp_path_factory.mktemp("home")))
    contract = orders(shape, rules=RULES_OF_ROWS)
    expected: dict[str, list[Row]] = {}
    for events in (first, second, second):
        rows = [order(id, day=day, country=country, amount=Decimal(amount)) for day, country, id, amount in events]
        partitions = sorted({partition_of(contract, row) for row in rows}) or [partition_of(contract, order(0))]
        put(lakehouse, contract, rows, *partitions)
        for partition in partitions:
            expected[partition] = [row for row in rows if partition_of(contract, row) == partition]
    everything = [row for rows in expected.values() for row in rows]
    good = got(lakehouse, contract)
    refused = [{name: row[name] for name in order(0)} for row in quarantined(lakehouse, contract)]
    assert in_order(good + refused) == in_order(everything)
    assert all(row["amount"] >= 0 for row in good)
    keys = [(partition_of(contract, row), row["id"]) for row in good]
    assert len(keys) == len(set(keys))
