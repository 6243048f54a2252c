"""Rules as asset checks: one per rule, per column or per dataset; `schema` for structure, which has no rule; and
`published`, which fails when any rule forbade publishing.

Dagster's blocking checks know no severity: a blocking check that merely warns would hold back everything downstream.
So only rules that block outright are blocking checks; a quarantine over its limit is told by `published`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import dagster as dg

from data_platform.contracts import Contract, Policy, Rule
from data_platform.contracts.rules import describe
from data_platform.lakehouse import Publication
from data_platform.quality.policy import Outcome, Verdict

SCHEMA, PUBLISHED = "schema", "published"
SHOWN = 20
"""How many partitions a check's table lists; failing ones first."""


def grouped(contract: Contract, granularity: str) -> dict[str, list[Rule]]:
    """Which rules each asset check speaks for; `granularity` is `rule`, `column` or `dataset`."""
    groups: dict[str, list[Rule]] = {}
    for rule in contract.rules:
        match granularity:
            case "rule":
                name = rule.name
            case "column":
                name = rule.columns[0] if len(rule.columns) == 1 else "rows"
            case _:
                name = "quality"
        groups.setdefault(name, []).append(rule)
    return groups


def check_specs(contract: Contract, key: dg.AssetKey, granularity: str) -> list[dg.AssetCheckSpec]:
    """The specs, known before any run."""
    structure = "The frame has the contract's columns, of types that fit, and rows of the partitions asked for only."
    publication = "No rule forbade publishing; where one did, the last good data stays."
    specs = [
        dg.AssetCheckSpec(SCHEMA, asset=key, blocking=True, description=structure),
        dg.AssetCheckSpec(PUBLISHED, asset=key, blocking=True, description=publication),
    ]
    for name, rules in grouped(contract, granularity).items():
        specs.append(
            dg.AssetCheckSpec(
                name,
                asset=key,
                blocking=all(rule.on_failure.policy is Policy.BLOCK for rule in rules),
                description="; ".join(describe(rule) for rule in rules),
            )
        )
    return specs


def structure_result(key: dg.AssetKey, problems: Sequence[str] = ()) -> dg.AssetCheckResult:
    metadata = {"problems": dg.MetadataValue.md("\n".join(f"- {problem}" for problem in problems))} if problems else {}
    return dg.AssetCheckResult(
        check_name=SCHEMA,
        asset_key=key,
        passed=not problems,
        description="; ".join(problems) or None,
        metadata=metadata,
    )


def publication_result(key: dg.AssetKey, publication: Publication, why: str) -> dg.AssetCheckResult:
    """`why` says what blocked it, where anything did."""
    counts = {"published": len(publication.published), "blocked": len(publication.blocked)}
    return dg.AssetCheckResult(
        check_name=PUBLISHED,
        asset_key=key,
        passed=not publication.blocked,
        description=why or None,
        metadata=counts if publication.blocked else {},
    )


def check_results(
    contract: Contract, key: dg.AssetKey, granularity: str, verdicts: Sequence[Verdict]
) -> Iterator[dg.AssetCheckResult]:
    """One result per check: ERROR where a partition is blocked by it, WARN where rows are quarantined or warned of."""
    outcomes: dict[str, list[Outcome]] = {}
    for verdict in verdicts:
        for outcome in verdict.outcomes:
            outcomes.setdefault(outcome.rule.name, []).append(outcome)
    for name, rules in grouped(contract, granularity).items():
        of_check = [outcome for rule in rules for outcome in outcomes[rule.name]]
        failing = [outcome for outcome in of_check if not outcome.holds]
        blocked = any(outcome.action is Policy.BLOCK for outcome in failing)
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=key,
            passed=not failing,
            severity=dg.AssetCheckSeverity.ERROR if blocked else dg.AssetCheckSeverity.WARN,
            description="; ".join(map(_sentence, failing[:5])) or None,
            metadata=_metadata(rules, of_check, failing),
        )


def _sentence(outcome: Outcome) -> str:
    where = f"{outcome.partition}: " if outcome.partition else ""
    shown = f" (e.g. {', '.join(outcome.examples)})" if outcome.examples else ""
    return f"{where}{outcome.rule.name} [{outcome.action}]: {outcome.reason}{shown}"


def _metadata(rules: Sequence[Rule], outcomes: Sequence[Outcome], failing: Sequence[Outcome]) -> dict:
    metadata: dict = {"rows": sum({outcome.partition: outcome.rows for outcome in outcomes}.values())}
    if all(rule.is_row_rule for rule in rules):
        broken = sum(outcome.metric for outcome in outcomes)
        metadata["broken_rows"] = int(broken)
        metadata["broken_percent"] = round(100 * broken / metadata["rows"], 3) if metadata["rows"] else 0.0
    elif len(outcomes) == 1 and outcomes[0].metric == outcomes[0].metric:  # NaN (no answer) cannot be plotted
        metadata["measured"] = outcomes[0].metric
    if failing and (len(outcomes) > 1 or failing[0].examples):
        metadata["failures"] = dg.MetadataValue.table(
            [
                dg.TableRecord(
                    {
                        "partition": outcome.partition or "-",
                        "rule": outcome.rule.name,
                        "action": str(outcome.action),
                        "reason": outcome.reason,
                        "examples": ", ".join(outcome.examples),
                    }
                )
                for outcome in failing[:SHOWN]
            ]
        )
    return metadata
