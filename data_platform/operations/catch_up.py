"""Catching up: bring all datasets up to date for some days, run by run, and say what became of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import dagster as dg

from data_platform.datasets.checks import INPUTS, PUBLISHED, SCHEMA
from data_platform.datasets.scheduled import as_files_land, only_on_schedule
from data_platform.operations.launch import execute_assets
from data_platform.operations.plan import PlannedRun, nodes_of, plan_runs

MODULE, ATTRIBUTE, LOCATION = "data_platform.definitions", "defs", "data-platform"


QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""The UI has the logs; the terminal has the progress display."""


@dataclass(slots=True)
class Result:
    """What became of one dataset: partitions published and blocked, rows, seconds of its steps, reasons."""

    published: int = 0
    blocked: int = 0
    failed: int = 0
    rows: int = 0
    quarantined: int = 0
    warnings: int = 0
    seconds: float = 0.0
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Progress:
    """Said after every step: which day, how many steps of the whole are done, and the dataset just finished."""

    day: date
    done: int
    total: int
    dataset: str


def days_before(until: date, count: int) -> list[date]:
    """The last `count` days up to and including `until`."""
    return [until - timedelta(days=back) for back in reversed(range(count))]


def catch_up(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    days: Sequence[date],
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> dict[str, Result]:
    """Materialize, day after day, what is missing for `days`; blocked partitions are tried again, published ones not.

    Unpartitioned datasets are produced where they are missing, and once more with the last day that had anything new.
    """
    graph = definitions.resolve_asset_graph()
    nodes = nodes_of(definitions)
    nodes_once = {node.dataset for node in nodes if not node.partitioning}
    plans = {day: plan_runs(nodes, _missing(graph, instance, day)) for day in days}
    if busy := [day for day in days if plans[day]]:
        plans[busy[-1]] = plan_runs(nodes, _missing(graph, instance, busy[-1], refresh=True))
    results: dict[str, Result] = {}
    total, done = sum(len(run.datasets) for runs in plans.values() for run in runs), 0
    produced: set[str] = set()
    for day, runs in plans.items():
        for run in runs:
            again = produced & nodes_once if day != busy[-1] else set()
            done += len(again.intersection(run.datasets))

            def ended(dataset: str, day: date = day) -> None:
                nonlocal done
                done += 1
                produced.add(dataset)
                on_progress(Progress(day, min(done, total), total, dataset))

            execute(graph, instance, run, [name for name in run.datasets if name not in again], results, ended)
    return results


def _missing(
    graph: dg.AssetGraph, instance: dg.DagsterInstance, day: date, *, refresh: bool = False
) -> dict[str, list[str]]:
    """What is not published of one day; with `refresh` also every unpartitioned dataset, published or not.

    Only datasets: what a schedule alone starts, such as mails, is nobody's to catch up with; nor is what lands."""
    missing: dict[str, list[str]] = {}
    for key in graph.executable_asset_keys:
        if only_on_schedule(graph.get(key).tags) or as_files_land(graph.get(key).tags):
            continue
        partitions = graph.get(key).partitions_def
        if partitions is None:
            there = instance.get_latest_materialization_event(key) is not None
            missing[".".join(key.path)] = [] if there and not refresh else [""]
        else:
            published = instance.get_materialized_partitions(key)
            missing[".".join(key.path)] = [each for each in partitions_of_day(partitions, day) if each not in published]
    return missing


def partitions_of_day(definition: dg.PartitionsDefinition, day: date) -> list[str]:
    """The partitions of one day: itself, its hours, or itself with every static value."""
    spelt = day.isoformat()
    if isinstance(definition, dg.MultiPartitionsDefinition):
        return [key for key in definition.get_partition_keys() if spelt in key.split("|")]
    if isinstance(definition, dg.HourlyPartitionsDefinition):
        return [f"{spelt}-{hour:02}:00" for hour in range(24)]
    if isinstance(definition, dg.DailyPartitionsDefinition):
        return [spelt]
    return list(definition.get_partition_keys())


def execute(
    graph: dg.AssetGraph,
    instance: dg.DagsterInstance,
    run: PlannedRun,
    datasets: Sequence[str],
    results: dict[str, Result],
    ended: Callable[[str], None],
    by: str = "dp run",
) -> None:
    """Execute one planned run, tell of each dataset whose step `ended`, and add what became of it to `results`."""
    definitions = (graph.get(dg.AssetKey(name.split("."))).partitions_def for name in datasets)
    definition = next((each for each in definitions if each is not None), None)
    keys = [dg.AssetKey(name.split(".")) for name in datasets]
    steps, started, refused = dict[str, list[str]](), dict[str, float](), set[str]()

    def planned(assets: Mapping[str, Sequence[dg.AssetKey]]) -> None:
        steps.update({step: [".".join(key.path) for key in made] for step, made in assets.items()})

    def listen(event: dg.DagsterEvent) -> None:
        names = steps.get(event.step_key or "", [])
        if event.is_step_start:
            started[event.step_key or ""] = time.monotonic()
        elif event.is_step_materialization:
            if (name := ".".join(event.asset_key.path if event.asset_key else ())) in names:  # not its quarantine
                _published(results.setdefault(name, Result()), event, timed=len(names) > 1)
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            name = ".".join(event.asset_check_evaluation_data.asset_key.path)
            if name in names and _refuses(results.setdefault(name, Result()), event):
                refused.add(name)
        elif event.is_step_success or event.is_step_failure or event.is_step_skipped:
            seconds = time.monotonic() - started.get(event.step_key or "", time.monotonic())
            for name in names:
                result = results.setdefault(name, Result())
                result.seconds += seconds if len(names) == 1 else 0
                if event.is_step_failure and name not in refused and (why := _why_failed(event, name, len(names) > 1)):
                    result.failed += 1
                    result.reasons.append(why)
                ended(name)

    for first, last in _spans(definition, run.partitions):
        execution = execute_assets(
            instance,
            MODULE,
            ATTRIBUTE,
            keys,
            partition=first if first and first == last else None,
            partition_range=(first, last) if first != last else None,
            location_name=LOCATION,
            run_config=QUIET,
            tags={"launched_by": by},
            on_steps=planned,
            on_event=listen,
        )
        if execution.canceled:  # Ctrl-C reaches the run first; it means the whole catching up
            raise KeyboardInterrupt


def _spans(definition: dg.PartitionsDefinition | None, partitions: Sequence[str]) -> list[tuple[str, str]]:
    """First and last of each run: one range where these partitions are neighbours, as a day's hours are."""
    if definition is None or not partitions:
        return [("", "")]
    order = {key: place for place, key in enumerate(definition.get_partition_keys())}
    keys = sorted(partitions, key=order.__getitem__)
    if order[keys[-1]] - order[keys[0]] == len(keys) - 1:
        return [(keys[0], keys[-1])]
    return [(key, key) for key in keys]


def _why_failed(event: dg.DagsterEvent, dataset: str, several: bool) -> str:
    """Why a step failed, in a sentence; a step of several datasets says for each that it is about ('' for others)."""
    told = event.step_failure_data.user_failure_data
    if several and told and told.metadata:
        return str(told.metadata[dataset].value) if dataset in told.metadata else ""
    return str(event.step_failure_data.error_display_string).strip().splitlines()[0]


def _published(result: Result, event: dg.DagsterEvent, *, timed: bool) -> None:
    """`timed`: the seconds are those that the publication says it took, as the step made others, too."""
    metadata = event.step_materialization_data.materialization.metadata
    counts = [metadata[name].value for name in ("dagster/partition_row_count", "dagster/row_count") if name in metadata]
    result.published += 1
    if timed and "seconds" in metadata:
        result.seconds += float(metadata["seconds"].value)  # type: ignore[arg-type]
    result.rows += int(counts[0]) if counts else 0  # type: ignore[arg-type]
    result.quarantined += int(metadata["quarantined"].value) if "quarantined" in metadata else 0  # type: ignore[arg-type]


def _refuses(result: Result, event: dg.DagsterEvent) -> bool:
    """Take note of a check, and say whether it is one of those that tell why nothing, or not all, was published."""
    evaluated = event.asset_check_evaluation_data
    if evaluated.passed:
        return False
    if evaluated.check_name in (SCHEMA, INPUTS, PUBLISHED) and evaluated.severity is dg.AssetCheckSeverity.ERROR:
        counted = evaluated.metadata.get("blocked")
        result.blocked += int(counted.value) if counted is not None else 1  # type: ignore[arg-type]
        result.reasons.append(evaluated.description or evaluated.check_name)
        return True
    result.warnings += evaluated.severity is dg.AssetCheckSeverity.WARN
    return False
