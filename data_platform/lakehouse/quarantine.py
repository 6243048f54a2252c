"""The quarantine of a dataset: a table of the rows its rules refused, with why, replaced partition by partition."""

from __future__ import annotations

from dataclasses import replace

from data_platform.contracts import Column, ColumnType, Contract, Partitioning, PartitionKey

SUFFIX = "__quarantine"

_TEXT = ColumnType("string")
STAMP = (
    Column("_uncast", _TEXT, description="JSON: the original text of values that cannot be cast, by column"),
    Column("_rules", ColumnType("list", element=_TEXT), description="The rules that refused the row"),
    Column("_reasons", ColumnType("list", element=_TEXT), description="Why, one text per rule"),
    Column("_partition", _TEXT, description="The partition the row was produced for"),
    Column("_run_id", _TEXT, description="The run that produced the row"),
    Column("_contract_version", _TEXT, description="The contract that refused it"),
    Column("_quarantined_at", ColumnType("timestamptz"), description="When"),
)


def quarantine_contract(contract: Contract) -> Contract:
    """The contract of `<dataset>__quarantine`: the dataset's columns, none required, then the stamp."""
    columns = tuple(replace(column, required=False, unique=False) for column in contract.columns)
    return replace(
        contract,
        name=contract.name + SUFFIX,
        columns=columns + STAMP,
        description=f"Rows that the rules of {contract.dataset} refused, with the reason.",
        primary_key=(),
        rules=(),
        partitioning=Partitioning((PartitionKey("_partition", "static"),)),
        freshness=None,
    )
