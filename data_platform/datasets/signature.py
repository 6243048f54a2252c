"""What a producer's signature says: its inputs, its extra parameters and the engine of what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from data_platform.contracts import Contract
from data_platform.datasets.reads import Reads, Window
from data_platform.engines import FRAMES, Engine, engine_of


@dataclass(frozen=True, slots=True)
class Input:
    """One parameter that is a dataset: which, through which engine, under which contract."""

    name: str
    reads: Reads
    engine: Engine
    contract: Contract


@dataclass(frozen=True, slots=True)
class Signature:
    """`extras` are the parameters Dagster supplies (resources, config); `engine` is the return annotation's."""

    inputs: tuple[Input, ...]
    extras: Mapping[str, Any]
    takes_context: bool
    engine: Engine | None


def read_signature(
    function: Callable[..., Any], reader: Contract, contracts: Mapping[str, Contract]
) -> tuple[Signature, list[str]]:
    """The signature, and every problem with it (each with its fix)."""
    hints = get_type_hints(function, include_extras=True)
    inputs, extras, problems = [], {}, []
    for name in inspect.signature(function).parameters:
        if name == "context":
            continue
        hint = hints.get(name)
        reads = next((each for each in get_args(hint)[1:] if isinstance(each, Reads)), None)
        if get_origin(hint) is not Annotated or reads is None:
            if hint is None or engine_of(hint) is not None:
                problems.append(f"parameter {name} does not say what it reads: annotate it Annotated[..., Reads(...)]")
            extras[name] = hint
            continue
        engine = engine_of(get_args(hint)[0])
        if engine is None:
            problems.append(
                f"parameter {name}: {get_args(hint)[0]!r} is not a frame type this platform reads; use one of "
                f"{', '.join(FRAMES)}"
            )
        found = _problems(name, reads, reader, contracts)
        problems += found
        if engine is not None and not found:
            inputs.append(Input(name, reads, engine, contracts[reads.dataset]))
    takes_context = "context" in inspect.signature(function).parameters
    return Signature(tuple(inputs), extras, takes_context, engine_of(hints.get("return"))), problems


def _problems(name: str, reads: Reads, reader: Contract, contracts: Mapping[str, Contract]) -> list[str]:
    """What is wrong with one read: existence, columns, visibility, clearance, partitions."""
    if reads.dataset not in contracts:
        near = _closest(reads.dataset, contracts)
        return [f"parameter {name} reads {reads.dataset}, which has no contract{near}; correct the name or write it"]
    read = contracts[reads.dataset]
    if read.domain != reader.domain and read.visibility != "public":
        return [
            f"parameter {name} reads {read.dataset}, which is private to the domain {read.domain}; ask "
            f"{', '.join(read.owners) or 'its owner'} to set visibility: public, or read a public dataset of that domain"
        ]
    problems = []
    for column in reads.columns or read.column_names:
        if column not in read.column_names:
            near = _closest(column, read.column_names)
            problems.append(
                f"parameter {name} reads {read.dataset}.{column}, which does not exist{near}; its columns are "
                f"{', '.join(read.column_names)}"
            )
        elif not reader.may_read(read.column(column)):
            problems.append(
                f"parameter {name} reads {read.dataset}.{column}, which is {read.column(column).classification}, but "
                f"{reader.dataset} is only cleared for {reader.clearance}; name the columns you need without it, or set "
                f"clearance: {read.column(column).classification} in the contract of {reader.dataset}"
            )
    if isinstance(reads.partitions, Window) and not (_time(read) and _time(reader)):
        problems.append(
            f"parameter {name} reads a window of {read.dataset}, but a window needs both datasets partitioned by time; "
            'use partitions="all"'
        )
    return problems


def _time(contract: Contract) -> bool:
    return contract.partitioning is not None and contract.partitioning.time is not None


def _closest(name: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
