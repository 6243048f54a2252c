"""`@dataset`: a contract and a function become a Dagster asset. Everything else is derived from those two."""

from __future__ import annotations

import hashlib
import inspect
import textwrap
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial, wraps
from pathlib import Path
from typing import Any

import dagster as dg

from data_platform.contracts import Contract, Contracts
from data_platform.datasets import checks, metadata
from data_platform.datasets.automation import automation_condition
from data_platform.datasets.declared import Declared, read_declared
from data_platform.datasets.dependencies import dependencies
from data_platform.datasets.described import description
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.io import LakehouseIOManager
from data_platform.datasets.launch.where import launch_problems
from data_platform.datasets.metadata import asset_key
from data_platform.datasets.partitions import partitions_definition
from data_platform.datasets.producer import Producer
from data_platform.datasets.scheduled import AS_FILES_LAND
from data_platform.datasets.signature import Signature, read_signature
from data_platform.datasets.spark import tool_tags
from data_platform.datasets.step import OUTPUT, produce
from data_platform.lineage import Origin
from data_platform.settings import Settings

for _beta in (
    "resource_defs",
    "allow_nonexistent_upstream_partitions",
    "data_version",
):  # used knowingly; pinned by tests
    warnings.filterwarnings("ignore", message=f"Parameter `{_beta}`", category=dg.BetaWarning)
warnings.filterwarnings("ignore", message="Class `\\w*CodeReference", category=dg.BetaWarning)
warnings.filterwarnings("ignore", message="Class `MultiToSingleDimensionPartitionMapping`", category=dg.BetaWarning)

EXTRACTION_RETRIES = dg.RetryPolicy(max_retries=2, delay=5, backoff=dg.Backoff.EXPONENTIAL)
"""For datasets that read the outside world. A function of pinned inputs that fails once fails again: no retries."""


class Dataset(dg.AssetsDefinition):
    """A Dagster asset made by `@dataset`. Calling it with frames runs just the decorated function."""

    producer: Producer

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.producer.function(*args, **kwargs)

    @property
    def contract(self) -> Contract:
        return self.producer.contract

    @property
    def producers(self) -> tuple[Producer]:
        return (self.producer,)


def dataset(
    name: str, *, contracts: Mapping[str, Contract] | None = None, lineage: Declared | None = None
) -> Callable[[Callable[..., Any]], Dataset]:
    """Make the decorated function the producer of the dataset `name` (`<domain>.<name>`).

    The function's typed parameters say what it reads (`Annotated[frame type, Reads(...)]`); it may also take
    `context` (dagster's AssetExecutionContext) and Dagster resources or config, annotated with their types. It
    returns one frame of any supported type.

    `contracts` is the contract registry; by default the `contracts/` folders of the domains around the function's file.
    `lineage` declares where columns come from that an eager frame (pandas, Arrow, pl.DataFrame) cannot say: by output
    column, or `*` for the rows, columns that are read, such as `AGGREGATION tracking.sessions.views`.

    Raises DefinitionError, with the fix for each problem, where the contract is missing, or an input does not exist, is
    private to another domain or too sensitive, or an annotation or what is declared is not right.
    """

    def define(function: Callable[..., Any]) -> Dataset:
        registry = (
            contracts if contracts is not None else registry_of(Path(function.__code__.co_filename).parent.parent)
        )
        where = f"{function.__code__.co_filename}:{function.__code__.co_firstlineno}: @dataset({name!r})"
        if name not in registry:
            domain, _, short = name.partition(".")
            raise DefinitionError([f"{where}: there is no contract {name}; write {domain}/contracts/{short}.yaml"])
        contract = registry[name]
        if contract.external:
            raise DefinitionError([f"{where}: the contract says producer: external; remove that line or this function"])
        signature, problems = read_signature(function, contract, registry)
        declared, wrong = read_declared(lineage or {}, contract, signature)
        problems += [] if problems else [*wrong, *launch_problems(function, contract, signature)]
        problems += [
            f"the rule {rule.name} reads {each.dataset}, which has no contract; correct the name or write it"
            for rule in contract.rules
            for each in rule.reads
            if each.dataset not in registry
        ]
        if problems:
            raise DefinitionError([f"{where}: {problem}" for problem in problems])
        retries = None if signature.inputs else EXTRACTION_RETRIES
        return _asset(function, contract, signature, registry, retries, declared)

    return define


def with_frames(dataset: Dataset, frames: Mapping[str, Any]) -> Dataset:
    """The same dataset with frames in place of files that it reads, by parameter, without retries, and in the step's own
    process whatever its size: for tests."""
    producer = dataset.producer
    left = tuple(each for each in producer.signature.files if each.name not in frames)

    @wraps(producer.function)
    def function(**arguments: Any) -> Any:
        return producer.function(**arguments, **frames)

    signature = replace(producer.signature, files=left)
    return _asset(function, producer.contract, signature, producer.contracts, None, producer.lineage, stays=True)


def _asset(
    function: Callable[..., Any],
    contract: Contract,
    signature: Signature,
    registry: Mapping[str, Contract],
    retries: dg.RetryPolicy | None,
    declared: Mapping[str, frozenset[Origin]],
    *,
    stays: bool = False,
) -> Dataset:
    settings = Settings.from_environment()
    granularity = settings.checks
    key = asset_key(contract.dataset)
    version, code = code_version(function), inspect.unwrap(function).__code__
    producer = Producer(function, contract, signature, key, granularity, version, registry, declared, stays)
    decorate = dg.multi_asset(
        name=contract.dataset.replace(".", "__"),
        deps=dependencies(producer),
        outs={
            OUTPUT: dg.AssetOut(
                key=key,
                dagster_type=object,
                is_required=False,  # withheld where a partition is blocked: nothing recorded, nothing run downstream
                io_manager_key="datasets",
                description=_description(contract, function),
                metadata=metadata.definition_metadata(contract, settings.code, code.co_filename, code.co_firstlineno),
                group_name=contract.domain,
                code_version=version,
                automation_condition=None  # where files land, a sensor knows when
                if signature.landing
                else automation_condition(contract, [each.reads for each in signature.inputs]),
                owners=metadata.owners(contract),
                tags=metadata.tags(contract) | (AS_FILES_LAND if signature.landing else {}),
                kinds=metadata.kinds(signature),
                freshness_policy=dg.FreshnessPolicy.time_window(fail_window=contract.freshness)
                if contract.freshness
                else None,
            )
        },
        check_specs=checks.check_specs(
            contract, key, granularity, has_inputs=bool(signature.inputs), has_landing=signature.landing is not None
        ),
        can_subset=True,  # each check can be executed alone
        op_tags=tool_tags(signature),
        partitions_def=partitions_definition(contract.partitioning),
        backfill_policy=dg.BackfillPolicy.single_run() if contract.partitioning else None,
        retry_policy=retries,
        required_resource_keys=set(signature.resources),
        resource_defs={"datasets": io_manager(registry)},
    )
    asset = decorate(configured(producer, partial(produce, producer)))
    asset.__class__ = Dataset  # multi_asset has no way to say which class it builds
    asset.producer = producer  # type: ignore[attr-defined]
    return asset  # type: ignore[return-value]


def configured(producer: Producer, do: Callable[[Any, Mapping[str, Any]], Any]) -> Callable[..., Any]:
    """The function Dagster runs, which passes the context and run config to `do`; inputs and resources are the step's to
    fetch."""

    def compute(context: dg.AssetExecutionContext, **config: Any) -> Any:
        return do(context, config)

    annotations: dict[str, Any] = {"context": dg.AssetExecutionContext, **producer.signature.config}
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    compute.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, kind, annotation=hint) for name, hint in annotations.items()]
    )
    compute.__annotations__ = annotations
    compute.__name__ = producer.function.__name__
    compute.__doc__ = producer.function.__doc__
    return compute


def _description(contract: Contract, function: Callable[..., Any]) -> str:
    notes = inspect.cleandoc(function.__doc__) if function.__doc__ else ""
    return description(contract, notes)


def code_version(function: Callable[..., Any]) -> str:
    """A hash of the function's source: the asset is stale when it changes."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except OSError:  # made in a console or by exec
        source = function.__code__.co_code.hex()
    return hashlib.sha256(source.encode()).hexdigest()[:12]


@lru_cache
def registry_of(domains: Path) -> Contracts:
    return Contracts.load(domains, cache=Settings.from_environment().home / "cache")


_IO_MANAGERS: dict[int, tuple[Mapping[str, Contract], dg.IOManagerDefinition]] = {}


def io_manager(registry: Mapping[str, Contract]) -> dg.IOManagerDefinition:
    """One IO manager definition per registry: Dagster refuses two objects under one resource key."""
    known, manager = _IO_MANAGERS.get(id(registry), (None, None))
    if manager is None or known is not registry:
        manager = dg.IOManagerDefinition.hardcoded_io_manager(LakehouseIOManager(registry))
        _IO_MANAGERS[id(registry)] = registry, manager
    return manager
