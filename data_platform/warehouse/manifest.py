"""The project's models, known without running or parsing anything: read from the baked manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_platform.warehouse.bake import COMPILED, baked
from data_platform.warehouse.project import Project, current_project, is_dbt_installed

if TYPE_CHECKING:
    from data_platform.lineage import Lineage


@dataclass(frozen=True, slots=True)
class Test:
    """One of dbt's own tests: its name, how dbt selects it, whether a failure is an error, and the datasets it reads."""

    unique_id: str
    name: str
    selector: str
    is_error: bool
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One model that is a dataset. `sql` is its compiled query with everything inlined, and no partition named; `reads`
    are the datasets in it, by the relation they have there; `meta` is what its configuration says besides dbt's."""

    dataset: str
    unique_id: str
    selector: str
    file: Path
    sql: str
    reads: tuple[str, ...]
    description: str = ""
    meta: Mapping[str, Any] = field(default_factory=dict)
    tests: tuple[Test, ...] = ()

    @property
    def code_version(self) -> str:
        """A hash of the query: it changes with the model, with what is inlined and with its macros."""
        return hashlib.sha256(self.sql.encode()).hexdigest()[:12]


def models(project: Project | None = None) -> Mapping[str, Model]:
    """The models that are datasets, by dataset; none where dbt is not installed."""
    project = project or current_project()
    return _models(baked(project), project.folder) if _has_models(project) else {}


def static_lineage(project: Project | None = None) -> Mapping[str, Lineage]:
    """The column lineage of every model, by dataset, computed once per change of a query or of a contract's columns."""
    from data_platform.warehouse.column_lineage import lineage_of

    project = project or current_project()
    if not _has_models(project):
        return {}
    place = baked(project)
    return lineage_of(_models(place, project.folder), project, place)


def _has_models(project: Project) -> bool:
    return bool(project.marts) and is_dbt_installed()


@lru_cache(maxsize=4)
def _manifest(place: Path) -> dict[str, Any]:
    return json.loads((place / COMPILED).read_text(encoding="utf-8"))


@lru_cache(maxsize=4)
def _models(place: Path, folder: Path) -> dict[str, Model]:
    known = _manifest(place)
    found = {}
    for unique_id, node in known["nodes"].items():
        if is_dataset(node):
            found[dataset_of(node)] = Model(
                dataset_of(node),
                unique_id,
                _selector(node),
                folder / node["original_file_path"],
                node.get("compiled_code") or "",
                tuple(sorted(_read(known, unique_id))),
                node.get("description") or "",
                node["config"].get("meta") or {},
                tuple(_tests(known, unique_id)),
            )
    return dict(sorted(found.items()))


def is_dataset(node: Mapping[str, Any]) -> bool:
    """Whether a node is published: what is inlined is not."""
    return node["resource_type"] == "model" and node["config"]["materialized"] == "lakehouse"


def dataset_of(node: Mapping[str, Any]) -> str:
    """The dataset that a model makes, or that a source is."""
    if node["resource_type"] == "source":
        return f"{node['source_name']}.{node['name']}"
    return node["name"].replace("__", ".", 1)


def _read(known: Mapping[str, Any], unique_id: str) -> Iterator[str]:
    """The datasets that a node reads, itself or through what is inlined."""
    for each in known["nodes"][unique_id]["depends_on"]["nodes"]:
        if each in known["sources"]:
            yield dataset_of(known["sources"][each])
        elif each in known["nodes"]:
            node = known["nodes"][each]
            if is_dataset(node):
                yield dataset_of(node)
            else:
                yield from _read(known, each)


def _tests(known: Mapping[str, Any], unique_id: str) -> Iterator[Test]:
    for each in sorted(known["child_map"].get(unique_id, ())):
        node = known["nodes"].get(each)
        if node is None or node["resource_type"] != "test":
            continue
        attached = node.get("attached_node") or next(iter(node["depends_on"]["nodes"]), None)
        if attached == unique_id:
            severity = (node["config"].get("severity") or "error").lower()
            reads = tuple(sorted(set(_read(known, each))))
            yield Test(each, node["name"], _selector(node), severity == "error", reads)


def _selector(node: Mapping[str, Any]) -> str:
    return f"fqn:{'.'.join(node['fqn'])}"
