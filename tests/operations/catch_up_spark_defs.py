"""A day that fails, and what Spark is said to make of the days: one leaf, one that is read, one leaf made otherwise."""

import dagster as dg

from data_platform.operations.executor import warm_executor

DAYS = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-06")
ALL_AT_ONCE = dg.BackfillPolicy.single_run()


@dg.asset(key=["ads", "raw"], partitions_def=DAYS, backfill_policy=ALL_AT_ONCE)
def raw(context: dg.AssetExecutionContext) -> None:
    if "2026-01-03" in context.partition_keys:
        raise dg.Failure("a bad day", allow_retries=False)


def _of_raw(name: str, kind: str, reads: str = "raw") -> dg.AssetsDefinition:
    @dg.asset(key=["ads", name], kinds={kind}, partitions_def=DAYS, deps=[["ads", reads]], backfill_policy=ALL_AT_ONCE)
    def made() -> None: ...

    return made


defs = dg.Definitions(
    assets=[raw, _of_raw("visits", "spark"), _of_raw("read", "spark"), _of_raw("reads", "polars", "read")],
    executor=warm_executor,
)
