"""What an engineer imports to add a dataset: `@dataset`, `Reads`, `window`.

Belongs here: contracts and typed parameters turned into Dagster assets, checks and IO; test helpers (`testing`).
Does not: how rows are checked or committed (quality/, lakehouse/) or any particular dataset (domains/).
"""

from data_platform.datasets.dataset import Dataset, dataset
from data_platform.datasets.errors import DefinitionError
from data_platform.datasets.reads import Reads, window

__all__ = ["Dataset", "DefinitionError", "Reads", "dataset", "window"]
