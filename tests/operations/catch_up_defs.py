"""The dataset tests' scenario as a code location."""

import dagster as dg

from data_platform.operations.executor import warm_executor
from tests.datasets import scenario

defs = dg.Definitions(assets=scenario.ALL, resources={"source": scenario.Source()}, executor=warm_executor)
