"""The policy table, row by row: what a failing rule does."""

from __future__ import annotations

import math

import pytest
from scenario import BLOCK, QUARANTINE, WARN

from data_platform.contracts import OnFailure, Policy, Rule, Threshold
from data_platform.quality.audit import PartitionAudit
from data_platform.quality.policy import Verdict, decide

UP_TO_10 = OnFailure(Policy.QUARANTINE, 10)
NONE_AT_ALL = OnFailure(Policy.QUARANTINE, 0)
ALL_OF_IT = OnFailure(Policy.QUARANTINE, 100)


def row_rule(policy: OnFailure, name: str = "rule") -> Rule:
    return Rule(name, "minimum", ("x",), {"value": 0}, on_failure=policy)


def verdict(rule: Rule, *, rows: int, metric: float) -> Verdict:
    return decide([rule], "", PartitionAudit(rows, {rule.name: metric}))


TABLE = [  # policy, broken rows of 100, action, blocked, quarantined
    (BLOCK, 0, None, False, False),
    (BLOCK, 1, Policy.BLOCK, True, False),
    (BLOCK, 100, Policy.BLOCK, True, False),
    (QUARANTINE, 0, None, False, False),
    (QUARANTINE, 1, Policy.QUARANTINE, False, True),
    (QUARANTINE, 100, Policy.QUARANTINE, False, True),
    (UP_TO_10, 9, Policy.QUARANTINE, False, True),
    (UP_TO_10, 10, Policy.QUARANTINE, False, True),
    (UP_TO_10, 11, Policy.BLOCK, True, False),
    (NONE_AT_ALL, 0, None, False, False),
    (NONE_AT_ALL, 1, Policy.BLOCK, True, False),
    (ALL_OF_IT, 100, Policy.QUARANTINE, False, True),
    (WARN, 0, None, False, False),
    (WARN, 1, Policy.WARN, False, False),
    (WARN, 100, Policy.WARN, False, False),
]


@pytest.mark.parametrize(("policy", "broken", "action", "blocked", "quarantined"), TABLE)
def test_a_row_rule_does_what_the_table_says(
    policy: OnFailure, broken: int, action: Policy | None, blocked: bool, quarantined: bool
) -> None:
    rule = row_rule(policy)
    found = verdict(rule, rows=100, metric=broken)
    assert (found.outcomes[0].action, found.blocked, found.quarantining == (rule,)) == (action, blocked, quarantined)
    assert found.outcomes[0].holds == (action is None)


@pytest.mark.parametrize(
    ("rows", "broken", "limit", "blocked"),
    [
        (3, 1, 33.333333333333336, False),
        (3, 1, 33.3, True),
        (1000, 1, 0.1, False),
        (1001, 1, 0.1, False),
        (999, 1, 0.1, True),
    ],
)
def test_the_limit_is_still_allowed_and_not_a_hair_more(rows: int, broken: int, limit: float, blocked: bool) -> None:
    assert verdict(row_rule(OnFailure(Policy.QUARANTINE, limit)), rows=rows, metric=broken).blocked == blocked


def test_no_row_breaks_no_percent_of_an_empty_partition() -> None:
    assert verdict(row_rule(NONE_AT_ALL), rows=0, metric=0).outcomes[0].holds


THRESHOLDS = [  # threshold, metric, rows, holds
    (Threshold("mustBe", 5), 5, 10, True),
    (Threshold("mustBe", 5), 4, 10, False),
    (Threshold("mustNotBe", 5), 4, 10, True),
    (Threshold("mustNotBe", 5), 5, 10, False),
    (Threshold("mustBeGreaterThan", 5), 6, 10, True),
    (Threshold("mustBeGreaterThan", 5), 5, 10, False),
    (Threshold("mustBeGreaterOrEqualTo", 5), 5, 10, True),
    (Threshold("mustBeGreaterOrEqualTo", 5), 4, 10, False),
    (Threshold("mustBeLessThan", 5), 4, 10, True),
    (Threshold("mustBeLessThan", 5), 5, 10, False),
    (Threshold("mustBeLessOrEqualTo", 5), 5, 10, True),
    (Threshold("mustBeLessOrEqualTo", 5), 6, 10, False),
    (Threshold("mustBeBetween", (2, 5)), 2, 10, True),
    (Threshold("mustBeBetween", (2, 5)), 5, 10, True),
    (Threshold("mustBeBetween", (2, 5)), 6, 10, False),
    (Threshold("mustNotBeBetween", (2, 5)), 1, 10, True),
    (Threshold("mustNotBeBetween", (2, 5)), 2, 10, False),
    (Threshold("mustBeLessOrEqualTo", 10, "percent"), 1, 10, True),
    (Threshold("mustBeLessThan", 10, "percent"), 1, 10, False),
    (Threshold("mustBeLessThan", 10, "percent"), 0, 0, True),
]


@pytest.mark.parametrize(("threshold", "metric", "rows", "holds"), THRESHOLDS, ids=str)
@pytest.mark.parametrize(
    ("policy", "action"),
    [(BLOCK, Policy.BLOCK), (WARN, Policy.WARN), (QUARANTINE, Policy.BLOCK)],  # there are no rows to move
    ids=["block", "warn", "quarantine"],
)
def test_a_rule_about_the_whole_dataset_blocks_or_warns(
    threshold: Threshold, metric: float, rows: int, holds: bool, policy: OnFailure, action: Policy
) -> None:
    rule = Rule("rule", "null_values", ("x",), threshold=threshold, on_failure=policy)
    found = verdict(rule, rows=rows, metric=metric)
    assert found.outcomes[0].action == (None if holds else action)
    assert found.quarantining == ()


@pytest.mark.parametrize("operator", ["mustBe", "mustNotBe", "mustBeLessThan", "mustBeBetween", "mustNotBeBetween"])
def test_a_query_without_an_answer_fails_whatever_it_must_be(operator: str) -> None:
    value = (1, 2) if "Between" in operator else 1
    rule = Rule("rule", "sql", arguments={"query": "SELECT NULL"}, threshold=Threshold(operator, value))
    found = verdict(rule, rows=10, metric=math.nan)
    assert found.blocked
    assert found.outcomes[0].reason.startswith("no number is not")


def test_a_blocked_partition_quarantines_nothing() -> None:
    rules = (row_rule(QUARANTINE, "one"), row_rule(BLOCK, "two"))
    found = decide(rules, "2026-01-01", PartitionAudit(10, {"one": 1.0, "two": 1.0}))
    assert [outcome.action for outcome in found.outcomes] == [Policy.QUARANTINE, Policy.BLOCK]
    assert found.blocked and found.quarantining == ()


def test_a_reason_says_how_many_rows_and_what_was_allowed() -> None:
    assert verdict(row_rule(UP_TO_10), rows=2000, metric=1000).outcomes[0].reason == (
        "1,000 of 2,000 rows (50%), more than the 10% allowed"
    )
    share = Rule("rule", "null_values", ("x",), threshold=Threshold("mustBeLessThan", 5, "percent"))
    assert verdict(share, rows=10, metric=1).outcomes[0].reason == "10% is not < 5%"


def test_a_contract_without_rules_publishes_everything() -> None:
    assert decide([], "", PartitionAudit(3)) == Verdict("", 3, ())
