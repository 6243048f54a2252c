"""What became of the rules, as asset check results: numbers that the UI plots, and sentences."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import isfinite

import dagster as dg

from data_platform.contracts import Contract, Policy, Rule
from data_platform.contracts.rules import describe
from data_platform.datasets.checks import FILES, INPUTS, PUBLISHED, SCHEMA, grouped
from data_platform.datasets.partitions import to_dagster
from data_platform.files.landing.contents import Landed, State
from data_platform.quality.policy import Outcome, Verdict

SHOWN = 20
"""How many partitions a check's table lists; failing ones first."""


def platform_result(
    key: dg.AssetKey,
    name: str,
    problems: Sequence[str] = (),
    warnings: Sequence[str] = (),
    counts: Mapping[str, int] | None = None,
    scope: str = "",
) -> dg.AssetCheckResult:
    """The result of one of the platform's own checks: it fails with any problem, and warns with any warning; `scope`
    says which partitions it is about."""
    told = [*problems, *warnings]
    metadata: dict = dict(counts or {})
    if len(told) > 1:
        metadata["problems"] = dg.MetadataValue.md("\n".join(f"- {each}" for each in told))
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=key,
        passed=not told,
        severity=dg.AssetCheckSeverity.ERROR if problems else dg.AssetCheckSeverity.WARN,
        description="; ".join(told[:5]) or scope or None,
        metadata=metadata,
    )


def structure_result(key: dg.AssetKey, problems: Sequence[str] = (), scope: str = "") -> dg.AssetCheckResult:
    return platform_result(key, SCHEMA, problems, scope=scope)


def inputs_result(
    key: dg.AssetKey, problems: Sequence[str], warnings: Sequence[str], scope: str = ""
) -> dg.AssetCheckResult:
    return platform_result(key, INPUTS, problems, warnings, scope=scope)


def files_result(key: dg.AssetKey, files: Sequence[Landed]) -> dg.AssetCheckResult:
    """`files` are all that ever landed; those that are set aside wait for somebody."""
    waiting = sorted((each for each in files if each.state is State.REFUSED), key=lambda each: each.changed_at)
    told = [f"{each.path} is set aside: {each.reason}" for each in reversed(waiting)]
    return platform_result(key, FILES, warnings=told[:SHOWN], counts={"set_aside": len(waiting)})


def publication_result(key: dg.AssetKey, published: int, blocked: int, why: str, scope: str) -> dg.AssetCheckResult:
    """`why` says what blocked the partitions that are, in one sentence."""
    counts = {"published": published, "blocked": blocked} if blocked else {}
    return platform_result(key, PUBLISHED, [why] if blocked else [], counts=counts, scope=scope)


def is_error(result: dg.AssetCheckResult) -> bool:
    """Whether it fails, and is no mere warning."""
    return not result.passed and result.severity is dg.AssetCheckSeverity.ERROR


def scope_of(partitions: Collection[str]) -> str:
    """Which partitions a result is about, in a few words: Dagster's history of a check does not tell."""
    return f"{len(partitions)} partitions" if len(partitions) > 1 else "".join(partitions)


def check_results(
    contract: Contract, key: dg.AssetKey, granularity: str, verdicts: Sequence[Verdict]
) -> Iterator[dg.AssetCheckResult]:
    """One result per check that these verdicts speak of: ERROR where a partition is blocked by it, WARN where rows are
    quarantined or warned of."""
    outcomes: dict[str, list[Outcome]] = {}
    for verdict in verdicts:
        for outcome in verdict.outcomes:
            outcomes.setdefault(outcome.rule.name, []).append(outcome)
    for name, rules in grouped(contract, granularity).items():
        of_check = [outcome for rule in rules for outcome in outcomes.get(rule.name, ())]
        if not of_check:
            continue
        failing = [outcome for outcome in of_check if not outcome.holds]
        blocked = any(outcome.action is Policy.BLOCK for outcome in failing)
        told = failing or [outcome for outcome in of_check if outcome.reason]  # also why a rule holds, where it says so
        yield dg.AssetCheckResult(
            check_name=name,
            asset_key=key,
            passed=not failing,
            severity=dg.AssetCheckSeverity.ERROR if blocked else dg.AssetCheckSeverity.WARN,
            description="; ".join(map(_sentence, told[:5])) or _counted(of_check) or None,
            metadata=_metadata(contract, rules, of_check, failing),
        )


def _counted(outcomes: Sequence[Outcome]) -> str:
    """What a check that passed was about: nothing where there are no partitions to tell apart."""
    rows = {outcome.partition: outcome.rows for outcome in outcomes}
    return f"{scope}: {sum(rows.values()):,} rows" if (scope := scope_of(rows)) else ""


def blocking_reasons(verdicts: Sequence[Verdict]) -> str:
    """What blocks, in a few words per rule and partition; '' where nothing does."""
    reasons = [
        f"{outcome.partition + ': ' if outcome.partition else ''}{outcome.rule.name}: {outcome.reason}{_broken(outcome)}"
        for verdict in verdicts
        if verdict.blocked
        for outcome in verdict.outcomes
        if outcome.action is Policy.BLOCK
    ]
    more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
    return "; ".join(reasons[:5]) + more


def _broken(outcome: Outcome) -> str:
    """What rows break, and with which values; '' for a rule about the whole dataset, whose reason says it all."""
    if not outcome.rule.is_row_rule:
        return ""
    shown = f", not {', '.join(outcome.examples[:3])}" if outcome.examples else ""
    return f" ({describe(outcome.rule)}{shown})"


def _sentence(outcome: Outcome) -> str:
    where = f"{outcome.partition}: " if outcome.partition else ""
    shown = f" (e.g. {', '.join(outcome.examples)})" if outcome.examples else ""
    then = "" if outcome.holds else f" [{outcome.action}]"
    return f"{where}{outcome.rule.name}{then}: {outcome.reason}{shown}"


def _metadata(
    contract: Contract, rules: Sequence[Rule], outcomes: Sequence[Outcome], failing: Sequence[Outcome]
) -> dict:
    rows = {outcome.partition: outcome.rows for outcome in outcomes}
    metadata: dict = {"rows": sum(rows.values())}
    if contract.partitioning and len(rows) == 1:
        metadata["partition"] = to_dagster(contract, *rows)
    if all(rule.is_row_rule for rule in rules):
        broken = sum(outcome.metric for outcome in outcomes)
        metadata["broken_rows"] = int(broken)
        metadata["broken_percent"] = round(100 * broken / metadata["rows"], 3) if metadata["rows"] else 0.0
    elif len(outcomes) == 1 and isfinite(outcomes[0].metric):  # NaN (no answer) and infinity cannot be plotted
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
