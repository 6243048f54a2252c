"""A driver in a process of its own, for what cannot be done to pytest's: `... HOME ASSET[,ASSET] [polars|jvm]`.

`$EXECUTOR_DEFS` names another code location than the executor's own.
"""

import os
import sys

import dagster as dg

from data_platform.operations.launch import execute_assets


def main() -> None:
    home, assets, *after = sys.argv[1:]
    if after == ["polars"]:  # starts the thread pool that makes this process unfit for forking
        import polars as pl

        pl.DataFrame({"a": [1]}).lazy().group_by("a").len().collect()
    if after == ["jvm"]:  # what PySpark keeps of one
        from pyspark import SparkContext

        SparkContext._gateway = object()
    instance = dg.DagsterInstance.local_temp(home)
    module = os.environ.get("EXECUTOR_DEFS", "tests.operations.executor_defs")
    execute_assets(instance, module, "defs", [dg.AssetKey(name.split(".")) for name in assets.split(",")])


if __name__ == "__main__":
    main()
