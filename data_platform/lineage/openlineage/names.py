"""What datasets, jobs and runs are called in OpenLineage: the one place. docs/how-to/openlineage.md has it as a table."""

from __future__ import annotations

import uuid
from urllib.parse import urlsplit

from data_platform.lineage.facet import NAMESPACE

ORCHESTRATOR = "dagster"
"""The namespace of Dagster's jobs. That of datasets and of their producers is NAMESPACE."""

__all__ = ["NAMESPACE", "ORCHESTRATOR", "orchestrator_run", "place", "run_id"]


def orchestrator_run(known: str) -> str:
    """The id of a Dagster run, which is a UUID unless somebody chose another."""
    return str(_uuid(known))


def run_id(orchestrated: str, step: str, dataset: str, attempt: int) -> str:
    """The id of a producer's run: the same whenever and wherever it is asked for."""
    return str(uuid.uuid5(_uuid(orchestrated), f"{step}/{dataset}/{attempt}"))


def place(location: str) -> tuple[str, str]:
    """The namespace and name of a folder or file, given by its path or URL."""
    parts = urlsplit(location) if "://" in location else None
    if parts is None or parts.scheme == "file":
        path = parts.path if parts else location
        return "file", path.rstrip("/") or "/"
    return f"{parts.scheme}://{parts.netloc}", parts.path.strip("/") or "/"


def _uuid(known: str) -> uuid.UUID:
    try:
        return uuid.UUID(known)
    except ValueError:
        return uuid.uuid5(uuid.NAMESPACE_OID, known)
