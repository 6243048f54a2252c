"""What becomes of a model in a step: examine what it reads, stage its rows, audit them, publish them.

It runs in dbt's thread. What there is to say is put on a queue, for the step's own thread to tell Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import TYPE_CHECKING, Any

from data_platform.contracts import Contract
from data_platform.contracts.partitions import split
from data_platform.datasets.errors import final
from data_platform.datasets.preconditions import Preconditions, examine, inputs_read
from data_platform.datasets.producer import Producer
from data_platform.engines import stage_rows
from data_platform.engines.in_process import InProcess
from data_platform.lakehouse import (
    Lakehouse,
    Provenance,
    Publication,
    ReadPlan,
    StructureError,
    plan_read,
    publish,
)
from data_platform.lakehouse.refusals import keep_frame
from data_platform.lineage import Lineage, facet
from data_platform.quality.audit import RuleError
from data_platform.quality.sql import buckets, spelt, text
from data_platform.warehouse.manifest import Model
from data_platform.warehouse.pins import Pinned
from data_platform.warehouse.producers import columns_used

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

ENGINE = "dbt"


class Refused(Exception):
    """The model is not, or not wholly, published; dbt runs nothing that depends on it."""


@dataclass(frozen=True, slots=True)
class Examined:
    model: Model
    producer: Producer
    met: Preconditions


@dataclass(frozen=True, slots=True)
class Unfit:
    producer: Producer
    error: StructureError


@dataclass(frozen=True, slots=True)
class Made:
    producer: Producer
    met: Preconditions
    publication: Publication
    seconds: float


@dataclass
class Publisher:
    """Publishes the models of one step. `keys` are its partitions as Dagster spells them, `partitions` as the contract
    does; `origin` says which run, step and revision it is; `say` is told what becomes of each model."""

    producers: Mapping[str, Producer]
    lineages: Mapping[str, Lineage]
    lakehouse: Lakehouse
    pinned: Pinned
    keys: Sequence[str]
    partitions: Sequence[str]
    origin: Provenance
    say: Callable[[Any], None]
    _met: dict[str, Preconditions] = field(default_factory=dict)
    _published: dict[str, Publication] = field(default_factory=dict)

    def reads(self, model: Model) -> Mapping[str, ReadPlan]:
        met = self._met.get(model.dataset)
        if met is None:
            producer = self.producers[model.dataset]
            with final(RuleError):
                met = self._met[model.dataset] = examine(producer, self.pinned, self.keys)
            self.say(Examined(model, producer, met))
        if met.refusal:
            raise Refused(met.refusal)
        return met.plans

    def make(self, model: Model, rows: DuckDBPyRelation) -> None:
        started, producer, met = time.monotonic(), self.producers[model.dataset], self._met[model.dataset]
        contract = producer.contract
        try:
            staged = stage_rows(InProcess(asked_for(rows, contract, self.partitions)), contract, self.lakehouse)
            provenance = replace(self.origin, **self._provenance(model, met))
            with final(RuleError):
                publication = publish(
                    self.lakehouse, staged, contract, self.partitions, provenance, others=producer.contracts
                )
        except StructureError as refused:
            sample = InProcess(rows).sample
            keep_frame(self.lakehouse, contract, self.partitions, sample, refused.problems, self.origin.run_id)
            self.say(Unfit(producer, refused))
            raise
        self._published[model.dataset] = publication
        self.pinned.follow(model.dataset)
        self.say(Made(producer, met, publication, time.monotonic() - started))
        if publication.blocked:
            raise Refused(f"{contract.dataset} is blocked")

    def made(self, model: Model) -> ReadPlan:
        contract = self.producers[model.dataset].contract
        if (publication := self._published.get(model.dataset)) is not None:
            return plan_read(self.lakehouse, contract, (), self.partitions, publication.snapshot_id)
        return plan_read(self.lakehouse, contract, (), self.partitions or None, allow_missing=True)

    def other(self, dataset: str) -> ReadPlan:
        contract = next(iter(self.producers.values())).contracts[dataset]
        return plan_read(self.pinned, contract, allow_missing=True)

    def _provenance(self, model: Model, met: Preconditions) -> dict[str, Any]:
        producer, lineage = self.producers[model.dataset], self.lineages[model.dataset]
        traces = inputs_read(producer, met, self.partitions)
        used = [columns_used(producer.contracts[each.dataset], lineage) for each in traces]
        inputs = tuple(replace(each, columns=of or each.columns) for each, of in zip(traces, used, strict=True))
        known = {"code_version": model.code_version, "engine": ENGINE, "inputs": inputs}
        return {**known, "lineage": facet.to_json(lineage)}


def asked_for(rows: DuckDBPyRelation, contract: Contract, partitions: Sequence[str]) -> DuckDBPyRelation:
    """The rows of these partitions. Of several partition keys the query knows the values of each, but not which of them
    go together (see the macro `partitions`)."""
    partitioning = contract.partitioning
    if partitioning is None or not set(partitioning.columns) <= set(rows.columns):
        return rows
    values = zip(*(split(partitioning, each) for each in partitions), strict=True)
    if prod(len(set(each)) for each in values) == len(partitions):
        return rows
    spelling = spelt(partitioning, buckets(partitioning))
    return rows.filter(f"{spelling} IN ({', '.join(map(text, partitions))})")
