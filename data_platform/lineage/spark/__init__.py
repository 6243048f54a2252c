"""The lineage of a Spark data frame, from its analyzed plan: one call into the JVM, nothing is computed.

    orders = spark.read.parquet(*files).alias("shop__orders")
    extract(orders.where("amount > 1"), {"shop__orders": base("shop.orders", ["amount"])})

`plan` reads Spark's JSON, `expressions` says what a value comes from, `operators` what the columns and rows of an operator
do. A plan is walked bottom-up, for Spark reuses the ids of a union's first branch above it: what is filtered in one branch
says nothing about the other. Needs no import of pyspark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_platform.engines import frame_name
from data_platform.lineage.given import Given
from data_platform.lineage.model import Lineage, Origins, base, opaque
from data_platform.lineage.spark.plan import Jvm
from data_platform.lineage.spark.sources import Sources
from data_platform.lineage.spark.walk import Walk

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = ["extract", "lineage_of"]

FAILED = "Spark's plan was not understood"
CONNECT = "Spark Connect keeps the plan on its server; read it through a classic session to see its lineage"


def lineage_of(frame: DataFrame, inputs: Sequence[Given]) -> Lineage:
    """Of a frame that a function made of its inputs, which are read under the name of their dataset; see `extract`.

    A dataset that is read twice has all columns of both: an edge says nothing of when or how it was read.
    """
    read: dict[str, set[str]] = {}
    for each in inputs:
        if frame_name(type(each.frame)) == frame_name(type(frame)):
            read.setdefault(each.dataset, set()).update(each.columns)
    sources = {name: base(name, columns) for name, columns in read.items()}
    return extract(frame, sources, [each.dataset for each in inputs])


def extract(df: DataFrame, sources: Mapping[str, Lineage], others: Iterable[str] = ()) -> Lineage:
    """Where the columns and rows of `df` come from. Never raises: what is not understood is OPAQUE, and says why.

    `sources` are the frames it was made of, by the alias that each was given when it was read (`df.alias("shop__orders")`),
    by a catalog table's name (`shop.orders`), or by the path below which its files are (what has a `/` in it). Rows
    from anywhere else, such as a checkpoint or an RDD, may be of any of them, or of the datasets `others`, which are
    read by other means: OPAQUE.
    """
    known = Sources(sources, others)
    try:
        if "connect" in type(df).__module__.split("."):
            return opaque(_names(df), known.datasets, CONNECT)
        return _extract(df, known)
    except Exception as error:  # a run does not fail for its lineage
        return opaque(_names(df), known.datasets, f"{FAILED}: {error}")


def _extract(df: DataFrame, sources: Sources) -> Lineage:
    execution: Any = df._jdf.queryExecution()  # pyright: ignore[reportOptionalCall] - py4j has no types
    jvm = Jvm(execution.analyzed())
    found, names = Walk(sources, jvm).relation(jvm.nodes()), df.columns
    columns: dict[str, Origins] = {}
    for name, value in zip(names, found.values(len(names)), strict=True):
        columns[name] = columns.get(name, frozenset()) | value.origins  # two columns may have the same name
    return Lineage(columns, found.rows)


def _names(df: DataFrame) -> list[str]:
    try:
        return df.columns
    except Exception:  # a server that is away
        return []
