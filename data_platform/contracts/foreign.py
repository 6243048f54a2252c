"""What documents written for other platforms may say that contracts for this one may not."""

from __future__ import annotations

import re
import warnings
from typing import Any

from data_platform.contracts.model import OPERATORS

TEMPORAL = ("date", "timestamp", "time")
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_FOR_PYTHON: tuple[tuple[str, str], ...] = (  # what ECMAScript, Java and PCRE say otherwise than Python
    (r"\(\?<(?![=!])", "(?P<"),
    (r"\\k<(\w+)>", r"(?P=\1)"),
    (r"\\[pP](?:\{[^}]*\}|\w)", r"\\w"),
    (r"\\[uxo]\{[0-9A-Fa-f]+\}", r"\\w"),
    (r"\\[zGRXKhHcQEe]", r"\\w"),
    (r"\[:\^?[a-z]+:\]", r"\\w"),
)


def malformed(pattern: str) -> str:
    """Why no engine could run a regular expression, or '' where one might."""
    for other, python in _FOR_PYTHON:
        pattern = re.sub(other, python, pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return str(error)
    return ""


def judgeable(part: Any) -> Any:
    """A document, or part of one, without what we cannot judge: dates and times in a format of the author's own, and
    the rules of ODCS 3.0 that have no operator, or several."""
    if isinstance(part, list):
        return [judgeable(item) for item in part]
    if not isinstance(part, dict):
        return part
    read = {key: judgeable(value) for key, value in part.items()}
    if "rule" in read and "metric" not in read and sum(operator in read for operator in OPERATORS) != 1:
        return read if "validValues" in read else {"type": "text"}
    options = read.get("logicalTypeOptions")
    if read.get("logicalType") in TEMPORAL and isinstance(options, dict) and "format" in options:
        read["logicalTypeOptions"] = {key: value for key, value in options.items() if key not in BOUNDS}
    return read
