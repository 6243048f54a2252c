"""What nearly every step imports, imported once in the driver: a forked step then starts with it.

Only importing is safe before a fork; a Polars query is not (see `step_process.fork_hazards`).
"""

import importlib
from functools import cache

from data_platform.settings import Settings

STEP_MODULES = (
    "data_platform.datasets.metadata",
    "data_platform.lakehouse.commit",
    "data_platform.lakehouse.filters",
    "data_platform.lakehouse.schema",
    "data_platform.lineage.polars",
    "data_platform.lineage.sql.query",
    "duckdb",
    "polars",
    "pyarrow.dataset",
    "pyiceberg.catalog.sql",
    "pyiceberg.io.pyarrow",
)


TOOL_TAG = "data_platform/tool"
"""A step's tag that names a library that takes long to import: worth it ahead only where a step needs it."""
TOOL_MODULES = {
    "dbt": (
        "babel.dates",
        "daff",
        "data_platform.warehouse.plugin",
        "dbt.adapters.duckdb",
        "dbt.cli.main",
        "dbt.compilation",
        "dbt.contracts.graph.manifest",
        "dbt.task.build",
        "sqlparse",
    ),
    "spark": (  # the modules; the session and its JVM are each step's own
        "dagster_pyspark",
        "data_platform.datasets.spark",
        "data_platform.engines.spark.bench",
        "data_platform.engines.spark.reading",
        "data_platform.engines.spark.staging",
        "data_platform.lineage.spark",
        "pandas",
        "pyspark.sql.functions",
        "pyspark.sql.pandas.types",
    ),
}


@cache
def import_ahead(*tools: str) -> None:
    """Import them; what an installation leaves out, its steps do not need."""
    told = ("data_platform.lineage.openlineage.events",) if Settings.from_environment().openlineage else ()
    for name in (*STEP_MODULES, *told, *(name for tool in tools for name in TOOL_MODULES.get(tool, ()))):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue
