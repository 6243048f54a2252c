"""What becomes of a model in a step: examine what it reads, stage its rows, audit them, publish them.

It runs in dbt's thread. What there is to say is put on a queue, for the step's own thread to tell Dagster.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.errors import final
from data_platform.datasets.partitions import partitions_read, to_dagster
from data_platform.datasets.preconditions import Preconditions, examine
from data_platform.datasets.producer import Producer
from data_platform.lakehouse import (
    Lakehouse,
    Provenance,
    Publication,
    ReadPlan,
    StructureError,
    plan_read,
    publish,
    stage,
    staging_folder,
)
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.publish import tidy
from data_platform.lakehouse.refusals import keep_frame
from data_platform.lineage import Lineage, facet
from data_platform.quality.audit import RuleError
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
        contract, folder = producer.contract, staging_folder(self.lakehouse, producer.contract)
        try:
            try:
                staged = stage(rows, contract, folder)
            except Exception:  # the rows are fetched as they are written: half of them may be
                tidy(self.lakehouse, folder, set())
                raise
            provenance = replace(self.origin, **self._provenance(model, met))
            with final(RuleError):
                publication = publish(
                    self.lakehouse, staged, contract, self.partitions, provenance, others=producer.contracts
                )
        except StructureError as refused:
            keep_frame(self.lakehouse, contract, self.partitions, rows, refused.problems, self.origin.run_id)
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
        mappings = {each.name: (each.mapping, each.contract) for each in producer.signature.inputs}
        inputs = tuple(
            _trace(plan, *mappings[name], producer.contract, self.partitions, lineage)
            for name, plan in met.plans.items()
        )
        known = {"code_version": model.code_version, "engine": ENGINE, "inputs": inputs}
        return {**known, "lineage": facet.to_json(lineage)}


def _trace(
    plan: ReadPlan,
    mapping: dg.PartitionMapping | None,
    read: Contract,
    contract: Contract,
    partitions: Sequence[str],
    lineage: Lineage,
) -> InputRead:
    """An input as it was read: the columns that the query uses, and which partitions each of its own is made from."""
    trace = replace(plan.trace, columns=columns_used(read, lineage) or plan.trace.columns)
    if read.partitioning is not None and not trace.partitions:  # nothing was there to be read
        return replace(trace, by_partition=dict.fromkeys(partitions, ()))
    if len(partitions) < 2 or mapping is None or isinstance(mapping, dg.AllPartitionMapping):
        return trace
    there, narrowed = set(trace.partitions), {}
    for partition in partitions:
        wanted = partitions_read(mapping, contract, [to_dagster(contract, partition)], read) or ()
        narrowed[partition] = tuple(sorted(there.intersection(wanted)))
    return replace(trace, by_partition={each: of for each, of in narrowed.items() if len(of) < len(there)})
