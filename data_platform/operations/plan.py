"""Which runs bring datasets up to date: a pure function of the graph and of what is already there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg


@dataclass(frozen=True, slots=True)
class Node:
    """One dataset in the graph. `partitioning` names its partitions definition ('' for none): datasets of one name can
    share a run; `reads` are the datasets it reads."""

    dataset: str
    partitioning: str
    reads: frozenset[str]


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One run: these datasets, for the first to the last of these partitions (none: unpartitioned datasets only)."""

    datasets: tuple[str, ...]
    partitions: tuple[str, ...]


def plan_runs(nodes: Sequence[Node], missing: Mapping[str, Sequence[str]]) -> list[PlannedRun]:
    """The fewest runs that produce what is `missing` (dataset -> partitions; `[""]` for an unpartitioned one).

    Dagster allows one partitions definition per run (unpartitioned datasets may join), so datasets are taken in groups
    by partitioning, the group first that can be done most completely before others.
    """
    left = {node.dataset: node for node in nodes if missing.get(node.dataset)}
    runs: list[PlannedRun] = []
    while left:
        candidates = {}
        for partitioning in sorted({node.partitioning for node in left.values()}):
            group = [node for node in left.values() if node.partitioning == partitioning]
            ready = _closure(left, partitioning)
            own = [name for name in ready if left[name].partitioning == partitioning]
            if own:
                candidates[partitioning] = (len(own) / len(group), ready)
        if not candidates:
            raise ValueError(f"these datasets read each other in a cycle: {', '.join(sorted(left))}")
        partitioned = {name: each for name, each in candidates.items() if name}
        _, chosen = max((partitioned or candidates).values(), key=lambda each: each[0])
        wanted = {tuple(missing[name]) for name in chosen if left[name].partitioning}
        partitions = tuple(sorted({partition for each in wanted for partition in each}))
        runs.append(PlannedRun(tuple(chosen), partitions))
        for name in chosen:
            del left[name]
    return runs


def _closure(left: Mapping[str, Node], partitioning: str) -> list[str]:
    """The datasets of one partitioning, and unpartitioned ones, that need nothing else first; in reading order."""
    ready: list[str] = []
    grew = True
    while grew:
        grew = False
        for name, node in left.items():
            fits = node.partitioning in (partitioning, "")
            if name not in ready and fits and all(each in ready or each not in left for each in node.reads):
                ready.append(name)
                grew = True
    return ready


def nodes_of(definitions: dg.Definitions) -> list[Node]:
    """The datasets that this code location produces, as plan nodes."""
    graph = definitions.resolve_asset_graph()
    nodes = []
    for key in graph.toposorted_asset_keys:
        asset = graph.get(key)
        if asset.is_executable:
            partitioning = asset.partitions_def.get_serializable_unique_identifier() if asset.partitions_def else ""
            reads = frozenset(".".join(parent.path) for parent in asset.parent_keys)
            nodes.append(Node(".".join(key.path), partitioning, reads))
    return nodes
