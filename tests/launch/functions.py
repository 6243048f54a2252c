"""Functions that ask for what only some launchers can give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import dagster as dg

from data_platform.datasets import Landing, Reads
from data_platform.datasets.spark import SparkSessionResource

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


class Rates(dg.ConfigurableResource):
    pass


def asks_for_a_resource(orders: Annotated[DataFrame, Reads("shop.orders")], rates: Rates) -> DataFrame: ...


def asks_for_spark(orders: Annotated[DataFrame, Reads("shop.orders")], spark: SparkSessionResource) -> DataFrame: ...


def takes_what_lands(rows: Annotated[DataFrame, Landing("inbox/*.csv")]) -> DataFrame: ...
