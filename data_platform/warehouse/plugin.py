"""The dbt-duckdb plugin: connections that reach the lakehouse, and the way of each model and test into it.

dbt makes the plugin itself, from the profile; which invocation it works for is `invocation.current()`. Without one
(`dbt compile`, an editor's language server) it does nothing.
"""

from __future__ import annotations

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from data_platform.warehouse.invocation import current


class Plugin(BasePlugin):
    """Module and class are named in dbt_project/profiles.yml."""

    connection: DuckDBPyConnection

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        self.connection = conn
        if (invocation := current()) is not None:
            invocation.connect(conn)

    def store(self, target_config: Any) -> None:
        """Called by the macros in dbt_project/macros/lakehouse.sql."""
        config, invocation = target_config.config, current()
        if invocation is None:
            raise RuntimeError("models are published by the platform only: `dp materialize DATASET`, or the UI")
        if "publish" in config:
            invocation.make(config["publish"], config["query"], self.connection)
        else:
            invocation.before_test(config["test"], self.connection)
