"""Replay when things go wrong or others write meanwhile: every row stays in exactly one place, and nothing comes back."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from pyiceberg.exceptions import CommitFailedException, CommitStateUnknownException
from scenario import Row, got, order, put, quarantined

from data_platform.lakehouse import Lakehouse, LakehouseError
from data_platform.lakehouse import settle as settling
from data_platform.lakehouse.discard import discard
from data_platform.lakehouse.quarantine import quarantine_contract
from data_platform.lakehouse.replay import ATTEMPTS, STEPS, replay
from data_platform.lakehouse.settle import settle

from .test_crash import Crash, Interrupted, at, ids
from .test_publish import parquet_files, referenced
from .writers import BAD, CONTRACT, LOOSE, PROCESSES, kill, kill_replay, publish_often, replay_often

ONE, TWO = "2026-01-01", "2026-01-02"
ROWS: list[Row] = [
    order(1, day=1),
    order(2, day=1, **BAD),
    order(12, day=1, **BAD),
    order(3, day=2, **BAD),
    order(13, day=3, **BAD),
]
"""Under LOOSE, 2 and 3 pass and 12 and 13 do not."""
NEWS: list[Row] = [order(10, day=1), order(11, day=1, **BAD)]


@pytest.fixture(autouse=True)
def _published(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)


def state(lakehouse: Lakehouse) -> tuple[list[int], list[int]]:
    """Ids published, and ids waiting."""
    return ids(got(lakehouse, LOOSE)), ids(quarantined(lakehouse, LOOSE))


BEFORE = ([1], [2, 3, 12, 13])
REPLAYED = ([1, 2, 3], [12, 13])


def assert_replayed(lakehouse: Lakehouse) -> None:
    assert state(lakehouse) == REPLAYED
    for contract in (LOOSE, quarantine_contract(LOOSE)):
        assert referenced(lakehouse, contract) <= parquet_files(lakehouse), "a snapshot refers to a file that is gone"


def crash(lakehouse: Lakehouse, boundary: str = "committed") -> None:
    with pytest.raises(Crash):
        replay(lakehouse, LOOSE, on_step=at(boundary))


def once(boundary: str, action: Callable[[], object]) -> Callable[[str], None]:
    """Do something the first time that a replay reaches a boundary."""
    left = [action]

    def on_step(step: str) -> None:
        if step == boundary and left:
            left.pop()()

    return on_step


class BeforeCommit:
    """The catalog, with something happening right before its next commit."""

    def __init__(self, lakehouse: Lakehouse, action: Callable[[], object]) -> None:
        self.catalog, self.commit, self.action = lakehouse.catalog, lakehouse.catalog.commit_table, action
        self.catalog.commit_table = self  # type: ignore[method-assign]

    def __call__(self, *arguments, **options):  # type: ignore[no-untyped-def]
        self.catalog.commit_table = self.commit  # type: ignore[method-assign]
        self.action()
        return self.commit(*arguments, **options)


# --- Crashes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", STEPS)
def test_an_exception_at_a_boundary_loses_and_doubles_nothing(boundary: str, lakehouse: Lakehouse) -> None:
    crash(lakehouse, boundary)
    if STEPS.index(boundary) < STEPS.index("committed"):
        assert state(lakehouse) == BEFORE
    replay(lakehouse, LOOSE)
    assert_replayed(lakehouse)


@pytest.mark.parametrize("made", [False, True], ids=["not made", "made but not answered"])
@pytest.mark.parametrize("nth", [1, 2], ids=["the dataset", "its quarantine"])
def test_an_unknown_error_inside_a_commit_loses_and_doubles_nothing(nth: int, made: bool, lakehouse: Lakehouse) -> None:
    interrupted = Interrupted(lakehouse, Crash("connection lost"), nth=nth, made=made)
    with pytest.raises(Crash):
        replay(lakehouse, LOOSE)
    lakehouse.catalog.commit_table = interrupted.commit  # type: ignore[method-assign]
    replay(lakehouse, LOOSE)
    assert_replayed(lakehouse)


@pytest.mark.parametrize(
    ("error", "made"),
    [(CommitFailedException, False), (CommitStateUnknownException, False), (CommitStateUnknownException, True)],
    ids=["a conflict", "unknown and not made", "unknown but made"],
)
@pytest.mark.parametrize("nth", [1, 2], ids=["the dataset", "its quarantine"])
def test_a_conflict_is_retried_and_a_lost_answer_recognised(
    nth: int, made: bool, error: type[Exception], lakehouse: Lakehouse
) -> None:
    Interrupted(lakehouse, error("somebody was first"), nth=nth, made=made)
    assert replay(lakehouse, LOOSE).merged == {ONE: 1, TWO: 1}
    assert_replayed(lakehouse)


@pytest.mark.slow
@pytest.mark.parametrize("boundary", STEPS)
def test_kill_9_at_a_boundary_loses_and_doubles_nothing(boundary: str, lakehouse: Lakehouse) -> None:
    process = PROCESSES.Process(target=kill_replay, args=(lakehouse.settings, boundary))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    if STEPS.index(boundary) < STEPS.index("committed"):
        assert state(lakehouse) == BEFORE
    replay(lakehouse, LOOSE)
    assert_replayed(lakehouse)


HEALERS: dict[str, Callable[[Lakehouse], object]] = {
    "a replay": lambda lakehouse: replay(lakehouse, LOOSE),
    "a replay of something else": lambda lakehouse: replay(lakehouse, LOOSE, ["2026-01-03"]),
    "a discard of nothing": lambda lakehouse: discard(lakehouse, LOOSE, rule="no such rule", reason="-", who="-"),
    "asking for it": lambda lakehouse: settle(lakehouse, LOOSE),
}


@pytest.mark.parametrize("healer", HEALERS)
def test_a_replay_that_died_after_its_first_commit_is_completed_by(healer: str, lakehouse: Lakehouse) -> None:
    crash(lakehouse)
    assert state(lakehouse) == (REPLAYED[0], BEFORE[1]), "rows are in both tables"
    HEALERS[healer](lakehouse)
    assert_replayed(lakehouse)
    assert {row["_contract_version"] for row in quarantined(lakehouse, LOOSE) if row["id"] == 12} == {"2.0.0"}


def test_what_was_written_ahead_and_is_gone_is_an_error_only_as_long_as_it_is_needed(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who settles a replay of its own removes it, which another that settles the same may find out half-way."""
    crash(lakehouse)
    pay, paying = settling._pay, [True, False]

    def lose(*arguments: Any) -> None:
        if not paying.pop():
            raise duckdb.IOException("no such file")
        pay(*arguments)
        raise duckdb.IOException("no such file")

    monkeypatch.setattr(settling, "_pay", lose)
    with pytest.raises(duckdb.IOException):
        settle(lakehouse, LOOSE)
    settle(lakehouse, LOOSE)
    assert_replayed(lakehouse)


def test_what_was_published_since_is_no_longer_settled(lakehouse: Lakehouse) -> None:
    crash(lakehouse)
    put(lakehouse, CONTRACT, NEWS)
    settle(lakehouse, LOOSE)
    assert state(lakehouse) == ([3, 10], [11, 13])
    replay(lakehouse, LOOSE)
    assert state(lakehouse) == ([3, 10, 11], [13])


@pytest.mark.parametrize("where", ["exception", pytest.param("kill -9", marks=pytest.mark.slow)])
def test_rows_of_a_publication_that_died_half_way_are_not_replayed_until_it_is_done(
    where: str, lakehouse: Lakehouse
) -> None:
    if where == "kill -9":
        process = PROCESSES.Process(target=kill, args=(lakehouse.settings, "quarantined"))
        process.start()
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
    else:
        from .writers import AFTER

        with pytest.raises(Crash):
            put(lakehouse, CONTRACT, AFTER, on_step=at("quarantined"))
    assert state(lakehouse) == ([1], [11, 12, 13])
    replayed = replay(lakehouse, LOOSE)
    assert (replayed.unfinished, replayed.merged) == ((ONE,), {})
    assert state(lakehouse) == ([1], [11, 12, 13])
    put(lakehouse, CONTRACT, [order(10, day=1), order(11, day=1, **BAD), order(12, day=1, **BAD), order(13, day=2)])
    assert state(lakehouse) == ([10, 13], [11, 12, 13])
    assert replay(lakehouse, LOOSE).merged == {ONE: 1}
    assert state(lakehouse) == ([10, 11, 13], [12, 13])


def test_rows_of_a_first_publication_that_died_are_not_replayed(lakehouse: Lakehouse) -> None:
    with pytest.raises(Crash):
        put(lakehouse, CONTRACT, [order(20, day=9), order(21, day=9, **BAD)], on_step=at("quarantined"))
    assert replay(lakehouse, LOOSE, ["2026-01-09"]).unfinished == ("2026-01-09",)
    assert 21 not in state(lakehouse)[0]


# --- Others write meanwhile ----------------------------------------------------------------------------------


@pytest.mark.parametrize("boundary", STEPS[:3])
def test_rows_that_are_replaced_while_they_are_replayed_do_not_come_back(boundary: str, lakehouse: Lakehouse) -> None:
    replay(lakehouse, LOOSE, on_step=once(boundary, lambda: put(lakehouse, CONTRACT, NEWS)))
    assert state(lakehouse) == ([3, 10, 11], [13]), "the replay began again, with the rows of the publication"


def test_rows_that_are_replaced_right_before_the_commit_do_not_come_back(lakehouse: Lakehouse) -> None:
    publish = once("split", lambda: BeforeCommit(lakehouse, lambda: put(lakehouse, CONTRACT, NEWS)))
    replay(lakehouse, LOOSE, on_step=publish)
    assert state(lakehouse) == ([3, 10, 11], [13])


def test_a_publication_after_the_first_commit_has_the_last_word(lakehouse: Lakehouse) -> None:
    replay(lakehouse, LOOSE, on_step=once("committed", lambda: put(lakehouse, CONTRACT, NEWS)))
    assert state(lakehouse) == ([3, 10], [11, 13])


def test_a_publication_right_before_the_second_commit_has_the_last_word(lakehouse: Lakehouse) -> None:
    publish = once("committed", lambda: BeforeCommit(lakehouse, lambda: put(lakehouse, CONTRACT, NEWS)))
    replay(lakehouse, LOOSE, on_step=publish)
    assert state(lakehouse) == ([3, 10], [11, 13])


def test_a_publication_of_which_only_the_quarantine_is_written_has_the_last_word_too(lakehouse: Lakehouse) -> None:
    def half_a_publication() -> None:
        with pytest.raises(Crash):
            put(lakehouse, CONTRACT, NEWS, on_step=at("quarantined"))

    replay(lakehouse, LOOSE, on_step=once("split", lambda: BeforeCommit(lakehouse, half_a_publication)))
    assert state(lakehouse) == ([1, 2, 3], [11, 13])
    put(lakehouse, CONTRACT, NEWS)
    assert state(lakehouse) == ([3, 10], [11, 13])


def test_a_publication_of_another_partition_disturbs_nobody(lakehouse: Lakehouse) -> None:
    reached: list[str] = []
    publish = once("split", lambda: put(lakehouse, CONTRACT, [order(9, day=9)]))
    replay(lakehouse, LOOSE, on_step=lambda step: (reached.append(step), publish(step)))
    assert tuple(reached) == STEPS
    assert state(lakehouse) == ([1, 2, 3, 9], [12, 13])


@pytest.mark.parametrize("boundary", STEPS[:4])
def test_two_replays_at_once_are_one(boundary: str, lakehouse: Lakehouse) -> None:
    replay(lakehouse, LOOSE, on_step=once(boundary, lambda: replay(lakehouse, LOOSE)))
    assert_replayed(lakehouse)


def test_rows_that_another_replay_has_just_published_are_not_published_again(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies between its commits right after this one has looked whether there is anything to settle."""
    others = [lambda: crash(lakehouse)]

    def settle_and_look_away(*arguments: Any) -> None:
        settle(*arguments)
        if others:
            others.pop()()

    monkeypatch.setattr("data_platform.lakehouse.replay.settle", settle_and_look_away)
    replay(lakehouse, LOOSE)
    assert_replayed(lakehouse)


@pytest.mark.parametrize("boundary", ["split", "committed"])
@pytest.mark.parametrize("partition", [ONE, "2026-01-03"])
def test_rows_discarded_while_they_are_replayed_are_gone(boundary: str, partition: str, lakehouse: Lakehouse) -> None:
    def throw_away() -> None:
        discard(lakehouse, LOOSE, [partition], reason="test data", who="ana")

    replay(lakehouse, LOOSE, on_step=once(boundary, throw_away))
    published, left = state(lakehouse)
    assert left == ([13] if partition == ONE else [12])
    assert published == ([1, 3] if (boundary, partition) == ("split", ONE) else [1, 2, 3])


def test_rows_discarded_right_before_the_commit_are_gone_or_published_but_never_both_or_back(
    lakehouse: Lakehouse,
) -> None:
    def throw_away() -> None:
        discard(lakehouse, LOOSE, [ONE], reason="test data", who="ana")

    replay(lakehouse, LOOSE, on_step=once("split", lambda: BeforeCommit(lakehouse, throw_away)))
    assert state(lakehouse) == ([1, 2, 3], [13])


def test_a_replay_that_always_loses_gives_up_and_says_what_to_do(lakehouse: Lakehouse) -> None:
    def publish(step: str) -> None:
        if step == "split":
            put(lakehouse, CONTRACT, NEWS)

    with pytest.raises(LakehouseError, match=f"{ATTEMPTS} times .* nothing was replayed"):
        replay(lakehouse, LOOSE, on_step=publish)
    assert state(lakehouse) == ([10], [3, 11, 13])


@pytest.mark.slow
def test_processes_that_publish_and_replay_at_once_leave_each_row_of_the_last_publication_once(
    lakehouse: Lakehouse,
) -> None:
    barrier = PROCESSES.Barrier(3)
    targets = [(publish_often, 12), (replay_often, 12), (replay_often, 12)]
    writers = [PROCESSES.Process(target=do, args=(lakehouse.settings, barrier, times)) for do, times in targets]
    for each in writers:
        each.start()
    for each in writers:
        each.join(300)
    assert [each.exitcode for each in writers] == [0] * len(writers)
    for _ in range(2):
        published, left = got(lakehouse, LOOSE, partitions=[ONE, TWO]), quarantined(lakehouse, LOOSE)
        rows = [(row["day"].day, row["id"], row["partition"]) for row in [*published, *left] if row["day"].day < 3]
        assert sorted(rows) == [(day, id, 11) for day in (1, 2) for id in (1, 2, 12)]
        replay(lakehouse, LOOSE)
