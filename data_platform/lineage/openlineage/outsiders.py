"""Files from outside that a producer read, as datasets: one per folder, which of its files is a subset. Imports the
client."""

from __future__ import annotations

from collections.abc import Iterable

from openlineage.client.event_v2 import InputDataset
from openlineage.client.facet_v2 import base_subset_dataset, dataset_type_dataset, input_statistics_input_dataset

from data_platform.lakehouse.provenance import NAMED, FileRead
from data_platform.lineage.openlineage import names


def folders_read(files: Iterable[FileRead], landing: str) -> list[InputDataset]:
    """`landing` is the folder of files whose names are relative, and then one dataset, with all folders in it."""
    folders: dict[str, list[FileRead]] = {}
    for each in files:
        is_whole = each.name.startswith("/") or "://" in each.name
        folders.setdefault(each.name.rpartition("/")[0] if is_whole else landing, []).append(each)
    return [_folder(folder, there) for folder, there in folders.items()]


def _folder(folder: str, files: list[FileRead]) -> InputDataset:
    size = sum(each.size for each in files)
    locations = [each.name for each in files[:NAMED]]
    return InputDataset(
        *names.place(folder),
        facets={"datasetType": dataset_type_dataset.DatasetTypeDatasetFacet("FILE")},
        inputFacets={
            "subset": base_subset_dataset.InputSubsetInputDatasetFacet(
                base_subset_dataset.LocationSubsetCondition(locations)
            ),
            "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                size=size, fileCount=len(files)
            ),
        },
    )
