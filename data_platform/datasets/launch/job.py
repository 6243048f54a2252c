"""What runs in the job: Dagster Pipes opened, the order carried out as a step would, and what became of it reported.

Every failure that a person could cause is reported, and the job ends well: it has done what was asked of it. One that
ends without a report has died.
"""

from __future__ import annotations

import importlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import dagster as dg
from dagster_pipes import (
    PipesContext,
    PipesContextLoader,
    PipesEnvVarParamsLoader,
    PipesMessageWriter,
    PipesS3ContextLoader,
    PipesS3MessageWriter,
    open_dagster_pipes,
)

from data_platform.datasets.attempt import Attempt
from data_platform.datasets.launch.order import Order
from data_platform.datasets.launch.report import Made, error_to_json
from data_platform.datasets.partitions import to_dagster
from data_platform.datasets.producer import Producer, producers_of
from data_platform.datasets.spark import SparkSessionResource
from data_platform.lakehouse import current_lakehouse

ORPHANED = 3
"""The exit code of a job that nobody waits for any more."""
LOOK = 0.5


@dataclass(frozen=True, slots=True)
class Caller:
    """The context of the step as a job has it: who asked, for which partitions (in Dagster's spelling), and where its log
    goes. Nothing else of Dagster's is there."""

    run_id: str
    op_handle: str
    log: logging.Logger
    resources: SimpleNamespace
    partition_keys: tuple[str, ...] = ()

    @property
    def op_execution_context(self) -> Caller:
        return self

    @property
    def has_partition_key(self) -> bool:
        return bool(self.partition_keys)

    @property
    def partition_key(self) -> str:
        """The only one; ValueError where there are several."""
        (key,) = self.partition_keys
        return key

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(
            f"context.{name}: a job outside Dagster's process has context.partition_keys, partition_key, run_id and log, "
            "and no more; do without it, or choose a size that runs in process"
        )


def main() -> None:
    """The job from its environment (Pipes' own variables) to its report."""
    os.environ.setdefault("DATA_PLATFORM_HOME", tempfile.gettempdir() + "/data-platform")
    os.environ["DATA_PLATFORM_DEPLOYMENT"] = os.devnull  # this is where the dataset runs, configured by its launcher
    loader, writer = _ways()
    with open_dagster_pipes(context_loader=loader, message_writer=writer) as pipes:
        order = Order.from_json(pipes.extras)
        _leave_with(order.parent)
        with _logging_to(pipes):
            told = carry_out(order, pipes.log)
        pipes.report_custom_message(told)


def carry_out(order: Order, log: logging.Logger) -> Mapping[str, Any]:
    """The report on an order."""
    try:
        return {"made": _made(order, log).to_json()}
    except Exception as error:  # whatever the producer's own code raises
        return {"failed": error_to_json(error)}


def _made(order: Order, log: logging.Logger) -> Made:
    lakehouse, producer = current_lakehouse(), _producer(order)
    if problems := list(order.differences(producer, lakehouse)):
        raise dg.Failure(f"{order.dataset} is not produced: {'; '.join(problems)}", allow_retries=False)
    spark = {name: SparkSessionResource() for name in producer.signature.resources}  # see `where.launch_problems`
    contract = producer.contract
    keys = tuple(to_dagster(contract, each) for each in order.partitions) if contract.partitioning else ()
    caller: Any = Caller(order.run_id, order.step, log, SimpleNamespace(**spark), keys)
    met, config = order.preconditions(producer), order.arguments(producer)
    attempt = Attempt(producer, caller, config, met, lakehouse, order.partitions)
    publication = attempt.publish()
    return Made(publication, attempt.lineage)


def _producer(order: Order) -> Producer:
    try:
        module = importlib.import_module(order.module)
    except ModuleNotFoundError as error:
        raise dg.Failure(
            f"{order.dataset} is not produced: the job cannot import {error.name}; the project and its requirements "
            "must be installed there (an image, or an archive in spark.archives)",
            allow_retries=False,
        ) from error
    assets = [each for each in vars(module).values() if isinstance(each, dg.AssetsDefinition)]
    found = [each for each in producers_of(assets) if each.contract.dataset == order.dataset]
    if not found:
        raise dg.Failure(
            f"{order.dataset} is not produced: the job finds no producer of it in {order.module}; deploy the same code to "
            "both, and define the dataset at the module's top level",
            allow_retries=False,
        )
    return found[0]


def _ways() -> tuple[PipesContextLoader | None, PipesMessageWriter[Any] | None]:
    """How the context comes and messages go: through S3 if the launcher says so, else through files."""
    if "bucket" not in PipesEnvVarParamsLoader().load_messages_params():
        return None, None
    import boto3

    client = boto3.client("s3")
    return PipesS3ContextLoader(client=client), PipesS3MessageWriter(client=client)


@contextmanager
def _logging_to(pipes: PipesContext) -> Iterator[None]:
    """What is logged here is logged by Dagster: from INFO on of the project, from WARNING on of libraries."""
    handler = _Forward(pipes.log)
    root, own = logging.getLogger(), logging.getLogger("data_platform")
    before = own.level
    root.addHandler(handler)
    own.setLevel(logging.INFO)
    try:
        yield
    finally:
        root.removeHandler(handler)
        own.setLevel(before)


class _Forward(logging.Handler):
    def __init__(self, log: logging.Logger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.WARNING or record.name.startswith("data_platform"):
            self._log.log(record.levelno, f"{record.name}: {record.getMessage()}")


def _leave_with(parent: int) -> None:
    """End when the step (`parent`, if it is on this machine) or the process that started this one is gone: what is not
    committed by then must not be. At once: nothing that is half done was ever visible."""
    starter = os.getppid()

    def watch() -> None:
        while os.getppid() == starter and (not parent or _is_alive(parent)):
            time.sleep(LOOK)
        os._exit(ORPHANED)

    if parent:
        threading.Thread(target=watch, daemon=True).start()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
