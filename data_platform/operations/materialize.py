"""Produce chosen datasets now: the runs that takes, in reading order, and what became of each dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import dagster as dg

from data_platform.operations.catch_up import Result, execute, partitions_of_day
from data_platform.operations.plan import nodes_of, plan_runs


def materialize(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    datasets: Sequence[str],
    first: str = "",
    last: str = "",
    on_progress: Callable[[int, int, str], None] = lambda done, total, dataset: None,
) -> dict[str, Result]:
    """Produce `datasets`, the partitioned ones for the partitions `first` to `last` (a partition, or a day of hours).

    Raises ValueError, before anything runs, for a dataset that is not produced here, and where a partition is missing,
    unknown or not asked for.
    """
    graph = definitions.resolve_asset_graph()
    wanted: dict[str, list[str]] = {}
    for name in datasets:
        key = dg.AssetKey(name.split("."))
        if key not in graph.executable_asset_keys:
            raise ValueError(
                f"{name} is not produced here: its contract says producer: external, or it has no function"
            )
        wanted[name] = _partitions(name, graph.get(key).partitions_def, first, last or first)
    if first and not any(any(partitions) for partitions in wanted.values()):
        raise ValueError(f"{', '.join(wanted)}: not partitioned; leave the partition out")
    runs = plan_runs([node for node in nodes_of(definitions) if node.dataset in wanted], wanted)
    results: dict[str, Result] = {}
    total = sum(len(run.datasets) for run in runs)

    def ended(dataset: str) -> None:
        nonlocal done
        done += 1
        on_progress(done, total, dataset)

    done = 0
    for run in runs:
        execute(graph, instance, run, run.datasets, results, ended, by="dp materialize")
    return results


def _partitions(name: str, definition: dg.PartitionsDefinition | None, first: str, last: str) -> list[str]:
    if definition is None:
        return [""]
    known = definition.get_partition_keys()
    if not first:
        raise ValueError(f"{name} is partitioned; say which, e.g. --partition {known[-1] if known else '2026-11-21'}")
    chosen = [_of(name, definition, each) for each in (first, last)]
    places = {key: place for place, key in enumerate(known)}
    if unknown := [key for keys in chosen for key in keys if key not in places]:
        between = f"; it has {known[0]} to {known[-1]}" if known else ""
        raise ValueError(f"{name} has no partition {unknown[0]!r}{between}")
    return list(known[places[chosen[0][0]] : places[chosen[1][-1]] + 1])


def _of(name: str, definition: dg.PartitionsDefinition, spelt: str) -> list[str]:
    """One partition, or those of a day; what is neither, as it is spelt."""
    if definition.has_partition_key(spelt):
        return [spelt]
    try:
        return partitions_of_day(definition, date.fromisoformat(spelt)) or [spelt]
    except ValueError:
        return [spelt]
