"""What a job reports, as JSON: the publication, or the error that ended it, which ends the step as it would have there.

| error                                    | comes back as                                          |
|------------------------------------------|--------------------------------------------------------|
| StructureError                           | itself, with its problems                              |
| LakehouseError (and its kinds), RuleError, FileError | that class, with the message               |
| dagster's Failure and RetryRequested     | themselves                                             |
| an exception of Python's own             | its class, with the message and the job's stack        |
| any other                                | JobError: its name and message, and the job's stack    |
"""

from __future__ import annotations

import builtins
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.launch.as_json import Json, publication_from_json, publication_to_json
from data_platform.files import FileError
from data_platform.lakehouse import LakehouseError, Publication, StructureError
from data_platform.lineage import Lineage, facet
from data_platform.quality.audit import RuleError

SPOKEN: tuple[type[Exception], ...] = (LakehouseError, RuleError, FileError)
"""Errors whose message says all that a step tells of them."""


class JobError(Exception):
    """What the function raised in its job, where this process does not know the exception."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a job has done: published (or been blocked), and where the columns come from."""

    publication: Publication
    lineage: Lineage | None

    def to_json(self) -> Json:
        lineage = facet.to_facet(self.lineage) if self.lineage else None
        return {"publication": publication_to_json(self.publication), "lineage": lineage}

    @classmethod
    def from_json(cls, told: Mapping[str, Any], contract: Contract) -> Made:
        lineage = facet.from_facet(told["lineage"]) if told["lineage"] else None
        return cls(publication_from_json(told["publication"], contract), lineage)


def error_to_json(error: Exception) -> Json:
    told: Json = {"error": type(error).__name__, "message": str(error)}
    if isinstance(error, StructureError):
        return told | {"error": "StructureError", "dataset": error.dataset, "problems": list(error.problems)}
    for kind in SPOKEN:
        if isinstance(error, kind):
            return told | {"error": kind.__name__}
    if isinstance(error, dg.Failure):
        return told | {"error": "Failure", "message": error.description or "", "retries": error.allow_retries}
    if isinstance(error, dg.RetryRequested):
        return told | {"most": error.max_retries, "seconds": error.seconds_to_wait}
    if len(error.args) == 1 and isinstance(error.args[0], str):  # KeyError quotes what it is given
        told["message"] = error.args[0]
    return told | {"stack": "".join(traceback.format_exception(error))}


def error_from_json(told: Mapping[str, Any]) -> Exception:
    """The error to raise in the step."""
    name, message = told["error"], told["message"]
    match name:
        case "StructureError":
            return StructureError(told["dataset"], tuple(told["problems"]))
        case "Failure":
            return dg.Failure(message, allow_retries=told["retries"])
        case "RetryRequested":
            return dg.RetryRequested(told["most"], told["seconds"])
    for kind in SPOKEN:
        if name == kind.__name__:
            return _with_message(kind, message)
    error = _of_python(name, message) or JobError(f"{name}: {message}")
    error.add_note(f"Raised in the job:\n{told['stack']}")
    return error


def _of_python(name: str, message: str) -> Exception | None:
    """Python's own exception of that name, where a message is all it needs."""
    kind = getattr(builtins, name, None)
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        return None
    try:
        return kind(message)
    except TypeError:
        return None


def _with_message(kind: type[Exception], message: str) -> Exception:
    """An error that says just this, whatever its class makes of its arguments."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error
