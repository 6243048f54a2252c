"""What is told of a producer: whose it is and where its code is. Imports the client.

The text of a Python function is not sent: its file, the git revision and a hash of it (tag `code_version`) say which it
was. A dbt model is sent as its compiled SQL.
"""

from __future__ import annotations

from pathlib import Path

from openlineage.client.facet_v2 import (
    JobFacet,
    documentation_job,
    job_type_job,
    ownership_job,
    source_code_location_job,
    sql_job,
    tags_job,
)

from data_platform.contracts import Contract
from data_platform.lakehouse.provenance import Provenance
from data_platform.lineage.openlineage.execution import Execution
from data_platform.settings import PROJECT, Settings


def owners(contract: Contract) -> list[tuple[str, str]]:
    """Names and kinds: people by their address, teams by `team:`."""
    people = [(each, "OWNER") for each in contract.owners]
    return people + ([(f"team:{contract.team}", "TEAM")] if contract.team else [])


def job_facets(execution: Execution, provenance: Provenance, settings: Settings) -> dict[str, JobFacet]:
    contract, source = execution.contract, execution.source
    facets: dict[str, JobFacet] = {
        "jobType": job_type_job.JobTypeJobFacet("BATCH", "DBT" if source.sql else "DAGSTER", source.kind),
        "documentation": documentation_job.DocumentationJobFacet(f"Produces {contract.dataset}"),
        "ownership": ownership_job.OwnershipJobFacet([ownership_job.Owner(*each) for each in owners(contract)]),
        "tags": tags_job.TagsJobFacet([tags_job.TagsJobFacetFields("domain", contract.domain, "DAGSTER")]),
    }
    if source.file:
        facets["sourceCodeLocation"] = _location(source.file, source.line, provenance.revision, settings.code)
    if source.sql:
        facets["sql"] = sql_job.SQLJobFacet(source.sql, "duckdb")
    return facets


def _location(file: str, line: int, revision: str, code: str) -> source_code_location_job.SourceCodeLocationJobFacet:
    """On the web, if the project's files are at the URL `code`, else on this machine."""
    path = Path(file).absolute()
    inside = path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else None
    url = f"{code}/{inside}" if code and inside else path.as_uri()
    return source_code_location_job.SourceCodeLocationJobFacet(
        "git", f"{url}#L{line}" if line else url, path=inside, version=revision or None
    )
