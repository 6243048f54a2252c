"""A contract as a pandera schema: it says what the platform's own audit says, row by row and rule by rule."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd
import pandera.errors
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from quality.audits import conformed, verdicts
from quality.parity import generated
from quality.parity.frames import arrow, polars
from quality.parity.table import ABOUT_VALUES, KEYS, TYPED, TYPES, WHOLE, nasty_rows, wide
from scenario import DATE, DOUBLE, LONG, MONEY, QUARANTINE, SIZE, TAGS, TEXT, TIMESTAMPTZ, WARN, small

from data_platform.contracts import Column, ColumnType, Contract, Partitioning, PartitionKey, Reference, Rule, Threshold
from data_platform.contracts.model import MASK
from data_platform.contracts.odcs import read
from data_platform.contracts.pandera.schema import draft
from data_platform.contracts.rules import KINDS
from data_platform.engines.pandas import relation
from data_platform.quality.duplicates import duplicate_rows
from data_platform.quality.rows import CONFORMED, ROW, broken_rows

from .scenario import EXAMPLE

NASTY = nasty_rows()
BY_KIND = {kind: [rule for rule in ABOUT_VALUES if rule.kind == kind] for kind in {rule.kind for rule in ABOUT_VALUES}}
DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))


def numpy(table: pa.Table) -> pd.DataFrame:
    """As pandas users have it: nulls are NaN. A map of theirs cannot be staged, so there is none."""
    return table.drop_columns([name for name in table.column_names if name == "prices"]).to_pandas()


def of_arrow(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas(types_mapper=pd.ArrowDtype)


FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "polars": polars,
    "polars, lazily": lambda table: polars(table).lazy(),
    "pandas": numpy,
    "pandas of Arrow": of_arrow,
}
needs_spark = pytest.mark.skipif(find_spec("pyspark") is None, reason="pyspark is the extra `spark`")
each_backend = pytest.mark.parametrize("backend", ["polars", "pandas", pytest.param("pyspark", marks=needs_spark)])
each_frame = pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)


def staged(frame: Any) -> pa.Table:
    """What the platform would stage of a frame."""
    if isinstance(frame, pd.DataFrame):
        return relation(frame, "").to_arrow_table()
    return frame.lazy().collect().to_arrow(compat_level=pl.CompatLevel.oldest())


def by_platform(contract: Contract, folder: Path, table: pa.Table) -> dict[str, set[int]]:
    """Which rows of a table break each row rule, by the audit of a publication; no rule is named where none does."""
    found = {}
    with conformed(contract, folder, table) as (connection, shape):
        for rule in contract.rules:
            if KINDS[rule.kind].metric == "duplicates":
                query = f"SELECT {ROW} FROM ({duplicate_rows(rule, contract)})"
            else:
                query = f"SELECT {ROW} FROM {CONFORMED} WHERE {broken_rows(rule, contract, shape)}"
            if broken := {place for (place,) in connection.execute(query).fetchall()}:
                found[rule.name] = broken
    return found


def failures(contract: Contract, frame: Any) -> list[dict[str, Any]]:
    """The failure cases of a frame, but for those that pandera finds by itself where ours finds the same."""
    backend = "pandas" if isinstance(frame, pd.DataFrame) else "polars"
    try:
        contract.to_pandera(backend).validate(frame, lazy=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
        rows = cases.to_dict("records") if backend == "pandas" else cases.to_dicts()
        return [row for row in rows if row["check"] != "not_nullable"]
    return []


def by_pandera(contract: Contract, frame: Any) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for case in failures(contract, frame):
        found.setdefault(case["check"], set()).add(case["index"])
    return found


def check(contract: Contract, folder: Path, frame: Any) -> None:
    """The same rows break the same rules, of those about columns that there are."""
    table = staged(frame)
    rules = tuple(rule for rule in contract.rules if set(rule.columns) <= set(table.column_names))
    same = replace(contract, rules=rules)
    assert by_pandera(same, frame) == by_platform(same, folder, table)


@each_frame
@pytest.mark.parametrize("kind", sorted(BY_KIND))
def test_the_same_nasty_rows_break_a_rule(kind: str, frame: Callable, tmp_path: Path) -> None:
    contract = wide(TYPED, *BY_KIND[kind])
    check(contract, tmp_path, frame(arrow(NASTY, contract)))


@each_frame
def test_the_same_rows_are_duplicates(frame: Callable, tmp_path: Path) -> None:
    rows = [*NASTY, *({**row, "id": 100 + row["id"]} for row in NASTY[::-2])]
    check(wide(TYPED, *KEYS), tmp_path, frame(arrow(rows, wide())))


@each_frame
def test_the_same_rows_are_duplicates_within_a_partition(frame: Callable, tmp_path: Path) -> None:
    rows = [{**row, "day": date(2026, 1, 1 + place % 2)} for place, row in enumerate([*NASTY, *NASTY])]
    check(wide(TYPED, *KEYS[:4], partitioning=DAILY), tmp_path, frame(arrow(rows, wide())))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=generated.rows(8), rules=generated.rules(6), frame=st.sampled_from(list(FRAMES.values())))
def test_the_same_generated_rows_break_a_rule(
    rows: list, rules: list, frame: Callable, tmp_path_factory: pytest.TempPathFactory
) -> None:
    contract = wide(TYPED, *rules, Rule("key", "duplicate_values", ("text", "flag")))
    check(contract, tmp_path_factory.mktemp("staged"), frame(arrow(rows, contract)))


@each_frame
@pytest.mark.parametrize("rows", [[], NASTY[:3], NASTY], ids=["none", "few", "many"])
def test_rules_about_the_whole_hold_or_not_as_they_do_for_a_publication(
    rows: list, frame: Callable, tmp_path: Path
) -> None:
    rules = [rule for rule in WHOLE if not rule.reads]
    rules += [Rule("there_are", "row_count", threshold=Threshold("mustBeGreaterThan", 0))]
    rules += [Rule("sum", "sql", (), {"query": "SELECT count(long) FROM {object}"}, Threshold("mustBeBetween", (1, 9)))]
    contract = wide(TYPED, *rules)
    given = frame(arrow(rows, contract))
    [verdict] = verdicts(contract, tmp_path, staged(given))
    expected = {each.rule.name: each.reason for each in verdict.outcomes if not each.holds and each.rule != TYPED}
    cases = [case for case in failures(contract, given) if case["check"] != TYPED.name]
    assert {case["check"]: case["failure_case"] for case in cases} == expected


@each_frame
def test_rules_about_the_whole_are_about_each_partition(frame: Callable) -> None:
    rule = Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 3))
    contract = wide(rule, partitioning=DAILY)
    rows = [{**row, "day": date(2026, 1, 1 + place // 3)} for place, row in enumerate(NASTY[:5])]
    assert [case["failure_case"] for case in failures(contract, frame(arrow(rows, contract)))] == [
        "2026-01-01: 3 is not < 3"
    ]


@each_frame
def test_a_frame_without_rows_breaks_no_rule_about_rows(frame: Callable) -> None:
    rules = [rule for rule in (*ABOUT_VALUES, *KEYS, TYPED) if "prices" not in rule.columns]
    assert failures(wide(*rules), frame(arrow([], wide()))) == []


CASTS: list[tuple[ColumnType, pa.Array]] = [
    (LONG, pa.array(["1", " 2 ", "3.5", "x", "", None])),
    (LONG, pa.array([1.0, 2.5, None])),
    (LONG, pa.array([1, None], pa.uint8())),
    (ColumnType("int"), pa.array([1, 2**31, None], pa.int64())),
    (MONEY, pa.array(["1.25", "1.255", None])),
    (DATE, pa.array(["2026-01-01", "2026-02-30", "yesterday", None])),
    (TIMESTAMPTZ, pa.array(["2026-01-01T00:00:00+02:00", "no", None])),
    (TEXT, pa.array([1, None])),
    (DOUBLE, pa.array([2**53, 2**53 + 1, None])),
    (TAGS, pa.array([["a"], None], pa.list_(pa.string()))),
]


@each_frame
@pytest.mark.parametrize(("kind", "values"), CASTS, ids=lambda each: str(getattr(each, "type", each)))
def test_another_type_is_conformed_as_a_publication_would(
    kind: ColumnType, values: pa.Array, frame: Callable, tmp_path: Path
) -> None:
    rules = [replace(TYPED, columns=("x",)), Rule("x_required", "required", ("x",))]
    if kind.is_numeric:
        rules.append(Rule("x_minimum", "minimum", ("x",), {"value": 2}))
    contract = small(*rules, x=kind)
    check(contract, tmp_path, frame(pa.table({"x": values})))


@each_frame
def test_a_type_that_nothing_can_be_made_of_is_lost_in_every_row(frame: Callable) -> None:
    contract = small(replace(TYPED, columns=("x",)), Rule("x_minimum", "minimum", ("x",), {"value": 2}), x=LONG)
    assert by_pandera(contract, frame(pa.table({"x": [{"a": 1}, None]}))) == {"types": {0}}


@each_frame
def test_a_loss_that_no_rule_watches_is_refused_as_a_publication_is(frame: Callable) -> None:
    [case] = failures(small(x=LONG), frame(pa.table({"x": ["1", "x"]})))
    assert (case["check"], case["failure_case"]) == (
        "schema",
        "1 value(s) of x cannot be cast to long without loss",
    )


def test_a_column_of_mixed_python_objects_has_no_type() -> None:
    contract = small(Rule("x_minimum", "minimum", ("x",), {"value": 2}), x=LONG)
    checks = {case["check"] for case in failures(contract, pd.DataFrame({"x": [1, "a", object()]}))}
    assert checks == {"dtype('int64[pyarrow]')", "x_minimum", "schema"}


@each_frame
def test_a_rule_that_cannot_be_evaluated_is_no_rule_that_holds(frame: Callable) -> None:
    contract = small(Rule("x_pattern", "pattern", ("x",), {"value": "("}), x=TEXT)
    assert [case["check"] for case in failures(contract, frame(pa.table({"x": ["a"]})))] == ["x_pattern"]


REQUIRED = Contract(
    "shop",
    "orders",
    "1.0.0",
    (Column("id", LONG, required=True), Column("note", TEXT), Column("ratio", DOUBLE, required=True)),
    rules=(Rule("id_required", "required", ("id",)), Rule("ratio_required", "required", ("ratio",))),
)


@each_frame
def test_a_column_that_is_absent_is_null_unless_it_is_required(frame: Callable) -> None:
    assert failures(REQUIRED, frame(pa.table({"id": [1], "ratio": [0.5]}))) == []
    found = {case["check"] for case in failures(REQUIRED, frame(pa.table({"note": ["a"], "ratio": [0.5]})))}
    assert "column_in_dataframe" in found


@each_frame
def test_a_column_that_is_unknown_is_refused_or_ignored_as_the_contract_says(frame: Callable) -> None:
    given = frame(pa.table({"id": [1], "ratio": [0.5], "more": [1]}))
    assert "column_in_schema" in {case["check"] for case in failures(REQUIRED, given)}
    assert failures(replace(REQUIRED, unknown_columns="ignore"), given) == []


@each_frame
def test_nulls_are_refused_where_they_are_and_nan_is_not_null(frame: Callable) -> None:
    table = pa.table({"id": [1, None, 3], "ratio": [float("nan"), 1.0, None]})
    given = frame(table)
    nan_is_null = isinstance(given, pd.DataFrame) and given["ratio"].dtype == "float64"
    expected = {"id_required": {1}, "ratio_required": {0, 2} if nan_is_null else {2}}
    assert by_pandera(REQUIRED, given) == expected


@each_frame
def test_a_row_without_a_partition_is_refused(frame: Callable) -> None:
    contract = small(partitioning=DAILY, day=DATE)
    [case] = failures(contract, frame(pa.table({"day": pa.array([date(2026, 1, 1), None])})))
    assert (case["check"], case["failure_case"]) == ("schema", "1 row(s) belong to no partition")


@each_frame
def test_a_rule_that_warns_is_a_warning_and_one_that_quarantines_fails(frame: Callable) -> None:
    rules = [
        Rule("warned", "minimum", ("x",), {"value": 2}, on_failure=WARN),
        Rule("moved", "minimum", ("x",), {"value": 1}, on_failure=QUARANTINE),
        Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 1), on_failure=WARN),
    ]
    given = frame(pa.table({"x": [0, 1]}))
    with pytest.warns(pandera.errors.SchemaWarning) as told:
        assert by_pandera(small(*rules, x=LONG), given) == {"moved": {0}}
    assert [name for name in ("warned", "few") if any(name in str(each.message) for each in told)] == ["warned", "few"]


@each_frame
def test_a_good_frame_is_given_back_as_it_was(frame: Callable) -> None:
    contract = wide(TYPED, Rule("key", "duplicate_values", ("id",)))
    given = frame(arrow([{"id": 1, "text": "a", "number": 0.5}, {"id": 2, "tags": ["a"]}], contract))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        returned = contract.to_pandera("pandas" if isinstance(given, pd.DataFrame) else "polars").validate(given)
    assert type(returned) is type(given)
    assert staged(returned).equals(staged(given)) or str(staged(returned)) == str(staged(given))


def test_a_lazy_frame_is_looked_at() -> None:
    """pandera's own schemas would look at its types alone."""
    contract = small(Rule("x_minimum", "minimum", ("x",), {"value": 2}), x=LONG)
    with pytest.raises(pandera.errors.SchemaError, match="x_minimum"):
        contract.to_pandera("polars").validate(pl.LazyFrame({"x": [1]}))


@pytest.mark.parametrize("frame", [polars, of_arrow], ids=["polars", "pandas of Arrow"])
def test_some_rows_alone_can_be_looked_at(frame: Callable) -> None:
    contract = small(Rule("x_minimum", "minimum", ("x",), {"value": 2}), x=LONG)
    given = frame(pa.table({"x": [2, 3, 1]}))
    schema = contract.to_pandera("pandas" if isinstance(given, pd.DataFrame) else "polars")
    assert len(schema.validate(given, head=2)) == 3
    with pytest.raises(pandera.errors.SchemaError, match="x_minimum"):
        schema.validate(given, tail=1)


@pytest.mark.parametrize("frame", [polars, of_arrow], ids=["polars", "pandas of Arrow"])
def test_a_column_of_the_schema_validates_alone(frame: Callable) -> None:
    contract = small(Rule("x_minimum", "minimum", ("x",), {"value": 2}), x=LONG, y=TEXT)
    given = frame(pa.table({"x": [2, 1]}))
    schema = contract.to_pandera("pandas" if isinstance(given, pd.DataFrame) else "polars")
    with pytest.raises(pandera.errors.SchemaError, match="x_minimum"):
        schema.columns["x"].validate(given)


@each_frame
def test_sensitive_values_are_not_shown(frame: Callable) -> None:
    secret = Column("email", TEXT, classification="confidential")
    contract = Contract("a", "b", "1", (secret,), rules=(Rule("looks", "pattern", ("email",), {"value": "@"}),))
    cases = failures(contract, frame(pa.table({"email": ["ada", "a@b", "bob"]})))
    assert [(case["failure_case"], case["index"]) for case in cases] == [(MASK, 0), (MASK, 2)]


@each_frame
@pytest.mark.parametrize("column", ["bytes", "size", "tags", "pairs", "clock", "seen", "money", "prices"])
def test_values_of_every_type_can_be_shown(column: str, frame: Callable) -> None:
    rules = [
        Rule("alone", "null_values", (column,)),
        Rule("together", "null_values", (column, "text")),
        Rule("none", "null_values", ("text",)),
    ]
    contract = wide(*rules)
    given = frame(arrow([{"id": 1, column: NASTY[5][column]}, {"id": 2}], contract))
    if column in staged(given).column_names:
        assert {case["check"] for case in failures(contract, given)} == {"alone", "together", "none"}


def test_what_a_frame_cannot_answer_is_named() -> None:
    rules = [
        Rule("past", "history", (), {"of": "rowCount", "last": 3}, Threshold("mustBeBetween", (-50, 50), "percent")),
        Rule("parent", "foreign_key", ("x",), {"columns": ("y",)}, reads=(Reference("shop.parents", ("y",)),)),
        Rule("later", "required", ("x",), when="0 6 * * *"),
        Rule("now", "required", ("x",)),
    ]
    left = small(*rules, x=LONG).to_pandera("polars").metadata["not_checked"]
    assert list(left) == ["past", "parent", "later"]
    assert left["parent"].endswith("(reads shop.parents)")


@each_backend
def test_the_schema_has_the_types_of_the_contract(backend: str) -> None:
    contract = wide(Rule("text_required", "required", ("text",)))
    schema = contract.to_pandera(backend)
    again = draft(schema).contract
    told = {column.name: column.type for column in again.columns}
    if backend == "pyspark" and told["clock"] == LONG:  # Spark below 4.1 has no time of day
        told["clock"] = TYPES["clock"]
    assert told == {column.name: column.type for column in contract.columns}
    assert (schema.name, schema.strict) == ("shop.wide", True)
    assert not schema.columns["text"].nullable and schema.columns["long"].nullable


def test_another_backend_is_answered_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="no pandera backend 'polar'; did you mean `polars`"):
        wide().to_pandera("polar")


def domains() -> list[Contract]:
    from data_platform.cli.project import all_contracts

    example, findings = read(EXAMPLE, "listings.yaml")
    assert example is not None, findings
    return [example, *all_contracts().values()]


def sayable(contract: Contract, left: Any) -> set[tuple]:
    return {
        (rule.name, rule.kind, rule.columns, str(sorted(rule.arguments.items())), rule.threshold, rule.on_failure)
        for rule in contract.rules
        if rule.name not in left
    }


@each_backend
def test_a_contract_comes_back_from_its_schema_with_every_rule_that_pandera_can_say(backend: str) -> None:
    for contract in domains():
        schema = contract.to_pandera(backend)
        drafted = draft(schema, owners=["ada@example.com"])
        back, findings = read(drafted.yaml(), f"{contract.name}.yaml")
        assert back is not None and findings == []
        left = schema.metadata["not_checked"]
        assert sayable(back, left) == sayable(contract, left)
        assert [text for text in drafted.to_do if "not in the schema" not in text] == []
        assert (back.dataset, back.primary_key) == (contract.dataset, contract.primary_key)
        assert [(each.name, each.type, each.required, each.unique) for each in back.columns] == [
            (each.name, each.type, each.required, each.unique) for each in contract.columns
        ]


def test_the_example_of_every_nested_type_has_its_columns() -> None:
    """So that the parity above covers them."""
    assert {SIZE.kind, TAGS.kind, "map"} <= {kind.kind for kind in TYPES.values()}
