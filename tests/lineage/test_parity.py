"""The same questions asked in SQL, of Polars and of Spark have the same answers: there is one meaning of an edge.

Known not to be alike: a Python function in an expression of Polars may use any column of the frame, for Polars does not
say which it is given; Spark names them. A lazy pivot of Polars is a group of conditional aggregates, and a filter on a
cross join is the condition of a join: they show as these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.lineage import base
from data_platform.lineage.given import Given
from data_platform.lineage.polars import lineage_of
from data_platform.lineage.spark import extract
from data_platform.lineage.sql import sql_lineage
from tests.lineage.edges import sorted_table, table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

c = pl.col
A = pl.DataFrame({"k": [1], "x": [1], "y": [1], "g": ["p"], "l": [[1]], "s": [{"f": 1, "h": 2}]})
B = pl.DataFrame({"k": [1], "z": [1], "g": ["p"]})
SCHEMAS = {"a": "k int, x int, y int, g string, l array<int>, s struct<f:int, h:int>", "b": "k int, z int, g string"}
BASES = {"a": base("a", A.columns), "b": base("b", B.columns)}
LATEST = "select k from (select k, row_number() over (partition by g order by y) as n from a) as a where n = 1"


@dataclass(frozen=True)
class Question:
    """In SQL (of DuckDB), for Polars, and for Spark (the same SQL where it is left out); and the edges of them all."""

    sql: str
    polars: Callable[[Any, Any], pl.LazyFrame]
    edges: Mapping[str, str]
    spark: Callable[[Any, Any], Any] | str = ""


KX = {"k": "a.k:I", "x": "a.x:I"}
JOINED = "a.k:J b.k:J"
QUESTIONS = {
    "names, arithmetic, casts, constants": Question(
        "select x, y as n, x + y as m, cast(x as double) as d, 1 as one from a",
        lambda a, b: a.select("x", n="y", m=c("x") + c("y"), d=c("x").cast(pl.Float64), one=pl.lit(1)),
        {"x": "a.x:I", "n": "a.y:I", "m": "a.x:T a.y:T", "d": "a.x:T", "one": ""},
        lambda a, b: a.selectExpr("x", "y as n", "x + y as m", "cast(x as double) as d", "1 as one"),
    ),
    "a filter on what is computed": Question(
        "select k from (select k, x + y as n from a) as a where n > 1",
        lambda a, b: a.with_columns(n=c("x") + c("y")).filter(c("n") > 1).select("k"),
        {"k": "a.k:I", "": "a.x:F a.y:F"},
        lambda a, b: a.selectExpr("*", "x + y as n").where("n > 1").select("k"),
    ),
    "a filter by a value of the whole column": Question(
        "select k from a where x > (select avg(x) from a)",
        lambda a, b: a.filter(c("x") > c("x").mean()).select("k"),
        {"k": "a.k:I", "": "a.x:F"},
    ),
    "nulls dropped": Question(
        "select k, x from a where x is not null",
        lambda a, b: a.select("k", "x").drop_nulls("x"),
        {**KX, "": "a.x:F"},
        lambda a, b: a.select("k", "x").dropna(subset=["x"]),
    ),
    "an inner join by name": Question(
        "select k, x, z, b.g from a join b using (k)",
        lambda a, b: a.join(b, on="k").select("k", "x", "z", g="g_right"),
        {**KX, "z": "b.z:I", "g": "b.g:I", "": JOINED},
        lambda a, b: a.drop("g").join(b, "k").select("k", "x", "z", "g"),
    ),
    "a right join by name": Question(
        "select k, x from a right join b using (k)",
        lambda a, b: a.join(b, on="k", how="right").select("k", "x"),
        {"k": "b.k:I", "x": "a.x:I", "": JOINED},
        lambda a, b: a.join(b, "k", "right").select("k", "x"),
    ),
    "a full join by name": Question(
        "select k, x, z from a full join b using (k)",
        lambda a, b: a.join(b, on="k", how="full", coalesce=True).select("k", "x", "z"),
        {"k": "a.k:T b.k:T", "x": "a.x:I", "z": "b.z:I", "": JOINED},
        lambda a, b: a.join(b, "k", "full").select("k", "x", "z"),
    ),
    **{
        f"a {how} join": Question(
            f"select k, x from a {how} join b using (k)",
            lambda a, b, how=how: a.join(b, on="k", how=how).select("k", "x"),
            {**KX, "": JOINED},
            lambda a, b, how=how: a.join(b, "k", how).select("k", "x"),
        )
        for how in ("semi", "anti")
    },
    "a join on an inequality": Question(
        "select x, z from a join b on x > z",
        lambda a, b: a.select("x").join_where(b.select("z"), c("x") > c("z")),
        {"x": "a.x:I", "z": "b.z:I", "": "a.x:J b.z:J"},
    ),
    "a join with itself": Question(
        "select l.x, r.y from a as l join a as r on l.k = r.x",
        lambda a, b: a.select("k", "x").join(a.select("y", key="x"), left_on="k", right_on="key").select("x", "y"),
        {"x": "a.x:I", "y": "a.y:I", "": "a.k:J a.x:J"},
    ),
    "a group": Question(
        "select g, x % 2 as odd, count(*) as n, count(y) as m, sum(x) as x, min(y) as y from a group by g, x % 2",
        lambda a, b: a.group_by("g", odd=c("x") % 2).agg(
            pl.len().alias("n"), c("x").sum(), m=c("y").count(), y=c("y").min()
        ),
        {"g": "a.g:I", "odd": "a.x:T", "n": "", "m": "a.y:A", "x": "a.x:A", "y": "a.y:A", "": "a.g:G a.x:G"},
    ),
    "a group filtered": Question(
        "select g from a group by g having sum(x) > 1",
        lambda a, b: a.group_by("g").agg(c("x").sum()).filter(c("x") > 1).select("g"),
        {"g": "a.g:I", "": "a.g:G a.x:F"},
        lambda a, b: a.groupBy("g").agg({"x": "sum"}).where("`sum(x)` > 1").select("g"),
    ),
    "aggregates of some rows": Question(
        "select g, sum(x) filter (where y > 1) as n from a group by g",
        lambda a, b: a.group_by("g").agg(n=c("x").filter(c("y") > 1).sum()),
        {"g": "a.g:I", "n": "a.x:A a.y:C", "": "a.g:G"},
    ),
    "an ordered aggregate": Question(
        "select g, list(x order by y) as n from a group by g",
        lambda a, b: a.group_by("g").agg(n=c("x").sort_by("y")),
        {"g": "a.g:I", "n": "a.x:A a.y:W", "": "a.g:G"},
        "select g, listagg(x, ',') within group (order by y) as n from a group by g",
    ),
    "distinct rows": Question(
        "select distinct g, x from a",
        lambda a, b: a.select("g", "x").unique(),
        {"g": "a.g:I", "x": "a.x:I", "": "a.g:G a.x:G"},
        lambda a, b: a.select("g", "x").distinct(),
    ),
    "one row of each key": Question(
        "select distinct on (g) k, g from a",
        lambda a, b: a.select("k", "g").unique("g"),
        {"k": "a.k:I", "g": "a.g:I", "": "a.g:G"},
        lambda a, b: a.select("k", "g").dropDuplicates(["g"]),
    ),
    "windows": Question(
        "select sum(x) over (partition by g) as n, row_number() over (partition by g order by y) as r, "
        "lag(x) over (partition by g order by y) as m from a",
        lambda a, b: a.select(
            n=c("x").sum().over("g"),
            r=pl.int_range(pl.len()).over("g", order_by="y"),
            m=c("x").shift(1).over("g", order_by="y"),
        ),
        {"n": "a.x:A a.g:W", "r": "a.g:W a.y:W", "m": "a.x:T a.g:W a.y:W"},
    ),
    "the first row of each key": Question(
        LATEST,
        lambda a, b: a.filter(pl.int_range(pl.len()).over("g", order_by="y") == 0).select("k"),
        {"k": "a.k:I", "": "a.g:F a.y:F"},
    ),
    "conditions": Question(
        "select case when x > 1 then y else k + 1 end as n, coalesce(x, y) as m from a",
        lambda a, b: a.select(n=pl.when(c("x") > 1).then("y").otherwise(c("k") + 1), m=pl.coalesce("x", "y")),
        {"n": "a.x:C a.y:T a.k:T", "m": "a.x:T a.y:T"},
    ),
    "a hash": Question(
        "select upper(md5(g)) as n, hash(x, y) as m from a",
        lambda a, b: a.select(n=c("g").hash() + 1, m=pl.struct("x", "y").hash()),
        {"n": "a.g:T!", "m": "a.x:T! a.y:T!"},
    ),
    "a union of filtered branches": Question(
        "select k from a where y > 1 union all select z from b where g = 'p'",
        lambda a, b: pl.concat([a.filter(c("y") > 1).select("k"), b.filter(c("g") == "p").select(k="z")]),
        {"k": "a.k:I b.z:I", "": "a.y:F b.g:F"},
        lambda a, b: a.where("y > 1").select("k").union(b.where("g = 'p'").select("z")),
    ),
    "a union without duplicates": Question(
        "select k from a union select k from b",
        lambda a, b: pl.concat([a.select("k"), b.select("k")]).unique(),
        {"k": "a.k:I b.k:I", "": "a.k:G b.k:G"},
    ),
    "conditions of several kinds": Question(
        "select k from a where x in (1, 2) and y between 1 and 3 or g is null",
        lambda a, b: a.filter((c("x").is_in([1, 2]) & c("y").is_between(1, 3)) | c("g").is_null()).select("k"),
        {"k": "a.k:I", "": "a.x:F a.y:F a.g:F"},
    ),
    "the greatest, the first, a running sum": Question(
        "select greatest(x, y) as n, first_value(x) over w as m, sum(y) over w as o from a window w as (order by k)",
        lambda a, b: a.select(
            n=pl.max_horizontal("x", "y"),
            m=c("x").gather(0).over(pl.lit(1), order_by="k"),
            o=c("y").cum_sum().over(pl.lit(1), order_by="k"),
        ),
        {"n": "a.x:T a.y:T", "m": "a.x:T a.k:W", "o": "a.y:A a.k:W"},
    ),
    "a group of groups": Question(
        "select n, count(*) as m from (select g, sum(x) as n from a where y > 1 group by g) as a group by n",
        lambda a, b: a.filter(c("y") > 1).group_by("g").agg(n=c("x").sum()).group_by("n").agg(pl.len().alias("m")),
        {"n": "a.x:A", "m": "", "": "a.y:F a.g:G a.x:G"},
    ),
    "the first rows of an order": Question(
        "select k from a order by y, abs(x) limit 2",
        lambda a, b: a.sort("y", c("x").abs()).head(2).select("k"),
        {"k": "a.k:I", "": "a.y:S a.x:S"},
    ),
    "a list as rows": Question(
        "select k, unnest(l) as l from a",
        lambda a, b: a.select("k", "l").explode("l"),
        {"k": "a.k:I", "l": "a.l:T", "": "a.l:J"},
        "select k, explode(l) as l from a",
    ),
    "a field of a struct": Question(
        "select s.f as n from a", lambda a, b: a.select(n=c("s").struct.field("f")), {"n": "a.s:T"}
    ),
    "columns as rows": Question(
        "select * from (select k, x, y from a) unpivot include nulls (value for name in (x, y))",
        lambda a, b: a.unpivot(["x", "y"], index="k", variable_name="name"),
        {"k": "a.k:I", "name": "", "value": "a.x:I a.y:I"},
        lambda a, b: a.unpivot(["k"], ["x", "y"], "name", "value"),
    ),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_sql_answers(question: str):
    asked = QUESTIONS[question]
    assert table(sql_lineage(asked.sql, BASES)) == sorted_table(asked.edges)


@pytest.mark.parametrize("question", QUESTIONS)
def test_polars_answers(question: str):
    asked = QUESTIONS[question]
    a, b = A.lazy(), B.lazy()
    inputs = [Given("a", tuple(A.columns), a), Given("b", tuple(B.columns), b)]
    assert table(lineage_of(asked.polars(a, b), inputs)) == sorted_table(asked.edges)


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_spark_answers(question: str, frames: Mapping[str, Any], spark: SparkSession):  # noqa: F811
    asked = QUESTIONS[question]
    made = asked.spark or asked.sql
    frame = spark.sql(made) if isinstance(made, str) else made(frames["a"], frames["b"])
    assert table(extract(frame, BASES)) == sorted_table(asked.edges)


@pytest.fixture(scope="module")
def frames(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:  # noqa: F811
    """Plans are made without rows."""
    folder: Path = tmp_path_factory.mktemp("frames")
    found = {}
    for name, schema in SCHEMAS.items():
        (folder / name).mkdir()
        found[name] = spark.read.schema(schema).parquet(str(folder / name)).alias(name)
        found[name].createOrReplaceTempView(name)
    return found
