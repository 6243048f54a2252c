"""Catching up: bring all datasets up to date for some days, run by run, and say what became of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby

import dagster as dg

from data_platform.datasets.checks import INPUTS, PUBLISHED, SCHEMA
from data_platform.datasets.scheduled import as_files_land, only_on_schedule
from data_platform.operations.launch import QUIET, execute_assets
from data_platform.operations.plan import Node, PlannedRun, nodes_of, plan_runs

MODULE, ATTRIBUTE, LOCATION = "data_platform.definitions", "defs", "data-platform"

SPARK = "dagster/kind/spark"
"""The tag of datasets that Spark makes."""


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
    without: Collection[str] = (),
) -> dict[str, Result]:
    """Materialize, day after day, what is missing for `days`; blocked partitions are tried again, published ones not.

    Unpartitioned datasets are produced where they are missing, and once more with the last day that had anything new.
    What Spark makes and nothing else reads is made for all days together, at the end: a cluster is slow to start.
    Datasets in `without` are left alone (see `left_out`).
    """
    graph = definitions.resolve_asset_graph()
    nodes = [node for node in nodes_of(definitions) if node.dataset not in without]
    last = _made_last(graph, nodes)
    nodes = [node for node in nodes if node.dataset not in last]
    nodes_once = {node.dataset for node in nodes if not node.partitioning}
    plans = {day: plan_runs(nodes, _missing(graph, instance, day)) for day in days}
    if busy := [day for day in days if plans[day]]:
        plans[busy[-1]] = plan_runs(nodes, _missing(graph, instance, busy[-1], refresh=True))
    results: dict[str, Result] = {}
    total, done = sum(len(run.datasets) for runs in plans.values() for run in runs) + len(last), 0
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
    for run in _together(graph, instance, last, days):

        def ended_all(dataset: str) -> None:
            on_progress(Progress(days[-1], total, total, dataset))

        execute(graph, instance, run, run.datasets, results, ended_all)
    return results


def _made_last(graph: dg.AssetGraph, nodes: Sequence[Node]) -> list[str]:
    """The datasets cut by day that Spark makes and nobody reads."""
    read = {name for node in nodes for name in node.reads}
    found = []
    for node in nodes:
        asset = graph.get(dg.AssetKey(node.dataset.split(".")))
        is_daily = isinstance(asset.partitions_def, dg.DailyPartitionsDefinition)
        if is_daily and node.dataset not in read and SPARK in asset.tags:
            found.append(node.dataset)
    return found


def _together(
    graph: dg.AssetGraph, instance: dg.DagsterInstance, datasets: Sequence[str], days: Sequence[date]
) -> list[PlannedRun]:
    """A run for all neighbouring days that are missing; none for days of which an input cut by the same days has no rows."""
    spans: dict[tuple[str, ...], list[str]] = {}
    for name in datasets:
        asset = graph.get(dg.AssetKey(name.split(".")))
        alike = [key for key in asset.parent_keys if graph.get(key).partitions_def == asset.partitions_def]
        there = [instance.get_materialized_partitions(key) for key in alike]
        published = instance.get_materialized_partitions(asset.key)
        missing = [
            day for day in days if day.isoformat() not in published and all(day.isoformat() in each for each in there)
        ]
        for _, span in groupby(missing, key=lambda day: day.toordinal() - missing.index(day)):
            spans.setdefault(tuple(day.isoformat() for day in span), []).append(name)
    return [PlannedRun(tuple(names), span) for span, names in spans.items()]


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
    if told and told.description:
        return told.description.strip().splitlines()[0]
    error = event.step_failure_data.error  # what the step's own code raised is behind Dagster's
    said = (error.cause or error).message.strip() if error else ""
    return said.splitlines()[0] if said else "it failed"


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
