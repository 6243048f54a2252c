"""The models' column lineage, from their compiled SQL alone, kept beside the manifest it was computed from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from data_platform import lineage
from data_platform.lineage.facet import from_facet, to_facet
from data_platform.lineage.model import Lineage, base

if TYPE_CHECKING:
    from data_platform.warehouse.manifest import Model
    from data_platform.warehouse.project import Project


def lineage_of(models: Mapping[str, Model], project: Project, place: Path) -> Mapping[str, Lineage]:
    """The lineage of all models; read where it was computed before."""
    file = place / f"lineage-{project.columns_key()}-{_code()}.json"
    if not file.exists():
        found = {name: to_facet(each) for name, each in _computed(models, project)}
        beside = file.with_suffix(f".{os.getpid()}")
        beside.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")
        beside.replace(file)
    return _read(file)


@lru_cache
def _code() -> str:
    """A hash of what computes it."""
    folder = Path(lineage.__file__).parent
    files = sorted([*folder.glob("*.py"), *(folder / "sql").glob("*.py")])
    return hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()[:12]


@lru_cache(maxsize=4)
def _read(file: Path) -> dict[str, Lineage]:
    return {name: from_facet(facet) for name, facet in json.loads(file.read_text(encoding="utf-8")).items()}


def _computed(models: Mapping[str, Model], project: Project) -> Iterator[tuple[str, Lineage]]:
    from data_platform.lineage.sql import sql_lineage  # sqlglot: slow to import

    for name in TopologicalSorter({name: each.reads for name, each in models.items()}).static_order():
        if name in models:
            yield name, _one(models[name], project, sql_lineage)


def _one(model: Model, project: Project, sql_lineage: Callable[..., Lineage]) -> Lineage:
    contracts = project.contracts
    outputs = contracts[model.dataset].column_names if model.dataset in contracts else ()
    tables = {name: base(name, contracts[name].column_names) for name in model.reads if name in contracts}
    return sql_lineage(model.sql, tables, outputs, dialect="duckdb")
