"""Iceberg tables, and the one way into them: stage, conform, audit, split, publish.

Belongs here: the catalog, tables derived from contracts, staging, publishing, reading, provenance. Does not: Dagster,
frames of a particular engine (see engines/). Imports contracts/ and quality/ only.
"""

from data_platform.lakehouse.catalog import Lakehouse
from data_platform.lakehouse.errors import LakehouseError, StructureError
from data_platform.lakehouse.provenance import InputRead, Provenance
from data_platform.lakehouse.publish import Publication, publish
from data_platform.lakehouse.read import ReadPlan, plan_read
from data_platform.lakehouse.staging import Staged, stage

__all__ = [
    "InputRead",
    "Lakehouse",
    "LakehouseError",
    "Provenance",
    "Publication",
    "ReadPlan",
    "Staged",
    "StructureError",
    "plan_read",
    "publish",
    "stage",
]
