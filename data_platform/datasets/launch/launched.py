"""An attempt whose work is done in a job: ordered, waited for, and what it reports told as if it were done here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import dagster as dg
from dagster import PipesMessageReader
from dagster_pipes import PipesOpenedData, PipesParams

from data_platform.datasets.launch.order import Order
from data_platform.datasets.launch.report import Made, error_from_json
from data_platform.datasets.preconditions import Preconditions
from data_platform.datasets.producer import Producer
from data_platform.deployment import EMR_CONTAINERS, EMR_SERVERLESS, SPARK_SUBMIT, Launcher, is_secret
from data_platform.lakehouse import Lakehouse, Publication
from data_platform.lineage import Lineage


class NotStarted(Exception):
    """A job that cannot be started as things are: why, and what to do."""


class Listening(PipesMessageReader):
    """A reader that remembers who handles its messages: what a job has reported counts, however it ends after."""

    def __init__(self, reader: PipesMessageReader) -> None:
        self.reader = reader
        self.handler: Any = None

    @contextmanager
    def read_messages(self, handler: Any) -> Iterator[PipesParams]:
        self.handler = handler
        with self.reader.read_messages(handler) as params:
            yield params

    def on_opened(self, opened_payload: PipesOpenedData) -> None:
        self.reader.on_opened(opened_payload)

    def on_launched(self, launched_payload: Any) -> None:
        self.reader.on_launched(launched_payload)

    def no_messages_debug_text(self) -> str:
        return self.reader.no_messages_debug_text()

    @property
    def reported(self) -> Mapping[str, Any] | None:
        """What the job reported, None where it did not."""
        messages = self.handler.get_custom_messages() if self.handler else ()
        return next((each for each in messages if isinstance(each, dict) and each.keys() & {"made", "failed"}), None)


@dataclass
class Job:
    """One job to run: Spark's `launcher` for an order, which the client sends on; `where` is where its own log is."""

    launcher: Launcher
    lakehouse: Lakehouse
    order: Order
    where: str = ""


Client = Callable[[Job, Any], Mapping[str, Any] | None]
"""Runs a job for a step (its context) to the end; returns its report."""


@dataclass
class Launched:
    """See `attempt.Attempt`, whose part it takes in a step."""

    launcher: Launcher
    producer: Producer
    context: dg.AssetExecutionContext
    config: Mapping[str, Any]
    met: Preconditions
    lakehouse: Lakehouse
    partitions: Sequence[str]
    lineage: Lineage | None = field(default=None, init=False)

    def publish(self) -> Publication:
        """As `Attempt.publish`; dagster's Failure also where the job cannot be started, or dies without a report."""
        kind, contract = self.launcher.kind, self.producer.contract
        here = kind == SPARK_SUBMIT
        order = Order.of(
            self.producer, self.context, self.config, self.met, self.lakehouse, self.partitions, is_here=here
        )
        job = Job(self.launcher, self.lakehouse, order)
        self.context.log.info(f"{contract.dataset} has size {contract.size}: it runs by {kind}")
        try:
            job.launcher = replace(self.launcher, conf=self._conf())
            told = _client(kind)(job, self.context)
        except NotStarted as error:
            raise dg.Failure(f"{contract.dataset} is not produced: {error}", allow_retries=False) from error
        except Exception as error:
            raise dg.Failure(self._died(job, str(error) or type(error).__name__)) from error
        if told is None:
            raise dg.Failure(self._died(job, "it ended"))
        if "failed" in told:
            raise error_from_json(told["failed"])
        made = Made.from_json(told["made"], contract)
        self.lineage = made.lineage
        return made.publication

    def _conf(self) -> dict[str, str]:
        """Spark's configuration: the deployment's, and on top of it that of the function's own resource."""
        own = [getattr(self.context.resources, name).conf for name in self.producer.signature.resources]
        conf = {name: value for each in (self.launcher.conf, *own) for name, value in each.items()}
        if secrets := [name for name, value in conf.items() if is_secret(name, value)]:
            raise NotStarted(
                f"{', '.join(secrets)} of its Spark resource looks like a secret, and others can see how a job is "
                "started; set it where the cluster keeps secrets"
            )
        return conf

    def _died(self, job: Job, why: str) -> str:
        dataset = self.producer.contract.dataset
        return (
            f"{dataset}: its job by {self.launcher.kind} left no report: {why}. Look at {job.where or 'the step'}. What "
            f"it published, if anything, it published as a whole (dp datasets show {dataset}): materialize it again."
        )


def _client(kind: str) -> Client:
    """What runs jobs of this kind. Imported only here: EMR's needs boto3."""
    if kind == SPARK_SUBMIT:
        from data_platform.datasets.launch.submit import submit

        return submit
    try:
        from data_platform.datasets.launch import emr
    except ImportError as error:
        raise NotStarted(f"the launcher {kind} needs {error.name}: pip install 'data-platform[aws]'") from error
    return {EMR_SERVERLESS: emr.serverless, EMR_CONTAINERS: emr.containers}[kind]
