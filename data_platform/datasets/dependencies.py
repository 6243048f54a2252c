"""What an asset depends on: what its producer reads, and what only a rule of its contract reads."""

from __future__ import annotations

import dagster as dg

from data_platform.contracts import Contract, Rule
from data_platform.contracts.model import INPUT, PUBLICATION
from data_platform.datasets.metadata import asset_key
from data_platform.datasets.partitions import partition_mapping
from data_platform.datasets.producer import Producer
from data_platform.datasets.reads import Window
from data_platform.datasets.signature import Input


def dependencies(producer: Producer) -> list[dg.AssetDep]:
    """One per dataset read; where it is read twice, the wider read decides which partitions it depends on. What only
    a rule reads is a dependency, too: it has to be there when the rule is evaluated."""
    contract, mappings = producer.contract, dict[str, dg.PartitionMapping | None]()
    for each in sorted(producer.signature.inputs, key=_width):
        mappings[each.reads.dataset] = each.mapping
    for name, (_, partitions) in rule_reads(contract).items():
        if name not in mappings:
            mappings[name] = _mapping(partitions, contract, producer.contracts[name])
    return [dg.AssetDep(asset_key(name), partition_mapping=mapping) for name, mapping in mappings.items()]


def rule_reads(contract: Contract) -> dict[str, tuple[Rule, str]]:
    """The other datasets that the rules of a publication read: by which rule first, and whether `same` or `all` of
    their partitions. A rule with a schedule waits for nobody."""
    found: dict[str, tuple[Rule, str]] = {}
    for rule in (*contract.rules_at(INPUT), *contract.rules_at(PUBLICATION)):
        for each in rule.reads:
            if each.dataset != contract.dataset:
                first, partitions = found.get(each.dataset, (rule, "same"))
                found[each.dataset] = first, "all" if "all" in (partitions, each.partitions) else "same"
    return found


def _mapping(partitions: str, reader: Contract, read: Contract) -> dg.PartitionMapping | None:
    """Which partitions a rule that reads another dataset depends on."""
    try:
        return partition_mapping(partitions, reader, read)
    except ValueError:  # cut in ways that do not correspond: a rule then compares with all of it
        return dg.AllPartitionMapping()


def _width(each: Input) -> float:
    how = each.reads.partitions
    return how.length if isinstance(how, Window) else (1 if how == "same" else float("inf"))
