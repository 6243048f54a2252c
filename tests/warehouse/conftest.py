"""dbt parses the small project once for all of pytest's workers; every test has a lakehouse of its own."""

import fcntl
import os

import pytest

from data_platform.warehouse.assets import Warehouse, warehouse_assets
from data_platform.warehouse.bake import baked
from data_platform.warehouse.project import Project

from . import scenario


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.getbasetemp()
    folder = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "dbt_scenario"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        there = folder / "dbt_project"
        made = Project(there, scenario.CONTRACTS) if there.exists() else scenario.project(folder)
        baked(made)
    return made


@pytest.fixture
def warehouse(project: Project) -> list[Warehouse]:
    return warehouse_assets(project)
