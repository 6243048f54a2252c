"""Rules as asset checks, known before any run: one per rule, per column or per dataset. The platform adds
`schema` (structure, which has no rule), `inputs` (whether there is anything to be made from), `files` (whether any that
landed is set aside) and `published`, which fails when any rule forbade publishing.

Dagster's blocking checks know no severity: a blocking check that merely warns would hold back everything downstream.
So only rules that block outright are blocking checks; a quarantine over its limit is told by `published`.

The specs have no partitions, though Dagster knows such (a preview): its UI refuses to execute such a check alone, and
each would be an event per partition of a backfill.
"""

from __future__ import annotations

from collections.abc import Collection

import dagster as dg

from data_platform.contracts import Contract, Policy, Rule
from data_platform.contracts.model import INPUT, PUBLICATION
from data_platform.contracts.rules import describe

SCHEMA, INPUTS, PUBLISHED, FILES = "schema", "inputs", "published", "files"


def is_scheduled(rule: Rule) -> bool:
    """Whether a rule has a time of its own, and no say in what is published."""
    return rule.when not in (PUBLICATION, INPUT)


def grouped(contract: Contract, granularity: str) -> dict[str, tuple[Rule, ...]]:
    """Which rules each asset check speaks for; `granularity` is `rule`, `column` or `dataset`.

    Rules that are evaluated at another time than the publication always have a check of their own."""
    groups: dict[str, tuple[Rule, ...]] = {}
    for rule in contract.rules:
        name = rule.name
        if rule.when == PUBLICATION and granularity == "column":
            name = rule.columns[0] if len(rule.columns) == 1 else "rows"
        elif rule.when == PUBLICATION and granularity == "dataset":
            name = "quality"
        groups[name] = (*groups.get(name, ()), rule)
    return groups


def rules_of(contract: Contract, granularity: str, names: Collection[str]) -> tuple[Rule, ...]:
    """The rules that the checks of these names speak for."""
    return tuple(rule for name, rules in grouped(contract, granularity).items() if name in names for rule in rules)


def check_specs(
    contract: Contract, key: dg.AssetKey, granularity: str, *, has_inputs: bool, has_landing: bool = False
) -> list[dg.AssetCheckSpec]:
    """The specs, in the order of their evaluation."""
    structure = "The frame has the contract's columns, of types that fit, and rows of the partitions asked for only."
    there = "Every partition that is read was published, and is not blocked."
    publication = "No rule forbade publishing; where one did, the last good data stays."
    specs = [dg.AssetCheckSpec(INPUTS, asset=key, blocking=True, description=there)] if has_inputs else []
    if has_landing:
        landed = "No file that landed is set aside; the others are published whatever became of it."
        specs.append(dg.AssetCheckSpec(FILES, asset=key, description=landed))
    specs += [
        dg.AssetCheckSpec(SCHEMA, asset=key, blocking=True, description=structure),
        dg.AssetCheckSpec(PUBLISHED, asset=key, blocking=True, description=publication),
    ]
    for name, rules in grouped(contract, granularity).items():
        blocks = all(rule.on_failure.policy is Policy.BLOCK and not is_scheduled(rule) for rule in rules)
        specs.append(
            dg.AssetCheckSpec(name, asset=key, blocking=blocks, description="; ".join(map(_description, rules)))
        )
    return specs


def _description(rule: Rule) -> str:
    said = describe(rule)
    if is_scheduled(rule):
        return f"{said.rstrip('.')}; judged of what is published, on the schedule {rule.when} (UTC)."
    return f"{said.rstrip('.')}; judged before anything is made from the inputs." if rule.when == INPUT else said
