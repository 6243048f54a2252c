"""A day that fails, and what Spark is said to make of the others."""

import dagster as dg

from data_platform.operations.executor import warm_executor

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-06")
ALL_AT_ONCE = dg.BackfillPolicy.single_run()


@dg.asset(key=["ads", "raw"], partitions_def=DAYS, backfill_policy=ALL_AT_ONCE)
def raw(context: dg.AssetExecutionContext) -> None:
    if "2026-01-02" in context.partition_keys:
        raise dg.Failure("a bad day", allow_retries=False)


@dg.asset(
    key=["ads", "visits"], kinds={"spark"}, partitions_def=DAYS, deps=[["ads", "raw"]], backfill_policy=ALL_AT_ONCE
)
def visits() -> None: ...


defs = dg.Definitions(assets=[raw, visits], executor=warm_executor)
