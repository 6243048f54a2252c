"""A lakehouse for the length of a test, and rows put into it and taken out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from data_platform.contracts import Contract
from data_platform.engines import Engine, engine_of
from data_platform.lakehouse import Lakehouse, Publication, current_lakehouse, plan_read, publish

MOVED = ("HOME", "WAREHOUSE", "CATALOG")


@contextmanager
def temporary_lakehouse(home: Path | None = None) -> Iterator[Lakehouse]:
    """A lakehouse of its own for the length of a test, for this process and those it starts."""
    before = {name: os.environ.pop(name, None) for name in (f"DATA_PLATFORM_{each}" for each in MOVED)}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATA_PLATFORM_HOME"] = str(home or folder)
        try:
            yield current_lakehouse()
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


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
    return publish(lakehouse, engine.stage(frame, contract, lakehouse), contract, partitions, others=others)


def read_dataset(contract: Contract, partitions: Sequence[str] | None = None, frame: str = "pyarrow.Table") -> Any:
    """The published rows, as any frame type the engines know."""
    lakehouse = current_lakehouse()
    return Engine(frame).read(plan_read(lakehouse, contract, (), partitions, allow_missing=True), lakehouse)
