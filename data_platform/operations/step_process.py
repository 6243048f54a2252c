"""One process per step, started warm. Knows processes, pipes and signals; knows nothing of Dagster.

A step's process is forked from the driver, which has already imported the code location and opened the Dagster
instance, so nothing is loaded a second time. Where forking would be unsafe it comes from a forkserver instead.
"""

import gc
import multiprocessing
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkServerContext
from pathlib import Path
from typing import Any

Context = ForkContext | ForkServerContext

# A pool whose threads do not survive a fork and whose owner waits for them for ever (verified for Polars: it hangs).
# Arrow, OpenBLAS and DuckDB start theirs anew in a forked child; `polars-ooc-*` exists from import on and is harmless.
_UNSAFE_POOLS = re.compile(r"polars-\d|tokio|async-executor|rayon|grpc")


def fork_hazards() -> Sequence[str]:
    """Why this process must not be forked: thread pools that would hang the child, and a JVM that it would share with
    the child, answer by answer; empty when it is safe."""
    if sys.platform != "linux":
        return [f"fork is not trusted on {sys.platform}"]
    names = []
    for task in Path("/proc/self/task").iterdir():
        try:
            names.append((task / "comm").read_text().strip())
        except OSError:  # the thread ended while we were looking
            continue
    jvm = ["a JVM of Spark"] if _has_jvm() else []
    return [*sorted({name for name in names if _UNSAFE_POOLS.match(name)}), *jvm]


def _has_jvm() -> bool:
    """Whether PySpark holds a connection to a JVM; a session that has ended leaves it there."""
    context = getattr(sys.modules.get("pyspark"), "SparkContext", None)
    return getattr(context, "_gateway", None) is not None


def fork_context() -> ForkContext:
    """Children are copies of this process."""
    return multiprocessing.get_context("fork")


def clean_context(preload: Sequence[str]) -> ForkServerContext:
    """Children are copies of a clean interpreter that has only imported these modules."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))  # counts when the first child starts; the server then stays
    return context


class StepProcess:
    """A running step: read what it says, interrupt it, learn how it ended."""

    def __init__(self, context: Context, work: Callable[[Callable[[Any], None]], None]) -> None:
        self._messages, theirs = context.Pipe(duplex=False)
        # A forkserver keeps the environment of the moment it started: the step gets today's.
        environment = None if isinstance(context, ForkContext) else dict(os.environ)
        self._process = context.Process(target=_live, args=(theirs, work, environment))
        self._process.start()
        theirs.close()  # ours would keep the pipe open after the child has died
        self._open = True
        self._listening = False
        self._interrupted = False

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def waitables(self) -> Sequence[Connection | int]:
        return [self._messages, self._process.sentinel] if self._open else [self._process.sentinel]

    @property
    def has_died(self) -> bool:
        """True once the process is gone; ask before reading, so that its last words are not missed."""
        return not self._process.is_alive()

    @property
    def exit_code(self) -> int:
        return self._process.exitcode or 0

    def read(self) -> Iterator[Any]:
        """What the step has said and nobody has read yet; never waits for more."""
        while self._open and self._messages.poll():
            try:
                message = self._messages.recv()
            except (EOFError, OSError):
                self._open = False
                self._messages.close()
                return
            if not self._listening:
                self._listening = True
                if self._interrupted:
                    self._signal(signal.SIGINT)
            yield message

    def interrupt(self) -> None:
        """Ask the step to stop. Before its first message a signal would kill it silently, so the request waits."""
        self._interrupted = True
        if self._listening:
            self._signal(signal.SIGINT)

    def leave(self, seconds: float) -> None:
        """Wait for a step that has said its last word; one that does not go is killed."""
        self._process.join(seconds)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def _signal(self, number: signal.Signals) -> None:
        if self._process.is_alive():  # not reaped yet, so the pid is still its own
            os.kill(self.pid, number)


def _live(messages: Connection, work: Callable[[Callable[[Any], None]], None], environment: dict | None) -> None:
    os.environ.update(environment or {})
    gc.freeze()  # a collection would otherwise touch, and so copy, every page shared with the driver
    threading.Thread(target=_die_with_parent, name="die-with-driver", daemon=True).start()
    work(messages.send)
    messages.close()


def _die_with_parent() -> None:
    """A killed driver leaves no orphans: the parent's sentinel is a pipe that the kernel closes."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGKILL)
