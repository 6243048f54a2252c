"""A driver in a process of its own, for what cannot be done to pytest's: `... HOME ASSET[,ASSET] [polars]`."""

import sys

import dagster as dg

from data_platform.operations.launch import execute_assets


def main() -> None:
    home, assets, *after = sys.argv[1:]
    if after == ["polars"]:  # starts the thread pool that makes this process unfit for forking
        import polars as pl

        pl.DataFrame({"a": [1]}).lazy().group_by("a").len().collect()
    instance = dg.DagsterInstance.local_temp(home)
    execute_assets(
        instance, "tests.operations.executor_defs", "defs", [dg.AssetKey(name) for name in assets.split(",")]
    )


if __name__ == "__main__":
    main()
