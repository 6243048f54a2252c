"""The audit of a frame: what it says, which rows it shows, and that it never keeps quiet about what it cannot answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from scenario import (
    BLOCK,
    CLEAN,
    DATE,
    DAY_X_COUNTRY,
    DIRTY,
    DOUBLE,
    DUPLICATES,
    LONG,
    QUARANTINE,
    SHAPES,
    TEXT,
    TIMESTAMP,
    TIMESTAMPTZ,
    WARN,
    order,
    orders,
    partition_of,
    small,
    table,
)
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Partitioning, PartitionKey, Policy, Reference, Rule, Threshold
from data_platform.quality.errors import RuleError
from data_platform.quality.frames import FrameAudit, audit_frame

from .parity.frames import spark_frame

POSITIVE = Rule("positive", "minimum", ("n",), {"value": 0}, on_failure=BLOCK)
TYPES = Rule("types", "type", on_failure=QUARANTINE)
SMALL = small(TYPES, POSITIVE, Rule("key", "duplicate_values", ("id",), on_failure=WARN), id=LONG, n=DOUBLE)
FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow.Table": lambda table: table,
    "polars.DataFrame": pl.from_arrow,
    "polars.LazyFrame": lambda table: pl.from_arrow(table).lazy(),  # pyright: ignore[reportAttributeAccessIssue]
    "pandas.DataFrame": lambda table: table.select(
        [n for n in table.column_names if n != "prices"]
    ).to_pandas(),  # no maps
    "duckdb.DuckDBPyRelation": duckdb.from_arrow,
}


@pytest.fixture(params=FRAMES)
def framed(request: pytest.FixtureRequest) -> Callable[[pa.Table], Any]:
    return FRAMES[request.param]


def summary(audited: FrameAudit) -> dict[tuple[str, str], tuple[float, Policy | None]]:
    return {
        (each.partition, outcome.rule.name): (outcome.metric, outcome.action)
        for each in audited.verdicts
        for outcome in each.outcomes
    }


def rows_of(frame: Any) -> list[dict[str, Any]]:
    match type(frame).__module__.split(".")[0]:
        case "polars":
            return frame.lazy().collect().to_dicts()
        case "pandas":
            return frame.to_dict("records")
        case "pyarrow":
            return frame.to_pylist()
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.fetchall()]


def test_every_kind_of_frame_gets_the_same_verdict_and_shows_its_own_rows(framed: Callable[[pa.Table], Any]) -> None:
    frame = framed(pa.table({"id": ["1", "1", "one", "2"], "n": [1.0, -1.0, 0.5, -2.0]}))
    found = audit_frame(frame, SMALL)
    assert summary(found) == {
        ("", "types"): (1, Policy.QUARANTINE),
        ("", "positive"): (2, Policy.BLOCK),
        ("", "key"): (1, Policy.WARN),
    }
    assert not found.holds and found.verdicts[0].blocked
    shown = found.failing_rows("positive")
    assert type(shown) is type(frame)
    assert rows_of(shown) == [{"id": "1", "n": -1.0}, {"id": "2", "n": -2.0}]
    assert rows_of(found.failing_rows(SMALL.rules[0])) == [{"id": "one", "n": 0.5}]
    assert rows_of(found.failing_rows("key")) == [{"id": "1", "n": 1.0}]  # of two rows with one key the lesser is kept


def test_what_it_says_can_be_read(framed: Callable[[pa.Table], Any]) -> None:
    bad = audit_frame(framed(pa.table({"id": [1, 2], "n": [1.0, -1.0]})), SMALL)
    assert str(bad) == "block positive (n: ≥ 0): 1 of 2 rows (50%)"
    good = audit_frame(framed(pa.table({"id": [1, 2], "n": [1.0, 0.0]})), SMALL)
    assert good.holds and str(good) == "shop.small: every rule holds"


def test_an_empty_frame_breaks_no_rule_about_rows(framed: Callable[[pa.Table], Any]) -> None:
    daily = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
    some = Rule("some", "row_count", threshold=Threshold("mustBeGreaterThan", 0))
    contract = small(TYPES, POSITIVE, some, n=DOUBLE, day=DATE, partitioning=daily)
    found = audit_frame(framed(table([], contract)), contract)
    assert [outcome.rule.name for outcome in found.broken] == ["some"]
    assert rows_of(found.failing_rows("positive")) == []


def test_structure_is_a_problem_before_any_rule(framed: Callable[[pa.Table], Any]) -> None:
    contract = replace(SMALL, columns=tuple(replace(column, required=True) for column in SMALL.columns))
    found = audit_frame(framed(pa.table({"id": [1], "m": [1]})), contract)
    assert not found.holds and found.verdicts == ()
    assert [problem.split(";")[0] for problem in found.problems] == [
        "required column n (double) is missing",
        "column(s) m are not in the contract",
    ]
    with pytest.raises(RuleError, match="required column n"):
        found.failing_rows("positive")


def test_values_lost_under_no_strict_rule_and_rows_of_no_partition_are_problems(
    framed: Callable[[pa.Table], Any],
) -> None:
    by_text = Partitioning((PartitionKey("country", "static"),))
    contract = small(POSITIVE, n=DOUBLE, country=TEXT, partitioning=by_text)
    found = audit_frame(framed(pa.table({"n": ["1", "x", "2"], "country": ["no", "no", None]})), contract)
    assert found.problems == (
        "1 row(s) belong to no partition",
        "1 value(s) of n cannot be cast to double without loss",
    )


@pytest.mark.parametrize("rows", [CLEAN, DIRTY, DUPLICATES], ids=["clean", "dirty", "duplicates"])
def test_the_awkward_dataset_gets_the_same_verdict_in_every_frame(
    framed: Callable[[pa.Table], Any], rows: list[dict[str, Any]]
) -> None:
    contract = orders(DAY_X_COUNTRY)
    expected = summary(audit_frame(table(rows, contract), contract))
    assert {partition for partition, _ in expected} == {partition_of(contract, row) for row in rows}
    assert summary(audit_frame(framed(table(rows, contract)), contract)) == expected


MOMENTS = [
    datetime(2026, 3, 8, 2, 30),
    datetime(1969, 12, 31, 23, 59, 59, 999999),
    datetime(1970, 1, 1),
    datetime(2026, 11, 1, 1),
]
CUT = [
    {**order(place), "day": at.date(), "at": at, "seen": at.replace(tzinfo=UTC), "country": "no"}
    for place, at in enumerate([*MOMENTS, *(moment + timedelta(hours=5) for moment in MOMENTS)])
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_frame_is_cut_into_the_partitions_its_rows_belong_to(shape: str, framed: Callable[[pa.Table], Any]) -> None:
    contract = orders(SHAPES[shape])
    found = audit_frame(framed(table(CUT, contract)), contract)
    assert {each.partition for each in found.verdicts} == {partition_of(contract, row) for row in CUT}
    assert sum(each.rows for each in found.verdicts) == len(CUT)


@pytest.mark.slow
def test_spark_gives_the_same_verdicts_in_the_same_partitions(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    contract = orders()
    frame = spark_frame(spark, table([*CUT, *DUPLICATES], contract), tmp_path).cache()
    for shape in ("unpartitioned", "daily by date", "daily by timestamptz", "static x hour", "hourly by timestamptz"):
        cut = orders(SHAPES[shape])
        assert summary(audit_frame(frame, cut)) == summary(audit_frame(table([*CUT, *DUPLICATES], cut), cut)), shape


def test_spark_says_which_casts_it_cannot_promise(spark: Any) -> None:  # noqa: F811
    frame = spark.createDataFrame([(0.1, True)], "id double, n boolean")
    found = audit_frame(frame, small(id=TEXT, n=LONG))
    assert found.problems == (
        "column id: Spark cannot promise the cast of double to string; make it first",
        "column n: Spark cannot promise the cast of boolean to long; make it first",
    )


def test_some_rules_can_be_asked_for_by_name(framed: Callable[[pa.Table], Any]) -> None:
    frame = framed(pa.table({"id": [1, 1], "n": [-1.0, 1.0]}))
    assert summary(audit_frame(frame, SMALL, rules=["key"])) == {("", "key"): (1, Policy.WARN)}
    assert summary(audit_frame(frame, SMALL, rules=[POSITIVE])) == {("", "positive"): (1, Policy.BLOCK)}


def test_a_rule_is_evaluated_at_publication_unless_it_says_otherwise(framed: Callable[[pa.Table], Any]) -> None:
    contract = small(replace(POSITIVE, when="0 6 * * *"), n=DOUBLE)
    frame = framed(pa.table({"n": [-1.0]}))
    assert audit_frame(frame, contract).verdicts[0].outcomes == ()
    assert not audit_frame(frame, contract, rules=["positive"]).holds


def test_a_foreign_key_without_its_parents_is_skipped_and_says_so(framed: Callable[[pa.Table], Any]) -> None:
    rule = Rule("owner", "foreign_key", ("id",), {"columns": ("id",)}, reads=(Reference("shop.users", ("id",), "all"),))
    contract, frame = small(rule, id=LONG), framed(pa.table({"id": [1, 2, None]}))
    found = audit_frame(frame, contract)
    assert found.skipped == {"owner": "it reads shop.users: pass their frames as `others`"}
    with pytest.raises(RuleError, match="pass their frames"):
        found.failing_rows("owner")
    with pytest.raises(RuleError, match="pass their frames"):
        audit_frame(frame, contract, rules=["owner"])
    whole = audit_frame(frame, contract, others={"shop.users": framed(pa.table({"id": ["1", "none", None]}))})
    assert rows_of(whole.failing_rows("owner")) == [{"id": 2}]


def test_a_rule_that_is_not_about_rows_has_none_to_show(framed: Callable[[pa.Table], Any]) -> None:
    few = Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 1))
    found = audit_frame(framed(pa.table({"id": [1]})), small(few, id=LONG))
    with pytest.raises(RuleError, match="few has no failing rows to show: is about the whole dataset"):
        found.failing_rows("few")
    with pytest.raises(RuleError, match="has no rule 'fewer'; it has few"):
        found.failing_rows("fewer")


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (Rule("bad", "pattern", ("id",), {"value": "a(?=b)"}), "look-around"),
        (Rule("bad", "minimum", ("id",), {"value": "often"}), "often"),
        (Rule("bad", "multiple_of", ("n",), {"value": 0}), "zero"),
        (Rule("bad", "comparison", ("id", "n"), {"operator": "<"}), "does not compare"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_says_which_and_why(
    rule: Rule, why: str, framed: Callable[[pa.Table], Any]
) -> None:
    contract = small(rule, id=TEXT if rule.kind in ("pattern", "comparison") else LONG, n=LONG)
    frame = framed(table([{"id": None, "n": 1}], contract))
    with pytest.raises(RuleError, match=f"(?s)rule bad.*{why}"):
        audit_frame(frame, contract)


def test_only_frames_are_audited() -> None:
    with pytest.raises(TypeError, match=r"builtins\.list is not a frame; frames are polars"):
        audit_frame([1], SMALL)


def test_pandas_rows_keep_their_index_and_nan_is_null() -> None:
    import pandas as pd

    frame = pd.DataFrame({"id": [1, 2, 3], "n": [float("nan"), -1.0, -2.0]}, index=["a", "b", "c"])
    found = audit_frame(frame, replace(SMALL, rules=(POSITIVE, Rule("there", "required", ("n",)))))
    assert list(found.failing_rows("positive").index) == ["b", "c"]
    assert list(found.failing_rows("there").index) == ["a"]


def test_a_contracts_sql_reaches_no_file_from_a_frame_either(framed: Callable[[pa.Table], Any], tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("x\n1\n")
    query = f"SELECT count(*) FROM read_csv('{secret}')"
    contract = small(Rule("spy", "sql", (), {"query": query}, Threshold("mustBe", 1)), id=LONG)
    with pytest.raises(RuleError):
        audit_frame(framed(pa.table({"id": [1]})), contract)


def test_times_are_read_in_utc_whatever_the_zone_of_a_frame(framed: Callable[[pa.Table], Any]) -> None:
    oslo = pa.array([datetime(2026, 1, 1, 0, 30, tzinfo=UTC)], pa.timestamp("us", "Europe/Oslo"))
    rules = (
        Rule("seen", "minimum", ("seen",), {"value": "2026-01-01T00:30:00Z"}),
        Rule("at", "maximum", ("at",), {"value": "2026-01-01T00:30:00"}),
    )
    daily = Partitioning((PartitionKey("seen", "day", "2026-01-01"),))
    contract = small(*rules, seen=TIMESTAMPTZ, at=TIMESTAMP, partitioning=daily)
    found = audit_frame(framed(pa.table({"seen": oslo, "at": oslo})), contract)
    assert found.holds and [each.partition for each in found.verdicts] == ["2026-01-01"]
