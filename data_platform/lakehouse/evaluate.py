"""Rules evaluated without publishing: on what is published already, or on inputs before anything is made from them."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from data_platform.contracts import Contract, Rule
from data_platform.contracts.model import INPUT
from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.duck import connect, restrict
from data_platform.lakehouse.provenance import InputRead
from data_platform.lakehouse.read import plan_read
from data_platform.lakehouse.references import gather
from data_platform.quality.audit import audit
from data_platform.quality.conform import as_published
from data_platform.quality.examples import judge
from data_platform.quality.policy import Verdict
from data_platform.quality.rows import create_views
from data_platform.quality.sql import files as parquet
from data_platform.quality.sql import sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def audit_published(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str],
    rules: Sequence[Rule],
    others: Mapping[str, Contract] | None = None,
) -> tuple[Verdict, ...]:
    """One verdict per partition on the rows of the current snapshot, under `rules` alone; nothing is written or moved.

    `others` are the contracts of the datasets that the rules read.
    Raises MissingPartitions where a partition was never published, and RuleError where a rule cannot be evaluated.
    """
    plan = plan_read(lakehouse, contract, (), partitions if contract.partitioning else None)
    return _verdicts(lakehouse, contract, partitions, plan.files, rules, others or {}, ())


def audit_inputs(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str],
    inputs: Sequence[InputRead],
    others: Mapping[str, Contract] | None = None,
) -> tuple[Verdict, ...]:
    """One verdict per partition that is to be produced, under the contract's INPUT rules, on the inputs as they will be
    read: at the snapshots that `inputs` pin, else at the current ones.

    Raises RuleError where a rule cannot be evaluated (an input is missing, say).
    """
    return _verdicts(lakehouse, contract, partitions, (), contract.rules_at(INPUT), others or {}, inputs)


def _verdicts(
    lakehouse: Lakehouse,
    contract: Contract,
    partitions: Sequence[str],
    files: Sequence[str],
    rules: Sequence[Rule],
    others: Mapping[str, Contract],
    inputs: Sequence[InputRead],
) -> tuple[Verdict, ...]:
    if not rules:
        return ()
    spill = lakehouse.settings.home / "spill" / uuid.uuid4().hex
    asked = tuple(dict.fromkeys(partitions))
    try:
        with closing(connect(lakehouse.settings.warehouse)) as connection:
            stored = _stored_types(connection, contract, files)
            shape = as_published(contract, stored)
            create_views(connection, shape, files, stored)
            elsewhere, needed = gather(connection, lakehouse, contract, rules, asked, others, inputs)
            restrict(connection, (), str(spill), [*files, *needed])
            counted = audit(connection, contract, shape, asked, rules, elsewhere)
            return judge(connection, contract, shape, rules, asked, counted, elsewhere)
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def _stored_types(connection: DuckDBPyConnection, contract: Contract, files: Sequence[str]) -> dict[str, str]:
    """The columns that data files have together, with their DuckDB types."""
    if not files:
        return {column.name: sql_type(column.type) for column in contract.columns}
    described = connection.execute(f"DESCRIBE SELECT * FROM {parquet(files, ', union_by_name=true')}")
    return {name: kind for name, kind, *_ in described.fetchall()}
