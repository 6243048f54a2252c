"""What makes a dataset: its function, and all that a step needs to know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.signature import Signature
from data_platform.lineage import Origin


@dataclass(frozen=True, slots=True)
class Producer:
    """The function, its contract, what it reads, and how its checks are grouped; `contracts` is the registry, `lineage`
    what the dataset declares of its columns (rows under ''). `stays` in the step's own process whatever its size: for tests.
    """

    function: Callable[..., Any]
    contract: Contract
    signature: Signature
    key: dg.AssetKey
    granularity: str
    code_version: str
    contracts: Mapping[str, Contract]
    lineage: Mapping[str, frozenset[Origin]] = field(default_factory=dict)
    stays: bool = False


def producers_of(assets: Iterable[dg.AssetsDefinition]) -> list[Producer]:
    """The producers of all datasets among the assets: one has a function, or several have a query each."""
    return [producer for asset in assets for producer in getattr(asset, "producers", ())]
