"""What an engineer imports to add a dataset: `@dataset`, `Reads`, `window`, and `Files` or `Landing` with their formats.

Belongs here: contracts and typed parameters turned into Dagster assets, checks and IO; test helpers (`testing`).
Does not: how rows are checked or committed (quality/, lakehouse/) or any particular dataset (domains/).
"""

from data_platform.datasets.dataset import Dataset, dataset
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.reads import Reads, window
from data_platform.files import Booleans, Csv, Dates, Files, Json, Numbers, Parquet
from data_platform.files.landing import Landing

__all__ = [
    "Booleans",
    "Csv",
    "Dataset",
    "Dates",
    "DefinitionError",
    "Files",
    "Json",
    "Landing",
    "Numbers",
    "Parquet",
    "Reads",
    "dataset",
    "window",
]
