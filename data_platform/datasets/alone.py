"""Checks executed alone: on the snapshot that is published now; nothing is produced, written or moved.

A person chooses the partition (a run's partition tag; the job `execute_checks` in the UI, where Dagster's own button
offers no choice). Without a choice it is the latest published one: the latest day or hour, with all its static values,
or, of a dataset cut by static values only, every one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

import dagster as dg

from data_platform.alerts import notify
from data_platform.contracts import Contract, Rule
from data_platform.contracts.model import INPUT
from data_platform.contracts.partitions import WHOLE, latest
from data_platform.datasets.checks import FILES, INPUTS, PUBLISHED, SCHEMA, is_scheduled, rules_of
from data_platform.datasets.errors import final
from data_platform.datasets.partitions import partitions_definition, to_contract, to_dagster
from data_platform.datasets.preconditions import examine
from data_platform.datasets.producer import Producer
from data_platform.datasets.results import (
    check_results,
    files_result,
    inputs_result,
    is_error,
    platform_result,
    scope_of,
    structure_result,
)
from data_platform.files.landing.ledger import Ledger
from data_platform.lakehouse import Lakehouse, MissingPartitions, current_lakehouse, plan_read
from data_platform.lakehouse.evaluate import audit_inputs, audit_published
from data_platform.quality.audit import RuleError
from data_platform.quality.policy import Verdict


def execute_alone(producer: Producer, context: dg.AssetExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the checks that this step was started for. A blocking one that fails fails the step, as Dagster has it,
    but for good: a retry would find the same."""
    names = {key.name for key in context.selected_asset_check_keys if key.asset_key == producer.key}
    chosen = _chosen(producer.contract, context)
    context.log.info(f"{', '.join(sorted(names))} of {', '.join(chosen) or 'what was published last'}")
    specs = [spec for spec in context.assets_def.check_specs if spec.asset_key == producer.key]
    blocking = {spec.name for spec in specs if spec.blocking}
    failed = []
    for result in evaluate(producer, current_lakehouse(), names, chosen, run_id=context.run_id):
        yield result
        if is_error(result) and result.check_name in blocking:
            failed.append(f"{result.check_name}: {result.description}")
    if failed:
        raise dg.Failure("; ".join(failed), allow_retries=False)


def evaluate(
    producer: Producer, lakehouse: Lakehouse, names: Collection[str], chosen: Sequence[str] = (), *, run_id: str = ""
) -> Iterator[dg.AssetCheckResult]:
    """The results of the checks `names` on the partitions `chosen` (in the contract's spelling; none: the latest).

    Nothing where nothing was ever published. Raises dagster's Failure where a chosen partition was not, or a rule
    cannot be evaluated. Scheduled rules alert the owners; the others do that when rows are published or refused.
    """
    contract, key = producer.contract, producer.key
    if FILES in names:
        yield files_result(key, Ledger(lakehouse.settings.home, contract.dataset).files())
    published, blocked = _there(lakehouse, contract) if PUBLISHED in names or not chosen else (set(), set())
    if PUBLISHED in names and (asked := tuple(chosen) or latest(contract.partitioning, published | blocked)):
        yield platform_result(key, PUBLISHED, [*_unpublished(asked, published, blocked)], scope=scope_of(asked))
    partitions = tuple(chosen) or latest(contract.partitioning, published)
    if not partitions:
        return
    if INPUTS in names:
        met = examine(producer, lakehouse, _keys(contract, partitions))
        yield inputs_result(key, met.problems, met.warnings, scope_of(partitions))
    if SCHEMA in names:
        yield structure_result(key, _differences(lakehouse, contract), scope_of(partitions))
    verdicts = _verdicts(producer, lakehouse, rules_of(contract, producer.granularity, names), partitions)
    yield from check_results(contract, key, producer.granularity, verdicts)
    if scheduled := _of_scheduled(verdicts):
        notify(contract, scheduled, run_id=run_id, home=lakehouse.settings.home)


def _verdicts(
    producer: Producer, lakehouse: Lakehouse, rules: Sequence[Rule], partitions: Sequence[str]
) -> tuple[Verdict, ...]:
    about_rows = [rule for rule in rules if rule.when != INPUT]
    about_inputs = {rule.name for rule in rules if rule.when == INPUT}
    verdicts: tuple[Verdict, ...] = ()
    with final(MissingPartitions, RuleError):
        if about_rows:
            verdicts = audit_published(lakehouse, producer.contract, partitions, about_rows, producer.contracts)
        if about_inputs:
            found = audit_inputs(lakehouse, producer.contract, partitions, (), producer.contracts)
            verdicts += _only(found, lambda rule: rule.name in about_inputs)
    return verdicts


def _of_scheduled(verdicts: Sequence[Verdict]) -> tuple[Verdict, ...]:
    return tuple(each for each in _only(verdicts, is_scheduled) if each.outcomes)


def _only(verdicts: Sequence[Verdict], wanted: Callable[[Rule], bool]) -> tuple[Verdict, ...]:
    return tuple(
        replace(each, outcomes=tuple(outcome for outcome in each.outcomes if wanted(outcome.rule))) for each in verdicts
    )


def _chosen(contract: Contract, context: dg.AssetExecutionContext) -> tuple[str, ...]:
    """The partitions of the run, in the contract's spelling; none where it has none. (Dagster gives a step of checks
    without partitions the range, but not its keys.)"""
    definition = partitions_definition(contract.partitioning)
    if definition is None or not (context.has_partition_key or context.has_partition_key_range):
        return ()
    return to_contract(contract, definition.get_partition_keys_in_range(context.partition_key_range))


def _there(lakehouse: Lakehouse, contract: Contract) -> tuple[set[str], set[str]]:
    """The partitions that are published, those without rows included, and those that are blocked."""
    from data_platform.lakehouse.inventory import inventory  # pyiceberg: a second to import

    found = inventory(lakehouse, contract, history=1)
    published = set(found.partitions) if contract.partitioning else {WHOLE for _ in found.snapshots}
    return published, set(plan_read(lakehouse, contract, (), None, allow_missing=True).blocked)


def _unpublished(partitions: Sequence[str], published: Collection[str], blocked: Collection[str]) -> Iterator[str]:
    for partition in partitions:
        of = f"{partition}: " if partition else ""
        stays = "its last good data stays" if partition in published else "nothing of it was ever published"
        if partition in blocked:
            yield f"{of}a rule blocked what was produced last; {stays}"
        elif partition not in published:
            yield f"{of}never published"


def _differences(lakehouse: Lakehouse, contract: Contract) -> list[str]:
    from data_platform.lakehouse.schema import differences  # pyiceberg: a second to import

    table = lakehouse.existing_table(contract.dataset)
    return differences(table, contract) if table is not None else [f"{contract.dataset} has no table yet"]


def _keys(contract: Contract, partitions: Sequence[str]) -> list[str]:
    """The partitions in Dagster's spelling; none of a dataset that has none."""
    return [to_dagster(contract, each) for each in partitions] if contract.partitioning else []
