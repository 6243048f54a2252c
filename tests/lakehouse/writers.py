"""Writers that tests run as processes of their own, forked from a server that has imported everything once."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier

from scenario import DAILY, QUARANTINE, order, orders, put

from data_platform.contracts import Rule
from data_platform.lakehouse import Lakehouse, LakehouseError
from data_platform.lakehouse.replay import replay
from data_platform.settings import Settings

CONTRACT = orders(DAILY, rules=(Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),))
LOOSE = replace(
    CONTRACT, rules=(Rule("few", "maximum", ("id",), {"value": 11}, on_failure=QUARANTINE),), version="2.0.0"
)
"""What replays run under: bad amounts pass, and ids above 11 fail."""
BAD = {"amount": Decimal("-1.00")}
BEFORE = [order(1, day=1), order(2, day=1, **BAD), order(3, day=2)]
AFTER = [order(10, day=1), order(11, day=1, **BAD), order(12, day=1, **BAD), order(13, day=2)]

PROCESSES = get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__, "pyiceberg.catalog.sql", "pyiceberg.io.pyarrow", "data_platform.lakehouse"])
os.environ["PYTHONPATH"] = str(Path(__file__).parent.parent)  # the server's, which finds this module by it


def kill(settings: Settings, boundary: str) -> None:
    """Publish AFTER, and die as a process dies at that boundary."""

    def on_step(step: str) -> None:
        if step == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    put(Lakehouse(settings), CONTRACT, AFTER, on_step=on_step)


def publish(settings: Settings, barrier: Barrier, days: Sequence[int]) -> None:
    """Together with the others, publish ten rows per day, one publication each; row ids say who wrote them."""
    lakehouse, me = Lakehouse(settings), os.getpid()
    barrier.wait(60)
    for day in days:
        put(lakehouse, CONTRACT, [order(me, day=day, ratio=float(n)) for n in range(10)])


def kill_replay(settings: Settings, boundary: str) -> None:
    """Replay all that waits under LOOSE, and die as a process dies at that boundary."""

    def on_step(step: str) -> None:
        if step == boundary:
            os.kill(os.getpid(), signal.SIGKILL)

    replay(Lakehouse(settings), LOOSE, on_step=on_step)


def publish_often(settings: Settings, barrier: Barrier, times: int) -> None:
    """Publish two days `times` times, each with a good row, one that passes under LOOSE only, and one that never does;
    `partition` says which publication a row is of."""
    lakehouse = Lakehouse(settings)
    barrier.wait(60)
    for time in range(times):
        rows = [
            order(id, day=day, partition=time, **bad) for day in (1, 2) for id, bad in ((1, {}), (2, BAD), (12, BAD))
        ]
        put(lakehouse, CONTRACT, rows)


def replay_often(settings: Settings, barrier: Barrier, times: int) -> None:
    """Replay whatever waits, `times` times; giving up is fine, for the next time does it."""
    lakehouse = Lakehouse(settings)
    barrier.wait(60)
    for _ in range(times):
        with suppress(LakehouseError):
            replay(lakehouse, LOOSE)
