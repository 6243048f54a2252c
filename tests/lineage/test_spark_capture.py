"""Functions that are given Spark's data frames: what they return, what they read on the way, and mixed engines."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.lineage import Lineage
from data_platform.lineage.capture import Capture
from data_platform.lineage.fetches import ACTIONS
from data_platform.lineage.given import Given
from tests.lineage.edges import sorted_table, table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.slow

SCHEMAS = {"a": "k int, x int, g string", "b": "k int, z int, g string"}
ROWS = {
    "a": ((1, 10, "p"), (2, 40, "q"), (3, 30, "p"), (4, 20, "r")),
    "b": ((1, 7, "p"), (2, 8, "q"), (2, 9, "q"), (9, 3, "q")),
}
JOINED = "s.a.k:J s.b.k:J"
UNKNOWN = "s.a.*:O s.b.*:O"
Make = Callable[["DataFrame", Any], Any]
STEPS = """
agg alias asTable cache coalesce colRegex columns createGlobalTempView createOrReplaceGlobalTempView
createOrReplaceTempView createTempView crossJoin crosstab cube describe distinct drop dropDuplicates
dropDuplicatesWithinWatermark drop_duplicates dropna dtypes exceptAll executionInfo exists explain fillna
filter freqItems groupBy groupby groupingSets hint inputFiles intersect intersectAll isLocal isStreaming join
lateralJoin limit mapInArrow mapInPandas melt metadataColumn na nearestByJoin offset orderBy pandas_api
persist printSchema randomSplit registerTempTable repartition repartitionById repartitionByRange replace
rollup sameSemantics sample sampleBy scalar schema select selectExpr semanticHash show sort
sortWithinPartitions sparkSession sql_ctx stat storageLevel subtract summary to toDF transform union unionAll
unionByName unpersist unpivot where withColumn withColumnRenamed withColumns withColumnsRenamed withMetadata
withWatermark zip zipWithIndex
"""


def _f() -> Any:
    from pyspark.sql import functions

    return functions


def aliased_again(a: DataFrame, b: DataFrame) -> DataFrame:
    left, right = a.alias("s__b"), a.alias("right")  # one of them after another input
    return left.join(right, _f().expr("s__b.k = right.x / 10")).selectExpr("s__b.g", "right.x as n")


def in_sql(a: DataFrame, b: DataFrame) -> DataFrame:
    a.createOrReplaceTempView("things")
    session: SparkSession = a.sparkSession
    return session.sql("select g, sum(z) as n from things join {b} using (g) group by g", b=b)


def a_number_of_another_input(a: DataFrame, b: DataFrame) -> DataFrame:
    return a.where(_f().col("k") < b.agg(_f().min("z")).first()[0]).select("g")


def a_branch_by_what_is_there(a: DataFrame, b: DataFrame) -> DataFrame:
    return a.select("k") if b.where("z > 8").isEmpty() else a.select(_f().col("x").alias("k"))


def a_function_that_closes_over_rows(a: DataFrame, b: DataFrame) -> DataFrame:
    names = {row.k: row.z for row in b.collect()}
    return a.select("g", _f().udf(lambda k: names.get(k), "int")("k").alias("n"))


def through_an_rdd(a: DataFrame, b: DataFrame) -> DataFrame:
    top = b.rdd.map(lambda row: row.z).max()
    return a.select((_f().col("x") + top).alias("n"))


def a_model(a: DataFrame, b: DataFrame) -> DataFrame:
    """Its fit asks the JVM for the frame, and no function of the frame's own."""
    from pyspark.ml.feature import StandardScaler, VectorAssembler

    vectors = VectorAssembler(inputCols=["z"], outputCol="v").transform(b.select("z"))
    mean = StandardScaler(inputCol="v", outputCol="s", withMean=True).fit(vectors).mean[0]
    return a.select("k", _f().lit(float(mean)).alias("n"))


def observed(a: DataFrame, b: DataFrame) -> DataFrame:
    from pyspark.sql import Observation

    seen = Observation()
    b.select("z").observe(seen, _f().max("z").alias("z")).select(_f().lit(1)).count()
    return a.where(_f().col("k") < seen.get["z"] - 6).select("k")


def a_session_variable(a: DataFrame, b: DataFrame) -> DataFrame:
    a.createOrReplaceTempView("things"), b.createOrReplaceTempView("others")
    a.sparkSession.sql("declare or replace variable top int default 0")
    a.sparkSession.sql("set var top = (select min(z) from others)")
    return a.sparkSession.sql("select k from things where k < top")


# what is made of a and b, where its columns come from ('': which rows there are)
CASES: dict[str, tuple[Make, Mapping[str, str]]] = {
    "steps": (
        lambda a, b: a.join(b.groupBy("k").agg(_f().max("z").alias("n")), "k").where("x > 10").select("g", "n"),
        {"g": "s.a.g:I", "n": "s.b.z:A", "": f"{JOINED} s.b.k:G s.a.x:F"},
    ),
    "other names for the same input": (
        aliased_again,
        {"g": "s.a.g:I", "n": "s.a.x:I", "": "s.a.k:J s.a.x:J"},
    ),
    "SQL": (in_sql, {"g": "s.a.g:I", "n": "s.b.z:A", "": "s.a.g:J s.b.g:J s.a.g:G"}),
    "the input itself": (lambda a, b: b, {"k": "s.b.k:I", "z": "s.b.z:I", "g": "s.b.g:I"}),
    "a number that was fetched": (a_number_of_another_input, {"g": "s.a.g:I", "": "s.a.k:F s.b.z:O"}),
    "a number of rows": (
        lambda a, b: a.select("x", _f().lit(b.where("z > 7").count()).alias("n")),
        {"x": "s.a.x:I", "n": "", "": "s.b.k:O s.b.z:O s.b.g:O"},
    ),
    "what is there decides": (a_branch_by_what_is_there, {"k": "s.a.x:I", "": "s.b.k:O s.b.z:O s.b.g:O"}),
    "rows in a Python function": (
        a_function_that_closes_over_rows,
        {"g": "s.a.g:I", "n": "s.a.k:O", "": "s.b.k:O s.b.z:O s.b.g:O"},
    ),
    "an RDD": (through_an_rdd, {"n": "s.a.x:T", "": "s.b.k:O s.b.z:O s.b.g:O"}),
    "machine learning": (a_model, {"k": "s.a.k:I", "n": "", "": "s.b.z:O"}),
    "metrics on the way": (observed, {"k": "s.a.k:I", "": "s.a.k:F s.b.z:O"}),
    "a session variable": (a_session_variable, {"k": UNKNOWN, "": UNKNOWN}),
    "pandas on Spark": (
        lambda a, b: a.where(_f().col("k") < int(b.select("z").pandas_api()["z"].min())).select("k"),
        {"k": "s.a.k:I", "": "s.a.k:F s.b.z:O"},
    ),
    "a checkpoint that is returned": (
        lambda a, b: a.where("x > 10").select("k").localCheckpoint(),
        {"k": "s.a.k:I", "": "s.a.x:F"},
    ),
    "a checkpoint on the way": (
        lambda a, b: b.select("k", "z").localCheckpoint().join(a, "k").select("x", "z"),
        {"x": "s.a.x:I", "z": UNKNOWN, "": f"{UNKNOWN} s.a.k:J s.b.k:O s.b.z:O"},
    ),
    "rows as Arrow": (lambda a, b: a.where("x > 10").select("k").toArrow(), {"k": "s.a.k:I", "": "s.a.x:F"}),
    "rows as pandas, which may be changed": (lambda a, b: a.select("k").toPandas(), {"k": UNKNOWN, "": UNKNOWN}),
    "rows as a frame of Polars": (
        lambda a, b: pl.from_arrow(b.select("z").toArrow()).lazy().select(pl.col("z") + 1),
        {"z": UNKNOWN, "": f"{UNKNOWN} s.b.z:O"},
    ),
    "rows as a relation of DuckDB": (
        lambda a, b: duckdb.from_arrow(b.select("z").toArrow()),
        {"z": UNKNOWN, "": f"{UNKNOWN} s.b.z:O"},
    ),
}


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> Callable[..., dict[str, DataFrame]]:  # noqa: F811
    """The inputs as the platform reads them: named after their datasets. Rows that are known to the plan need no job."""

    @functools.cache
    def frame(name: str, rows: tuple[Any, ...]) -> DataFrame:
        columns = zip(*rows, strict=True)
        types = zip(_columns(name), columns, strict=True)
        arrow = pa.table({column: pa.array(each, pa.int32() if column != "g" else None) for column, each in types})
        return spark.createDataFrame(arrow).alias(f"s__{name}")

    return lambda changed=(): {name: frame(name, rows) for name, rows in {**ROWS, **dict(changed)}.items()}


def run(make: Make, frames: Mapping[str, Any]) -> tuple[Any, Lineage]:
    with Capture(Given(f"s.{name}", tuple(_columns(name)), frame) for name, frame in frames.items()) as seen:
        made = make(**frames)
    lineage = seen.lineage_of(made, list(_values(made)))
    assert not seen.failure or "session variable" in seen.failure
    return made, lineage


@pytest.mark.parametrize("case", CASES)
def test_what_is_made_says_where_it_comes_from_and_changes_with_nothing_else(
    case: str, frames: Callable[..., dict[str, DataFrame]]
) -> None:
    make, expected = CASES[case]
    made, lineage = run(make, frames())
    assert table(lineage) == sorted_table(expected)
    assert all(lineage.opaque.values())
    before, changes = _values(made), 0
    for name, column, rows in _changes():
        after = _values(make(**frames({name: rows})))
        for output in before.keys() | after.keys():
            if before.get(output) != after.get(output):
                changes += 1
                used = lineage.used(output)
                assert (f"s.{name}", column) in used or (f"s.{name}", "*") in used, (output, name, column)
    assert changes


def _columns(name: str) -> list[str]:
    return [each.split()[0] for each in SCHEMAS[name].split(", ")]


def _changes() -> Iterator[tuple[str, str, tuple[Any, ...]]]:
    """One column after the other with all its values moved by one row, and one of them replaced."""
    for name, rows in ROWS.items():
        for place, column in enumerate(_columns(name)):
            last, *others = reversed([row[place] for row in rows])
            values = [last + "!" if column == "g" else 1 if last != 1 else 60, *reversed(others)]
            yield name, column, tuple((*row[:place], v, *row[place + 1 :]) for row, v in zip(rows, values, strict=True))


def _values(made: Any) -> dict[str, list[str]]:
    """Of each column, whatever kind of frame it is."""
    if isinstance(made, pd.DataFrame):
        made = pa.Table.from_pandas(made)
    elif isinstance(made, pl.LazyFrame):
        made = made.collect().to_arrow()
    elif isinstance(made, duckdb.DuckDBPyRelation):
        made = made.to_arrow_table()
    rows = made if isinstance(made, pa.Table) else made.toArrow()
    return {name: sorted(map(str, values)) for name, values in rows.to_pydict().items()}


def test_it_is_known_of_every_function_of_a_frame_whether_it_reads_rows() -> None:
    """Whoever updates Spark decides about what is new: it is a step of the plan, or it belongs to ACTIONS."""
    from pyspark.sql.dataframe import DataFrame

    there = {name for name in dir(DataFrame) if not name.startswith("_")}
    assert there - {*ACTIONS} - {*STEPS.split()} == set()


def test_nothing_is_left_of_the_watch(frames: Callable[..., dict[str, DataFrame]]) -> None:
    from pyspark.sql.classic.dataframe import DataFrame

    before, given = dict(vars(DataFrame)), frames()
    with Capture([Given("s.a", ("k",), given["a"])]):
        assert DataFrame.collect is not before["collect"] and "_jdf" in vars(DataFrame)
    assert dict(vars(DataFrame)) == before
