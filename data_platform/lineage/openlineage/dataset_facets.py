"""What is told of a dataset: what its contract says, what was read of it, what was written to it. Imports the client."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from openlineage.client.facet_v2 import (
    DatasetFacet,
    InputDatasetFacet,
    OutputDatasetFacet,
    base_subset_dataset,
    column_lineage_dataset,
    dataset_type_dataset,
    dataset_version_dataset,
    documentation_dataset,
    output_statistics_output_dataset,
    ownership_dataset,
    schema_dataset,
    storage_dataset,
    symlinks_dataset,
    tags_dataset,
)

from data_platform.contracts import Column, ColumnType, Contract, Partitioning
from data_platform.contracts.partitions import split
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.provenance import InputRead
from data_platform.lineage.openlineage import names
from data_platform.lineage.openlineage.assertions import assertions
from data_platform.lineage.openlineage.execution import Ending, Execution
from data_platform.lineage.openlineage.job_facets import owners
from data_platform.settings import Settings

Field = schema_dataset.SchemaDatasetFacetFields


def table_facets(contract: Contract, settings: Settings, columns: Collection[str] = ()) -> dict[str, DatasetFacet]:
    """What the contract says; of the `columns` alone, where some are named."""
    shown = [each for each in contract.columns if not columns or each.name in columns]
    facets: dict[str, DatasetFacet] = {
        "schema": schema_dataset.SchemaDatasetFacet(
            [_field(each.name, each.type, place, each.description) for place, each in enumerate(shown, 1)]
        ),
        "datasetType": dataset_type_dataset.DatasetTypeDatasetFacet("TABLE"),
        "storage": storage_dataset.StorageDatasetFacet("iceberg", "parquet"),
        "symlinks": symlinks_dataset.SymlinksDatasetFacet(
            [symlinks_dataset.Identifier(*names.place(Lakehouse(settings).location(contract)), "LOCATION")]
        ),
        "ownership": ownership_dataset.OwnershipDatasetFacet(
            [ownership_dataset.Owner(*each) for each in owners(contract)]
        ),
        "tags": tags_dataset.TagsDatasetFacet(_tags(contract, shown)),
    }
    if contract.description:
        facets["documentation"] = documentation_dataset.DocumentationDatasetFacet(contract.description)
    return facets


def version(snapshot_id: int | None) -> dict[str, DatasetFacet]:
    """The Iceberg snapshot, where there is one."""
    found = dataset_version_dataset.DatasetVersionDatasetFacet(str(snapshot_id))
    return {} if snapshot_id is None else {"version": found}


def read_facets(read: InputRead, cut: Partitioning | None) -> dict[str, InputDatasetFacet]:
    condition = subset(cut, read.partitions)
    return {"subset": base_subset_dataset.InputSubsetInputDatasetFacet(condition)} if condition else {}


def written_facets(execution: Execution, ending: Ending | None) -> tuple[dict[str, Any], dict[str, OutputDatasetFacet]]:
    """The facets of the dataset itself, and those of this one output: of the partitions that were published where it has
    ended, of those that are asked for where it has not."""
    cut = execution.contract.partitioning
    of_dataset: dict[str, Any] = {}
    of_output: dict[str, OutputDatasetFacet] = {}
    publication = ending.publication if ending else None
    partitions = publication.published if publication else () if ending else execution.partitions
    if (condition := subset(cut, partitions)) is not None:
        of_output["subset"] = base_subset_dataset.OutputSubsetOutputDatasetFacet(condition)
    if ending is None:
        return of_dataset, of_output
    if found := assertions(ending.verdicts):
        of_dataset["dataQualityAssertions"] = found
    if publication is not None and publication.snapshot_id is not None:
        of_dataset |= version(publication.snapshot_id)
        of_output["outputStatistics"] = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
            sum(publication.rows.values()), publication.bytes
        )
        if ending.provenance.lineage:
            of_dataset["columnLineage"] = _column_lineage(ending.provenance.lineage)
    return of_dataset, of_output


def subset(cut: Partitioning | None, partitions: Sequence[str]) -> base_subset_dataset.PartitionSubsetCondition | None:
    """Some partitions; None for a dataset that is not cut, and for all of one that is."""
    if cut is None or not partitions:
        return None
    return base_subset_dataset.PartitionSubsetCondition(
        [
            base_subset_dataset.Partition(dict(zip(cut.columns, split(cut, each), strict=True)), each)
            for each in partitions
        ]
    )


def _field(name: str, kind: ColumnType, place: int, description: str = "") -> Field:
    """A column or a field of a struct, with the fields inside."""
    inner: list[tuple[str, ColumnType]] = list(kind.fields)
    if kind.kind == "map" and kind.key:
        inner.append(("key", kind.key))
    if kind.element:
        inner.append(("element" if kind.kind == "list" else "value", kind.element))
    fields = [_field(each, of, number) for number, (each, of) in enumerate(inner, 1)]
    return Field(name, str(kind), description or None, place, fields)


def _tags(contract: Contract, columns: Sequence[Column]) -> list[tags_dataset.TagsDatasetFacetFields]:
    said: list[tuple[str, str, str | None]] = [
        ("contract_version", contract.version, None),
        ("visibility", contract.visibility, None),
    ]
    said += [(tag, "true", None) for tag in contract.tags]
    for column in columns:
        said += [("classification", column.classification, column.name)] if column.classification != "internal" else []
        said += [("pii", column.pii, column.name)] if column.pii else []
        said += [(tag, "true", column.name) for tag in column.tags]
    return [tags_dataset.TagsDatasetFacetFields(key, value, "CONTRACT", field) for key, value, field in said]


def _column_lineage(recorded: str) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    """The lineage as it is recorded, which is this facet's form already."""
    known = json.loads(recorded)
    return column_lineage_dataset.ColumnLineageDatasetFacet(
        {name: column_lineage_dataset.Fields(_origins(each["inputFields"])) for name, each in known["fields"].items()},
        _origins(known["dataset"]),
    )


def _origins(fields: Sequence[dict[str, Any]]) -> list[column_lineage_dataset.InputField]:
    return [
        column_lineage_dataset.InputField(
            each["namespace"],
            each["name"],
            each["field"],
            [column_lineage_dataset.Transformation(**how) for how in each["transformations"]],
        )
        for each in fields
    ]
