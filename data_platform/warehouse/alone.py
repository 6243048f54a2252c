"""Checks of models executed alone, on what is published now: the contract's by the platform, dbt's own by dbt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg

from data_platform.contracts.partitions import WHOLE, latest
from data_platform.datasets.alone import execute_alone
from data_platform.datasets.partitions import to_contract, to_dagster
from data_platform.datasets.preconditions import examine
from data_platform.datasets.producer import Producer
from data_platform.lakehouse import Lakehouse, ReadPlan, current_lakehouse, plan_read
from data_platform.warehouse.invocation import Invocation, Tested, literals
from data_platform.warehouse.manifest import Model, Test
from data_platform.warehouse.project import Project

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


def checks_alone(
    producers: Sequence[Producer],
    models: Mapping[str, Model],
    project: Project,
    context: dg.AssetExecutionContext,
    failures: dict[str, str],
) -> Iterator[dg.AssetCheckResult]:
    """The results of the checks that the step was started for; of blocking ones that fail, a sentence in `failures`."""
    asked = context.selected_asset_check_keys
    for producer in producers:
        model = models[producer.contract.dataset]
        tests = [test for test in model.tests if dg.AssetCheckKey(producer.key, test.name) in asked]
        try:
            if any(key.asset_key == producer.key and key.name not in {t.name for t in tests} for key in asked):
                yield from execute_alone(producer, context)
        except dg.Failure as failure:
            failures[model.dataset] = failure.description or ""
        if tests:
            keys = context.partition_keys if context.has_partition_key or context.has_partition_key_range else ()
            for tested in run_tests(producer, model, project, tests, to_contract(producer.contract, keys)):
                yield tested.result(producer.key)
                if not tested.passed and tested.test.is_error:
                    failures[model.dataset] = f"{model.dataset}: the test {tested.test.name} fails: {tested.message}"


def run_tests(
    producer: Producer, model: Model, project: Project, tests: Sequence[Test], chosen: Sequence[str] = ()
) -> list[Tested]:
    """dbt's own tests on the partitions `chosen` of what is published (none: the latest); none where nothing is."""
    lakehouse, contract = current_lakehouse(), producer.contract
    if not tests:
        return []
    there = plan_read(lakehouse, contract, (), None, allow_missing=True)
    if there.snapshot_id is None:
        return []
    partitions = tuple(chosen) or latest(contract.partitioning, there.partitions)
    found = list[Tested]()
    seen = _Published(producer, lakehouse, partitions if contract.partitioning else (WHOLE,))
    invocation = Invocation(
        project, lakehouse, seen, lambda news: found.append(news) if isinstance(news, Tested) else None
    )
    invocation.run([model], tests, literals(contract, partitions if contract.partitioning else ()), only_tests=True)
    return [each for each in found if each.ran]


@dataclass
class _Published:
    """What is published, for tests alone: nothing is made."""

    producer: Producer
    lakehouse: Lakehouse
    partitions: Sequence[str]

    def reads(self, model: Model) -> Mapping[str, ReadPlan]:
        contract = self.producer.contract
        keys = [to_dagster(contract, each) for each in self.partitions] if contract.partitioning else []
        return examine(self.producer, self.lakehouse, keys).plans

    def make(self, model: Model, rows: DuckDBPyRelation) -> Any:
        raise NotImplementedError

    def made(self, model: Model) -> ReadPlan:
        contract = self.producer.contract
        return plan_read(self.lakehouse, contract, (), self.partitions if contract.partitioning else None)

    def other(self, dataset: str) -> ReadPlan:
        return plan_read(self.lakehouse, self.producer.contracts[dataset], allow_missing=True)
