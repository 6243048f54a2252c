"""The contract: what a dataset promises, read from ODCS v3 files into one small frozen model.

Belongs here: the model, reading and linting ODCS, the rule kinds and what they mean.
Does not: SQL, Arrow, Iceberg, Dagster. This room imports no other room, so a notebook, a stream consumer or
another orchestrator can use it alone. Everybody may import it.
"""

from data_platform.contracts.catalog import Contracts
from data_platform.contracts.errors import ContractError, Finding
from data_platform.contracts.model import (
    MASK,
    Column,
    Contract,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Reference,
    Rule,
    Threshold,
    Unchecked,
)
from data_platform.contracts.types import ColumnType

__all__ = [
    "MASK",
    "Column",
    "ColumnType",
    "Contract",
    "ContractError",
    "Contracts",
    "Finding",
    "OnFailure",
    "PartitionKey",
    "Partitioning",
    "Policy",
    "Reference",
    "Rule",
    "Threshold",
    "Unchecked",
]
