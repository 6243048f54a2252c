"""A step killed at its worst moment, with the real kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from data_platform.settings import PROJECT

from .scenario import ONE, ORDERS, drop, file, materialize, orders, published, states

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lakehouse")]

PROGRAM = """
import os, signal
from data_platform.files.landing import {module} as module
from tests.landing.scenario import ONE, materialize, orders

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

setattr({place}, "{method}", die)
materialize(orders, ONE)
"""


def killed(place: str) -> None:
    """Materialize in a process that dies when it gets to `place`, as `module.Class.method`."""
    module, _, rest = place.partition(".")
    owner, _, method = rest.rpartition(".")
    program = PROGRAM.format(module=module, place=f"module.{owner}", method=method)
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, env=os.environ, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()[-2000:]


def test_killed_between_publication_and_ledger_nothing_is_lost_or_doubled(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    killed("ledger.Ledger.record")
    assert published(ORDERS) == [(1, ONE, 10)] and states(home) == {"a.csv": "landed"}
    drop(home, "orders/b.csv", [(2, ONE, 20)])
    assert materialize(orders, ONE).success, "the lock went with the process"
    assert published(ORDERS) == [(1, ONE, 10), (2, ONE, 20)]


def test_killed_while_setting_aside_the_file_is_set_aside_by_the_next_run(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    bad = drop(home, "orders/bad.csv", "id,day,colour\n1,2026-01-01,red\n")
    killed("folder.Folder.set_aside")
    assert bad.exists()
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]
    assert not bad.exists() and file(home, "bad.csv").aside == "_refused/bad.csv"
