"""Maintenance: what died left behind goes, what any snapshot or a replay needs stays, and nothing goes too early."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scenario import Row, got, in_order, order, put, quarantined, rows_of, staged

from data_platform.contracts import Contract
from data_platform.datasets.testing import frozen_clock
from data_platform.lakehouse import Lakehouse, LakehouseError, maintenance
from data_platform.lakehouse.commit import replace_partitions
from data_platform.lakehouse.discard import discard
from data_platform.lakehouse.journal import METRICS, waiting_folder
from data_platform.lakehouse.maintenance import GRACE, Leftovers, leftovers, remove, scratch, since, sweep
from data_platform.lakehouse.publish import STEPS
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.refusals import FOLDER
from data_platform.lakehouse.replay import STEPS as REPLAY_STEPS
from data_platform.lakehouse.replay import replay
from data_platform.lakehouse.settle import debts, settle
from data_platform.settings import Settings
from tests.buckets import make_bucket

from .test_publish import parquet_files, referenced
from .writers import AFTER, BAD, BEFORE, CONTRACT, LOOSE, PROCESSES, kill

BESIDE = quarantine_contract(CONTRACT)
TABLES = (CONTRACT, BESIDE)


def later(length: timedelta = timedelta(days=1)) -> datetime:
    """A moment that everything of today is older than."""
    return datetime.now(UTC) + length


class Killed(BaseException):
    """The end of a process that has no time to tidy up."""


@contextmanager
def killed(boundary: str | None) -> Iterator[Callable[[str], None]]:
    """Yields an `on_step` that ends the process, so to speak, at that boundary of a publication or a replay."""

    def on_step(step: str) -> None:
        if step == boundary:
            raise Killed

    def nothing(*arguments: Any, **options: Any) -> None: ...

    with suppress(Killed), ExitStack() as stack:
        if boundary is not None:
            for place in ("data_platform.lakehouse.replay.tidy", "shutil.rmtree"):
                stack.enter_context(patch(place, nothing))
            stack.enter_context(patch.object(sys.modules["data_platform.lakehouse.publish"], "tidy", nothing))
        yield on_step


def die(lakehouse: Lakehouse, boundary: str = "split", contract: Contract = CONTRACT, rows: list[Row] = AFTER) -> None:
    with killed(boundary) as on_step:
        put(lakehouse, contract, rows, on_step=on_step)


def all_rows(lakehouse: Lakehouse) -> dict[int, list[Row]]:
    """What every snapshot of both tables shows."""
    found = {}
    for contract in TABLES:
        table = lakehouse.existing_table(contract.dataset)
        for snapshot in table.snapshots() if table is not None else ():
            rows = table.scan(snapshot_id=snapshot.snapshot_id).to_arrow()  # type: ignore[union-attr]
            found[snapshot.snapshot_id] = in_order(rows_of(rows))
    return found


def needed(lakehouse: Lakehouse) -> set[str]:
    """The data files that are needed, said independently of the code under test."""
    tables = [lakehouse.existing_table(contract.dataset) for contract in TABLES]
    owed = debts(tables[0], tables[1]) if tables[0] is not None and tables[1] is not None else []
    ahead = {file for debt in owed for files in debt.files.values() for file in files}
    return set().union(*(referenced(lakehouse, contract) for contract in TABLES)) | ahead


def manifests(lakehouse: Lakehouse) -> tuple[set[str], set[str]]:
    """Those on disk, and those that snapshots refer to."""
    there = {str(path) for path in Path(lakehouse.settings.warehouse).rglob("metadata/*.avro")}
    known = set[str]()
    for contract in TABLES:
        if (table := lakehouse.existing_table(contract.dataset)) is not None:
            known |= {str(path) for path in table.inspect.all_manifests()["path"].to_pylist()}
            known |= {snapshot.manifest_list for snapshot in table.metadata.snapshots}
    return there, known


def assert_nothing_is_left(lakehouse: Lakehouse) -> None:
    assert parquet_files(lakehouse) == needed(lakehouse)
    there, known = manifests(lakehouse)
    assert there == known
    empty = [each for each in Path(lakehouse.settings.warehouse).glob("*/*/data/**/") if not any(each.iterdir())]
    assert [each for each in empty if each.name != "data"] == []


# --- What is removed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", [[], BEFORE], ids=["the first publication", "a later one"])
@pytest.mark.parametrize("boundary", STEPS)
def test_what_a_killed_publication_left_goes_and_nothing_else(
    boundary: str, before: list[Row], lakehouse: Lakehouse
) -> None:
    if before:
        put(lakehouse, CONTRACT, before)
    die(lakehouse, boundary)
    rows, files = all_rows(lakehouse), parquet_files(lakehouse)
    found = sweep(lakehouse, [CONTRACT], later(), dry_run=True)
    assert parquet_files(lakehouse) == files, "a dry run removes nothing"
    assert {each.path for each in found.datasets[CONTRACT.dataset].files} >= files - needed(lakehouse) != set()
    done = sweep(lakehouse, [CONTRACT], later())
    assert done == found
    assert_nothing_is_left(lakehouse)
    assert all_rows(lakehouse) == rows
    assert sweep(lakehouse, [CONTRACT], later()).datasets == {}
    put(lakehouse, CONTRACT, AFTER)
    assert got(lakehouse, CONTRACT) == in_order([AFTER[0], AFTER[3]])


@pytest.mark.slow
def test_what_kill_9_left_goes(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    process = PROCESSES.Process(target=kill, args=(lakehouse.settings, "split"))
    process.start()
    process.join(60)
    assert parquet_files(lakehouse) > needed(lakehouse)
    sweep(lakehouse, [CONTRACT], later())
    assert_nothing_is_left(lakehouse)


def test_manifests_of_a_commit_that_lost_go(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    commit = lakehouse.catalog.commit_table

    def dies(*arguments: Any, **options: Any) -> None:
        raise Killed

    lakehouse.catalog.commit_table = dies  # type: ignore[method-assign]
    with killed("never"):
        put(lakehouse, CONTRACT, [order(5, day=1)])
    lakehouse.catalog.commit_table = commit  # type: ignore[method-assign]
    there, known = manifests(lakehouse)
    assert there > known
    sweep(lakehouse, [CONTRACT], later())
    assert_nothing_is_left(lakehouse)


def test_half_written_refusals_and_journal_rows_go_and_whole_ones_stay(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    root = Path(lakehouse.settings.warehouse)
    half, whole = (root / FOLDER / CONTRACT.dataset / (letter * 32) for letter in "ab")
    for folder in (half, whole):
        folder.mkdir(parents=True)
        (folder / "rows.parquet").write_bytes(b"rows")
    (whole / "refusal.json").write_text("{}")
    waiting = Path(waiting_folder(lakehouse, METRICS)) / CONTRACT.dataset
    (waiting / "x.parquet.part").write_bytes(b"half")
    noted = len([*waiting.glob("*.parquet")])
    domain, _, name = METRICS.partition(".")
    sweep(lakehouse, [CONTRACT, replace(CONTRACT, domain=domain, name=name)], later())
    assert not half.exists() and len([*whole.iterdir()]) == 2
    assert len([*waiting.iterdir()]) == noted > 0


def test_scratch_folders_go_when_nobody_writes_to_them(home: Path) -> None:
    for name in ("spill/a/b", "dbt/run-1", "cache/c"):
        (home / name).mkdir(parents=True)
        (home / name / "file").write_bytes(b"12345")
    (home / "spill" / "empty").mkdir()
    settings = Settings.at(home)
    assert scratch(settings, later(-timedelta(days=3))) == []
    found = scratch(settings, later())
    assert {each.path for each in found} == {str(home / each) for each in ("spill/a", "spill/empty", "dbt/run-1")}
    maintenance.remove_scratch(found)
    assert [*(home / "spill").iterdir(), *(home / "dbt").iterdir()] == [] != [*(home / "cache").iterdir()]


# --- What stays ----------------------------------------------------------------------------------------------


def test_a_file_is_left_until_it_is_old(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    die(lakehouse)
    files = parquet_files(lakehouse)
    with frozen_clock(datetime.now(UTC) + GRACE - timedelta(minutes=1)):
        assert sweep(lakehouse, [CONTRACT], since()).datasets == {}
    assert parquet_files(lakehouse) == files
    with frozen_clock(datetime.now(UTC) + GRACE + timedelta(minutes=1)):
        sweep(lakehouse, [CONTRACT], since())
    assert_nothing_is_left(lakehouse)


def test_a_grace_period_that_publications_can_outlast_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing is being published"):
        since(timedelta(hours=23))
    with frozen_clock("2026-11-08T12:00"):
        assert since() == datetime(2026, 11, 5, 12, tzinfo=UTC)
        assert since(timedelta(), nothing_runs=True) == datetime(2026, 11, 8, 12, tzinfo=UTC)


def test_a_publication_is_as_young_as_the_last_file_it_wrote_in_either_table(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    die(lakehouse, "split")
    unknown = [Path(path) for path in parquet_files(lakehouse) - needed(lakehouse)]
    assert {BESIDE.name in str(path) for path in unknown} == {True, False}
    before = later()
    refused = next(path for path in unknown if BESIDE.name in str(path))
    moment = (before + timedelta(hours=1)).timestamp()
    os.utime(refused, (moment, moment))
    assert leftovers(lakehouse, CONTRACT, before).files == ()


@pytest.mark.parametrize("boundary", ["committed", "split", "settled"])
def test_what_a_replay_has_written_ahead_stays_until_it_is_settled(boundary: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, [order(1), order(2, **BAD), order(12, **BAD), order(13, day=3, **BAD)])
    with killed(boundary) as on_step:
        replay(lakehouse, LOOSE, on_step=on_step)
    sweep(lakehouse, [CONTRACT], later())
    assert_nothing_is_left(lakehouse)
    settle(lakehouse, LOOSE)
    replay(lakehouse, LOOSE)
    assert sorted(row["id"] for row in got(lakehouse, CONTRACT)) == [1, 2]
    assert sorted(row["id"] for row in quarantined(lakehouse, CONTRACT)) == [12, 13]
    sweep(lakehouse, [CONTRACT], later())
    assert_nothing_is_left(lakehouse)


def test_branches_and_tags_keep_their_files_and_expired_snapshots_do_not(lakehouse: Lakehouse) -> None:
    for id in range(4):
        put(lakehouse, CONTRACT, [order(id)])
    table = lakehouse.catalog.load_table(CONTRACT.dataset)
    first, second = (
        next(s.snapshot_id for s in table.snapshots() if ids_of(table, s.snapshot_id) == [id]) for id in (0, 1)
    )
    table.manage_snapshots().create_tag(first, "audited").create_branch(second, "trial").commit()
    lakehouse.catalog.load_table(CONTRACT.dataset).maintenance.expire_snapshots().older_than(
        datetime.now() + timedelta(days=1)
    ).commit()
    rows = all_rows(lakehouse)
    assert sorted([row["id"] for row in each] for each in rows.values()) == [[0], [1], [3]]
    sweep(lakehouse, [CONTRACT], later())
    assert all_rows(lakehouse) == rows
    assert_nothing_is_left(lakehouse)


def ids_of(table: Any, snapshot_id: int) -> list[int]:
    return table.scan(snapshot_id=snapshot_id).to_arrow()["id"].to_pylist()


# --- What a mistaken catalog must not cost -------------------------------------------------------------------


def test_a_catalog_that_is_lost_or_from_a_backup_costs_no_row(lakehouse: Lakehouse, home: Path) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    shutil.copy(home / "catalog.db", home / "backup.db")
    put(lakehouse, CONTRACT, AFTER)
    rows, files = all_rows(lakehouse), parquet_files(lakehouse)
    die(lakehouse)
    for catalog in ("backup.db", "new.db"):
        other = Lakehouse(Settings.at(home, catalog=f"sqlite:///{home / catalog}"))
        sweep(other, [CONTRACT], later())
        assert all_rows(lakehouse) == rows
        assert parquet_files(lakehouse) == files, "and what is left over goes all the same"


def test_a_table_that_is_elsewhere_is_left_alone_and_the_others_are_not(lakehouse: Lakehouse, tmp_path: Path) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    moved = Lakehouse(Settings.at(lakehouse.settings.home, warehouse=str(tmp_path / "elsewhere")))
    shutil.copytree(lakehouse.settings.warehouse, moved.settings.warehouse)
    other = replace(CONTRACT, name="returns")
    die(moved, contract=other)
    done = sweep(moved, [CONTRACT, other], later())
    assert "not in" in done.problems[CONTRACT.dataset] and list(done.datasets) == [other.dataset]
    assert len(parquet_files(moved)) == len(parquet_files(lakehouse)) > 0


# --- Publications under way ----------------------------------------------------------------------------------


def test_a_publication_that_commits_after_its_files_were_found_keeps_them(lakehouse: Lakehouse) -> None:
    found: list[Leftovers] = []

    def on_step(step: str) -> None:
        if step == "split":
            found.append(leftovers(lakehouse, CONTRACT, later()))

    put(lakehouse, CONTRACT, AFTER, on_step=on_step)
    assert len(found[0].files) > 2
    remove(lakehouse, CONTRACT, found[0])
    assert got(lakehouse, CONTRACT) == in_order([AFTER[0], AFTER[3]])
    assert_nothing_is_left(lakehouse)


def test_a_publication_whose_files_are_gone_fails_and_publishes_nothing(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    rows = all_rows(lakehouse)
    with pytest.raises(OSError):
        put(lakehouse, CONTRACT, AFTER, on_step=lambda step: step == "split" and sweep(lakehouse, [CONTRACT], later()))
    assert all_rows(lakehouse) == rows


def test_files_published_in_the_moment_of_their_removal_are_told(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    files = staged(lakehouse, CONTRACT, [order(7, day=5)]).files
    found, look, looks = leftovers(lakehouse, CONTRACT, later()), maintenance._needed, []

    def then_commit(*arguments: Any) -> set[str]:
        known = look(*arguments)
        if not looks:
            properties = {"data-platform.publication": "x"}
            table = lakehouse.catalog.load_table(CONTRACT.dataset)
            replace_partitions(table, CONTRACT, ["2026-01-05"], (), files, properties)
        looks.append(known)
        return known

    monkeypatch.setattr(maintenance, "_needed", then_commit)
    with pytest.raises(LakehouseError, match="published while they were removed"):
        remove(lakehouse, CONTRACT, found)


# --- Anywhere, and whatever happened before ------------------------------------------------------------------


@pytest.mark.slow
def test_in_a_bucket_it_is_the_same(s3: Any, home: Path) -> None:
    remote = Lakehouse(Settings.at(home, warehouse=f"s3://{make_bucket(s3, 'lake')}/some/prefix"))

    def objects() -> set[str]:
        listed = s3.list_objects_v2(Bucket="lake", Prefix="some/prefix/shop/")["Contents"]
        return {f"s3://lake/{each['Key']}" for each in listed if each["Key"].endswith(".parquet")}

    put(remote, CONTRACT, BEFORE)
    die(remote, "quarantined")
    s3.put_object(Bucket="lake", Key="some/prefix/shop/orders/data/*/[_]*.parquet", Body=b"a name, and no pattern")
    rows = all_rows(remote)
    assert sweep(remote, [CONTRACT], later(-timedelta(days=3))).datasets == {}
    assert objects() > needed(remote)
    found = sweep(remote, [CONTRACT], later(), dry_run=True).datasets[CONTRACT.dataset]
    done = sweep(remote, [CONTRACT], later()).datasets[CONTRACT.dataset]
    assert found == done and found.bytes > 0
    assert objects() == needed(remote) and all_rows(remote) == rows
    assert sweep(remote, [CONTRACT], later()).datasets == {}


RULE = CONTRACT.rules[0]
HALF = replace(CONTRACT, rules=(replace(RULE, arguments={"value": -1}),), version="2.0.0")
"""What replays run under: of two rows that wait, one passes."""
DAYS = st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=3, unique=True)
ACTS = st.one_of(
    st.tuples(st.just("publish"), DAYS, st.sampled_from([None, *STEPS])),
    st.tuples(st.just("replay"), st.sampled_from([None, *REPLAY_STEPS])),
    st.tuples(st.just("discard"), st.none()),
    st.tuples(st.just("sweep"), st.none()),
)


def brought(number: int, days: list[int]) -> list[Row]:
    """The rows of a publication, of each day two good and two bad ones."""
    amounts = enumerate(("1.00", "2.00", "-1.00", "-2.00"))
    prices = [(id, Decimal(amount)) for id, amount in amounts]
    return [order(100 * number + 10 * day + id, day=day, amount=amount) for day in days for id, amount in prices]


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTS, min_size=2, max_size=6))
def test_whatever_was_done_or_died_every_snapshot_keeps_its_rows_and_nothing_else_stays(acts: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lakehouse = Lakehouse(Settings.at(Path(folder)))
        for number, (act, *how) in enumerate([("publish", [1], None), *acts, ("sweep", None)]):
            with killed(how[-1]) as on_step:
                match act:
                    case "publish":
                        put(lakehouse, CONTRACT, brought(number, how[0]), on_step=on_step)
                    case "replay":
                        replay(lakehouse, HALF, on_step=on_step)
                    case "discard":
                        discard(lakehouse, CONTRACT, ["2026-01-02"], reason="a test", who="me")
                    case "sweep":
                        rows = all_rows(lakehouse)
                        assert sweep(lakehouse, [CONTRACT], later()).problems == {}
                        assert all_rows(lakehouse) == rows
                        assert_nothing_is_left(lakehouse)
        replay(lakehouse, HALF)
        there = [*got(lakehouse, CONTRACT), *quarantined(lakehouse, CONTRACT)]
        assert max(Counter(row["id"] for row in there).values()) == 1, "no replay lost or doubled a row for it"
