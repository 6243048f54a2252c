"""Where the example's source systems keep their state."""

import os
from pathlib import Path


def marketplace_home() -> Path:
    """`marketplace` in DATA_PLATFORM_HOME, or in `.platform` beside the `pyproject.toml` above the working folder."""
    configured = os.environ.get("DATA_PLATFORM_HOME")
    if configured:
        return Path(configured).absolute() / "marketplace"
    here = Path.cwd()
    checkout = Path(__file__).resolve().parents[2]
    project = next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").exists()), checkout)
    return project / ".platform" / "marketplace"


def postgres_folder(home: Path) -> Path:
    return home / "postgres"


def events_folder(home: Path) -> Path:
    return home / "events"
