"""A JVM that ends while Spark works: told as what it is, not as the connection that broke."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from data_platform.engines.spark.java import SparkUnavailable

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENDING = 2
"""Seconds that a JVM may take to end after its connections broke."""
OUT_OF_MEMORY = 3
"""How Java ends with `-XX:+ExitOnOutOfMemoryError` (see `session.configuration`)."""


@contextmanager
def alive(spark: SparkSession) -> Iterator[None]:
    """Raises SparkUnavailable where anything fails because the session's JVM has ended."""
    try:
        yield
    except Exception as error:
        if (status := _ended(spark, error)) is None:
            raise
        why = "out of memory" if status == OUT_OF_MEMORY else f"exit code {status}"
        raise SparkUnavailable(
            f"Spark's JVM ended while it worked ({why}); its last words are in the step's stderr",
            "where it needs more memory, set spark.driver.memory in deployment.yaml, for all sizes or for this one",
        ) from error


def _ended(spark: Any, error: BaseException | None) -> int | None:
    """The exit code of the session's JVM; None where it lives, or is not this process's own."""
    process = getattr(getattr(getattr(spark, "_sc", None), "_gateway", None), "proc", None)
    if process is None:
        return None
    while error is not None:
        if isinstance(error, OSError) or type(error).__module__.startswith("py4j."):
            try:
                return process.wait(ENDING)
            except subprocess.TimeoutExpired:
                return None
        error = error.__cause__ or error.__context__
    return process.poll()
