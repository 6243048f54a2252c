"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """`warning`: it works, but will not always, or not all of it; `problem`: something does not work."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it ('' where nothing is to be done)."""

    status: Status
    said: str
    fix: str = ""


def ok(said: str) -> Finding:
    return Finding(Status.OK, said)


def warning(said: str, fix: str) -> Finding:
    return Finding(Status.WARNING, said, fix)


def problem(said: str, fix: str) -> Finding:
    return Finding(Status.PROBLEM, said, fix)
