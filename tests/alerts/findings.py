"""Findings to alert to: a contract with one rule of each policy, and verdicts in which some of them fail."""

from __future__ import annotations

from collections.abc import Mapping

from data_platform.contracts import Column, ColumnType, Contract, OnFailure, Partitioning, PartitionKey, Policy, Rule
from data_platform.quality.policy import Outcome, Verdict

PRICE = Rule(
    "price_minimum",
    "minimum",
    ("price",),
    {"value": 0},
    on_failure=OnFailure(Policy.QUARANTINE, max_percent=3, max_rows=500),
)
TITLE = Rule("title_required", "required", ("title",), on_failure=OnFailure(Policy.WARN))
KEY = Rule("key", "duplicate_values", ("id",))
LISTINGS = Contract(
    "ads",
    "listings",
    "1.2.0",
    (Column("id", ColumnType("long")), Column("price", ColumnType("double")), Column("title", ColumnType("string"))),
    rules=(PRICE, TITLE, KEY),
    partitioning=Partitioning((PartitionKey("day", "day", "2026-11-01"),)),
    owners=("ana@market.example", "bo@market.example"),
    team="ads",
    file="/elsewhere/listings.yaml",
)
DAY = "2026-11-02"

BLOCK, WARN, QUARANTINE, HOLDS = Policy.BLOCK, Policy.WARN, Policy.QUARANTINE, None


def verdict(
    partition: str = DAY,
    /,
    actions: Mapping[str, Policy | None] | None = None,
    *,
    contract: Contract = LISTINGS,
    examples: tuple[str, ...] = (),
    **named: Policy | None,
) -> Verdict:
    """A verdict in which the rules named have that action, and all others hold."""
    given = dict(actions or {}) | named
    outcomes = []
    for rule in contract.rules:
        action = given.get(rule.name)
        reason = "1,203 of 20,000 rows (6.02%)" if action else ""
        outcomes.append(
            Outcome(rule, partition, 20_000, 1203 if action else 0, action, reason, examples if action else ())
        )
    return Verdict(partition, 20_000, tuple(outcomes))
