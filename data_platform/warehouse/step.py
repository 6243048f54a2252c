"""One step of dbt models: those chosen are built in one invocation, and Dagster hears of each as it is published.

dbt runs in a thread of its own; this generator tells what it reports. A model that is refused or blocked fails the step
once all others that do not depend on it are through: what they published stays, and is recorded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from queue import SimpleQueue
from typing import Any

import dagster as dg

from data_platform.contracts.partitions import WHOLE
from data_platform.datasets import results
from data_platform.datasets.announce import Announcer, announcing
from data_platform.datasets.partitions import to_contract
from data_platform.datasets.producer import Producer
from data_platform.datasets.step import concluded, examined, published
from data_platform.lakehouse import Lakehouse, Provenance, current_lakehouse
from data_platform.lineage.openlineage import Source
from data_platform.warehouse.alone import checks_alone
from data_platform.warehouse.invocation import Invocation, Skipped, Tested, literals
from data_platform.warehouse.maker import Examined, Made, Publisher, Unfit
from data_platform.warehouse.manifest import Model, static_lineage
from data_platform.warehouse.pins import Pinned
from data_platform.warehouse.project import Project

PATIENCE = 60.0
"""Seconds that an interrupted invocation has to come to an end: a commit under way is finished."""
_END = object()


def build(
    producers: Sequence[Producer], models: Mapping[str, Model], project: Project, context: dg.AssetExecutionContext
) -> Iterator[Any]:
    """Build the chosen models, evaluate the chosen checks."""
    asked = context.selected_asset_check_keys
    chosen = [each for each in producers if each.key in context.selected_asset_keys]
    others = [each for each in producers if each not in chosen and any(key.asset_key == each.key for key in asked)]
    failures, waiting = dict[str, str](), list[str]()
    if chosen:
        with announcing(context, current_lakehouse()) as announcer:
            step = _Step(chosen, models, project, context, announcer)
            for event in step.run():
                if isinstance(event, dg.Output) or dg.AssetCheckKey(event.asset_key, event.check_name) in asked:
                    yield event
        failures |= step.failures
        waiting = step.waiting
    if others:
        yield from checks_alone(others, models, project, context, failures)
    if failures:
        told = {dataset: dg.MetadataValue.text(why) for dataset, why in failures.items()}
        because = [f"not begun, because they depend on it: {', '.join(waiting)}"] if waiting else []
        raise dg.Failure("; ".join([*failures.values(), *because]), metadata=told, allow_retries=False)


class _Step:
    """`failures` has a sentence for each dataset that is not, or not wholly, as it should be; `waiting` are those that
    were not begun because of them."""

    def __init__(
        self,
        chosen: Sequence[Producer],
        models: Mapping[str, Model],
        project: Project,
        context: dg.AssetExecutionContext,
        announcer: Announcer,
    ) -> None:
        self.failures: dict[str, str] = {}
        self.waiting: list[str] = []
        self._announcer = announcer
        self._context, self._project = context, project
        self._lineages = static_lineage(project)
        self._lakehouse: Lakehouse = current_lakehouse()
        self._models = [models[each.contract.dataset] for each in chosen]
        self._producers = {each.contract.dataset: each for each in chosen}
        contract = chosen[0].contract
        self._keys = context.partition_keys if contract.partitioning else ()
        self._partitions = to_contract(contract, self._keys) if contract.partitioning else (WHOLE,)
        self._literals = literals(contract, self._partitions)

    def run(self) -> Iterator[Any]:
        said: SimpleQueue[Any] = SimpleQueue()
        pinned = Pinned(self._lakehouse.settings)
        pinned.pin({name for each in self._models for name in each.reads} - self._producers.keys())
        origin = Provenance(self._context.run_id, step=str(self._context.op_execution_context.op_handle))
        publisher = Publisher(
            self._producers,
            self._lineages,
            self._lakehouse,
            pinned,
            self._keys,
            self._partitions,
            origin,
            said.put,
        )
        invocation = Invocation(self._project, self._lakehouse, publisher, said.put)
        asked = self._context.selected_asset_check_keys
        tests = [
            test
            for each in self._models
            for test in each.tests
            if dg.AssetCheckKey(self._producers[each.dataset].key, test.name) in asked
        ]

        def work() -> None:
            try:
                invocation.run(self._models, tests, self._literals)
            except BaseException as error:
                said.put(error)
            finally:
                said.put(_END)

        thread = threading.Thread(target=work, name="dbt", daemon=True)
        thread.start()
        try:
            while (news := said.get()) is not _END:
                if isinstance(news, BaseException):
                    raise news
                yield from self._told(news)
        finally:
            if thread.is_alive():
                invocation.cancel()
                thread.join(PATIENCE)

    def _told(self, news: Any) -> Iterator[Any]:
        context, lakehouse, scope = self._context, self._lakehouse, results.scope_of(self._partitions)
        match news:
            case Examined(model, producer, met):
                source = Source(str(model.file), sql=model.sql, kind="MODEL")
                self._announcer.begin(producer, self._partitions, met, source)
                yield from self._kept(producer, examined(producer, context, lakehouse, met, scope))
            case Unfit(producer, error):
                self._failed(producer.contract.dataset, str(error))
                yield results.structure_result(producer.key, error.problems)
            case Made(producer, met, publication, seconds):
                dataset = producer.contract.dataset
                lineage = self._lineages[dataset]
                done = concluded(producer, context, lakehouse, met, publication, scope, lineage=lineage)
                self._announcer.made(publication)
                yield from self._kept(producer, done)
                self._announcer.end(dataset, self.failures.get(dataset, ""))
                if dataset not in self.failures:
                    output = producer.key.to_python_identifier()
                    yield published(producer, context, lakehouse, publication, seconds, {}, output, lineage=lineage)
            case Tested():
                yield from self._tested(news)
            case Skipped(model, why, failed):
                if failed:
                    self._failed(model.dataset, f"{model.dataset} is not produced: {why}")
                else:
                    self.waiting.append(model.dataset)

    def _kept(self, producer: Producer, events: Iterator[Any]) -> Iterator[Any]:
        """The events; a failure that ends them is kept for the end of the step."""
        try:
            yield from events
        except dg.Failure as failure:
            self._failed(producer.contract.dataset, failure.description or "")

    def _failed(self, dataset: str, why: str) -> None:
        """The first reason is the one that counts: dbt adds its own words to whatever a model raises."""
        self.failures.setdefault(dataset, why)
        self._announcer.end(dataset, why)

    def _tested(self, tested: Tested) -> Iterator[dg.AssetCheckResult]:
        producer = self._producers[tested.model.dataset]
        if tested.ran:
            yield tested.result(producer.key)
        if not tested.passed and tested.test.is_error and tested.ran:
            dataset = producer.contract.dataset
            self.failures.setdefault(dataset, f"{dataset}: the test {tested.test.name} fails: {tested.message}")
