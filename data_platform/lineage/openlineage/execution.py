"""One run of one producer, as far as a catalog is concerned: plain values, of which `events` makes events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from data_platform.contracts import Contract
from data_platform.lakehouse import Publication
from data_platform.lakehouse.provenance import UNKNOWN, Provenance
from data_platform.quality.policy import Verdict


@dataclass(frozen=True, slots=True)
class Source:
    """Where a producer's code is: its file and line, or the SQL itself; `kind` is what a catalog calls such jobs.
    `landing` is the folder of files whose names are relative."""

    file: str = ""
    line: int = 0
    sql: str = ""
    kind: str = "ASSET"
    landing: str = ""


@dataclass(frozen=True, slots=True)
class Execution:
    """A producer's run that has begun. `orchestrated` is the id of the orchestrator's run, `job` its job, `step` its
    step; `attempt` counts the retries of that step. `contracts` is the registry."""

    contract: Contract
    orchestrated: str
    job: str
    step: str
    began: datetime
    attempt: int = 0
    partitions: tuple[str, ...] = ()
    source: Source = Source()
    contracts: Mapping[str, Contract] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended: with a publication, or an `error` (then `stack` is where, if nobody expected it), or both, where
    only some partitions could be published. `aborted` if somebody stopped it."""

    at: datetime
    provenance: Provenance = UNKNOWN
    publication: Publication | None = None
    verdicts: tuple[Verdict, ...] = ()
    error: str = ""
    stack: str = ""
    aborted: bool = False
