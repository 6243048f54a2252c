"""DuckDB relations: SQL that names a function's parameters, the relation API, and what watching a function must not do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import duckdb
import polars as pl
import pytest
from duckdb import sql as sql_by_its_own_name

from data_platform.lineage import Kind
from data_platform.lineage.capture import Capture
from data_platform.lineage.given import Given
from tests.lineage.edges import sorted_table, table

A = pl.DataFrame({"k": [1, 2, 3, 4], "x": [10, 40, 30, 20], "g": ["p", "q", "p", "r"]})
B = pl.DataFrame({"k": [1, 2, 2, 9], "z": [7, 8, 9, 6]})
JOINED = "a.k:J b.k:J"


def by_parameters(a: Any, b: Any) -> Any:
    return duckdb.sql("select a.k, sum(z) as n from a join b on a.k = b.k where x > $x group by all", params={"x": 5})


def by_common_tables(a: Any, b: Any) -> Any:
    return duckdb.sql(
        """
        with last as (select *, row_number() over (partition by g order by x desc) as n from a)
        select g, x from last where n = 1 and k in (select k from b where z <> 6)
        """
    )


def by_steps(a: Any, b: Any) -> Any:
    big = duckdb.query("from a where x > 10")  # noqa: F841 - SQL reads it
    return duckdb.sql(
        "select g, upper(g) as h from big union all select g, h from (select 'b' as g, z::text as h from b)"
    )


def by_a_local_name(a: Any, b: Any) -> Any:
    def inner(rows: Any) -> Any:
        return duckdb.sql("select max(x) as m from rows")

    return inner(a)


def by_a_lazy_frame(a: Any, b: Any) -> Any:
    halves = pl.LazyFrame({"k": [1]})  # noqa: F841 - SQL reads it
    return duckdb.sql("select a.k from a join halves using (k)")


# what is made of a and b, where its columns come from ('': which rows there are)
CASES: dict[str, tuple[Callable[[Any, Any], Any], Mapping[str, str]]] = {
    "SQL with parameters": (by_parameters, {"k": "a.k:I", "n": "b.z:A", "": f"{JOINED} a.x:F a.k:G"}),
    "common tables and a semi join": (
        by_common_tables,
        {"g": "a.g:I", "x": "a.x:I", "": "a.g:F a.x:F a.k:F b.k:F b.z:F"},
    ),
    "SQL over SQL": (by_steps, {"g": "a.g:I", "h": "a.g:T b.z:T", "": "a.x:F"}),
    "SQL in a function of its own": (by_a_local_name, {"m": "a.x:A"}),
    "SQL over rows in memory": (by_a_lazy_frame, {"k": "a.k:I", "": "a.k:J a.*:O b.*:O"}),
    "steps: filter, project, aggregate": (
        lambda a, b: a.filter("x > 10").project("g, x + 1 as y").aggregate("g, sum(y) as n"),
        {"g": "a.g:I", "n": "a.x:A", "": "a.x:F a.g:G"},
    ),
    "steps: a join of two": (
        lambda a, b: a.set_alias("l").join(b.set_alias("r"), "l.k = r.k").select("l.k, z"),
        {"k": "a.k:I", "z": "b.z:I", "": JOINED},
    ),
    "steps: union, distinct, order, limit": (
        lambda a, b: a.select("k").union(b.select("k")).distinct().order("k").limit(3),
        {"k": "a.k:I b.k:I", "": "a.k:G b.k:G a.k:S b.k:S"},
    ),
    "a query over a relation": (
        lambda a, b: a.query("rows", "select x from rows where g = 'p'"),
        {"x": "a.x:I", "": "a.g:F"},
    ),
    "the input itself": (lambda a, b: b, {"k": "b.k:I", "z": "b.z:I"}),
}


def read(name: str, frame: pl.DataFrame) -> Any:
    """As the platform reads an input: its relation knows the frame, and nobody else does."""
    text = ", ".join(f"unnest({frame[column].to_list()!r}) as {column}" for column in frame.columns)
    return duckdb.sql(f"select {text} /* {name} */")


def run(make: Callable[[Any, Any], Any], a: pl.DataFrame = A, b: pl.DataFrame = B) -> tuple[Any, Capture]:
    frames = {"a": read("a", a), "b": read("b", b)}
    with Capture([Given(name, tuple(frame.columns), frame) for name, frame in frames.items()]) as seen:
        made = make(frames["a"], frames["b"])
    return made, seen


@pytest.mark.parametrize("case", CASES)
def test_each_relation_says_where_its_columns_come_from(case: str):
    make, expected = CASES[case]
    made, seen = run(make)
    assert table(seen.lineage_of(made, made.columns)) == sorted_table(expected)
    assert not seen.failure


@pytest.mark.parametrize("case", CASES)
def test_an_output_changes_only_with_the_columns_it_is_said_to_come_from(case: str):
    make, _ = CASES[case]
    made, seen = run(make)
    lineage, before = seen.lineage_of(made, made.columns), values(made)
    for name, frame in (("a", A), ("b", B)):
        for column in frame.columns:
            for place in range(len(frame)):
                found = [frame[column][place - 1] if n == place else each for n, each in enumerate(frame[column])]
                changed = frame.with_columns(pl.Series(column, found))
                after = values(run(make, *((changed, B) if name == "a" else (A, changed)))[0])
                for output in before:
                    if before[output] != after[output]:
                        used = lineage.used(output)
                        assert (name, column) in used or (name, "*") in used, (output, column)


def values(relation: Any) -> dict[str, list[str]]:
    rows = relation.pl()
    return {name: sorted(map(str, rows[name])) for name in rows.columns}


def test_what_a_function_computes_is_the_same_when_it_is_watched():
    expected = {case: values(make(read("a", A), read("b", B))) for case, (make, _) in CASES.items()}
    assert {case: values(run(make)[0]) for case, (make, _) in CASES.items()} == expected


def test_nothing_is_left_of_the_watch_even_after_an_error_and_from_within_another():
    before = (duckdb.sql, duckdb.query, duckdb.from_query, pl.LazyFrame.collect)
    inputs = [Given("a", tuple(A.columns), A.lazy())]
    with pytest.raises(duckdb.CatalogException), Capture(inputs):
        with Capture(inputs):
            assert duckdb.sql is not before[0]
        duckdb.sql("from nothing_of_the_kind")
    assert (duckdb.sql, duckdb.query, duckdb.from_query, pl.LazyFrame.collect) == before


def test_another_thread_is_not_watched_and_not_disturbed():
    answers: list[Any] = []

    def other() -> None:
        numbers = pl.DataFrame({"n": [1, 2]})
        answers.append(duckdb.connect().sql("select 1").fetchall() and len(numbers))
        own = duckdb.connect()
        answers.append(duckdb.sql("select sum(n) from numbers", connection=own).fetchall())

    with Capture([Given("a", tuple(A.columns), a := read("a", A))]) as seen:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        made = a.select("x")
    assert answers == [2, [(3,)]]
    assert table(seen.lineage_of(made, ["x"])) == {"x": "a.x:I"}


def test_sql_that_was_imported_by_its_own_name_is_opaque():
    made, seen = run(lambda a, b: sql_by_its_own_name("select x from a"))
    assert table(seen.lineage_of(made, ["x"])) == {"x": "a.*:O b.*:O", "": "a.*:O b.*:O"}


def test_what_a_function_fetches_may_be_anywhere_in_its_result():
    def above_the_mean(a: Any, b: Any) -> Any:
        ((mean,),) = duckdb.sql("select avg(z) from b").fetchall()
        return duckdb.sql("select k from a where k < $mean", params={"mean": mean})

    made, seen = run(above_the_mean)
    assert table(seen.lineage_of(made, ["k"])) == {"k": "a.k:I", "": "a.k:F b.z:O"}


def test_what_a_function_collects_may_be_anywhere_in_its_result_and_the_result_itself_is_known():
    def above_the_mean(rows: pl.LazyFrame) -> pl.DataFrame:
        mean = rows.select(pl.col("x").mean()).collect().item()
        return rows.filter(pl.col("k") < mean).select("g").collect()

    with Capture([Given("a", tuple(A.columns), rows := A.lazy())]) as seen:
        made = above_the_mean(rows)
    assert table(seen.lineage_of(made, ["g"])) == {"g": "a.g:I", "": "a.k:F a.x:O"}


def test_rows_from_outside_that_a_function_collects_are_none_of_the_inputs():
    with Capture([Given("a", tuple(A.columns), rows := A.lazy())]) as seen:
        limit = pl.LazyFrame({"n": [3]}).select(pl.col("n").max()).collect().item()
        made = rows.filter(pl.col("k") < limit).select("g")
    assert table(seen.lineage_of(made, ["g"])) == {"g": "a.g:I", "": "a.k:F"}


def test_an_eager_input_beside_lazy_ones_may_be_anywhere_in_the_result():
    with Capture([Given("a", ("x",), rows := A.lazy()), Given("b", ("z",), B.to_pandas())]) as seen:
        made = rows.filter(pl.col("x") > int(B["z"].max())).select("x")
    assert table(seen.lineage_of(made, ["x"])) == {"x": "a.x:I", "": "a.x:F b.*:O"}


@pytest.mark.parametrize("made", [A, A.to_pandas(), A.to_arrow()], ids=["polars", "pandas", "arrow"])
def test_an_eager_frame_is_opaque_and_what_is_declared_fills_in(made: Any):
    with Capture([Given("a", ("x", "k"), A)]) as seen:
        pass
    found = seen.lineage_of(made, ["x", "k"])
    assert table(found) == {"x": "a.*:O", "k": "a.*:O", "": "a.*:O"}
    assert all("does not say how it was computed" in reason for reason in found.opaque.values())
    assert not seen.failure


def test_what_is_made_of_nothing_that_is_a_dataset_comes_from_outside():
    with Capture([]) as seen:
        pass
    assert table(seen.lineage_of(A, ["x"])) == {"x": ""}


def test_an_extractor_that_fails_leaves_opaque_edges_and_says_why(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise RuntimeError("of all things")

    monkeypatch.setattr("data_platform.lineage.duckdb.sql_lineage", fail)
    made, seen = run(by_parameters)
    found = seen.lineage_of(made, ["k", "n"])
    assert {origin.kind for _, origin in found.edges()} == {Kind.OPAQUE}
    assert "of all things" in seen.failure


def test_what_polars_and_duckdb_are_asked_by_keyword_or_a_private_part_that_changed_costs_no_run(
    monkeypatch: pytest.MonkeyPatch,
):
    def by_keyword(a: Any) -> Any:
        (found,) = pl.collect_all(lazy_frames=[a.select(pl.col("x").max())])
        return a.filter(pl.col("k") < found.item()).select("g")

    with Capture([Given("a", tuple(A.columns), rows := A.lazy())]) as seen:
        made = by_keyword(rows)
    assert table(seen.lineage_of(made, ["g"])) == {"g": "a.g:I", "": "a.k:F a.x:O"}
    monkeypatch.delattr(duckdb.DuckDBPyRelation, "_submit")
    with Capture([Given("a", tuple(A.columns), rows)]) as seen:
        made = rows.select("g")
    assert table(seen.lineage_of(made, ["g"])) == {"g": "a.g:I", "": "a.*:O"}
    assert "this version of DuckDB" in seen.failure


def test_what_was_read_and_cannot_be_followed_is_opaque_and_never_constant(monkeypatch: pytest.MonkeyPatch):
    class PanicException(BaseException):
        """As Polars has it."""

    def panic(*_: Any) -> None:
        raise PanicException("not implemented")

    monkeypatch.setattr("data_platform.lineage.polars.visitor_of", panic)
    with Capture([Given("a", tuple(A.columns), rows := A.lazy())]) as seen:
        made = rows.select("x").collect()
    assert table(seen.lineage_of(made, ["x"])) == {"x": "a.*:O", "": "a.*:O"}
    assert "not implemented" in seen.failure


def test_a_query_that_is_not_understood_is_warned_of(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: Any) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr("data_platform.lineage.sql.query.evaluate", fail)
    made, seen = run(by_parameters)
    assert set(seen.lineage_of(made, ["k", "n"]).opaque) == {"", "k", "n"}
    assert "too deep" in seen.failure
