"""Interruptions reach the cluster: jobs are cancelled, not left to run for nobody."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENDING = (signal.SIGINT, signal.SIGTERM)
END = b"\0"
"""Said where there is nothing left to interrupt: no signal has this number."""


@contextmanager
def interruptible(spark: SparkSession) -> Iterator[None]:
    """While a signal interrupts what is done here, the session's jobs are cancelled, and however that ends it is told as
    KeyboardInterrupt.

    The thread that waits for a job cannot cancel it: its one connection to the JVM is busy. So another does, which learns
    of signals from their wakeup descriptor, whoever handles them.
    """
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    ended = threading.Event()
    watching = threading.Thread(target=_watch, args=(spark, ours, ended), name="spark-interrupt", daemon=True)
    watching.start()
    try:
        yield
    except Exception as error:
        if ended.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        os.write(theirs, END)
        watching.join()
        os.close(theirs)
        os.close(ours)


def _watch(spark: SparkSession, signals: int, ended: threading.Event) -> None:
    while END not in (heard := os.read(signals, 64)):
        if any(number in heard for number in ENDING):
            ended.set()
            _cancel(spark)


def _cancel(spark: SparkSession) -> None:
    try:
        if ".connect." in type(spark).__module__:  # which has no context
            spark.interruptAll()
        else:
            spark.sparkContext.cancelAllJobs()
    except Exception:  # it is gone already
        return
