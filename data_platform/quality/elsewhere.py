"""What rules need besides the rows they audit: rows of other datasets, and what was measured before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data_platform import clock
from data_platform.contracts.model import Contract, Reference


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """`views` has, by reference and audited partition, a query of the rows that a rule may see of another dataset: its
    columns are those the rule reads (or may see, where it names none). `contracts` are those of the datasets by name.
    `past` has, by `history` rule and audited partition, what it measured before. `now` is the moment of the audit.
    """

    views: Mapping[Reference, Mapping[str, str]] = field(default_factory=dict)
    contracts: Mapping[str, Contract] = field(default_factory=dict)
    past: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)
    now: datetime = field(default_factory=lambda: clock.now())


NOWHERE = Elsewhere()
"""For rules that need nothing else."""
