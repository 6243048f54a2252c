"""The dbt project as the platform sees it: which datasets its files make, what they may read, and when it has changed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from data_platform.contracts import Contract
from data_platform.datasets.dataset import registry_of
from data_platform.settings import PROJECT, Settings
from data_platform.warehouse.sources import SOURCES, sources_yaml

BAKED = ("dbt_project.yml", "profiles.yml", "macros", "models", "tests", "seeds")
"""What of the project's folder dbt reads."""
TOOLS = ("dbt-core", "dbt-duckdb")


@dataclass(frozen=True)
class Project:
    """A dbt project (its folder) and the contracts of the datasets that it reads and makes."""

    folder: Path
    contracts: Mapping[str, Contract]

    @cached_property
    def marts(self) -> dict[str, Path]:
        """The datasets that it makes, and where: `models/<domain>/**/<domain>__<name>.sql` makes `<domain>.<name>`."""
        found = {}
        for file in sorted((self.folder / "models").rglob("*.sql")):
            domain, _, name = file.stem.partition("__")
            if name and file.relative_to(self.folder / "models").parts[0] == domain:
                found[f"{domain}.{name}"] = file
        return found

    @property
    def sources(self) -> str:
        """The text of models/sources.yml: every dataset that has a contract and is not made by the project."""
        others = [each for name, each in sorted(self.contracts.items()) if name not in self.marts]
        return sources_yaml(others)

    def write_sources(self) -> bool:
        """Bring models/sources.yml up to date; returns whether it was not."""
        file = self.folder / SOURCES
        if file.exists() and file.read_text(encoding="utf-8") == self.sources:
            return False
        beside = file.with_suffix(f".{os.getpid()}")
        beside.write_text(self.sources, encoding="utf-8")
        beside.replace(file)
        return True

    def key(self) -> str:
        """A hash of all that parsing depends on."""
        seen = hashlib.sha256(" ".join(f"{tool} {_version(tool)}" for tool in TOOLS).encode())
        for file in self._files():
            seen.update(f"\0{file.relative_to(self.folder).as_posix()}\0".encode())
            seen.update(file.read_bytes())
        return seen.hexdigest()[:20]

    def columns_key(self) -> str:
        """A hash of the columns of all contracts: what column lineage depends on besides."""
        known = [f"{name}:{','.join(each.column_names)}" for name, each in sorted(self.contracts.items())]
        return hashlib.sha256("\n".join(known).encode()).hexdigest()[:12]

    def _files(self) -> Iterator[Path]:
        for name in BAKED:
            place = self.folder / name
            if place.is_dir():
                yield from sorted(each for each in place.rglob("*") if each.suffix in (".sql", ".yml", ".yaml", ".csv"))
            elif place.exists():
                yield place


def is_dbt_installed() -> bool:
    """Whether this installation can build SQL datasets: dbt is an extra."""
    return all(map(_version, TOOLS))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def current_project() -> Project:
    """This project's own."""
    return Project(PROJECT / "dbt_project", registry_of(PROJECT / "data_platform" / "domains"))


def state() -> Path:
    """Where dbt's own files go: never into the project, never into the user's home."""
    return Settings.from_environment().home / "dbt"
