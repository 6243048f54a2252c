"""What a domain team tests with: a temporary lakehouse, frames made from a contract, and one-line materialization.

    from data_platform.datasets.testing import temporary_lakehouse, valid_frame, breaking_frames, materialize_dataset

As a pytest plugin (`pytest_plugins = ["data_platform.datasets.testing"]`) it gives the fixture `lakehouse`.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from data_platform.contracts import Contract
from data_platform.datasets.dataset import Dataset
from data_platform.datasets.frames import breaking_frames, valid_frame
from data_platform.datasets.partitions import to_dagster
from data_platform.engines import Engine, engine_of
from data_platform.lakehouse import Lakehouse, Publication, current_lakehouse, plan_read, publish, stage, staging_folder

__all__ = [
    "breaking_frames",
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


def publish_frame(frame: Any, contract: Contract, partitions: Sequence[str] = ("",)) -> Publication:
    """Put rows into a dataset of the current lakehouse, through the same write-audit-publish as any producer."""
    engine, lakehouse = engine_of(type(frame)), current_lakehouse()
    if engine is None:
        raise TypeError(f"{type(frame).__name__} is not a frame")
    staged = stage(engine.relation(frame, lakehouse), contract, staging_folder(lakehouse, contract))
    return publish(lakehouse, staged, contract, partitions)


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

    `partition` is in the contract's spelling. `inputs` are frames by parameter name, published first as the content of
    what the dataset reads (into the same partition where that is partitioned alike).
    """
    for name, frame in (inputs or {}).items():
        read = next(each for each in dataset.producer.signature.inputs if each.name == name).contract
        publish_frame(frame, read, (partition,) if read.partitioning and partition else ("",))
    key = to_dagster(dataset.contract, partition) if partition else None
    return dg.materialize([dataset], partition_key=key, resources=dict(resources or {}), raise_on_error=raise_on_error)
