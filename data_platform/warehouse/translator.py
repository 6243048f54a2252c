"""What Dagster is told about a model: everything from its contract, nothing from dbt's own properties.

dagster-dbt's decorator and translator would do, but importing them imports dbt: more than a second in every process
that loads definitions, when all that is needed of dbt is a file of JSON. The checks of dbt's tests are named as it names
them.
"""

from __future__ import annotations

from collections.abc import Iterator

import dagster as dg

from data_platform.datasets import checks, metadata
from data_platform.datasets.automation import automation_condition
from data_platform.datasets.dependencies import dependencies
from data_platform.datasets.described import description
from data_platform.datasets.partitions import partitions_definition
from data_platform.datasets.producer import Producer
from data_platform.lineage import Lineage
from data_platform.warehouse.manifest import Model

IO_MANAGER = "datasets"


def asset_spec(producer: Producer, model: Model, lineage: Lineage, code: str) -> dg.AssetSpec:
    """The asset of a model, whose lineage is known before it ran; `code` is where the project's files are on the web."""
    contract = producer.contract
    spec = dg.AssetSpec(
        producer.key,
        deps=dependencies(producer),
        description=description(contract, model.description),
        metadata=metadata.definition_metadata(contract, code, str(model.file))
        | metadata.lineage_metadata(contract, lineage)
        | {"dagster_dbt/unique_id": model.unique_id},
        skippable=True,  # withheld where a partition is blocked: nothing recorded, nothing run downstream
        group_name=contract.domain,
        code_version=producer.code_version,
        automation_condition=automation_condition(contract, [each.reads for each in producer.signature.inputs]),
        owners=metadata.owners(contract),
        tags=metadata.tags(contract),
        kinds={"dbt", "iceberg"},
        partitions_def=partitions_definition(contract.partitioning),
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=contract.freshness) if contract.freshness else None,
    )
    return spec.with_io_manager_key(IO_MANAGER)


def check_specs(producer: Producer, model: Model) -> Iterator[dg.AssetCheckSpec]:
    """The platform's checks of the contract, and dbt's own tests: as the contract's rules, those block that are errors."""
    contract, key = producer.contract, producer.key
    yield from checks.check_specs(contract, key, producer.granularity, has_inputs=bool(producer.signature.inputs))
    for test in model.tests:
        yield dg.AssetCheckSpec(
            test.name,
            asset=key,
            blocking=test.is_error,
            additional_deps=[metadata.asset_key(name) for name in test.reads if name != contract.dataset],
            description="A test of dbt's, judged of what was just published.",
            metadata={"dagster_dbt/unique_id": test.unique_id},
        )
