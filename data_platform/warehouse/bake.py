"""Baking: dbt parses and compiles the project once per change, in a process of its own.

Two files result: `manifest.json`, which definitions are made from, and `manifest.msgpack`, which runs start from.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from data_platform.datasets.errors import DefinitionError
from data_platform.locked import locked
from data_platform.warehouse.project import Project, state

log = logging.getLogger(__name__)

COMPILED, PARSED = "manifest.json", "manifest.msgpack"
KEPT = 3
"""How many earlier states of the project stay baked: of other branches, of other people's processes."""
NEEDED = ("metadata", "nodes", "sources", "parent_map", "child_map")
"""What definitions need of a manifest: a fiftieth of it."""


def baked(project: Project) -> Path:
    """The folder with both files for the project as it is now; bakes where there is none."""
    try:
        project.write_sources()
    except OSError as error:  # installed read-only: the file has to be right already
        log.warning("%s cannot be written: %s", project.folder, error)
    key = project.key()
    places = [root / key for root in (project.folder / "target", state() / "manifests")]
    for place in places:
        if (place / COMPILED).exists():
            return place
    root = next((each.parent for each in places if _is_writable(each.parent)), places[-1].parent)
    with locked(root / ".lock"):  # several processes that find the project changed bake it once
        if not (root / key / COMPILED).exists():
            _bake(project, root, key)
    return root / key


def _bake(project: Project, root: Path, key: str) -> None:
    with tempfile.TemporaryDirectory(dir=root, prefix=".baking-") as scratch:
        command = [sys.executable, "-m", "data_platform.warehouse.baking", str(project.folder), scratch]
        environment = {**os.environ, "DO_NOT_TRACK": "1"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)  # noqa: S603
        if done.returncode:
            said = (done.stdout + done.stderr).strip()
            raise DefinitionError([f"{project.folder}: dbt cannot read the project:\n{said}"])
        Path(scratch, "out").rename(root / key)
    others = [each for each in root.iterdir() if each.is_dir() and (each / COMPILED).exists() and each.name != key]
    for old in sorted(others, key=lambda each: each.stat().st_mtime)[: -KEPT or None]:
        shutil.rmtree(old, ignore_errors=True)


def _is_writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def slim(manifest: dict) -> str:
    """The part of a manifest that definitions need, as JSON."""
    return json.dumps({name: manifest[name] for name in NEEDED}, default=str, separators=(",", ":"))
