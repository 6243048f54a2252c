"""What is recorded of every publication: in the journal, waiting or folded, and in the snapshot."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pytest

import data_platform.domains
from data_platform.contracts import Contracts
from data_platform.datasets import Reads, dataset, window
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse import journal as journals
from data_platform.lakehouse.fold import fold
from data_platform.lakehouse.journal import METRICS, PUBLICATIONS, waiting_files
from data_platform.lakehouse.note import made_from
from data_platform.lakehouse.provenance import InputRead, read_properties
from data_platform.lakehouse.publications import NAMES, recorded
from data_platform.lakehouse.replay import replay
from data_platform.lakehouse.visible import visible
from data_platform.operations.verify import verify
from data_platform.settings import PROJECT, Settings

from . import scenario
from .scenario import DAYS, ORDERS, RAW, TOTAL, current, put

JOURNALS = Contracts.load(Path(data_platform.domains.__path__[0]))
DAY = scenario.Source().rows(DAYS[0])


def known(lakehouse: Lakehouse, dataset: str) -> dict[str, str]:
    """The platform's properties of the dataset's current snapshot."""
    table = lakehouse.existing_table(dataset)
    assert table is not None
    snapshot = table.current_snapshot()
    assert snapshot is not None and snapshot.summary is not None
    return read_properties(snapshot.summary.additional_properties)


def test_the_contract_says_what_each_column_means(lakehouse: Lakehouse) -> None:
    assert JOURNALS[PUBLICATIONS].column_names == NAMES
    put(lakehouse, RAW, DAY, DAYS[0])
    before = recorded(lakehouse)
    fold(lakehouse, JOURNALS[PUBLICATIONS])
    assert recorded(lakehouse) == before and waiting_files(lakehouse, PUBLICATIONS) == []


def test_a_step_records_what_it_read_and_what_became_of_it(shop: Lakehouse) -> None:
    second, third = current(shop, ORDERS, *DAYS[1:])
    (raw,) = current(shop, RAW, DAYS[1])
    assert [each.partitions for each in (*second.inputs, *third.inputs)] == [(DAYS[1],), (DAYS[2],)]
    (read,) = second.inputs
    assert (read.dataset, read.snapshot_id) == (RAW.dataset, raw.snapshot_id)
    assert set(read.columns) == set(RAW.column_names)
    assert (second.rows, second.quarantined, second.published, second.engine) == (2, 1, True, "polars")
    assert second.step == "shop__orders" and second.code_version == scenario.orders.producer.code_version
    assert second.contract_version == "1.0.0" and len(second.run_id) == 36
    assert second.publication == third.publication != current(shop, ORDERS, DAYS[0])[0].publication
    assert set(second.durations) == {"staged", "audited", "split", "quarantined", "committed"}
    assert 0 < sum(second.durations.values()) <= second.seconds and second.bytes > 0
    (broken,) = (rule for rule in second.rules if rule["action"])
    assert broken | {"rule": "positive", "action": "quarantine", "failing_rows": 1} == broken


@dataset("shop.daily", contracts=scenario.CONTRACTS)
def late(raw: Annotated[pl.DataFrame, Reads("shop.raw", partitions=window(2))]) -> pl.DataFrame:
    return pl.DataFrame({"day": [DAYS[0]], "total": [float(len(raw))]})


def test_an_input_of_which_nothing_was_there_is_none(lakehouse: Lakehouse) -> None:
    put(lakehouse, RAW, scenario.Source().rows(DAYS[2]), DAYS[2])
    assert scenario.run(late, day=DAYS[0]).success
    (one,) = current(lakehouse, scenario.DAILY_TOTAL)
    assert one.inputs == () and one.rows == 1
    definitions = scenario.dg.Definitions(assets=[late])
    (found,) = verify(lakehouse, definitions, scenario.DAILY_TOTAL, [one])
    assert found.holds, found.sentence


def test_the_snapshot_says_the_same_briefly(shop: Lakehouse) -> None:
    told, (one,) = known(shop, ORDERS.dataset), current(shop, ORDERS, DAYS[2])
    expected = {"rows": "4", "quarantined-rows": "2", "step": "shop__orders", "revision": one.revision}
    assert told | expected | {"rules": '{"positive": ["quarantine"]}', "bytes": str(one.bytes)} == told
    assert set(told["durations"].split('"')[1::2]) == {"staged", "audited", "split"}


def test_what_was_blocked_is_recorded_and_the_rows_before_it_stay_visible(lakehouse: Lakehouse) -> None:
    put(lakehouse, ORDERS, DAY.with_columns(kind=pl.lit("x")), DAYS[0])
    (before,) = current(lakehouse, ORDERS)
    put(lakehouse, ORDERS, DAY.with_columns(id=pl.lit(None, pl.Int64), kind=pl.lit("x")), DAYS[0])
    newest, *_ = recorded(lakehouse, [ORDERS.dataset])
    assert (newest.published, newest.snapshot_id, newest.rows) == (False, None, 0)
    assert [rule["rule"] for rule in newest.rules if rule["action"] == "block"] == ["required"]
    assert current(lakehouse, ORDERS) == [before]


def test_only_what_is_visible_is_current_also_after_a_roll_back(lakehouse: Lakehouse) -> None:
    first = put(lakehouse, RAW, DAY, DAYS[0])
    second = put(lakehouse, RAW, DAY, DAYS[0])
    put(lakehouse, TOTAL, pl.DataFrame({"total": [1.0], "days": [1]}))
    assert len(recorded(lakehouse)) == 3 and len(recorded(lakehouse, current=True)) == 2
    table = lakehouse.table(RAW)
    table.manage_snapshots().rollback_to_snapshot(first.snapshot_id).commit()
    assert [each.publication for each in current(lakehouse, RAW)] == [first.publication_id]
    then = visible(lakehouse.table(RAW), recorded(lakehouse, [RAW.dataset]), second.snapshot_id)
    assert then[DAYS[0]].publication == second.publication_id


def test_expired_snapshots_are_older_than_all_that_are_kept(lakehouse: Lakehouse) -> None:
    put(lakehouse, RAW, DAY, DAYS[0])
    last = put(lakehouse, RAW, DAY, DAYS[0])
    table = lakehouse.table(RAW)
    gone = [each.snapshot_id for each in table.metadata.snapshots if each.snapshot_id != last.snapshot_id]
    table.maintenance.expire_snapshots().by_ids(gone).commit()
    assert [each.publication for each in current(lakehouse, RAW)] == [last.publication_id]


def test_rows_that_come_back_from_quarantine_are_recorded_too(lakehouse: Lakehouse) -> None:
    put(lakehouse, ORDERS, DAY.with_columns(kind=pl.lit("x")), DAYS[0])
    lenient = replace(ORDERS, rules=(scenario.REQUIRED,))
    done = replay(lakehouse, lenient, [DAYS[0]], run_id="again")
    (now,) = current(lakehouse, ORDERS, DAYS[0])
    assert (now.publication, now.run_id, now.engine, now.rows) == (done.publication_id, "again", "replay", 3)
    assert [(each.dataset, each.partitions) for each in now.inputs] == [
        ("shop.orders", (DAYS[0],)),
        ("shop.orders__quarantine", (DAYS[0],)),
    ]


def test_what_cannot_be_recorded_is_a_warning(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(journals, "_write", full)
    with caplog.at_level(logging.WARNING):
        assert put(lakehouse, RAW, DAY, DAYS[0]).published
    assert "no space left on device" in caplog.text and recorded(lakehouse) == []


def test_of_the_journals_themselves_nothing_is_recorded(lakehouse: Lakehouse) -> None:
    put(lakehouse, RAW, DAY, DAYS[0])
    for journal in (METRICS, PUBLICATIONS):
        fold(lakehouse, JOURNALS[journal])
    assert {each.dataset for each in recorded(lakehouse)} == {RAW.dataset}


def test_the_revision_is_what_the_setting_says_or_gits(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(Lakehouse(Settings.at(home, revision="v7")), RAW, DAY, DAYS[0])
    (one,) = recorded(Lakehouse(Settings.at(home)))
    assert one.revision == "v7"
    put(Lakehouse(Settings.at(home)), RAW, DAY, DAYS[0])
    git = bool(recorded(Lakehouse(Settings.at(home)))[0].revision)
    assert git == (PROJECT / ".git").exists()


READ = InputRead("a.b", 1, ("1", "2"), ("x",))


@pytest.mark.parametrize(
    ("by_partition", "expected"),
    [
        ({}, [("1", "2")]),
        ({"p": ("1",)}, [("1",)]),
        ({"q": ("1",)}, [("1", "2")]),
        ({"p": ()}, []),
    ],
)
def test_a_partition_is_made_from_its_own_part_of_an_input(by_partition: dict, expected: list) -> None:
    read = InputRead(READ.dataset, READ.snapshot_id, READ.partitions, READ.columns, by_partition)
    assert [each.partitions for each in made_from([read], "p")] == expected
