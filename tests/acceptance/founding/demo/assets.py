"""d2 is made from d1 by a job that reads only `d1_c1` and replaces negatives by 0; once whole and once by day."""

from typing import Annotated

import dagster as dg
import polars as pl

from data_platform.datasets import Reads, dataset


class Numbers(dg.ConfigurableResource):
    """Where d1 comes from. On `bad_day` a third of the numbers are missing."""

    values: list[int] = [3, -1, 0, 7, -5]  # noqa: RUF012 - copied per instance by pydantic
    bad_day: str = ""

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame({"d1_c1": self.values, "d1_c2": self.values}, schema={"d1_c1": pl.Int32, "d1_c2": pl.Int32})

    def day(self, day: str) -> pl.DataFrame:
        frame = self.frame().with_columns(day=pl.lit(day).str.to_date())
        if day == self.bad_day:
            return frame.with_columns(d1_c2=pl.when(pl.int_range(pl.len()) % 3 > 0).then("d1_c2"))
        return frame


@dataset("demo.d1")
def d1(numbers: Numbers) -> pl.DataFrame:
    return numbers.frame()


@dataset("demo.d2")
def d2(d1: Annotated[pl.LazyFrame, Reads("demo.d1", "d1_c1")]) -> pl.LazyFrame:
    return d1.select(d2_c1=pl.col("d1_c1").clip(lower_bound=0))


@dataset("demo.d1_daily")
def d1_daily(context: dg.AssetExecutionContext, numbers: Numbers) -> pl.DataFrame:
    return pl.concat([numbers.day(day) for day in context.partition_keys])


@dataset("demo.d2_daily")
def d2_daily(d1: Annotated[pl.LazyFrame, Reads("demo.d1_daily", "day", "d1_c1")]) -> pl.LazyFrame:
    return d1.select("day", d2_c1=pl.col("d1_c1").clip(lower_bound=0))
