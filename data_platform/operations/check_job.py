"""`execute_checks`: a job for the launchpad, to execute some checks of a dataset alone on a chosen partition.

Dagster's own button on a check offers no partition, so that it means the latest one published.
"""

from collections.abc import Sequence
from zlib import crc32

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData as Target,
)

from data_platform.datasets.alone import evaluate
from data_platform.datasets.partitions import partitions_definition, to_contract
from data_platform.datasets.producer import Producer, producers_of
from data_platform.datasets.results import is_error
from data_platform.lakehouse import current_lakehouse
from data_platform.warehouse.assets import Warehouse

NAME, OP = "execute_checks", "checks"
"""Dagster wants them to differ. In the launchpad: `ops: {checks: {config: {dataset: ..., partition: ...}}}`."""


def check_job(assets: Sequence[dg.AssetsDefinition]) -> dg.JobDefinition:
    """The job. Its configuration is checked while it is typed: the datasets there are, and, when it runs, the checks."""
    known = {each.contract.dataset: (asset, each) for asset in assets for each in producers_of([asset])}
    config = {
        "dataset": dg.Field(
            dg.Enum(
                # Dagster keeps one configuration per process for each name of an enumeration, whatever its values
                f"Dataset_{crc32(' '.join(known).encode()):08x}",
                [dg.EnumValue(name, description=each.contract.description) for name, (_, each) in known.items()],
            ),
            description="Whose checks.",
        ),
        "partition": dg.Field(
            str, default_value="", description="As the UI spells it; empty: the latest that is published."
        ),
        "checks": dg.Field([str], default_value=[], description="Which checks; none: all."),
    }

    @dg.op(name=OP, config_schema=config, description="Evaluate checks on what is published; nothing is written.")
    def execute(context: dg.OpExecutionContext) -> None:
        asked = context.op_config
        _execute(context, *known[asked["dataset"]], asked["partition"], asked["checks"])

    @dg.job(
        name=NAME,
        description="Execute checks alone, on a partition of your choice of what is published now.",
        config={
            "ops": {OP: {"config": {"dataset": next(iter(known), ""), "partition": "", "checks": []}}}
        },  # to be edited
    )
    def job() -> None:
        execute()

    return job


def _execute(
    context: dg.OpExecutionContext,
    asset: dg.AssetsDefinition,
    producer: Producer,
    partition: str,
    names: Sequence[str],
) -> None:
    """Evaluate, and enter each result in the history of its check, with the partition it is about.

    As in any run, a blocking check that fails with an error fails it."""
    contract, specs = (
        producer.contract,
        {spec.name: spec for spec in asset.check_specs if spec.asset_key == producer.key},
    )
    if unknown := sorted(set(names) - specs.keys()):
        problem = f"{contract.dataset} has no check {', '.join(unknown)}; it has {', '.join(specs)}"
        raise dg.Failure(problem, allow_retries=False)
    definition = partitions_definition(contract.partitioning)
    if partition and (definition is None or not definition.has_partition_key(partition)):
        why = f"no partition {partition!r}" if definition else "no partitions"
        raise dg.Failure(f"{contract.dataset} has {why}", allow_retries=False)
    chosen = to_contract(contract, [partition] if partition else [])
    failed = []
    asked = names or specs.keys()
    found = evaluate(producer, current_lakehouse(), asked, chosen, run_id=context.run_id)
    tested = asset.evaluate_tests(producer, asked, chosen) if isinstance(asset, Warehouse) else ()
    for result in (*found, *tested):
        name = result.check_name or ""
        context.log_event(
            dg.AssetCheckEvaluation(  # type: ignore[arg-type]  # taken, though the signature does not say so
                asset_key=producer.key,
                check_name=name,
                passed=result.passed,
                metadata=result.metadata,
                target_materialization_data=_target(context, producer.key, partition),
                severity=result.severity,
                description=result.description,
                blocking=specs[name].blocking,
                partition=partition or None,
            )
        )
        if is_error(result) and specs[name].blocking:
            failed.append(f"{name}: {result.description}")
    if failed:
        raise dg.Failure("; ".join(failed), allow_retries=False)


def _target(context: dg.OpExecutionContext, key: dg.AssetKey, partition: str) -> Target | None:
    """The materialization that is checked; Dagster shows a check's result with the asset as long as it is the latest."""
    asked = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition] if partition else None)
    for record in context.instance.fetch_materializations(asked, limit=1).records:
        return Target(run_id=record.run_id, storage_id=record.storage_id, timestamp=record.timestamp)
    return None
