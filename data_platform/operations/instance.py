"""Dagster's instance, as every command of the platform opens it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import dagster as dg

from data_platform.locked import locked
from data_platform.settings import PROJECT, Settings


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Dagster's instance under DAGSTER_HOME, or under the platform's home; configured on first use."""
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(settings.home / "dagster")))
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock"):  # Dagster's SQLite storages cannot be made by two processes at once
        if not (home / "dagster.yaml").exists():
            shutil.copy(PROJECT / "dagster.yaml", home / "dagster.yaml")
        return dg.DagsterInstance.get()
