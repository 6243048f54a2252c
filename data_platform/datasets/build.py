"""All domains' rooms as one set of Dagster definitions, with the errors that only the whole graph shows."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import ModuleType

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.dataset import Dataset, asset_key, io_manager, registry_of
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.metadata import definition_metadata
from data_platform.datasets.partitions import partitions_definition


def build_definitions(
    domains: ModuleType,
    *,
    resources: Mapping[str, object] | None = None,
    executor: dg.ExecutorDefinition | None = None,
) -> dg.Definitions:
    """Load every `<domain>/assets.py` below the package `domains`, check the graph, and add external datasets.

    Raises DefinitionError with every problem: duplicate producers, cycles, contracts without a producer.
    """
    contracts = registry_of(Path(domains.__path__[0]))
    modules = [
        importlib.import_module(f"{domains.__name__}.{found.name}.assets")
        for found in pkgutil.iter_modules(domains.__path__)
        if found.ispkg and (Path(domains.__path__[0]) / found.name / "assets.py").exists()
    ]
    assets = [value for module in modules for value in vars(module).values() if isinstance(value, dg.AssetsDefinition)]
    unique = list({id(asset): asset for asset in assets}.values())
    if problems := graph_problems(contracts, unique):
        raise DefinitionError(problems)
    return dg.Definitions(
        assets=[*unique, *external_assets(contracts.values())],
        resources={"lakehouse": io_manager(contracts), **(resources or {})},
        executor=executor,
    )


def graph_problems(contracts: Mapping[str, Contract], assets: Sequence[dg.AssetsDefinition]) -> list[str]:
    """What is wrong with the whole: each a sentence with its fix."""
    problems: list[str] = []
    producers: dict[str, list[dg.AssetsDefinition]] = {}
    for asset in assets:
        for key in asset.keys:
            producers.setdefault(".".join(key.path), []).append(asset)
    for dataset, several in producers.items():
        if len(several) > 1:
            places = " and ".join(map(_place, several))
            problems.append(
                f"{dataset} has {len(several)} producers ({places}); keep one, or give the other a contract"
            )
    for contract in contracts.values():
        if not contract.external and contract.dataset not in producers:
            problems.append(
                f"{contract.file or contract.dataset}: nothing produces {contract.dataset}; write a "
                f'@dataset("{contract.dataset}") function in {contract.domain}/assets.py, or set producer: external'
            )
    graph = {
        asset.contract.dataset: {each.reads.dataset for each in asset.producer.signature.inputs}
        for asset in assets
        if isinstance(asset, Dataset)
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        path = " -> ".join(reversed(cycle.args[1]))
        problems.append(f"datasets read each other in a cycle: {path}; break it by reading from an earlier dataset")
    return problems


def external_assets(contracts: Iterable[Contract]) -> list[dg.AssetSpec]:
    """Datasets whose contract says that somebody else produces them."""
    return [
        dg.AssetSpec(
            asset_key(contract.dataset),
            description=contract.description,
            metadata=definition_metadata(contract),
            group_name=contract.domain,
            owners=list(contract.owners),
            partitions_def=partitions_definition(contract.partitioning),
            kinds={"iceberg"},
        )
        for contract in contracts
        if contract.external
    ]


def _place(asset: dg.AssetsDefinition) -> str:
    if isinstance(asset, Dataset):
        code = asset.producer.function.__code__
        return f"{code.co_filename}:{code.co_firstlineno}"
    return asset.node_def.name
