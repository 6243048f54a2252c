"""What Spark's analyzed plans say of columns and rows: the oracle, and whether it is sound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.lineage import ANY, Kind, Lineage, Origin, base
from data_platform.lineage.spark import CONNECT, FAILED, extract

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMAS = {
    "orders": "oid int, cust int, amount double, status string",
    "customers": "cid int, country string, seg string",
    "visits": "vid int, pages array<int>, page struct<id:int, site:struct<name:string, lang:string>>",
}
ROWS = {
    "orders": [(1, 10, 5.0, "a"), (2, 10, 7.0, "b"), (3, 20, 9.0, "a"), (10, 30, 1.0, "c")],
    "customers": [(10, "NO", "x"), (20, "SE", "y"), (40, "DK", "x")],
    "visits": [(1, [1, 2], (7, ("n", "no"))), (2, [3], (8, ("m", "se"))), (3, [], (9, ("k", "dk")))],
}
SOURCES = {
    "shop__orders": base("shop.orders", ["oid", "cust", "amount", "status"]),
    "shop__customers": base("shop.customers", ["cid", "country", "seg"]),
    "shop__visits": base("shop.visits", ["vid", "pages", "page"]),
}
Frames = Mapping[str, "DataFrame"]


@dataclass(frozen=True)
class Case:
    """A frame, and its edges as `KIND dataset.column` (a `!` after a kind: masked), of each column and of its rows."""

    name: str
    make: Callable[[Any], DataFrame] | str
    columns: Mapping[str, str]
    rows: str = ""


def _f() -> Any:
    from pyspark.sql import functions

    return functions


def _over(*keys: str) -> Any:
    from pyspark.sql import Window

    return Window.partitionBy(*keys)


ORDERS = {name: f"IDENTITY orders.{name}" for name in ("oid", "cust", "amount", "status")}
CUSTOMERS = {name: f"IDENTITY customers.{name}" for name in ("cid", "country", "seg")}
CASES = [
    Case(
        "columns as they are, renamed, computed, cast, constant",
        "select *, oid as id, amount * 2 as twice, cast(oid as string) as text, 1 as one, now() as at from orders",
        ORDERS
        | {"id": "IDENTITY orders.oid", "twice": "TRANSFORMATION orders.amount", "text": "TRANSFORMATION orders.oid"}
        | {"one": "", "at": ""},
    ),
    Case(
        "a filter says which rows there are",
        lambda t: t.orders.where("amount > 1 and status is not null").select("oid"),
        {"oid": "IDENTITY orders.oid"},
        "FILTER orders.amount, FILTER orders.status",
    ),
    Case(
        "a join, an aggregation and a sort",
        lambda t: (
            t.orders.join(t.customers, _f().col("cust") == _f().col("cid"))
            .groupBy("country")
            .agg(_f().sum("amount").alias("revenue"), _f().count("*").alias("n"))
            .orderBy("revenue")
        ),
        {"country": "IDENTITY customers.country", "revenue": "AGGREGATION orders.amount", "n": ""},
        "JOIN orders.cust, JOIN customers.cid, GROUP_BY customers.country, SORT orders.amount",
    ),
    Case(
        "of a full join by name the key is of both sides",
        lambda t: t.orders.select(_f().col("cust").alias("cid"), "oid").join(t.customers, "cid", "full").drop("seg"),
        {
            "cid": "TRANSFORMATION orders.cust, TRANSFORMATION customers.cid",
            "oid": "IDENTITY orders.oid",
            "country": "IDENTITY customers.country",
        },
        "JOIN orders.cust, JOIN customers.cid",
    ),
    Case(
        "a self-join knows which side is which, and both are the same dataset",
        "select a.oid, b.amount from orders a join orders b on a.cust = b.oid",
        {"oid": "IDENTITY orders.oid", "amount": "IDENTITY orders.amount"},
        "JOIN orders.cust, JOIN orders.oid",
    ),
    *(
        Case(
            f"a {kind} join adds no columns",
            lambda t, kind=kind: t.orders.join(t.customers, t.orders.cust == t.customers.cid, f"left_{kind}"),
            ORDERS,
            "JOIN orders.cust, JOIN customers.cid",
        )
        for kind in ("semi", "anti")
    ),
    Case(
        "an as-of join",
        lambda t: t.orders._joinAsOf(t.customers, leftAsOfColumn="oid", rightAsOfColumn="cid", how="left"),
        ORDERS | CUSTOMERS,
        "JOIN orders.oid, JOIN customers.cid",
    ),
    Case(
        "a union takes columns by place, and no filter of one branch is a filter of the other's columns",
        lambda t: t.orders.select("oid", "status").where("oid > 1").union(t.customers.select("cid", "seg")),
        {
            "oid": "IDENTITY orders.oid, IDENTITY customers.cid",
            "status": "IDENTITY orders.status, IDENTITY customers.seg",
        },
        "FILTER orders.oid",
    ),
    Case(
        "a filter before a union does not leak into what is made of the first branch's ids",
        lambda t: (
            t.orders.select("oid")
            .union(t.customers.select("cid"))
            .select((_f().col("oid") + 1).alias("next"))
            .join(t.orders.where("amount > 1").select("oid"), _f().col("next") == _f().col("oid"))
            .select("next")
        ),
        {"next": "TRANSFORMATION orders.oid, TRANSFORMATION customers.cid"},
        "JOIN orders.oid, JOIN customers.cid, FILTER orders.amount",
    ),
    Case(
        "a union by name with missing columns",
        lambda t: t.orders.select("oid", "status").unionByName(
            t.customers.select("seg", _f().col("country").alias("status")), allowMissingColumns=True
        ),
        {
            "oid": "IDENTITY orders.oid",
            "status": "IDENTITY orders.status, IDENTITY customers.country",
            "seg": "IDENTITY customers.seg",
        },
    ),
    Case(
        "INTERSECT looks rows up in the other side",
        "select oid from orders intersect select cid from customers where seg = 'x'",
        {"oid": "IDENTITY orders.oid"},
        "FILTER orders.oid, GROUP_BY orders.oid, FILTER customers.cid, FILTER customers.seg",
    ),
    Case(
        "EXCEPT ALL keeps duplicates",
        lambda t: t.orders.select("oid").exceptAll(t.customers.select("cid")),
        {"oid": "IDENTITY orders.oid"},
        "FILTER orders.oid, FILTER customers.cid",
    ),
    Case(
        "distinct rows are grouped by all columns, duplicates by the keys",
        lambda t: t.orders.dropDuplicates(["cust"]).select("status", "amount").distinct(),
        {"status": "IDENTITY orders.status", "amount": "IDENTITY orders.amount"},
        "GROUP_BY orders.cust, GROUP_BY orders.status, GROUP_BY orders.amount",
    ),
    Case(
        "functions of windows",
        "select row_number() over w as n, rank() over w as r, lag(status) over w as before, sum(amount) over w as sum, "
        "first_value(oid) over w as first from orders window w as (partition by cust order by oid desc)",
        {
            "n": "WINDOW orders.cust, WINDOW orders.oid",
            "r": "WINDOW orders.cust, WINDOW orders.oid",
            "before": "TRANSFORMATION orders.status, WINDOW orders.cust, WINDOW orders.oid",
            "sum": "AGGREGATION orders.amount, WINDOW orders.cust, WINDOW orders.oid",
            "first": "TRANSFORMATION orders.oid, WINDOW orders.cust, WINDOW orders.oid",
        },
    ),
    Case(
        "the latest row of each key: its window becomes a filter",
        lambda t: (
            t.orders.withColumn("n", _f().row_number().over(_over("cust").orderBy(_f().desc("oid"))))
            .where("n = 1")
            .drop("n")
        ),
        ORDERS,
        "FILTER orders.cust, FILTER orders.oid",
    ),
    Case(
        "conditions are not values",
        "select case when amount > 1 then status when oid = 2 then 'x' else cast(cust as string) end as c, "
        "if(oid > 1, amount, null) as i, nvl2(status, oid, cust) as n, decode(status, 'a', oid) as d from orders",
        {
            "c": "CONDITIONAL orders.amount, CONDITIONAL orders.oid, TRANSFORMATION orders.status, "
            "TRANSFORMATION orders.cust",
            "i": "CONDITIONAL orders.oid, TRANSFORMATION orders.amount",
            "n": "CONDITIONAL orders.status, TRANSFORMATION orders.oid, TRANSFORMATION orders.cust",
            "d": "CONDITIONAL orders.status, TRANSFORMATION orders.oid",
        },
    ),
    Case(
        "functions of several arguments",
        "select coalesce(status, 'x') as a, nullif(oid, cust) as b, greatest(oid, cust) as c, oid between cust and 7 as d "
        "from orders",
        {
            "a": "TRANSFORMATION orders.status",
            "b": "TRANSFORMATION orders.oid, TRANSFORMATION orders.cust",
            "c": "TRANSFORMATION orders.oid, TRANSFORMATION orders.cust",
            "d": "TRANSFORMATION orders.oid, TRANSFORMATION orders.cust",
        },
    ),
    Case(
        "a hash hides its values, whatever is done with it later",
        "select upper(md5(status)) as a, sha2(status, 256) as b, hash(oid, cust) as c, xxhash64(oid) as d, "
        "mask(status) as e from orders",
        {
            "a": "TRANSFORMATION! orders.status",
            "b": "TRANSFORMATION! orders.status",
            "c": "TRANSFORMATION! orders.oid, TRANSFORMATION! orders.cust",
            "d": "TRANSFORMATION! orders.oid",
            "e": "TRANSFORMATION! orders.status",
        },
    ),
    Case(
        "aggregates with a filter, an order, a having",
        "select status, count(*) filter (where amount > 1) as n, listagg(cust, ',') within group (order by oid) as l, "
        "max_by(oid, amount) as m, count(distinct cust) as d from orders group by all having sum(oid) > 0",
        {
            "status": "IDENTITY orders.status",
            "n": "CONDITIONAL orders.amount",
            "l": "AGGREGATION orders.cust, WINDOW orders.oid",
            "m": "AGGREGATION orders.oid, AGGREGATION orders.amount",
            "d": "AGGREGATION orders.cust",
        },
        "GROUP_BY orders.status, FILTER orders.oid",
    ),
    Case(
        "grouping sets: which set it is comes from no column",
        "select status, cust, grouping(status) as g, sum(amount) as s from orders "
        "group by grouping sets ((status), (cust), ())",
        {
            "status": "IDENTITY orders.status",
            "cust": "IDENTITY orders.cust",
            "g": "",
            "s": "AGGREGATION orders.amount",
        },
        "GROUP_BY orders.status, GROUP_BY orders.cust",
    ),
    Case(
        "a rollup",
        lambda t: t.orders.rollup("status", "cust").agg(_f().max("amount").alias("m")),
        {"status": "IDENTITY orders.status", "cust": "IDENTITY orders.cust", "m": "AGGREGATION orders.amount"},
        "GROUP_BY orders.status, GROUP_BY orders.cust",
    ),
    Case(
        "a pivot groups by its keys",
        lambda t: t.orders.groupBy("cust").pivot("status", ["a", "b"]).agg(_f().sum("amount")),
        {"cust": "IDENTITY orders.cust", "a": "AGGREGATION orders.amount", "b": "AGGREGATION orders.amount"},
        "GROUP_BY orders.cust, GROUP_BY orders.status",
    ),
    Case(
        "an unpivot: names come from no column, values from each",
        lambda t: t.orders.unpivot(["status"], ["oid", "cust"], "name", "value"),
        {
            "status": "IDENTITY orders.status",
            "name": "",
            "value": "IDENTITY orders.oid, IDENTITY orders.cust",
        },
    ),
    Case(
        "stack keeps its columns apart",
        "select stack(2, 'oid', oid, 'cust', cust) as (name, value) from orders",
        {"name": "", "value": "TRANSFORMATION orders.oid, TRANSFORMATION orders.cust"},
    ),
    Case(
        "a list as rows, a list's elements, fields of structs",
        lambda t: t.visits.select(
            "vid",
            _f().explode("pages").alias("one"),
            _f().transform("pages", lambda each: each + _f().col("vid")).alias("all"),
            _f().col("page.site.lang").alias("lang"),
        ),
        {
            "vid": "IDENTITY visits.vid",
            "one": "TRANSFORMATION visits.pages",
            "all": "TRANSFORMATION visits.pages, TRANSFORMATION visits.vid",
            "lang": "TRANSFORMATION visits.page",
        },
        "JOIN visits.pages",
    ),
    Case(
        "a field is made of what was put in it, and of nothing beside it",
        lambda t: t.visits.select(
            _f().struct("vid", "pages").alias("s"), _f().col("page").withField("site.name", _f().lit("x")).alias("p")
        ).select("s.vid", "p.id", _f().col("p.site.name").alias("name")),
        {"vid": "TRANSFORMATION visits.vid", "id": "TRANSFORMATION visits.page", "name": ""},
    ),
    Case(
        "structs collected and unfolded again",
        lambda t: (
            t.orders.groupBy("status")
            .agg(_f().collect_list(_f().struct("oid", "amount")).alias("all"))
            .select("status", _f().inline("all"))
        ),
        {"status": "IDENTITY orders.status", "oid": "AGGREGATION orders.oid", "amount": "AGGREGATION orders.amount"},
        "GROUP_BY orders.status, JOIN orders.oid, JOIN orders.amount",
    ),
    Case(
        "tables of a WITH, one read twice, one within a subquery",
        "with a as (select oid, amount from orders where status = 'a'), b as (select oid as x from a) "
        "select a.amount, (with z as (select cid from customers) select max(cid) from z) as top "
        "from a join b on a.oid = b.x",
        {"amount": "IDENTITY orders.amount", "top": "AGGREGATION customers.cid"},
        "FILTER orders.status, JOIN orders.oid",
    ),
    Case(
        "a recursive table",
        "with recursive r(n, s) as (select oid, status from orders union all "
        "select n + 1, seg from r join customers on n = cid where n < 50) select * from r",
        {
            "n": "IDENTITY orders.oid, TRANSFORMATION orders.oid",
            "s": "IDENTITY orders.status, IDENTITY customers.seg",
        },
        "JOIN orders.oid, JOIN customers.cid, FILTER orders.oid",
    ),
    Case(
        "a correlated scalar subquery is filtered by what it is correlated with",
        "select oid, (select max(country) from customers where cid = cust) as country from orders",
        {
            "oid": "IDENTITY orders.oid",
            "country": "AGGREGATION customers.country, FILTER customers.cid, FILTER orders.cust",
        },
    ),
    Case(
        "EXISTS and IN",
        "select oid from orders where exists (select 1 from customers where seg = status) "
        "and cust in (select cid from customers where country = 'NO')",
        {"oid": "IDENTITY orders.oid"},
        "FILTER customers.seg, FILTER orders.status, FILTER orders.cust, FILTER customers.cid, FILTER customers.country",
    ),
    Case(
        "EXISTS in a CASE decides, and filters no row",
        "select case when exists (select 1 from customers where cid = cust) then status end as s from orders",
        {"s": "TRANSFORMATION orders.status, CONDITIONAL customers.cid, CONDITIONAL orders.cust"},
    ),
    Case(
        "a lateral join reads both sides",
        "select oid, l.label from orders, lateral (select country || status as label from customers where cid = cust) l",
        {"oid": "IDENTITY orders.oid", "label": "TRANSFORMATION customers.country, TRANSFORMATION orders.status"},
        "FILTER customers.cid, FILTER orders.cust",
    ),
    Case(
        "aliases of the same SELECT, and pipes",
        "from orders |> where amount > 1 |> extend oid + 1 as a, a * 2 as b |> select b",
        {"b": "TRANSFORMATION orders.oid"},
        "FILTER orders.amount",
    ),
    Case(
        "missing values filled, replaced and dropped; a cached frame in between",
        lambda t: t.orders.na.fill({"status": "x"}).cache().replace("a", "b", "status").dropna(subset=["amount"]),
        ORDERS | {"status": "TRANSFORMATION orders.status, CONDITIONAL orders.status"},
        "FILTER orders.amount",
    ),
    Case(
        "what touches neither columns nor which rows there are",
        lambda t: t.customers.repartition(2, "seg").coalesce(1).hint("broadcast").sample(0.5).limit(3),
        CUSTOMERS,
    ),
    Case(
        "constants of the query come from nothing",
        "select oid, label from orders join (values (1, 'one'), (2, 'two')) as v(n, label) on oid = n",
        {"oid": "IDENTITY orders.oid", "label": ""},
        "JOIN orders.oid",
    ),
    Case(
        "a Python function may use its arguments in any way",
        lambda t: t.orders.select("oid", _f().udf(lambda a, b: b, "int")("cust", "oid").alias("u")),
        {"oid": "IDENTITY orders.oid", "u": "OPAQUE orders.cust, OPAQUE orders.oid"},
    ),
    Case(
        "a Python function over whole frames decides on the rows, too",
        lambda t: t.orders.select("oid", "amount").mapInPandas(
            lambda frames: (each.iloc[:, :1].set_axis(["x"], axis=1) for each in frames), "x int"
        ),
        {"x": "OPAQUE orders.oid, OPAQUE orders.amount"},
        "OPAQUE orders.oid, OPAQUE orders.amount",
    ),
    Case(
        "a Python function over groups of two frames",
        lambda t: (
            t.orders.select("cust", "amount")
            .groupBy("cust")
            .cogroup(t.customers.select("cid").groupBy("cid"))
            .applyInPandas(lambda left, right: left.iloc[:, :1].set_axis(["x"], axis=1), "x int")
        ),
        {"x": "OPAQUE orders.cust, OPAQUE orders.amount, OPAQUE customers.cid"},
        "GROUP_BY orders.cust, GROUP_BY customers.cid, OPAQUE orders.cust, OPAQUE orders.amount, OPAQUE customers.cid",
    ),
    Case(
        "beside a checkpoint what is known stays known",
        lambda t: (
            t.orders.localCheckpoint().join(t.customers, _f().col("cust") == _f().col("cid")).select("oid", "country")
        ),
        {
            "oid": "OPAQUE orders.*, OPAQUE customers.*, OPAQUE visits.*",
            "country": "IDENTITY customers.country",
        },
        "JOIN customers.cid, OPAQUE orders.*, OPAQUE customers.*, OPAQUE visits.*",
    ),
]


class Tables:
    """The inputs as an engine gives them: read, named, and known to SQL."""

    orders: DataFrame
    customers: DataFrame
    visits: DataFrame

    def __init__(self, session: SparkSession, frames: Frames) -> None:
        self._session = session
        for name, frame in frames.items():
            aliased = frame.alias(f"shop__{name}")
            aliased.createOrReplaceTempView(name)
            setattr(self, name, aliased)

    def make(self, case: Case) -> DataFrame:
        return self._session.sql(case.make) if isinstance(case.make, str) else case.make(self)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of the tables would be: plans are made without them."""
    place = tmp_path_factory.mktemp("shop")
    for name in (*SCHEMAS, "elsewhere"):
        (place / name).mkdir()
    return place


@pytest.fixture(scope="module")
def tables(spark: SparkSession, folder: Path) -> Tables:  # noqa: F811
    frames = {name: spark.read.schema(schema).parquet(str(folder / name)) for name, schema in SCHEMAS.items()}
    return Tables(spark, frames)


def _edges(origins: Iterable[Origin]) -> set[str]:
    return {f"{each.kind}{'!' * each.masking} {each.dataset.removeprefix('shop.')}.{each.column}" for each in origins}


def _listed(edges: str) -> set[str]:
    return set(edges.split(", ")) if edges else set()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_edges_of_a_frame(case: Case, tables: Tables) -> None:
    found = extract(tables.make(case), SOURCES)
    assert {name: _edges(origins) for name, origins in found.columns.items()} == {
        name: _listed(edges) for name, edges in case.columns.items()
    }
    assert _edges(found.rows) == _listed(case.rows)
    assert all(bool(each.reason) == (each.kind is Kind.OPAQUE) for _, each in found.edges())


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("an RDD", lambda s, t, _: s.createDataFrame(t.orders.rdd, t.orders.schema)),
        ("rows from Python", lambda s, t, _: s.createDataFrame([(1, "x")], "a int, b string")),
        ("pandas", lambda s, t, _: s.createDataFrame(t.orders.toPandas(), t.orders.schema)),
        ("a checkpoint", lambda s, t, _: t.orders.localCheckpoint()),
        ("other files", lambda s, t, folder: s.read.schema("a int").parquet(str(folder / "elsewhere"))),
        ("an operator nobody knows", lambda s, t, _: s.sql("show tables")),
    ],
)
def test_what_may_come_from_anywhere_is_opaque_of_all_inputs(
    name: str,
    make: Callable[..., DataFrame],
    spark: SparkSession,  # noqa: F811
    tables: Tables,
    folder: Path,
) -> None:
    frame = make(spark, tables, folder)
    found = extract(frame, SOURCES)
    assert list(found.columns) == frame.columns
    everything = {f"OPAQUE {each}.{ANY}" for each in SCHEMAS}
    assert all(_edges(origins) == everything for origins in (*found.columns.values(), found.rows))
    assert set(found.opaque) == {"", *frame.columns}


def test_sources_are_known_by_the_path_of_their_files_or_by_their_table(
    spark: SparkSession,  # noqa: F811
    folder: Path,
) -> None:
    spark.sql("create database if not exists shop")
    spark.sql(f"create table shop.customers ({SCHEMAS['customers']}) using parquet")
    spark.sql("create or replace view shop.named as select cid, country from shop.customers")
    orders = spark.read.schema(SCHEMAS["orders"]).parquet(str(folder / "orders"))
    frame = orders.join(spark.table("shop.named"), orders.cust == _f().col("cid")).select("oid", "country")
    sources = {f"file://{folder}/orders/": SOURCES["shop__orders"], "shop.customers": SOURCES["shop__customers"]}
    found = extract(frame, sources)
    assert {name: _edges(each) for name, each in found.columns.items()} == {
        "oid": {"IDENTITY orders.oid"},
        "country": {"IDENTITY customers.country"},
    }
    assert _edges(found.rows) == {"JOIN orders.cust", "JOIN customers.cid"}
    spark.sql("drop database shop cascade")


def test_what_a_source_comes_from_itself_is_passed_on(tables: Tables) -> None:
    early = Lineage(
        {"oid": frozenset([Origin("raw.sales", "n", Kind.AGGREGATION)])},
        frozenset([Origin("raw.sales", "day", Kind.FILTER)]),
    )
    found = extract(tables.orders.selectExpr("oid + 1 as next", "status"), {"shop__orders": early})
    assert found.columns["next"] == early.columns["oid"]
    assert found.rows == early.rows
    (unknown,) = found.columns["status"]
    assert (unknown.dataset, unknown.column, unknown.kind) == ("raw.sales", ANY, Kind.OPAQUE)


@pytest.mark.slow
def test_a_frame_of_a_thousand_steps_is_walked(tables: Tables) -> None:
    frame = tables.orders.select("oid", "cust")
    for step in range(1000):
        frame = frame.where(f"oid <> {step}")
    assert _edges(extract(frame, SOURCES).rows) == {"FILTER orders.oid"}


def test_neither_a_remote_plan_nor_a_fault_of_ours_is_ever_raised() -> None:
    class DataFrame:
        """Of Spark Connect, which has no plan here."""

        columns = ("a",)

    DataFrame.__module__ = "pyspark.sql.connect.dataframe"
    remote: Any = DataFrame()
    assert set(extract(remote, SOURCES).opaque.values()) == {CONNECT}
    broken: Any = type("DataFrame", (), {"columns": ("a",)})()
    found = extract(broken, SOURCES)
    assert _edges(found.columns["a"]) == {f"OPAQUE {name}.{ANY}" for name in SCHEMAS}
    assert all(reason.startswith(FAILED) for reason in found.opaque.values())


CHANGED: Mapping[type, Callable[[Any], Any]] = {
    int: lambda value: value + 10,
    float: lambda value: -value,
    str: lambda value: "a" if value != "a" else "c",
    list: lambda value: [*value, 4],
    tuple: lambda value: (value[0] + 1, (value[1][0] + "x", value[1][1] + "x")),
}
RUN = [case for case in CASES if not case.name.startswith(("what touches", "columns as", "beside"))][::4]


@pytest.mark.slow
@pytest.mark.parametrize("case", RUN, ids=lambda case: case.name)
def test_no_column_changes_without_an_edge_from_what_was_changed(
    case: Case,
    spark: SparkSession,  # noqa: F811
) -> None:
    def made(rows: Mapping[str, list[tuple]]) -> DataFrame:
        frames = {name: spark.createDataFrame(rows[name], schema).coalesce(1) for name, schema in SCHEMAS.items()}
        return Tables(spark, frames).make(case)

    def values(frame: DataFrame) -> list[Counter[str]]:
        return [Counter(map(str, each)) for each in zip(*frame.collect(), strict=True)]

    lineage, before = extract(made(ROWS), SOURCES), values(made(ROWS))
    for table in SCHEMAS:
        for place, column in enumerate(SOURCES[f"shop__{table}"].columns):
            first, *others = ROWS[table]
            changed = (*first[:place], CHANGED[type(first[place])](first[place]), *first[place + 1 :])
            after = values(made({**ROWS, table: [changed, *others]}))
            moved = {
                name
                for at, name in enumerate(lineage.columns)
                if (before[at] if before else None) != (after[at] if after else None)
            }
            used = {name for name in lineage.columns if (f"shop.{table}", column) in lineage.used(name)}
            assert moved <= used, f"{table}.{column}"
