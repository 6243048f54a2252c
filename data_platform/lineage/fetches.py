"""How rows of a lazy frame are read, by library: what a function may know of its inputs, beside what it returns."""

from __future__ import annotations

from collections.abc import Sequence

ACTIONS = (
    *("collect", "count", "first", "head", "isEmpty", "tail", "take", "toArrow", "toLocalIterator", "toPandas"),
    *("approxQuantile", "corr", "cov", "transpose", "observe", "plot"),
    *("foreach", "foreachPartition", "rdd", "toJSON", "checkpoint", "localCheckpoint"),
    *("write", "writeTo", "writeStream", "mergeInto"),  # what was written may be read again by anybody
)
"""Of Spark's data frames. All else is a step of a plan, says something about one, or shows rows to people."""

FETCHES: Sequence[tuple[str, str, Sequence[str]]] = (
    ("polars.lazyframe.frame", "LazyFrame", ("collect", "collect_async", "collect_batches", "execute")),
    ("polars", "", ("collect_all",)),
    ("duckdb", "DuckDBPyRelation", ("_submit",)),
    ("pyspark.sql.dataframe", "DataFrame", ACTIONS),  # Spark 3, and what both kinds of Spark 4 inherit
    ("pyspark.sql.classic.dataframe", "DataFrame", ACTIONS),
    ("pyspark.sql.connect.dataframe", "DataFrame", ACTIONS),
)
"""Module, class and functions. All that reads a lazy frame's rows ends in one of these; what works on rows in memory
does not."""

SAME_ROWS = frozenset({"collect", "collect_all", "execute", "toArrow", "checkpoint", "localCheckpoint", "observe"})
"""Those that return the frame's rows and nothing else."""

PRIVATE = ("duckdb", "DuckDBPyRelation", "_submit")
"""The one of them that another version may not have: then nobody sees what is fetched."""

JVM = ("pyspark.sql.dataframe", "pyspark.sql.classic.dataframe")
"""Whose `DataFrame._jdf` is the frame in the JVM. Whoever asks for that outside of Spark's SQL (its machine learning,
another library, the function itself) may read rows there."""
