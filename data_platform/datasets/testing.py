"""What a domain team tests with: a temporary lakehouse, frames made from a contract, and one-line materialization.

    from data_platform.datasets.testing import temporary_lakehouse, valid_frame, breaking_frames, materialize_dataset

As a pytest plugin (`pytest_plugins = ["data_platform.datasets.testing"]`) it gives the fixture `lakehouse`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from data_platform.contracts import Contract
from data_platform.datasets.dataset import Dataset
from data_platform.datasets.frames import breaking_frames, valid_frame
from data_platform.datasets.partitions import to_dagster
from data_platform.engines import Engine, engine_of
from data_platform.lakehouse import Lakehouse, Publication, current_lakehouse, plan_read, publish, stage, staging_folder
from data_platform.quality.frames import audit_frame

__all__ = [
    "assert_contract_holds",
    "breaking_frames",
    "execute_checks",
    "lakehouse",
    "materialize_dataset",
    "publish_frame",
    "read_dataset",
    "temporary_lakehouse",
    "valid_frame",
]


@contextmanager
def temporary_lakehouse(home: Path | None = None) -> Iterator[Lakehouse]:
    """A lakehouse of its own for the length of a test, for this process and those it starts."""
    before = {name: os.environ.get(name) for name in ("DATA_PLATFORM_HOME", "DATA_PLATFORM_WAREHOUSE")}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_PLATFORM_HOME"] = str(home or folder)
        os.environ.pop("DATA_PLATFORM_WAREHOUSE", None)
        try:
            yield current_lakehouse()
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@pytest.fixture
def lakehouse(tmp_path: Path) -> Iterator[Lakehouse]:
    """A temporary, empty lakehouse."""
    with temporary_lakehouse(tmp_path) as made:
        yield made


def publish_frame(
    frame: Any,
    contract: Contract,
    partitions: Sequence[str] = ("",),
    *,
    others: Mapping[str, Contract] | None = None,
) -> Publication:
    """Put rows into a dataset of the current lakehouse, through the same write-audit-publish as any producer.

    `others` are the contracts of the datasets that its rules read; without them such rules are left out."""
    if others is None:
        kept = [rule for rule in contract.rules if {each.dataset for each in rule.reads} <= {contract.dataset}]
        contract = replace(contract, rules=tuple(kept))
    engine, lakehouse = engine_of(type(frame)), current_lakehouse()
    if engine is None:
        raise TypeError(f"{type(frame).__name__} is not a frame")
    staged = stage(engine.relation(frame, lakehouse), contract, staging_folder(lakehouse, contract))
    return publish(lakehouse, staged, contract, partitions, others=others)


def assert_contract_holds(frame: Any, contract: Contract, others: Mapping[str, Any] | None = None) -> None:
    """Fail, saying what is broken, unless a frame keeps every rule that a frame can answer (see `quality.frames`).

    Nothing is published. `others` are the frames of the datasets that rules read, by dataset.
    """
    found = audit_frame(frame, contract, others=others)
    assert found.holds, str(found)


def read_dataset(contract: Contract, partitions: Sequence[str] | None = None, frame: str = "pyarrow.Table") -> Any:
    """The published rows, as any frame type the engines know."""
    lakehouse = current_lakehouse()
    return Engine(frame).read(plan_read(lakehouse, contract, (), partitions, allow_missing=True), lakehouse)


def materialize_dataset(
    dataset: Dataset,
    partition: str | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    resources: Mapping[str, Any] | None = None,
    raise_on_error: bool = True,
) -> dg.ExecuteInProcessResult:
    """Materialize one dataset in this process and the current lakehouse.

    `partition` is in the contract's spelling. `inputs` are frames by parameter name, or by dataset for what only a rule
    reads, published first as the content of what the dataset reads (into the same partition where that is partitioned
    alike), but for rules of theirs that read yet other datasets.
    """
    known = {each.name: each.contract for each in dataset.producer.signature.inputs}
    for name, frame in (inputs or {}).items():
        read = known[name] if name in known else dataset.producer.contracts[name]
        publish_frame(frame, read, (partition,) if read.partitioning and partition else ("",))
    key = to_dagster(dataset.contract, partition) if partition else None
    return dg.materialize([dataset], partition_key=key, resources=dict(resources or {}), raise_on_error=raise_on_error)


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
