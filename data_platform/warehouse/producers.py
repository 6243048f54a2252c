"""A model as a producer like any other: what it reads, which partitions of it, and all that is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from data_platform.contracts import Contract
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.metadata import asset_key
from data_platform.datasets.partitions import partition_mapping
from data_platform.datasets.permitted import why_not
from data_platform.datasets.producer import Producer
from data_platform.datasets.reads import Reads, window
from data_platform.datasets.signature import Input, Signature
from data_platform.engines import Engine
from data_platform.lineage.model import ANY, Lineage
from data_platform.warehouse.manifest import Model
from data_platform.warehouse.project import Project

_DUCKDB = Engine("duckdb.DuckDBPyRelation")
_META = ("partitions", "missing")


def producers(
    known: Mapping[str, Model], lineages: Mapping[str, Lineage], project: Project, granularity: str
) -> dict[str, Producer]:
    """The producer of every known model that is a dataset, by dataset; `lineages` are those of the models.

    Raises DefinitionError, with the fix for each problem, where a contract is missing, or a model reads what does not
    exist, is private to another domain or too sensitive.
    """
    found, problems = {}, list[str]()
    for name, model in known.items():
        if name not in project.contracts:
            domain, _, short = name.partition(".")
            problems.append(f"{model.file}: there is no contract {name}; write {domain}/contracts/{short}.yaml")
            continue
        contract = project.contracts[name]
        if contract.external:
            problems.append(f"{model.file}: the contract says producer: external; remove that line or this model")
            continue
        found[name] = _producer(model, contract, project, granularity, lineages[name], problems)
    problems += [
        f"{file}: not found in dbt's manifest; its name or its configuration (materialized, enabled) says it is no dataset"
        for name, file in project.marts.items()
        if name not in known
    ]
    if problems:
        raise DefinitionError(problems)
    return found


def _producer(
    model: Model, contract: Contract, project: Project, granularity: str, lineage: Lineage, problems: list[str]
) -> Producer:
    inputs = []
    problems += [f"{model.file}: {each}" for each in _misspelt(model)]
    for name in model.reads:
        if name not in project.contracts:
            problems.append(f"{model.file} reads {name}, which has no contract; correct the name or write it")
            continue
        read = project.contracts[name]
        forbidden = why_not(contract, read, columns_used(read, lineage), "leave the column out")
        problems += [f"{model.file} {each}" for each in forbidden]
        try:
            reads = _reads(model, contract, name)
            mapping = partition_mapping(reads.partitions, contract, read)
        except ValueError as error:
            problems.append(f"{model.file}: {error}")
            continue
        inputs.append(Input(name, reads, _DUCKDB, read, mapping, f"meta: {{missing: {{{name}: skip}}}}"))
    signature = Signature(tuple(inputs), (), {}, False, _DUCKDB)
    key = asset_key(contract.dataset)
    return Producer(_no_function, contract, signature, key, granularity, model.code_version, project.contracts)


def _no_function(**inputs: Any) -> None:
    """A model is a query, which dbt runs."""
    raise NotImplementedError


def _misspelt(model: Model) -> Iterator[str]:
    for entry in _META:
        for name in sorted(_chosen(model, entry).keys() - set(model.reads)):
            yield f"meta.{entry} names {name}, which the model does not read; it reads {', '.join(model.reads)}"


def _chosen(model: Model, entry: str) -> Mapping[str, Any]:
    """What the model's `meta` chooses, by dataset read. Raises DefinitionError where it is no such choice."""
    chosen = model.meta.get(entry) or {}
    if not isinstance(chosen, Mapping):
        example = "{ads.listings: all}" if entry == "partitions" else "{ads.listings: skip}"
        raise DefinitionError([f"{model.file}: meta.{entry} is {chosen!r}; say it by dataset, as in {example}"])
    return chosen


def _reads(model: Model, contract: Contract, dataset: str) -> Reads:
    """What the model's `meta` says of the dataset. An unpartitioned model reads all there is."""
    how = _chosen(model, "partitions").get(dataset, "same" if contract.partitioning else "all")
    missing = _chosen(model, "missing").get(dataset)
    return Reads(dataset, partitions=window(how) if isinstance(how, int) else how, missing=missing)


def columns_used(read: Contract, lineage: Lineage) -> tuple[str, ...]:
    """The columns of a dataset that a query uses in any way: all of them where that cannot be told."""
    used = {column for dataset, column in lineage.used() if dataset == read.dataset}
    return tuple(name for name in read.column_names if name in used or ANY in used)
