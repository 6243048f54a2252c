"""A dataset's step, run in this process and the current lakehouse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.storage.tags import PARTITION_NAME_TAG

from data_platform.contracts import Contract
from data_platform.datasets.dataset import Dataset, with_frames
from data_platform.datasets.partitions import to_dagster
from data_platform.datasets.testing.lakehouses import publish_frame
from data_platform.engines import FRAMES, Engine, engine_of
from data_platform.lakehouse import current_lakehouse


def materialize(
    dataset: Dataset,
    partition: str | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Materialize one dataset in this process and the current lakehouse, of nothing but what is given here.

    `partition` is in the contract's spelling. `inputs` are frames, by parameter name: for a dataset that is read, they
    are published first as its content (into the same partition where that is partitioned alike), but for rules of
    theirs that read yet other datasets; for files, the function gets the frame, as the kind it asks for. What only a
    rule reads is given by dataset. `resources` are any objects with the methods that the function calls.

    TypeError for an input that the function does not have.
    """
    signature = dataset.producer.signature
    read = {each.name: each.contract for each in signature.inputs}
    from_files = {each.name: each.engine for each in signature.files}
    frames = {}
    for name, frame in (inputs or {}).items():
        if name in from_files:
            frames[name] = _as_kind(frame, from_files[name])
        else:
            contract = read.get(name) or _only_read_by_rules(dataset, name)
            publish_frame(frame, contract, (partition,) if contract.partitioning and partition else ("",))
    key = to_dagster(dataset.contract, partition) if partition else None
    return dg.materialize(
        [with_frames(dataset, frames)],
        partition_key=key,
        resources=dict(resources or {}),
        raise_on_error=raise_on_error,
    )


def _as_kind(frame: Any, wanted: Engine) -> Any:
    """A frame as the kind that a function asks for."""
    given = engine_of(type(frame))
    if given is None:
        raise TypeError(f"{type(frame).__name__} is not a frame; frames are {', '.join(FRAMES)}")
    return frame if given == wanted else wanted.convert(given.relation(frame, current_lakehouse()))


def _only_read_by_rules(dataset: Dataset, name: str) -> Contract:
    if name in dataset.producer.contracts:
        return dataset.producer.contracts[name]
    signature = dataset.producer.signature
    known = [each.name for each in (*signature.inputs, *signature.files)]
    raise TypeError(
        f"{dataset.contract.dataset} has no input {name!r}; it has {', '.join(known) or 'none'} (what only a rule reads is "
        "given by dataset: domain.name)"
    )


def execute_checks(
    dataset: Dataset,
    *names: str,
    partition: str | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Execute checks of one dataset alone (none named: all), on what the current lakehouse has published.

    Without a partition (in the contract's spelling) they are executed on the latest.
    """
    (key,) = dataset.keys
    keys = [dg.AssetCheckKey(key, name) for name in names] or list(dataset.check_keys)
    return dg.materialize(
        [dataset],
        selection=dg.AssetSelection.checks(*keys),
        tags={PARTITION_NAME_TAG: to_dagster(dataset.contract, partition)} if partition else None,
        resources=dict(resources or {}),
        raise_on_error=raise_on_error,
    )
