"""Rows made once more: a producer run on chosen snapshots of its inputs, with nothing published or recorded.

A function runs in Dagster, for its context and resources, on an instance of its own; a model in dbt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.attempt import Attempt
from data_platform.datasets.dataset import configured
from data_platform.datasets.partitions import partitions_definition, range_tags, to_dagster
from data_platform.datasets.preconditions import Preconditions
from data_platform.datasets.producer import Producer
from data_platform.engines import stage_rows
from data_platform.engines.in_process import InProcess
from data_platform.lakehouse import Lakehouse, LakehouseError, ReadPlan, Staged
from data_platform.operations.launch import QUIET

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from data_platform.warehouse.manifest import Model
    from data_platform.warehouse.project import Project


def producer_of(definitions: dg.Definitions, dataset: str) -> tuple[Producer, Project | None] | None:
    """What makes the dataset, if the platform does; with dbt's project where it is a model."""
    for asset in definitions.assets or ():
        for each in getattr(asset, "producers", ()):
            if each.contract.dataset == dataset:
                return each, getattr(asset, "project", None)
    return None


def made_again(
    producer: Producer,
    plans: Mapping[str, ReadPlan],
    partitions: Sequence[str],
    lakehouse: Lakehouse,
    definitions: dg.Definitions,
    project: Project | None = None,
) -> Staged:
    """What the producer makes of these inputs (by parameter), staged; the files are the caller's to remove. `project`
    is that of a model, None for a function.

    Raises whatever the producer raises.
    """
    if project is not None:
        return _by_dbt(producer, plans, partitions, lakehouse, project)
    return _by_function(producer, plans, partitions, lakehouse, definitions)


def _by_function(
    producer: Producer,
    plans: Mapping[str, ReadPlan],
    partitions: Sequence[str],
    lakehouse: Lakehouse,
    definitions: dg.Definitions,
) -> Staged:
    contract, staged = producer.contract, list[Staged]()

    def make(context: dg.AssetExecutionContext, config: Mapping[str, Any]) -> None:
        staged.append(Attempt(producer, context, config, Preconditions(plans), lakehouse, partitions).stage())

    asset = dg.asset(
        name=contract.name,
        key_prefix=[contract.domain],
        partitions_def=partitions_definition(contract.partitioning),
        required_resource_keys=set(producer.signature.resources),
        io_manager_def=dg.mem_io_manager,  # there is nothing to store
    )(configured(producer, make))
    resources = {name: (definitions.resources or {})[name] for name in producer.signature.resources}
    chosen = _partitions(contract, partitions)
    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize([asset], instance=instance, resources=resources, run_config=QUIET, **chosen)
    return staged[0]


def _partitions(contract: Contract, partitions: Sequence[str]) -> dict[str, Any]:
    """How Dagster is told which partitions a run is of."""
    definition = partitions_definition(contract.partitioning)
    if definition is None:
        return {}
    order = {key: place for place, key in enumerate(definition.get_partition_keys())}
    keys = sorted((to_dagster(contract, each) for each in partitions), key=order.__getitem__)
    if len(keys) == 1:
        return {"partition_key": keys[0]}
    if order[keys[-1]] - order[keys[0]] != len(keys) - 1:
        raise LakehouseError("its partitions are no range, so that they cannot be made together again")
    return {"tags": range_tags(keys[0], keys[-1])}


def _by_dbt(
    producer: Producer, plans: Mapping[str, ReadPlan], partitions: Sequence[str], lakehouse: Lakehouse, project: Project
) -> Staged:
    from data_platform.warehouse.invocation import Invocation, literals
    from data_platform.warehouse.manifest import models

    contract = producer.contract
    maker = _Maker(producer, plans, lakehouse)
    problems = list[str]()

    def hear(news: Any) -> None:
        problems.append(getattr(news, "why", ""))

    invocation = Invocation(project, lakehouse, maker, hear)
    invocation.run([models(project)[contract.dataset]], [], literals(contract, partitions))
    if not maker.staged:
        raise LakehouseError("; ".join(filter(None, problems)) or "dbt did not run the model")
    return maker.staged[0]


@dataclass
class _Maker:
    """A model's rows, staged and not published."""

    producer: Producer
    plans: Mapping[str, ReadPlan]
    lakehouse: Lakehouse
    staged: list[Staged] = field(default_factory=list)

    def reads(self, model: Model) -> Mapping[str, ReadPlan]:
        return self.plans

    def make(self, model: Model, rows: DuckDBPyRelation) -> None:
        self.staged.append(stage_rows(InProcess(rows), self.producer.contract, self.lakehouse))

    def made(self, model: Model) -> ReadPlan:
        raise NotImplementedError("nothing is published, and no test runs")

    def other(self, dataset: str) -> ReadPlan:
        raise NotImplementedError("nothing is published, and no test runs")
