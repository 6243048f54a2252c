"""What a quality entry says, and where it stands: what its readers share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_platform.contracts.model import Column, OnFailure, Reference, Threshold
from data_platform.contracts.yaml_source import Path

Add = Callable[[str, str, str, str], None]
"""Where findings about an entry go: code, key (dotted, or '' for the entry), message, fix."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where quality entries stand: their dataset and its columns, the column they are about ('': the dataset), and the
    policy of those that have none of their own."""

    dataset: str
    columns: Sequence[Column]
    column: str
    path: Path
    default: OnFailure

    @property
    def own(self) -> tuple[str, ...]:
        return (self.column,) if self.column else ()


@dataclass(frozen=True, slots=True)
class Said:
    """What a quality entry says, before it has a policy and a time; `name` is used where it has none of its own."""

    kind: str
    columns: tuple[str, ...] = ()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    threshold: Threshold | None = None
    reads: tuple[Reference, ...] = ()
    name: str = ""
    about_itself: bool = True
    """Whether it says something about the rows of the contract's own dataset."""
