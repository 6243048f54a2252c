"""Which version of the project's code is running: git's revision, asked once per process."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from pathlib import Path

from data_platform.settings import PROJECT, Settings

DIRTY = "+"
"""Follows the revision where tracked files were changed since."""
PATIENCE = 5
"""Seconds that git may take."""


def revision(settings: Settings) -> str:
    """What `DATA_PLATFORM_REVISION` says (where the code is deployed without git), else the revision of the project's
    files when the process first asked; '' where there is none."""
    return settings.revision or git_revision(PROJECT)


@lru_cache
def git_revision(folder: Path) -> str:
    if not (folder / ".git").exists():
        return ""
    command = ["git", "--no-optional-locks", "-C", str(folder), "describe", "--always", "--exclude=*", "--abbrev=40"]
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed command
            [*command, f"--dirty={DIRTY}"], capture_output=True, text=True, timeout=PATIENCE, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout.strip()
