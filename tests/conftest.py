"""A lakehouse of its own for every test, and an environment that names no other."""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from data_platform.lakehouse import Lakehouse
from data_platform.settings import Settings

pytest_plugins = ["data_platform.datasets.testing", "tests.buckets", "tests.every_frame"]

if (main := sys.modules["__main__"]).__spec__ is None and not hasattr(main, "__file__"):
    # A worker of pytest-xdist: PySpark would take it for a doctest of its own, and exit.
    main.__spec__ = ModuleSpec("__main__", None)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `current_lakehouse()` lives in during this test."""
    names = "WAREHOUSE CATALOG FILES CHECKS ALERTS SMTP_PASSWORD DOMAIN CLEARANCE CODE OPENLINEAGE OPENLINEAGE_KEY"
    for name in names.split():
        monkeypatch.delenv(f"DATA_PLATFORM_{name}", raising=False)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def lakehouse(home: Path) -> Lakehouse:
    return Lakehouse(Settings.at(home))


WORLDS = {
    "tests/domains": "the marketplace",
    "tests/warehouse_models": "the marketplace",
    "tests/marketplace": "its sources",
    "tests/provenance": "the shop",
}
"""Folders whose tests look at something that takes long to make: one process makes it, and runs them all."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """`--dist loadscope` keeps the tests of a file together: so it does, with those of each of WORLDS."""
    if config.getoption("dist") != "loadscope":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            folder = nodeid.partition("::")[0].rpartition("/")[0]
            return WORLDS.get(folder) or super()._split_scope(nodeid)

    return Scheduling(config, log)
