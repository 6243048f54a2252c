"""What nearly every step imports, imported once in the driver: a forked step then starts with it.

Only importing is safe before a fork; a Polars query is not (see `step_process.fork_hazards`).
"""

import importlib
from functools import cache

STEP_MODULES = (
    "data_platform.datasets.metadata",
    "data_platform.lakehouse.commit",
    "data_platform.lakehouse.filters",
    "data_platform.lakehouse.schema",
    "duckdb",
    "polars",
    "pyarrow.dataset",
    "pyiceberg.catalog.sql",
    "pyiceberg.io.pyarrow",
)


@cache
def import_ahead() -> None:
    """Import them; what an installation leaves out, its steps do not need."""
    for name in STEP_MODULES:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            continue
