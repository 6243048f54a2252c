"""What the plan of a LazyFrame says of its columns: a table of steps, and whether values agree with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl
import pytest

from data_platform.lineage import Kind
from data_platform.lineage.capture import Capture
from data_platform.lineage.given import Given
from tests.lineage.edges import sorted_table, table

c = pl.col
A = pl.DataFrame(
    {
        "k": [1, 2, 3, 4, 5],
        "x": [10, 40, 30, 20, 50],
        "y": [5, 4, 3, 2, 1],
        "g": ["p", "q", "p", "q", "r"],
        "l": [[1], [2, 3], [4], [5], [6]],
        "s": [{"f": n, "h": -n} for n in range(5)],
    }
)
B = pl.DataFrame({"k": [1, 2, 2, 9], "z": [7, 8, 9, 6], "g": ["p", "p", "q", "q"]})

Make = Callable[[Any, Any], pl.LazyFrame]
JOINED = "a.k:J b.k:J"
AB = ("k", "x", "y", "g")
KEPT = {name: f"a.{name}:I" for name in AB}

# what is made of a and b, where its columns come from ('': which rows there are)
CASES: dict[str, tuple[Make, Mapping[str, str]]] = {
    "columns, renamed": (lambda a, b: a.select("x", n="y").rename({"x": "m"}), {"m": "a.x:I", "n": "a.y:I"}),
    "a cast": (lambda a, b: a.select(c("x").cast(pl.Float32)), {"x": "a.x:T"}),
    "arithmetic": (lambda a, b: a.select(n=c("x") * 2 + c("y")), {"n": "a.x:T a.y:T"}),
    "a constant": (lambda a, b: a.select("x", n=pl.lit(1)), {"x": "a.x:I", "n": ""}),
    "selectors": (lambda a, b: a.select(pl.exclude("l", "s", "g") * 2), {n: f"a.{n}:T" for n in ("k", "x", "y")}),
    "a column that replaces another": (
        lambda a, b: a.select("x", "y").with_columns(x=c("y") + 1).with_columns(y=c("x")),
        {"x": "a.y:T", "y": "a.y:T"},
    ),
    "a filter": (
        lambda a, b: a.filter(c("x") > 15, c("g") != "r").select("y"),
        {"y": "a.y:I", "": "a.x:F a.g:F"},
    ),
    "a filter on a computed column": (
        lambda a, b: a.with_columns(n=c("x") + c("y")).filter(c("n") > 40).select("k"),
        {"k": "a.k:I", "": "a.x:F a.y:F"},
    ),
    "a filter on a window": (
        lambda a, b: a.filter(c("x").rank().over("g") == 1).select("k"),
        {"k": "a.k:I", "": "a.x:F a.g:F"},
    ),
    "a filter by the whole column": (
        lambda a, b: a.filter(c("x") == c("x").max()).select("k"),
        {"k": "a.k:I", "": "a.x:F"},
    ),
    "an inner join": (
        lambda a, b: a.join(b, on="k").select("x", "k", "z", "g_right"),
        {"x": "a.x:I", "k": "a.k:I", "z": "b.z:I", "g_right": "b.g:I", "": JOINED},
    ),
    "a left join with its own suffix": (
        lambda a, b: a.join(b, on="k", how="left", suffix="_b").select("k", "g_b"),
        {"k": "a.k:I", "g_b": "b.g:I", "": JOINED},
    ),
    "a right join": (
        lambda a, b: a.select("k", "x", "g").join(b, on="k", how="right"),
        {"x": "a.x:I", "g": "a.g:I", "k": "b.k:I", "z": "b.z:I", "g_right": "b.g:I", "": JOINED},
    ),
    "a full join whose keys are coalesced": (
        lambda a, b: a.select("k", "x").join(b, on="k", how="full", coalesce=True),
        {"k": "a.k:T b.k:T", "x": "a.x:I", "z": "b.z:I", "g": "b.g:I", "": JOINED},
    ),
    "a full join": (
        lambda a, b: a.select("k", "x").join(b, on="k", how="full"),
        {"k": "a.k:I", "x": "a.x:I", "k_right": "b.k:I", "z": "b.z:I", "g": "b.g:I", "": JOINED},
    ),
    "a join on computed keys": (
        lambda a, b: a.select("k", "x").join(b.select("k", "z"), left_on=c("k") + 1, right_on=c("k").abs()),
        {"k": "a.k:I", "x": "a.x:I", "k_right": "b.k:I", "z": "b.z:I", "": JOINED},
    ),
    "a join on columns of other names": (
        lambda a, b: a.select("x").join(b.select("z", "g"), left_on="x", right_on="z"),
        {"x": "a.x:I", "g": "b.g:I", "": "a.x:J b.z:J"},
    ),
    "a semi join": (
        lambda a, b: a.select("k", "x").join(b, on="k", how="semi"),
        {**{n: KEPT[n] for n in "kx"}, "": JOINED},
    ),
    "an anti join": (
        lambda a, b: a.select("k", "x").join(b, on="k", how="anti"),
        {**{n: KEPT[n] for n in "kx"}, "": JOINED},
    ),
    "a cross join": (lambda a, b: a.select("x").join(b.select("z"), how="cross"), {"x": "a.x:I", "z": "b.z:I"}),
    "a join on an inequality": (
        lambda a, b: a.select("x").join_where(b.select("z"), c("x") > c("z")),
        {"x": "a.x:I", "z": "b.z:I", "": "a.x:J b.z:J"},
    ),
    "an asof join": (
        lambda a, b: a.select("k", "x", "g").sort("k").join_asof(b.sort("k"), on="k", by="g"),
        {"k": "a.k:I", "x": "a.x:I", "g": "a.g:I", "z": "b.z:I", "": "a.k:S b.k:S a.k:J b.k:J a.g:J b.g:J"},
    ),
    "a self-join": (
        lambda a, b: a.select("k", "x").join(a.select("k", "y"), on="k"),
        {"k": "a.k:I", "x": "a.x:I", "y": "a.y:I", "": "a.k:J"},
    ),
    "a group": (
        lambda a, b: a.group_by("g", even=c("k") % 2).agg(pl.len(), c("x").sum(), m=c("y").mean() * 2),
        {"g": "a.g:I", "even": "a.k:T", "len": "", "x": "a.x:A", "m": "a.y:A", "": "a.g:G a.k:G"},
    ),
    "a group's list, first, quantile and number of values": (
        lambda a, b: a.group_by("g").agg("x", f=c("y").first(), q=c("k").quantile(0.5), n=c("x").n_unique()),
        {"g": "a.g:I", "x": "a.x:A", "f": "a.y:A", "q": "a.k:A", "n": "a.x:A", "": "a.g:G"},
    ),
    "an aggregate of some rows": (
        lambda a, b: a.group_by("g").agg(n=c("x").filter(c("y") > 2).sum()),
        {"g": "a.g:I", "n": "a.x:A a.y:C", "": "a.g:G"},
    ),
    "an ordered aggregate": (
        lambda a, b: a.group_by("g").agg(n=c("x").sort_by("y").first()),
        {"g": "a.g:I", "n": "a.x:A a.y:W", "": "a.g:G"},
    ),
    "a group filtered": (
        lambda a, b: a.group_by("g").agg(n=c("x").sum()).filter(c("n") > 45),
        {"g": "a.g:I", "n": "a.x:A", "": "a.g:G a.x:F"},
    ),
    "groups by steps": (
        lambda a, b: a.sort("k").group_by_dynamic("k", every="2i").agg(c("x").sum()),
        {"k": "a.k:T", "x": "a.x:A", "": "a.k:S a.k:G"},
    ),
    "groups that roll": (
        lambda a, b: a.sort("k").rolling("k", period="2i").agg(c("x").sum()),
        {"k": "a.k:I", "x": "a.x:A", "": "a.k:S a.k:G"},
    ),
    "a window": (
        lambda a, b: a.select(n=c("x").sum().over("g"), r=c("x").rank().over("g", order_by="y")),
        {"n": "a.x:A a.g:W", "r": "a.x:A a.g:W a.y:W"},
    ),
    "a window over a computed key": (
        lambda a, b: a.select(n=pl.len().over(c("k") % 2)),
        {"n": "a.k:W"},
    ),
    "values moved by rows": (
        lambda a, b: a.select(n=c("x").shift(1), m=c("x").cum_sum(), r=c("y").rolling_mean(2)),
        {"n": "a.x:T", "m": "a.x:A", "r": "a.y:A"},
    ),
    "when, then, otherwise": (
        lambda a, b: a.select(n=pl.when(c("x") > 25).then("y").otherwise(c("k") + 1)),
        {"n": "a.x:C a.y:T a.k:T"},
    ),
    "the first that is not null": (lambda a, b: a.select(n=pl.coalesce("x", "y")), {"n": "a.x:T a.y:T"}),
    "across columns": (
        lambda a, b: a.select(n=pl.sum_horizontal("x", "y"), m=pl.concat_str("g", "k")),
        {"n": "a.x:T a.y:T", "m": "a.g:T a.k:T"},
    ),
    "nulls filled": (lambda a, b: a.select("x", "g").fill_null(0), {"x": "a.x:T", "g": "a.g:I"}),
    "nulls dropped": (lambda a, b: a.select("x", "y").drop_nulls("x"), {"x": "a.x:I", "y": "a.y:I", "": "a.x:F"}),
    "a hash masks": (lambda a, b: a.select(n=c("g").hash()), {"n": "a.g:T!"}),
    "a union: nothing leaks from one branch to the other": (
        lambda a, b: pl.concat([a.filter(c("y") > 2).select("k"), b.filter(c("z") > 6).select("k")]),
        {"k": "a.k:I b.k:I", "": "a.y:F b.z:F"},
    ),
    "a union of unlike columns": (
        lambda a, b: pl.concat([a.select("k", "x"), b.select("k", "z")], how="diagonal"),
        {"k": "a.k:I b.k:I", "x": "a.x:I", "z": "b.z:I"},
    ),
    "a union in which each branch says which it is": (
        lambda a, b: (
            pl.concat([f.select("k", n=pl.lit(n)) for n, f in enumerate((a, b))])
            .group_by("k")
            .agg(first=(c("n") == 0).sum())
        ),
        {"k": "a.k:I b.k:I", "first": "", "": "a.k:G b.k:G"},
    ),
    "frames side by side": (
        lambda a, b: pl.concat([a.select("x").head(4), b.select("z")], how="horizontal"),
        {"x": "a.x:I", "z": "b.z:I"},
    ),
    "frames aligned": (
        lambda a, b: pl.concat([a.select("k", "x"), b.select("k", "z")], how="align"),
        {"k": "a.k:T b.k:T", "x": "a.x:I", "z": "b.z:I", "": "a.k:J b.k:J a.k:S b.k:S"},
    ),
    "frames merged": (
        lambda a, b: a.select("k").sort("k").merge_sorted(b.select("k").sort("k"), "k"),
        {"k": "a.k:I b.k:I", "": "a.k:S b.k:S"},
    ),
    "unique rows": (
        lambda a, b: a.select("g", "x").sort("x").unique("g", keep="last", maintain_order=True),
        {"g": "a.g:I", "x": "a.x:I", "": "a.x:S a.g:G"},
    ),
    "the first rows of an order": (
        lambda a, b: a.sort("y", c("x").abs()).head(2).select("k"),
        {"k": "a.k:I", "": "a.y:S a.x:S"},
    ),
    "a list exploded": (
        lambda a, b: a.select("k", "l").explode("l"),
        {"k": "a.k:I", "l": "a.l:T", "": "a.l:J"},
    ),
    "a list exploded, and computed with": (
        lambda a, b: a.select(n=c("l").explode() + 1),
        {"n": "a.l:T", "": "a.l:J"},
    ),
    "some values of a column": (
        lambda a, b: a.select(n=c("x").filter(c("y") > 2) * 2),
        {"n": "a.x:T a.y:C", "": "a.y:F"},
    ),
    "values of the rows that a column names": (
        lambda a, b: a.select(n=c("x").gather(c("k") % 5)),
        {"n": "a.x:T a.k:T", "": "a.k:F"},
    ),
    "an element of a list": (lambda a, b: a.select(n=c("l").list.first()), {"n": "a.l:T"}),
    "fields of a struct": (
        lambda a, b: a.select("k", "s").unnest("s").with_columns(t=pl.struct("k", "f")),
        {"k": "a.k:I", "f": "a.s:T", "h": "a.s:T", "t": "a.k:T a.s:T"},
    ),
    "columns folded into rows": (
        lambda a, b: a.unpivot(["x", "y"], index="k"),
        {"k": "a.k:I", "variable": "", "value": "a.x:I a.y:I"},
    ),
    "rows turned into columns": (
        lambda a, b: a.pivot("g", on_columns=["p", "q"], index="k", values="x", aggregate_function="sum"),
        {"k": "a.k:I", "p": "a.x:A a.g:C", "q": "a.x:A a.g:C", "": "a.k:G"},
    ),
    "a row's number": (lambda a, b: a.select("x").with_row_index("n"), {"n": "", "x": "a.x:I"}),
    "SQL of Polars": (
        lambda a, b: a.select("g", "x", "y").sql("select g, sum(x) as n from self where y > 1 group by g order by g"),
        {"g": "a.g:I", "n": "a.x:A a.x:C", "": "a.y:F a.g:G a.g:S"},
    ),
    "an update": (
        lambda a, b: a.select("k", "x").update(b.select("k", x=c("z")), on="k"),
        {"k": "a.k:I", "x": "a.x:T b.z:T", "": JOINED},
    ),
    "a Python function is opaque, and only its column": (
        lambda a, b: a.select("k", "x").with_columns(n=c("x").map_elements(lambda x: x + 1, return_dtype=pl.Int64)),
        {"k": "a.k:I", "x": "a.x:I", "n": "a.k:O a.x:O"},
    ),
    "a Python function of the frame": (
        lambda a, b: a.select("k", "x").filter(c("x") > 15).map_batches(lambda frame: frame),
        {"k": "a.k:O a.x:O", "x": "a.k:O a.x:O", "": "a.x:F a.x:O a.k:O"},
    ),
    "what was collected in between is opaque": (
        lambda a, b: a.select("k").join(b.select("k", "z").collect().lazy(), on="k"),
        {"k": "a.k:I", "z": "a.*:O b.*:O", "": "a.k:J a.*:O b.*:O b.k:O b.z:O"},
    ),
}


def extracted(make: Make, a: pl.DataFrame = A, b: pl.DataFrame = B):
    frames = {"a": a.lazy(), "b": b.lazy()}
    with Capture(Given(name, tuple(frame.collect_schema()), frame) for name, frame in frames.items()) as seen:
        made = make(*frames.values())
    lineage = seen.lineage_of(made, list(made.collect_schema()))
    assert not seen.failure
    return lineage


@pytest.mark.parametrize("case", CASES)
def test_each_step_says_where_its_columns_come_from(case: str):
    make, expected = CASES[case]
    assert table(extracted(make)) == sorted_table(expected)


@pytest.mark.parametrize("case", CASES)
def test_an_output_changes_only_with_the_columns_it_is_said_to_come_from(case: str):
    make, _ = CASES[case]
    lineage = extracted(make)
    before = _values(make, A, B)
    for name, frame in (("a", A), ("b", B)):
        for column, changed in _changes(frame):
            frames = (changed, B) if name == "a" else (A, changed)
            after = _values(make, *frames)
            for output in before:
                if before[output] != after[output]:
                    used = lineage.used(output)
                    assert (name, column) in used or (name, "*") in used, (output, column)


def _changes(frame: pl.DataFrame):
    """The frame with one value replaced by its neighbour's, or by a new one: each value of each column in turn."""
    for column in frame.columns:
        values = frame[column].to_list()
        new = {int: lambda v: v + 100, str: lambda v: v + "!", list: lambda v: [n + 100 for n in v]}
        for place, value in enumerate(values):
            fresh = new.get(type(value), lambda v: {name: n + 100 for name, n in v.items()})(value)
            alike = [n + 1 for n in value] if isinstance(value, list) else values[place - 1]
            for other in (alike, fresh):
                series = pl.Series(column, [*values[:place], other, *values[place + 1 :]], frame.schema[column])
                yield column, frame.with_columns(series)


def _values(make: Make, a: pl.DataFrame, b: pl.DataFrame) -> dict[str, list[str]]:
    made = make(a.lazy(), b.lazy()).collect()
    return {name: sorted(map(str, made[name].to_list())) for name in made.columns}


def test_a_version_whose_plan_is_not_known_is_opaque_and_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("data_platform.lineage.polars_leaves.VERSION", 15)
    with Capture([Given("a", ("x",), frame := A.lazy())]) as seen:
        made = frame.select("x")
    lineage = seen.lineage_of(made, ["x"])
    assert {origin.kind for _, origin in lineage.edges()} == {Kind.OPAQUE}
    assert "this version of Polars" in seen.failure


def test_a_frame_of_a_thousand_steps_is_walked():
    def steps(a: Any, _: Any) -> Any:
        for _ in range(1000):
            a = a.with_columns(c("x") + c("y"))
        return a.select("x")

    assert table(extracted(steps)) == {"x": "a.x:T a.y:T"}


def test_an_expression_too_deep_to_follow_is_opaque():
    made = extracted(lambda a, b: a.select("k", "x").select("k", n=sum([c("x")] * 900, start=c("x"))))
    assert table(made) == {"k": "a.k:I", "n": "a.k:O a.x:O"}
