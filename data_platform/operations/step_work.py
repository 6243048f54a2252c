"""What a step's process does: run one step of a Dagster job and tell the driver every event."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableJob
from dagster._core.definitions.repository_definition import RepositoryLoadData
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.execution.api import create_execution_plan, execute_plan_iterator
from dagster._core.execution.plan.state import KnownExecutionState
from dagster._core.execution.retries import RetryMode
from dagster._core.instance.ref import InstanceRef
from dagster._core.log_manager import DagsterLogManager
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster._utils.interrupts import capture_interrupts
from dagster_shared.error import SerializableErrorInfo


@dataclass(frozen=True)
class StepEnded:
    """A step process's last message. Anything else it sends is a Dagster event."""

    error: SerializableErrorInfo | None = None


@dataclass(frozen=True)
class StepWork:
    """What a step process does. A forked one uses the driver's instance; one that was pickled opens its own."""

    job: ReconstructableJob
    run: dg.DagsterRun
    run_config: Mapping[str, object]
    step_key: str
    retries: RetryMode
    known_state: KnownExecutionState
    repository_load_data: RepositoryLoadData | None
    instance_ref: InstanceRef
    instance: dg.DagsterInstance | None = None

    def __call__(self, send: Callable[[object], None]) -> None:
        with capture_interrupts():
            try:
                opened = nullcontext(self.instance) if self.instance else dg.DagsterInstance.from_ref(self.instance_ref)
                with opened as instance:
                    for event in self._events(instance):
                        send(event)
                send(StepEnded())
            except (Exception, KeyboardInterrupt, DagsterExecutionInterruptedError):
                send(StepEnded(serializable_error_info_from_exc_info(sys.exc_info())))

    def _events(self, instance: dg.DagsterInstance) -> Iterator[dg.DagsterEvent]:
        yield dg.DagsterEvent.step_worker_started(
            DagsterLogManager.create(loggers=[], instance=instance, dagster_run=self.run),  # for the event log only
            self.run.job_name,
            message=f'Executing step "{self.step_key}" in its own process.',
            metadata={"pid": dg.MetadataValue.text(str(os.getpid()))},
            step_key=self.step_key,
        )
        plan = create_execution_plan(
            self.job,
            run_config=self.run_config,
            step_keys_to_execute=[self.step_key],
            known_state=self.known_state,
            repository_load_data=self.repository_load_data,
        )
        retries = self.retries.for_inner_plan()
        yield from execute_plan_iterator(
            plan, self.job, self.run, run_config=self.run_config, retry_mode=retries, instance=instance
        )


def modules_needed(instance: dg.DagsterInstance, job: ReconstructableJob) -> list[str]:
    """What a clean process would otherwise import step after step: most of it is behind the instance's storages."""
    parts = (
        instance.run_storage,
        instance.event_log_storage,
        instance.schedule_storage,
        instance.compute_log_manager,
        instance.run_launcher,
        instance.run_coordinator,
        instance.scheduler,
    )
    code = [module] if (module := job.get_module()) else []
    return [__name__, *sorted({type(part).__module__ for part in parts}), *code]
