"""What Spark says when it cannot, in a sentence: an error about a rule or about the work, without the JVM's stack."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException

from data_platform.contracts import Contract, Rule
from data_platform.lakehouse import LakehouseError
from data_platform.quality.errors import RuleError

LONGEST = 500
EVALUATED = re.compile(
    r"Arithmetic|DateTime|NumberFormat|ArrayIndex|SparkRuntime|UnsupportedOperation|Analysis|Parse|"
    r"DIVIDE_BY_ZERO|OVERFLOW|CAST_INVALID|INVALID_"
)
"""What an error is called, or says, where a value or an expression is to blame and not the cluster."""


@contextmanager
def told(contract: Contract, rule: Rule | None = None, query: str = "") -> Iterator[None]:
    """Raises Spark's errors as RuleError where a rule (None: one of them all) is to blame, else as LakehouseError."""
    own = logging.getLogger("SQLQueryContextLogger")  # by which PySpark prints the stack of what it raises
    level = own.level
    own.setLevel(logging.CRITICAL)
    try:
        yield
    except Exception as error:
        if not _is_sparks(error):
            raise
        if EVALUATED.search(f"{type(error).__name__} {error}"):
            what, shown = f"rule {rule.name}" if rule else "its rules", f"; query: {query}" if query else ""
            raise RuleError(f"{contract.dataset}: {what} cannot be evaluated: {said(error)}{shown}") from error
        at = f"rule {rule.name}" if rule else "the staged rows"
        raise LakehouseError(
            f"{contract.dataset}: Spark failed while it audited {at}: {said(error)}. Nothing was published. Spark's own "
            "log has the whole of it."
        ) from error
    finally:
        own.setLevel(level)


def said(error: Exception) -> str:
    """The first line that says what happened."""
    lines = [line.strip(" :") for line in str(error).splitlines()]
    lines = [line for line in lines if line and not line.startswith("An error occurred while calling")]
    blamed = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return (*blamed[-1:], *lines[:1], type(error).__name__)[0][:LONGEST]


def _is_sparks(error: Exception) -> bool:
    return isinstance(error, PySparkException) or type(error).__module__.startswith("py4j.")
