"""Iceberg tables, and the one way into them: stage, conform, audit, split, publish.

Belongs here: the catalog, tables derived from contracts, staging, publishing, reading, provenance. Does not: Dagster,
frames of a particular engine (see engines/). Imports contracts/ and quality/ only.
"""

from data_platform.lakehouse.catalog import Lakehouse, current_lakehouse
from data_platform.lakehouse.errors import LakehouseError, MissingPartitions, StructureError
from data_platform.lakehouse.provenance import InputRead, Provenance
from data_platform.lakehouse.publish import Publication, publish, staging_folder
from data_platform.lakehouse.read import ReadPlan, plan_read
from data_platform.lakehouse.staging import Staged, stage

__all__ = [
    "InputRead",
    "Lakehouse",
    "LakehouseError",
    "MissingPartitions",
    "Provenance",
    "Publication",
    "ReadPlan",
    "Staged",
    "StructureError",
    "current_lakehouse",
    "plan_read",
    "publish",
    "stage",
    "staging_folder",
]
