"""The README's commands, run as they stand there, block by block, in a copy of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from data_platform.settings import PROJECT

pytestmark = pytest.mark.slow

README = (PROJECT / "README.md").read_text()
TOUR = re.search(r"\[start:tour\](.*?)\[end:tour\]", README, re.DOTALL)[1]
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LEFT_TO_CI = {"make run", "make test", "make dev"}
"""What `.ci/run` and the browser tests run."""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """What a clone holds, without its history; the environment is this one."""
    copy = tmp_path_factory.mktemp("clone") / "data-platform"
    ignored = shutil.ignore_patterns(
        ".git", ".venv", ".platform", "__pycache__", ".*_cache", "build", "*.egg-info", "inbox"
    )
    shutil.copytree(PROJECT, copy, ignore=ignored)
    return copy


@pytest.fixture(scope="module")
def run(project):
    def execute(commands: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(project),
            "DATA_PLATFORM_HOME": str(project / ".platform"),
            "COLUMNS": "160",
        }
        for name in ("DAGSTER_HOME", "DATA_PLATFORM_FILES", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
            environment.pop(name, None)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands], cwd=project, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return execute


def test_the_tour_goes_from_two_files_to_governed_tested_datasets(run, project):
    told = run("\n".join(SHELL.findall(TOUR))).stdout  # in one shell, as a reader would
    declared = project / "data_platform" / "domains" / "shop" / "contracts"
    assert {each.name for each in declared.iterdir()} == {"customers.yaml", "orders.yaml"}
    assert "relationships" in (declared / "orders.yaml").read_text()
    assert "returned" in told and "returned" in (declared / "orders.yaml").read_text()
    assert (project / "orders.xlsx").stat().st_size > 1000
    rows = run('DATA_PLATFORM_DOMAIN=shop dp sql --format json "select count(*) as rows from shop.orders"').stdout
    assert re.search(r'"rows":\s*401', rows), rows


def test_the_other_commands_of_the_readme_work_as_they_stand_there(run):
    for commands in SHELL.findall(README.replace(TOUR, "")):
        for command in commands.splitlines():
            command = command.split("#")[0].strip()
            if command and command not in LEFT_TO_CI:
                run(command)
