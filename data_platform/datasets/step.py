"""One step: read the inputs, run the function, publish, and tell Dagster exactly what became of it.

The exits, each named below: `unmade` (the inputs forbid to run the function), `refused` (the frame does not fit:
nothing written), `blocked` (a rule forbids: the last good data stays; partitions that passed are published and
recorded), `published`. A step that is to execute checks only does just that (`alone.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from data_platform.alerts import notify
from data_platform.contracts import Contract
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets import metadata, results
from data_platform.datasets.alone import execute_alone
from data_platform.datasets.announce import Announcer, announcing, source_of
from data_platform.datasets.attempt import Attempt
from data_platform.datasets.errors import final
from data_platform.datasets.landing import Delivery, delivery
from data_platform.datasets.launch.launched import Launched
from data_platform.datasets.launch.where import launcher_of
from data_platform.datasets.partitions import to_contract, to_dagster
from data_platform.datasets.preconditions import Preconditions, examine
from data_platform.datasets.producer import Producer
from data_platform.datasets.quarantine import record_waiting
from data_platform.datasets.spark import spark_for
from data_platform.files import FileError
from data_platform.lakehouse import (
    Lakehouse,
    Publication,
    StructureError,
    current_lakehouse,
    plan_read,
)
from data_platform.lineage import Lineage
from data_platform.quality.audit import RuleError

OUTPUT = "result"

Event = dg.AssetCheckResult | dg.Output


def produce(producer: Producer, context: dg.AssetExecutionContext, config: Mapping[str, Any]) -> Iterator[Event]:
    """Run the producer for this step's partitions; yields check results, then the output where all is published."""
    if OUTPUT not in context.selected_output_names:
        yield from execute_alone(producer, context)
        return
    selected = {key.name for key in context.selected_asset_check_keys}
    with announcing(context, current_lakehouse()) as announcer, spark_for(producer, context):
        for event in _produce(producer, context, config, announcer):
            if isinstance(event, dg.Output) or event.check_name in selected:
                yield event


def _produce(
    producer: Producer, context: dg.AssetExecutionContext, config: Mapping[str, Any], announcer: Announcer
) -> Iterator[Event]:
    started = time.monotonic()
    contract, lakehouse = producer.contract, current_lakehouse()
    keys = context.partition_keys if contract.partitioning else ()
    partitions = to_contract(contract, keys) if contract.partitioning else (WHOLE,)
    scope = results.scope_of(partitions)
    with final(RuleError):
        met = examine(producer, lakehouse, keys)
    announcer.begin(producer, partitions, met, source_of(producer, lakehouse.settings.files))
    yield from examined(producer, context, lakehouse, met, scope)
    with delivery(producer.signature.landing, contract, lakehouse, partitions, context) as delivered:
        if (launcher := launcher_of(producer)).is_remote:
            attempt = Launched(launcher, producer, context, config, met, lakehouse, partitions)
        else:
            attempt = Attempt(producer, context, config, met, lakehouse, partitions, delivered)
        try:
            with final(RuleError, FileError):
                publication = attempt.publish()
                announcer.made(publication)
        except StructureError as refused:
            yield from _files_result(producer, delivered)
            yield results.structure_result(producer.key, refused.problems)
            raise dg.Failure(str(refused), allow_retries=False) from refused
        except dg.Failure:
            yield from _files_result(producer, delivered)
            raise
        files = delivered.alerts() if delivered else []
    lineage = attempt.lineage
    yield from concluded(producer, context, lakehouse, met, publication, scope, delivered, files, lineage=lineage)
    shown = delivered.metadata() if delivered else {}
    yield published(producer, context, lakehouse, publication, time.monotonic() - started, shown, lineage=lineage)


def examined(
    producer: Producer, context: dg.AssetExecutionContext, lakehouse: Lakehouse, met: Preconditions, scope: str
) -> Iterator[Event]:
    """What was found of the inputs; raises Failure where they forbid to go on."""
    contract = producer.contract
    _log(context, met)
    if producer.signature.inputs:
        yield results.inputs_result(producer.key, met.problems, met.warnings, scope)
    yield from results.check_results(contract, producer.key, producer.granularity, met.verdicts)
    if met.refusal:
        notify(contract, met.verdicts, run_id=context.run_id, home=lakehouse.settings.home)
        raise dg.Failure(f"{contract.dataset} is not produced: {met.refusal}", allow_retries=False)


def concluded(
    producer: Producer,
    context: dg.AssetExecutionContext,
    lakehouse: Lakehouse,
    met: Preconditions,
    publication: Publication,
    scope: str,
    delivered: Delivery | None = None,
    files: Sequence[Any] = (),
    *,
    lineage: Lineage | None = None,
) -> Iterator[Event]:
    """What became of a publication, but its output; raises Failure where not everything asked for was published."""
    contract, undelivered = producer.contract, delivered.undelivered if delivered else ""
    if publication.blocked or undelivered:
        # before the results: Dagster flushes events as it takes them
        _record_siblings(producer, context, publication, lineage)
    record_waiting(contract, context, lakehouse, publication)
    why = _why_blocked(contract, publication) if publication.blocked else ""
    yield from _files_result(producer, delivered)
    yield results.structure_result(producer.key, scope=scope)
    yield results.publication_result(producer.key, len(publication.published), len(publication.blocked), why, scope)
    yield from results.check_results(contract, producer.key, producer.granularity, publication.verdicts)
    verdicts = (*met.verdicts, *publication.verdicts)
    notify(contract, verdicts, run_id=context.run_id, home=lakehouse.settings.home, files=files)
    if why or undelivered:
        raise dg.Failure(". ".join(filter(None, (why, undelivered))), allow_retries=False)


def _files_result(producer: Producer, delivered: Delivery | None) -> Iterator[dg.AssetCheckResult]:
    if delivered is not None:
        yield results.files_result(producer.key, delivered.ledger.files())


def _log(context: dg.AssetExecutionContext, met: Preconditions) -> None:
    for warning in met.warnings:
        context.log.warning(warning)
    for name, plan in met.plans.items():
        context.log.info(f"{name}: {plan.rows:,} rows of {plan.dataset} at snapshot {plan.snapshot_id}")


def published(
    producer: Producer,
    context: dg.AssetExecutionContext,
    lakehouse: Lakehouse,
    publication: Publication,
    seconds: float,
    files: Mapping[str, Any],
    output: str = OUTPUT,
    *,
    lineage: Lineage | None = None,
) -> dg.Output:
    """The output, with all that the UI shows about the publication."""
    contract = producer.contract
    plan = plan_read(lakehouse, contract, (), publication.published[-1:], allow_missing=True)
    looks = {"preview": metadata.preview(lakehouse, contract, plan), "profile": metadata.profile(publication)}
    shared: dict[str, Any] = {name: shown for name, shown in looks.items() if shown is not None}
    shared |= metadata.publication_metadata(contract, publication) | {"seconds": round(seconds, 3)} | dict(files)
    shared |= _lineage(contract, lineage)
    if contract.partitioning is None:
        shared |= metadata.row_counts(contract, publication, WHOLE)
    else:
        for partition in publication.published:
            counts = metadata.row_counts(contract, publication, partition)
            context.add_asset_metadata(counts, producer.key, to_dagster(contract, partition))
    return dg.Output(publication, output, metadata=shared, data_version=dg.DataVersion(str(publication.snapshot_id)))


def _lineage(contract: Contract, lineage: Lineage | None) -> dict[str, Any]:
    return metadata.lineage_metadata(contract, lineage) if lineage else {}


def _record_siblings(
    producer: Producer, context: dg.AssetExecutionContext, publication: Publication, lineage: Lineage | None
) -> None:
    """One bad day does not cost the others: what was published is recorded though the step fails."""
    contract = producer.contract
    shared = metadata.publication_metadata(contract, publication) | _lineage(contract, lineage)
    for partition in publication.published if contract.partitioning else ():
        counts = metadata.row_counts(contract, publication, partition)
        context.log_event(
            dg.AssetMaterialization(
                producer.key,
                partition=to_dagster(contract, partition),
                metadata=shared | counts,
                tags={"dagster/data_version": str(publication.snapshot_id)},
            )
        )


def _why_blocked(contract: Contract, publication: Publication) -> str:
    return (
        f"{contract.dataset} is blocked: {results.blocking_reasons(publication.verdicts)}. The last good data stays. "
        f"Repair the source or change the contract ({metadata.short(contract.file) or contract.dataset}; what would "
        f"accept the rows: dp contracts suggest {contract.dataset}), then materialize again."
    )
