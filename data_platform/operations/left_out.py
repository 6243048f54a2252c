"""What this machine cannot produce, and why: datasets made with Spark where it has no Java, and all that is made of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from data_platform.datasets.producer import producers_of
from data_platform.datasets.spark import why_not
from data_platform.operations.plan import nodes_of


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The datasets that are left out, in reading order; `why` says it for each that is not left out for its inputs."""

    why: Mapping[str, str]
    datasets: tuple[str, ...]


def left_out(definitions: dg.Definitions, without: Collection[str] = ()) -> LeftOut:
    """What of these definitions cannot be produced on this machine, or is not wanted (`without`)."""
    assets = [each for each in definitions.assets or () if isinstance(each, dg.AssetsDefinition)]
    made = {each.contract.dataset: why_not(each) for each in producers_of(assets)}
    why = dict.fromkeys(without, "as asked") | {name: reason for name, reason in made.items() if reason}
    datasets: list[str] = []
    for node in nodes_of(definitions):  # in reading order
        if node.dataset in why or not node.reads.isdisjoint(datasets):
            datasets.append(node.dataset)
    return LeftOut(why, tuple(datasets))
