"""Rules that were evaluated, as data quality assertions. Imports the client. Counts and reasons, never a value."""

from __future__ import annotations

import math
from collections.abc import Sequence

from openlineage.client.facet_v2 import data_quality_assertions_dataset as spec

from data_platform.contracts import Policy
from data_platform.contracts.rules import describe
from data_platform.quality.policy import Outcome, Verdict

NAMED = 20
"""How many partitions an assertion names."""


def assertions(verdicts: Sequence[Verdict]) -> spec.DataQualityAssertionsDatasetFacet | None:
    """One per rule, over all partitions that it was evaluated in; None where no rule was."""
    found: dict[str, list[Outcome]] = {}
    for outcome in (outcome for verdict in verdicts for outcome in verdict.outcomes):
        found.setdefault(outcome.rule.name, []).append(outcome)
    if not found:
        return None
    return spec.DataQualityAssertionsDatasetFacet([_assertion(outcomes) for outcomes in found.values()])


def _assertion(outcomes: Sequence[Outcome]) -> spec.Assertion:
    """A rule whose rows are quarantined is a warning, unless they were too many."""
    rule = outcomes[0].rule
    failing = [each for each in outcomes if not each.holds]
    blocks = rule.on_failure.policy is Policy.BLOCK or any(each.action is Policy.BLOCK for each in failing)
    return spec.Assertion(
        assertion=rule.kind,
        success=not failing,
        column=rule.columns[0] if len(rule.columns) == 1 else None,
        severity="error" if blocks else "warn",
        name=rule.name,
        description=describe(rule),
        expected="0" if rule.threshold is None else str(rule.threshold),
        actual=_measured(failing or outcomes),
        params={"policy": str(rule.on_failure.policy)}
        | ({"dimension": rule.dimension} if rule.dimension else {})
        | ({"partitions": [each.partition for each in failing[:NAMED] if each.partition]} if failing else {}),
    )


def _measured(outcomes: Sequence[Outcome]) -> str | None:
    """Broken rows in all; of a rule about the whole dataset its number, the first where there are several."""
    if outcomes[0].rule.is_row_rule:
        return f"{sum(each.metric for each in outcomes):g}"
    return None if math.isnan(outcomes[0].metric) else f"{outcomes[0].metric:g}"
