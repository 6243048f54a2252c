"""A lakehouse of its own for every test, and an environment that names no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.lakehouse import Lakehouse
from data_platform.settings import Settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that `current_lakehouse()` lives in during this test."""
    for name in ("WAREHOUSE", "CATALOG", "CHECKS", "ALERTS", "SMTP_PASSWORD"):
        monkeypatch.delenv(f"DATA_PLATFORM_{name}", raising=False)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def lakehouse(home: Path) -> Lakehouse:
    return Lakehouse(Settings.at(home))
