"""The quarantine as an asset beside its dataset: `<domain>/<name>__quarantine`.

Nobody materializes it: the step that publishes the dataset records what it left waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dagster as dg

from data_platform.contracts import Contract, Policy
from data_platform.contracts.model import PUBLICATION
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets.metadata import asset_key, column_schema, owners
from data_platform.datasets.partitions import partitions_definition, to_dagster
from data_platform.lakehouse import Lakehouse, Publication
from data_platform.lakehouse.quarantine import Waiting, quarantine_contract, waiting


def has_quarantine(contract: Contract) -> bool:
    """Whether a rule of the dataset can refuse single rows."""
    return any(rule.on_failure.policy is Policy.QUARANTINE for rule in contract.rules_at(PUBLICATION))


def quarantine_assets(contracts: Iterable[Contract]) -> list[dg.AssetSpec]:
    """One external asset per dataset that can have a quarantine; its only parent is the dataset. They stand in a group
    per domain: datasets and their refused rows in one would hide each other."""
    specs = []
    for contract in contracts:
        if not contract.external and has_quarantine(contract):
            beside = quarantine_contract(contract)
            specs.append(
                dg.AssetSpec(
                    asset_key(beside.dataset),
                    deps=[asset_key(contract.dataset)],
                    description=f"{beside.description} They wait for `dp quarantine replay {contract.dataset}`.",
                    metadata={
                        "dagster/column_schema": column_schema(beside),
                        "dagster/table_name": beside.dataset,
                    },
                    group_name=f"{contract.domain}_quarantine",
                    owners=owners(contract),
                    partitions_def=partitions_definition(contract.partitioning),
                    kinds={"iceberg"},
                )
            )
    return specs


def record_waiting(
    contract: Contract, context: dg.AssetExecutionContext, lakehouse: Lakehouse, publication: Publication
) -> None:
    """Record what waits now of every partition just published that has, or ever had, refused rows."""
    if not has_quarantine(contract):
        return
    key = asset_key(quarantine_contract(contract).dataset)
    has = {partition for partition in publication.published if publication.quarantined.get(partition)}
    there = waiting(lakehouse, contract, sorted(has)) if has else {}
    recorded = _recorded(context.instance, contract, key)
    for partition in publication.published:
        spelt = to_dagster(contract, partition)
        if partition in has or spelt in recorded:
            counts = waiting_metadata(contract, there.get(partition))
            context.log_event(dg.AssetMaterialization(key, partition=spelt or None, metadata=counts))


def _recorded(instance: dg.DagsterInstance, contract: Contract, key: dg.AssetKey) -> set[str]:
    """The partitions of which something ever waited, as far as Dagster was told."""
    if contract.partitioning:
        return instance.get_materialized_partitions(key)
    return set() if instance.get_latest_materialization_event(key) is None else {WHOLE}


def waiting_metadata(contract: Contract, there: Waiting | None) -> dict[str, Any]:
    """Rows that wait, in all and by rule, as numbers that the UI plots; a row may break several rules."""
    name = "dagster/partition_row_count" if contract.partitioning else "dagster/row_count"
    return {name: there.rows if there else 0} | (dict(there.rules) if there else {})
