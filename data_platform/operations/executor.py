"""The default executor: every step in its own process, none of which starts cold.

Dagster's multiprocess executor gives each step a new interpreter: seconds of imports for milliseconds of work.
`warm_executor` forks the step from the driver instead (`step_process.py`), so it inherits the imported code location,
the open instance and the loaded job, and keeps what processes are for: a step that crashes, leaks or is killed takes
nothing with it. A step tagged `data_platform/isolation: interpreter` (a library that cannot be forked), or any step
of a driver that cannot be forked, comes from a forkserver.

This file and `step_work.py` are built on `dagster._core`; `tests/operations/test_executor.py` pins what they rely on.
"""

import os
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from multiprocessing.connection import wait
from typing import Any

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError, DagsterSubprocessError
from dagster._core.events import EngineEventData
from dagster._core.execution.context.system import PlanOrchestrationContext
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.plan.step import ExecutionStep
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._core.executor.child_process_executor import ChildProcessCrashException
from dagster._utils import get_run_crash_explanation
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster_shared.error import SerializableErrorInfo

from data_platform.operations.preload import TOOL_TAG, import_ahead
from data_platform.operations.step_process import StepProcess, clean_context, fork_context, fork_hazards
from data_platform.operations.step_work import StepEnded, StepWork, modules_needed

ISOLATION_TAG = "data_platform/isolation"
ISOLATIONS = ("process", "interpreter")

_TICK = 0.1  # seconds between looks at interrupts, retries and pools; a step's own news wakes the driver at once
_FAREWELL = 30.0  # seconds a finished step's process may take to leave
_INTERRUPTIONS = {"DagsterExecutionInterruptedError", "KeyboardInterrupt"}


class WarmExecutor(dg.Executor):
    """Dagster's own bookkeeping (`ActiveExecution`) around processes that start in milliseconds."""

    def __init__(self, retries: RetryMode, max_concurrent: int | None, tag_limits: list[dict[str, Any]] | None) -> None:
        self._retries = retries
        self._max_concurrent = max_concurrent or os.cpu_count() or 1
        self._tag_limits = tag_limits

    @property
    def retries(self) -> RetryMode:
        return self._retries

    def execute(
        self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan
    ) -> Iterator[dg.DagsterEvent]:
        steps = [execution_plan.get_step_by_key(key) for key in execution_plan.step_keys_to_execute]
        import_ahead(*sorted({(step.tags or {}).get(TOOL_TAG, "") for step in steps} - {""}))
        hazards = fork_hazards()
        how = f"a forkserver, because this process cannot be forked ({', '.join(hazards)})" if hazards else "this one"
        yield dg.DagsterEvent.engine_event(
            plan_context,
            f"Executing each step in a process forked from {how} (pid: {os.getpid()})",
            EngineEventData.multiprocess(os.getpid(), step_keys_to_execute=execution_plan.step_keys_to_execute),
        )
        errors: dict[int, SerializableErrorInfo] = {}
        with (
            InstanceConcurrencyContext(plan_context.instance, plan_context.dagster_run) as concurrency,
            ActiveExecution(
                execution_plan,
                retry_mode=self._retries,
                max_concurrent=self._max_concurrent,
                tag_concurrency_limits=self._tag_limits,
                instance_concurrency_context=concurrency,
            ) as active,
        ):
            running: dict[str, StepProcess] = {}
            leaving: list[StepProcess] = []
            stopping = False
            try:
                while running or not (stopping or active.is_complete):
                    if active.check_for_interrupts() and not stopping:
                        stopping = True
                        yield dg.DagsterEvent.engine_event(
                            plan_context,
                            "Received a termination signal: forwarding it to the running steps",
                            EngineEventData.interrupted(list(running)),
                        )
                        active.mark_interrupted()
                        for process in running.values():
                            process.interrupt()

                    while not stopping:
                        steps = active.get_steps_to_execute(limit=self._max_concurrent - len(running))
                        yield from active.concurrency_event_iterator(plan_context)
                        if not steps:
                            break
                        for step in steps:
                            yield dg.DagsterEvent.step_worker_starting(
                                plan_context.for_step(step), f'Starting a process for "{step.key}".', metadata={}
                            )
                            running[step.key] = self._start(plan_context, execution_plan, active, step, bool(hazards))

                    wait([one for process in running.values() for one in process.waitables], timeout=_TICK)
                    for key, process in list(running.items()):
                        ended = yield from self._follow(plan_context, active, key, process, errors)
                        if ended:
                            leaving.append(running.pop(key))
                            active.verify_complete(plan_context, key)
                    yield from active.plan_events_iterator(plan_context)
            except BaseException:
                for process in running.values():
                    process.interrupt()
                raise
            finally:
                for process in leaving:
                    process.leave(_FAREWELL)

            if stopping and all(error.cls_name in _INTERRUPTIONS for error in errors.values()):
                yield dg.DagsterEvent.engine_event(plan_context, "Interrupted all running steps", EngineEventData())
                raise DagsterExecutionInterruptedError
            if errors:
                told = "\n".join(f"In process {pid}: {error.to_string()}" for pid, error in errors.items())
                raise DagsterSubprocessError(
                    f"Step processes ended with errors:\n{told}", subprocess_error_infos=list(errors.values())
                )

    def _start(
        self,
        plan_context: PlanOrchestrationContext,
        plan: ExecutionPlan,
        active: ActiveExecution,
        step: ExecutionStep,
        unsafe: bool,
    ) -> StepProcess:
        isolation = (step.tags or {}).get(ISOLATION_TAG, ISOLATIONS[0])
        if isolation not in ISOLATIONS:
            raise dg.DagsterInvariantViolationError(
                f"Step {step.key!r}: the tag {ISOLATION_TAG!r} is {isolation!r}; write one of {', '.join(ISOLATIONS)}."
            )
        job = plan_context.reconstructable_job
        work = StepWork(
            job=job,
            run=plan_context.dagster_run,
            run_config=plan_context.run_config,
            step_key=step.key,
            retries=self._retries,
            known_state=active.get_known_state(),
            repository_load_data=plan.repository_load_data,
            instance_ref=plan_context.instance.get_ref(),
        )
        if unsafe or isolation == "interpreter":
            return StepProcess(clean_context(modules_needed(plan_context.instance, job)), work)
        return StepProcess(fork_context(), replace(work, instance=plan_context.instance))

    def _follow(
        self,
        plan_context: PlanOrchestrationContext,
        active: ActiveExecution,
        key: str,
        process: StepProcess,
        errors: dict[int, SerializableErrorInfo],
    ) -> Generator[dg.DagsterEvent, None, bool]:
        """Pass on a step's news; returns whether it has ended, well or badly."""
        died = process.has_died
        for message in process.read():
            if isinstance(message, StepEnded):
                if message.error:
                    errors[process.pid] = message.error
                return True
            yield message
            active.handle_event(message)
            if message.is_resource_init_failure:
                yield self._fail(plan_context, active, key, message.engine_event_data.error)
        if not died:
            return False

        crash = _crash(process)
        yield dg.DagsterEvent.engine_event(
            plan_context.for_step(active.get_step_by_key(key)),
            get_run_crash_explanation(f"The process of step {key}", process.exit_code),
            EngineEventData.engine_error(crash),
        )
        failure = self._fail(plan_context, active, key, crash)
        yield failure
        if failure.is_step_failure:
            errors[process.pid] = crash
        return True

    def _fail(
        self, plan_context: PlanOrchestrationContext, active: ActiveExecution, key: str, error: SerializableErrorInfo
    ) -> dg.DagsterEvent:
        """The step has failed, or is up for retry if its policy allows another attempt."""
        step_context = plan_context.for_step(active.get_step_by_key(key))
        event = self.log_failure_or_retry_event_after_error(step_context, error, active.get_known_state())
        active.handle_event(event)
        return event


def _crash(process: StepProcess) -> SerializableErrorInfo:
    try:
        raise ChildProcessCrashException(process.pid, process.exit_code)
    except ChildProcessCrashException:
        return serializable_error_info_from_exc_info(sys.exc_info())


@dg.executor(
    name="warm",
    config_schema={
        "max_concurrent": dg.Field(
            dg.Noneable(int), default_value=None, description="Steps at a time; by default one per CPU."
        ),
        "retries": get_retries_config(),
        "tag_concurrency_limits": get_tag_concurrency_limits_config(),
    },
    requirements=dg.multiple_process_executor_requirements(),
)
def warm_executor(init_context: dg.InitExecutorContext) -> WarmExecutor:
    """Each step in its own process, forked warm from the run's process."""
    config: Mapping[str, Any] = init_context.executor_config
    return WarmExecutor(
        RetryMode.from_config(config["retries"]) or RetryMode.ENABLED,
        config["max_concurrent"],
        config.get("tag_concurrency_limits"),
    )
