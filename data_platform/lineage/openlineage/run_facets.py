"""What is told of a run: who started it, for which time, with which engine, and why it failed. Imports the client."""

from __future__ import annotations

import sys
from datetime import timedelta
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed

from openlineage.client.facet_v2 import (
    RunFacet,
    error_message_run,
    nominal_time_run,
    parent_run,
    processing_engine_run,
    tags_run,
)

from data_platform.contracts.partitions import split, start_of
from data_platform.lakehouse.provenance import Provenance
from data_platform.lineage.openlineage import names
from data_platform.lineage.openlineage.execution import Ending, Execution

PACKAGES = {"arrow": "pyarrow", "spark": "pyspark", "dbt": "dbt-core"}
"""Engines whose library has another name."""
STACK = 20_000
"""Characters of a stack trace: its end says most."""


def run_facets(execution: Execution, provenance: Provenance, ending: Ending | None) -> dict[str, RunFacet]:
    orchestrator = names.orchestrator_run(execution.orchestrated)
    facets: dict[str, RunFacet] = {
        "parent": parent_run.ParentRunFacet(
            parent_run.Run(orchestrator), parent_run.Job(names.ORCHESTRATOR, execution.job)
        ),
        "tags": tags_run.TagsRunFacet(
            [tags_run.TagsRunFacetFields(key, value, "DAGSTER") for key, value in _tags(execution, provenance).items()]
        ),
    }
    if (nominal := _nominal_time(execution)) is not None:
        facets["nominalTime"] = nominal
    if provenance.engine:
        facets["processing_engine"] = processing_engine_run.ProcessingEngineRunFacet(
            _version(PACKAGES.get(provenance.engine, provenance.engine)), provenance.engine, _version("data-platform")
        )
    if ending is not None and ending.error:
        facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(
            ending.error, "PYTHON", ending.stack[-STACK:] or None
        )
    return facets


def _tags(execution: Execution, provenance: Provenance) -> dict[str, str]:
    """The versions of all that decides the result, and where to find the run in Dagster."""
    known = {
        "step": execution.step,
        "contract_version": execution.contract.version,
        "code_version": provenance.code_version,
        "revision": provenance.revision,
    }
    return {key: value for key, value in known.items() if value}


def _nominal_time(execution: Execution) -> nominal_time_run.NominalTimeRunFacet | None:
    """From the first of the partitions to the end of the last, where they are days or hours."""
    cut = execution.contract.partitioning
    if cut is None or (key := cut.time) is None or not execution.partitions:
        return None
    place = cut.columns.index(key.column)
    starts = [start_of(key, split(cut, partition)[place]) for partition in execution.partitions]
    length = timedelta(days=1) if key.granularity == "day" else timedelta(hours=1)
    return nominal_time_run.NominalTimeRunFacet(min(starts).isoformat(), (max(starts) + length).isoformat())


def _version(package: str) -> str:
    """Of what is loaded, if it is: on a cluster Spark comes with the machine, and is no installed package."""
    if (loaded := getattr(sys.modules.get(package), "__version__", "")) and isinstance(loaded, str):
        return loaded
    try:
        return installed(package)
    except PackageNotFoundError:
        return "unknown"
