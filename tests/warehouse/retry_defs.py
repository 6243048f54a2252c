"""The small project as a code location, for runs that load it by its name: WAREHOUSE_PROJECT says where it is."""

import os
from pathlib import Path

import dagster as dg

from data_platform.warehouse.assets import warehouse_assets
from data_platform.warehouse.project import Project

from .scenario import CONTRACTS

_assets = warehouse_assets(Project(Path(os.environ["WAREHOUSE_PROJECT"]), CONTRACTS))
_daily = [each for each in _assets if each.node_def.name == "dbt__daily"]

defs = dg.Definitions(_assets, executor=dg.in_process_executor)


def job() -> dg.JobDefinition:
    chosen = dg.define_asset_job("daily", dg.AssetSelection.assets(*_daily))
    return dg.Definitions(_daily, jobs=[chosen], executor=dg.in_process_executor).resolve_job_def("daily")
