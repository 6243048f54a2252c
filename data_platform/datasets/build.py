"""All domains' rooms as one set of Dagster definitions, with the errors that only the whole graph shows."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg

from data_platform.contracts import Contract, Contracts
from data_platform.datasets.dataset import Dataset, io_manager, registry_of
from data_platform.datasets.dependencies import rule_reads
from data_platform.datasets.described import description
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.metadata import asset_key, definition_metadata, owners, tags
from data_platform.datasets.partitions import partitions_definition
from data_platform.datasets.producer import Producer, producers_of
from data_platform.datasets.quarantine import quarantine_assets
from data_platform.datasets.scheduled import Scheduled
from data_platform.settings import Settings


def build_definitions(
    domains: ModuleType,
    *,
    assets: Sequence[dg.AssetsDefinition] = (),
    absent: Collection[str] = (),
    resources: Mapping[str, object] | None = None,
    executor: dg.ExecutorDefinition | None = None,
    schedules: Sequence[dg.ScheduleDefinition] = (),
    **operations: Any,
) -> dg.Definitions:
    """Load every `<domain>/assets.py` below the package `domains`, add `assets` made elsewhere, check the graph, and add
    external datasets and quarantines. What makes the datasets `absent` is not installed here: they are there to be read,
    like external ones. `schedules` are joined by those that the assets bring along (see `scheduled`);
    `operations` are jobs and sensors, as `Definitions` takes them.

    Raises DefinitionError with every problem: duplicate producers, cycles, contracts without a producer.
    """
    contracts, assets = contracts_of(domains), [*assets_of(domains), *assets]
    known = {name: replace(each, external=True) if name in absent else each for name, each in contracts.items()}
    if problems := graph_problems(known, assets):
        raise DefinitionError(problems)
    return dg.Definitions(
        assets=[*assets, *external_assets(known.values()), *quarantine_assets(known.values())],
        resources={"lakehouse": io_manager(contracts), **(resources or {})},
        executor=executor,
        schedules=[*schedules, *(each for asset in assets if isinstance(asset, Scheduled) for each in asset.schedules)],
        **operations,
    )


def contracts_of(domains: ModuleType) -> Contracts:
    """The contracts of all domains."""
    return registry_of(Path(domains.__path__[0]))


def assets_of(domains: ModuleType) -> list[dg.AssetsDefinition]:
    """All assets that the domains' rooms define, each once."""
    modules = [
        importlib.import_module(f"{domains.__name__}.{found.name}.assets")
        for found in pkgutil.iter_modules(domains.__path__)
        if found.ispkg and (Path(domains.__path__[0]) / found.name / "assets.py").exists()
    ]
    assets = [value for module in modules for value in vars(module).values() if isinstance(value, dg.AssetsDefinition)]
    return list({id(asset): asset for asset in assets}.values())


def datasets_of(domains: ModuleType) -> list[Dataset]:
    """Those of them that `@dataset` made."""
    return [asset for asset in assets_of(domains) if isinstance(asset, Dataset)]


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
                f'@dataset("{contract.dataset}") function in {contract.domain}/assets.py or a model '
                f"{contract.domain}__{contract.name}.sql, or set producer: external"
            )
    made = {each.contract.dataset: each for each in producers_of(assets)}
    graph = {name: _reads(each) | rule_reads(each.contract).keys() for name, each in made.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as cycle:
        path = list(reversed(cycle.args[1]))
        problems.append(
            f"datasets read each other in a cycle: {' -> '.join(path)}; break it by reading from an earlier dataset"
            + _through_rules(path, made)
        )
    return problems


def _reads(producer: Producer) -> set[str]:
    return {each.reads.dataset for each in producer.signature.inputs}


def _through_rules(path: Sequence[str], known: Mapping[str, Producer]) -> str:
    """Which steps of a cycle only a rule makes, and the other way to break those."""
    rules = [
        f"{reader} reads {read} only for its rule `{rule_reads(known[reader].contract)[read][0].name}`"
        for reader, read in pairwise(path)
        if read not in _reads(known[reader])
    ]
    return f" ({'; '.join(rules)}: such a rule can have a `schedule` instead)" if rules else ""


def external_assets(contracts: Iterable[Contract]) -> list[dg.AssetSpec]:
    """Datasets whose contract says that somebody else produces them."""
    code = Settings.from_environment().code
    return [
        dg.AssetSpec(
            asset_key(contract.dataset),
            description=description(contract),
            metadata=definition_metadata(contract, code),
            group_name=contract.domain,
            owners=owners(contract),
            tags=tags(contract),
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
