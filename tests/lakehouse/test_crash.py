"""Atomicity: whatever goes wrong and wherever, readers see the last good snapshot, and running again heals."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException
from scenario import Row, got, in_order, put, quarantined

from data_platform.lakehouse import Lakehouse, LakehouseError, plan_read
from data_platform.lakehouse import commit as commits
from data_platform.lakehouse.publish import STEPS
from data_platform.lakehouse.quarantine import quarantine_contract

from .test_publish import parquet_files, referenced
from .writers import AFTER, BEFORE, CONTRACT, PROCESSES, kill


class Crash(Exception):
    """What a test makes happen."""


def at(boundary: str) -> Callable[[str], None]:
    def on_step(step: str) -> None:
        if step == boundary:
            raise Crash(step)

    return on_step


def ids(rows: list[Row]) -> list[int]:
    return sorted(row["id"] for row in rows)


def assert_old(lakehouse: Lakehouse) -> None:
    """Readers see what there was before, and every file they need is there."""
    assert ids(got(lakehouse, CONTRACT)) == [1, 3]
    assert_whole(lakehouse)


def assert_new(lakehouse: Lakehouse) -> None:
    assert got(lakehouse, CONTRACT) == in_order([AFTER[0], AFTER[3]])
    assert ids(quarantined(lakehouse, CONTRACT)) == [11, 12]
    assert_whole(lakehouse)


def assert_whole(lakehouse: Lakehouse) -> None:
    for contract in (CONTRACT, quarantine_contract(CONTRACT)):
        assert referenced(lakehouse, contract) <= parquet_files(lakehouse), "a snapshot refers to a file that is gone"


@pytest.mark.parametrize("boundary", STEPS)
def test_an_exception_at_a_boundary_loses_and_doubles_nothing(boundary: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    with pytest.raises(Crash):
        put(lakehouse, CONTRACT, AFTER, on_step=at(boundary))
    if boundary == "committed":
        assert_new(lakehouse)
    else:
        assert_old(lakehouse)
    put(lakehouse, CONTRACT, AFTER)
    assert_new(lakehouse)


@pytest.mark.parametrize("boundary", STEPS[:3])
def test_a_failure_before_the_commits_leaves_no_file_behind(boundary: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    files = parquet_files(lakehouse)
    with pytest.raises(Crash):
        put(lakehouse, CONTRACT, AFTER, on_step=at(boundary))
    assert parquet_files(lakehouse) == files


@pytest.mark.parametrize("boundary", STEPS)
def test_a_first_publication_that_crashes_shows_nothing(boundary: str, lakehouse: Lakehouse) -> None:
    with pytest.raises(Crash):
        put(lakehouse, CONTRACT, AFTER, on_step=at(boundary))
    rows = plan_read(lakehouse, CONTRACT, allow_missing=True).rows
    assert rows == (2 if boundary == "committed" else 0)
    put(lakehouse, CONTRACT, AFTER)
    assert_new(lakehouse)


class Interrupted:
    """The catalog, with its nth commit going wrong: not made, or made and then not answered."""

    def __init__(self, lakehouse: Lakehouse, error: Exception, *, nth: int, made: bool) -> None:
        self.commit, self.error, self.left, self.made = lakehouse.catalog.commit_table, error, nth, made
        lakehouse.catalog.commit_table = self  # type: ignore[method-assign]

    def __call__(self, *arguments, **options):  # type: ignore[no-untyped-def]
        self.left -= 1
        if self.left:
            return self.commit(*arguments, **options)
        if self.made:
            self.commit(*arguments, **options)
        raise self.error


@pytest.mark.parametrize("made", [False, True], ids=["not made", "made but not answered"])
@pytest.mark.parametrize("nth", [1, 2], ids=["quarantine", "good rows"])
def test_an_unknown_error_inside_a_commit_loses_and_doubles_nothing(nth: int, made: bool, lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    interrupted = Interrupted(lakehouse, Crash("connection lost"), nth=nth, made=made)
    with pytest.raises(Crash):
        put(lakehouse, CONTRACT, AFTER)
    if (nth, made) == (2, True):
        assert_new(lakehouse)
    else:
        assert_old(lakehouse)
    lakehouse.catalog.commit_table = interrupted.commit  # type: ignore[method-assign]
    put(lakehouse, CONTRACT, AFTER)
    assert_new(lakehouse)


@pytest.mark.parametrize(
    ("error", "made"),
    [(CommitFailedException, False), (CommitStateUnknownException, False), (CommitStateUnknownException, True)],
    ids=["a conflict", "unknown and not made", "unknown but made"],
)
@pytest.mark.parametrize("nth", [1, 2], ids=["quarantine", "good rows"])
def test_a_conflict_is_retried_and_a_lost_answer_recognised(
    nth: int, made: bool, error: type[Exception], lakehouse: Lakehouse
) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    before = len(lakehouse.catalog.load_table(CONTRACT.dataset).snapshots())
    Interrupted(lakehouse, error("somebody was first"), nth=nth, made=made)
    publication = put(lakehouse, CONTRACT, AFTER)
    assert_new(lakehouse)
    table = lakehouse.catalog.load_table(CONTRACT.dataset)
    current = table.current_snapshot()
    assert current is not None and current.snapshot_id == publication.snapshot_id
    assert len(table.snapshots()) == before + 2, "one commit: what it removed, and what it added"


def test_a_writer_that_always_loses_gives_up_and_says_what_to_do(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    monkeypatch.setattr(commits, "ATTEMPTS", 2)
    monkeypatch.setattr(commits.time, "sleep", lambda seconds: None)

    def always_late(*arguments, **options):  # type: ignore[no-untyped-def]
        raise CommitFailedException("somebody was first")

    lakehouse.catalog.commit_table = always_late  # type: ignore[method-assign]
    with pytest.raises(LakehouseError, match="2 commits in a row lost"):
        put(lakehouse, CONTRACT, AFTER)
    assert_old(lakehouse)


@pytest.mark.slow
@pytest.mark.parametrize("boundary", STEPS)
def test_kill_9_at_a_boundary_loses_and_doubles_nothing(boundary: str, lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, BEFORE)
    process = PROCESSES.Process(target=kill, args=(lakehouse.settings, boundary))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    if boundary == "committed":
        assert_new(lakehouse)
    else:
        assert_old(lakehouse)
    put(lakehouse, CONTRACT, AFTER)
    assert_new(lakehouse)
