"""One step: read the inputs, run the function, publish, and tell Dagster exactly what became of it.

The exits, each named below: `refused` (the frame does not fit: nothing written), `blocked` (a rule forbids: the last
good data stays; partitions that passed are published and recorded), `published`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from data_platform.contracts import Contract, Policy
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets import checks, metadata
from data_platform.datasets.partitions import partitions_read, to_contract, to_dagster
from data_platform.datasets.signature import Input, Signature
from data_platform.engines import FRAMES, engine_of
from data_platform.lakehouse import (
    Lakehouse,
    MissingPartitions,
    Provenance,
    Publication,
    ReadPlan,
    StructureError,
    current_lakehouse,
    plan_read,
    publish,
    stage,
    staging_folder,
)

OUTPUT = "result"


@dataclass(frozen=True, slots=True)
class Producer:
    """All that a step needs to know: the function, its contract, what it reads, and how its checks are grouped."""

    function: Callable[..., Any]
    contract: Contract
    signature: Signature
    key: dg.AssetKey
    granularity: str
    code_version: str


Event = dg.AssetCheckResult | dg.Output


def produce(producer: Producer, context: dg.AssetExecutionContext, config: Mapping[str, Any]) -> Iterator[Event]:
    """Run the producer for this step's partitions; yields check results, then the output where all is published."""
    started = time.monotonic()
    contract, lakehouse = producer.contract, current_lakehouse()
    keys = context.partition_keys if contract.partitioning else ()
    partitions = to_contract(contract, keys) if contract.partitioning else (WHOLE,)
    plans = {each.name: _plan(lakehouse, contract, each, keys, context) for each in producer.signature.inputs}
    frame = producer.function(**_arguments(producer, context, config, plans, lakehouse))
    engine = engine_of(type(frame))
    if engine is None:
        raise dg.Failure(
            f"{contract.dataset} returned {type(frame).__name__}; return one of {', '.join(FRAMES)}",
            allow_retries=False,
        )
    provenance = Provenance(
        context.run_id, producer.code_version, engine.name, tuple(plan.trace for plan in plans.values())
    )
    try:
        staged = stage(engine.relation(frame, lakehouse), contract, staging_folder(lakehouse, contract))
        context.log.info(f"Staged {staged.rows:,} rows in {len(staged.files)} file(s)")
        publication = publish(
            lakehouse,
            staged,
            contract,
            partitions,
            provenance,
            on_step=lambda step: context.log.debug(f"Reached: {step}"),
        )
    except StructureError as refused:
        yield checks.structure_result(producer.key, refused.problems)
        raise dg.Failure(str(refused), allow_retries=False) from refused
    if publication.blocked:
        _record_siblings(producer, context, publication)  # before the results: Dagster flushes events as it takes them
    why = _why_blocked(contract, publication) if publication.blocked else ""
    yield checks.structure_result(producer.key)
    yield checks.publication_result(producer.key, publication, why)
    yield from checks.check_results(contract, producer.key, producer.granularity, publication.verdicts)
    if publication.blocked:
        raise dg.Failure(why, allow_retries=False)
    yield _published(producer, context, lakehouse, publication, time.monotonic() - started)


def _plan(
    lakehouse: Lakehouse, reader: Contract, each: Input, mine: Sequence[str], context: dg.AssetExecutionContext
) -> ReadPlan:
    """Pin the snapshot, files and columns of one input before any row is read."""
    reads = each.reads
    keys = partitions_read(each.mapping, reader, mine, each.contract)
    lenient = reads.missing == "skip" or reads.partitions != "same"
    plan = plan_read(lakehouse, each.contract, reads.columns, keys, reads.at, allow_missing=lenient)
    if gaps := _gaps(keys or (), plan.partitions):
        if reads.missing == "refuse":
            raise MissingPartitions(reads.dataset, gaps)
        context.log.warning(
            f"{each.name}: {reads.dataset} has no published data for {', '.join(gaps[:5])}; read without"
        )
    context.log.info(f"{each.name}: {plan.rows:,} rows of {reads.dataset} at snapshot {plan.snapshot_id}")
    return plan


def _gaps(wanted: Sequence[str], found: Sequence[str]) -> tuple[str, ...]:
    """Wanted partitions that are missing since the first one found: before it there is no history to miss."""
    return tuple(sorted(each for each in set(wanted) - set(found) if not found or each > found[0]))


def _arguments(
    producer: Producer,
    context: dg.AssetExecutionContext,
    config: Mapping[str, Any],
    plans: Mapping[str, ReadPlan],
    lakehouse: Lakehouse,
) -> dict[str, Any]:
    engines = {each.name: each.engine for each in producer.signature.inputs}
    frames = {name: engines[name].read(plan, lakehouse) for name, plan in plans.items()}
    given = {name: getattr(context.resources, name) for name in producer.signature.resources}
    return frames | given | dict(config) | ({"context": context} if producer.signature.takes_context else {})


def _published(
    producer: Producer,
    context: dg.AssetExecutionContext,
    lakehouse: Lakehouse,
    publication: Publication,
    seconds: float,
) -> dg.Output:
    contract = producer.contract
    shared = metadata.publication_metadata(contract, publication) | {"seconds": round(seconds, 3)}
    plan = plan_read(lakehouse, contract, (), publication.published[-1:], allow_missing=True)
    if (shown := metadata.preview(lakehouse, contract, plan)) is not None:
        shared["preview"] = shown
    if contract.partitioning is None:
        shared |= metadata.row_counts(contract, publication, WHOLE)
    else:
        for partition in publication.published:
            counts = metadata.row_counts(contract, publication, partition)
            context.add_asset_metadata(counts, producer.key, to_dagster(contract, partition))
    return dg.Output(publication, OUTPUT, metadata=shared, data_version=dg.DataVersion(str(publication.snapshot_id)))


def _record_siblings(producer: Producer, context: dg.AssetExecutionContext, publication: Publication) -> None:
    """One bad day does not cost the others: what was published is recorded though the step fails."""
    contract = producer.contract
    for partition in publication.published if contract.partitioning else ():
        counts = metadata.row_counts(contract, publication, partition)
        context.log_event(
            dg.AssetMaterialization(
                producer.key,
                partition=to_dagster(contract, partition),
                metadata=metadata.publication_metadata(contract, publication) | counts,
                tags={"dagster/data_version": str(publication.snapshot_id)},
            )
        )


def _why_blocked(contract: Contract, publication: Publication) -> str:
    reasons = [
        f"{outcome.partition + ': ' if outcome.partition else ''}{outcome.rule.name}: {outcome.reason}"
        for verdict in publication.verdicts
        if verdict.blocked
        for outcome in verdict.outcomes
        if outcome.action is Policy.BLOCK
    ]
    more = f"; and {len(reasons) - 5} more" if len(reasons) > 5 else ""
    return (
        f"{contract.dataset} is blocked: {'; '.join(reasons[:5])}{more}. The last good data stays. Repair the source "
        f"or change the contract ({metadata.short(contract.file) or contract.dataset}), then materialize again."
    )
