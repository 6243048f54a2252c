"""Runs without a launcher: execute assets of a code location in this process, as an ordinary run.

A launched run pays for a new interpreter. A command that produces fourteen days one after another pays once, here,
and the UI shows its fourteen runs like any others: job, selection, partition, code location, re-execution.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository
from dagster._core.execution.api import execute_run_iterator
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from data_platform.datasets.partitions import range_tags

ASSET_JOB = "__ASSET_JOB"  # Dagster's own job over all assets of a code location
PARTITION_TAG = "dagster/partition"
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Run config for a run that shows its progress in another way than by its log, which the UI has."""


@dataclass(frozen=True)
class Execution:
    """How a run ended. `canceled` when it was terminated, here or from the UI."""

    run_id: str
    success: bool
    failed_steps: Sequence[str]
    canceled: bool = False


def execute_assets(
    instance: dg.DagsterInstance,
    module: str,
    attribute: str,
    selection: Sequence[dg.AssetKey],
    *,
    partition: str | None = None,
    partition_range: tuple[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    run_config: Mapping[str, Any] | None = None,
    on_steps: Callable[[Mapping[str, Sequence[dg.AssetKey]]], None] | None = None,
    on_event: Callable[[dg.DagsterEvent], None] | None = None,
    location_name: str | None = None,
) -> Execution:
    """Materialize assets and run their checks with the code location's executor; a failing step does not raise.

    The partitioned assets among them must share one partitions definition, as in the UI; unpartitioned ones may join.
    `on_steps` hears before the start which step makes which of the assets, `on_event` of every event.
    `location_name` must be the one the UI shows, for its links to work; the default is Dagster's, `module:attribute`.
    """
    repository = ReconstructableRepository.for_module(module, attribute, str(Path.cwd()))
    definition = repository.get_definition()
    _check_partitions(instance, definition, selection, [partition] if partition else list(partition_range or ()))
    repository = repository.with_repository_load_data(definition.repository_load_data)
    job = repository.get_reconstructable_job(ASSET_JOB).get_subset(asset_selection=frozenset(selection))
    run = instance.create_run_for_job(
        job.get_definition(),
        asset_selection=frozenset(selection),
        run_config=dict(run_config or {}),
        tags={**_partition_tags(partition, partition_range), **(tags or {})},
        job_code_origin=job.get_python_origin(),
        remote_job_origin=_remote_origin(module, attribute, location_name, definition.name),
        repository_load_data=definition.repository_load_data,
    )
    if on_steps:
        on_steps(_steps(job.get_definition(), selection))
    failed = []
    for event in execute_run_iterator(job, run, instance):
        if event.is_step_failure and event.step_key:
            failed.append(event.step_key)
        if on_event:
            on_event(event)
    ended = instance.get_run_by_id(run.run_id)
    canceled = ended is not None and ended.status is dg.DagsterRunStatus.CANCELED
    return Execution(run.run_id, bool(ended and ended.is_success), failed, canceled)


def _steps(job: dg.JobDefinition, selection: Sequence[dg.AssetKey]) -> Mapping[str, Sequence[dg.AssetKey]]:
    """The assets of each step. Dagster cuts a step of several where others have to run in between."""
    steps: dict[str, list[dg.AssetKey]] = {}
    for key in selection:
        steps.setdefault(str(job.asset_layer.get_op_output_handle(key).node_handle), []).append(key)
    return steps


def _check_partitions(
    instance: dg.DagsterInstance,
    repository: dg.RepositoryDefinition,
    selection: Sequence[dg.AssetKey],
    partitions: Sequence[str],
) -> None:
    """Dagster would accept these and fail later, in a step, with a message about time formats."""
    definitions = {key.to_user_string(): repository.asset_graph.get(key).partitions_def for key in selection}
    partitioned = {name: definition for name, definition in definitions.items() if definition is not None}
    if len(set(partitioned.values())) > 1:
        raise ValueError(f"{', '.join(partitioned)} are not partitioned alike: execute them one by one.")
    if bool(partitioned) != bool(partitions):
        problem = f"{', '.join(partitioned)}: say which partition" if partitioned else "nothing selected is partitioned"
        raise ValueError(f"{problem} (partition or partition_range; given: {', '.join(partitions) or 'none'}).")
    with dg.partition_loading_context(dynamic_partitions_store=instance):
        for name, definition in partitioned.items():
            for partition in partitions:
                if not definition.has_partition_key(partition):
                    raise ValueError(f"{name} has no partition {partition!r}.")


def _partition_tags(partition: str | None, partition_range: tuple[str, str] | None) -> Mapping[str, str]:
    if partition_range is not None:
        return range_tags(*partition_range)
    return {PARTITION_TAG: partition} if partition is not None else {}


def _remote_origin(module: str, attribute: str, location_name: str | None, repository: str) -> RemoteJobOrigin:
    """Where the UI finds this job again: the run's link to its code location, and "re-execute"."""
    target = LoadableTargetOrigin(
        executable_path=sys.executable, module_name=module, working_directory=str(Path.cwd()), attribute=attribute
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(target, location_name)
    return RemoteJobOrigin(RemoteRepositoryOrigin(location, repository), ASSET_JOB)
