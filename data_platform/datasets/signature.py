"""What a producer's signature says: its inputs, its extra parameters and the engine of what it returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import dagster as dg

from data_platform.contracts import Contract
from data_platform.datasets.deferred import Deferred
from data_platform.datasets.partitions import partition_mapping
from data_platform.datasets.permitted import why_not
from data_platform.datasets.reads import Reads
from data_platform.engines import FRAMES, Engine, engine_of
from data_platform.files import Files
from data_platform.files.landing import Landing


@dataclass(frozen=True, slots=True)
class Input:
    """One parameter that is a dataset: which, through which engine, under which contract, and which partitions.

    `to_skip` is how its producer would say that missing partitions do not matter."""

    name: str
    reads: Reads
    engine: Engine
    contract: Contract
    mapping: dg.PartitionMapping | None
    to_skip: str = 'Reads(..., missing="skip")'


@dataclass(frozen=True, slots=True)
class FileInput:
    """One parameter that is files from outside: those there are, or those that land."""

    name: str
    files: Files | Landing
    engine: Engine


@dataclass(frozen=True, slots=True)
class Signature:
    """`resources` are parameters filled from Dagster resources of the same name, `config` is the one for run config (by
    its annotation, as Dagster has it); `engine` is the return annotation's."""

    inputs: tuple[Input, ...]
    resources: tuple[str, ...]
    config: Mapping[str, type[dg.Config]]
    takes_context: bool
    engine: Engine | None
    files: tuple[FileInput, ...] = ()

    @property
    def landing(self) -> Landing | None:
        """The landing zone that it reads; there is at most one."""
        return next((each.files for each in self.files if isinstance(each.files, Landing)), None)


def read_signature(
    function: Callable[..., Any], reader: Contract, contracts: Mapping[str, Contract]
) -> tuple[Signature, list[str]]:
    """The signature, and every problem with it (each with its fix)."""
    hints = get_type_hints(function, localns=Deferred(function), include_extras=True)
    inputs, sources, resources, config, problems = [], [], [], {}, []
    for name in inspect.signature(function).parameters:
        if name == "context":
            continue
        hint = hints.get(name)
        reads = next((each for each in get_args(hint)[1:] if isinstance(each, Reads)), None)
        files = next((each for each in get_args(hint)[1:] if isinstance(each, Files | Landing)), None)
        if get_origin(hint) is not Annotated or (reads is None and files is None):
            if hint is None or engine_of(hint) is not None:
                problems.append(f"parameter {name} does not say what it reads: annotate it Annotated[..., Reads(...)]")
            elif _is_config(hint):
                config[name] = hint
            else:
                resources.append(name)
            continue
        engine = engine_of(get_args(hint)[0])
        if engine is None:
            problems.append(
                f"parameter {name}: {get_args(hint)[0]!r} is not a frame type this platform reads; use one of "
                f"{', '.join(FRAMES)}"
            )
        if files is not None:
            if isinstance(files, Landing):
                problems += [f"parameter {name}: {problem}" for problem in files.problems(reader)]
                if any(isinstance(each.files, Landing) for each in sources):
                    problems.append(f"parameter {name}: a dataset has one landing zone; make the other its own dataset")
            if engine is not None:
                sources.append(FileInput(name, files, engine))
            continue
        assert reads is not None
        if found := _problems(name, reads, reader, contracts):
            problems += found
            continue
        read = contracts[reads.dataset]
        try:
            mapping = partition_mapping(reads.partitions, reader, read)
        except ValueError as error:
            problems.append(f"parameter {name}: {error}")
            continue
        if engine is not None:
            inputs.append(Input(name, reads, engine, read, mapping))
    takes_context = "context" in inspect.signature(function).parameters
    engine = engine_of(hints.get("return"))
    return Signature(tuple(inputs), tuple(resources), config, takes_context, engine, tuple(sources)), problems


def _is_config(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, dg.Config) and not issubclass(hint, dg.ConfigurableResource)


def _problems(name: str, reads: Reads, reader: Contract, contracts: Mapping[str, Contract]) -> list[str]:
    """What is wrong with one read: existence, columns, visibility, clearance, partitions."""
    if reads.dataset not in contracts:
        near = _closest(reads.dataset, contracts)
        return [f"parameter {name} reads {reads.dataset}, which has no contract{near}; correct the name or write it"]
    read = contracts[reads.dataset]
    wanted = reads.columns or read.column_names
    there = [column for column in wanted if column in read.column_names]
    forbidden = [f"parameter {name} {each}" for each in why_not(reader, read, there, "name the columns you need")]
    if not reader.may_see(read):  # nor which columns it has
        return forbidden
    missing = [
        f"parameter {name} reads {read.dataset}.{column}, which does not exist{_closest(column, read.column_names)}; its "
        f"columns are {', '.join(read.column_names)}"
        for column in wanted
        if column not in read.column_names
    ]
    return [*missing, *forbidden]


def _closest(name: str, known: Any) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
