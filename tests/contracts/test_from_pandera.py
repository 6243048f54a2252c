"""A pandera model becomes a contract: everything it says is a rule there, or a to-do that somebody reads."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pandera.pandas as pap
import pandera.polars as pa
import polars as pl
import pyarrow
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pandera.engines import pandas_engine
from scenario import BOOLEAN, DATE, DOUBLE, FLOAT, INT, LONG, MONEY, TAGS, TEXT, TIME, TIMESTAMP, TIMESTAMPTZ
from typer.testing import CliRunner

from data_platform.cli import app
from data_platform.contracts import ColumnType, Contract, OnFailure, Policy, Rule
from data_platform.contracts.odcs import read
from data_platform.contracts.pandera.schema import Draft, draft, load

Check = pap.Check
STRUCT = ColumnType("struct", fields=(("width", INT), ("unit", TEXT)))


class Orders(pa.DataFrameModel):
    """One row per order.

    Cancelled ones, too.
    """

    order_id: int = pa.Field(ge=1, unique=True)
    country: str = pa.Field(isin=["no", "se"], title="Country", description="where it was placed")
    amount: pl.Decimal(10, 2) = pa.Field(nullable=True, gt=0, metadata={"unit": "NOK"})  # pyright: ignore
    placed_at: pl.Datetime("us", "UTC")  # pyright: ignore

    @pa.check("country", name="is capital", description="Countries are in capitals.")
    def is_capital(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return data.lazyframe.select(pl.col(data.key).str.to_uppercase() == pl.col(data.key))

    class Config:
        strict = True
        unique = ["country", "placed_at"]  # noqa: RUF012


def written(drafted: Draft) -> Contract:
    """What the platform reads from the drafted file; it must be in order."""
    contract, findings = read(drafted.yaml(), f"{drafted.contract.name}.yaml")
    assert findings == [] and contract is not None
    return contract


def from_column(column: Any, frame: Any = pap.DataFrameSchema) -> Contract:
    return written(draft(frame({"x": column}), "shop.orders", ["ada@example.com"]))


def said(contract: Contract) -> list[tuple[str, dict[str, Any]]]:
    """Kind and arguments of every rule but those about types and nulls."""
    return [(rule.kind, dict(rule.arguments)) for rule in contract.rules if rule.kind not in ("type", "required")]


def test_a_model_becomes_a_contract_that_holds() -> None:
    contract = written(draft(Orders, "shop.orders", ["ada@example.com"]))
    assert (contract.dataset, contract.owners, contract.unknown_columns) == (
        "shop.orders",
        ("ada@example.com",),
        "refuse",
    )
    assert contract.description == "One row per order.\n\nCancelled ones, too."
    assert [(column.name, column.type, column.required, column.unique) for column in contract.columns] == [
        ("order_id", LONG, True, True),
        ("country", TEXT, True, False),
        ("amount", MONEY, False, False),
        ("placed_at", TIMESTAMPTZ, True, False),
    ]
    assert contract.column("country").description == "Country: where it was placed"
    rules = {rule.name: (rule.kind, rule.columns, dict(rule.arguments)) for rule in contract.rules}
    assert rules["order_id_minimum"] == ("minimum", ("order_id",), {"value": 1})
    assert rules["order_id_unique"] == ("duplicate_values", ("order_id",), {})
    assert rules["country_enum"] == ("enum", ("country",), {"values": ("no", "se")})
    assert rules["amount_exclusive_minimum"] == ("exclusive_minimum", ("amount",), {"value": 0})
    assert rules["unique_country_placed_at"] == ("duplicate_values", ("country", "placed_at"), {})
    assert "amount_required" not in rules and "order_id_required" in rules


def test_a_check_that_is_python_code_is_a_to_do_and_a_promise_in_words() -> None:
    drafted = draft(Orders, "shop.orders", ["ada@example.com"])
    [to_do] = drafted.to_do
    assert to_do == (
        "column country: write the check 'is capital' (Countries are in capitals.) as a rule: it is Python code"
    )
    [left] = written(drafted).unchecked
    assert (left.name, left.text) == ("country_is_capital", f"To do: {to_do}")
    assert f"# To do: {to_do}" in drafted.yaml()


def test_metadata_becomes_custom_properties() -> None:
    assert "{property: unit, value: NOK}" in draft(Orders, "shop.orders").yaml()
    column = pap.Column(int, metadata={"scale": {"from": 1, "since": date(2026, 1, 1)}})
    schema = pap.DataFrameSchema({"x": column}, metadata={"costCentre": 4711})
    drafted = draft(schema, "shop.orders", ["ada@example.com"])
    written(drafted)
    document = yaml.safe_load(drafted.yaml())["schema"][0]
    assert {"property": "costCentre", "value": 4711} in document["customProperties"]
    [kept] = document["properties"][0]["customProperties"]
    assert kept == {"property": "scale", "value": {"from": 1, "since": "2026-01-01"}}


def test_rows_that_pandera_would_drop_are_quarantined() -> None:
    schema = pap.DataFrameSchema(
        {"x": pap.Column(int, [Check.ge(0), Check.le(9, raise_warning=True)])}, drop_invalid_rows=True
    )
    policies = {rule.name: rule.on_failure.policy for rule in written(draft(schema, "a.b", ["a@b.no"])).rules}
    assert policies == {
        "types": Policy.QUARANTINE,
        "x_required": Policy.QUARANTINE,
        "x_minimum": Policy.QUARANTINE,
        "x_maximum": Policy.WARN,
    }


def test_a_rule_that_odcs_has_no_words_for_is_a_to_do() -> None:
    check = Check.str_length(min_value=2000, raise_warning=True)
    drafted = draft(pap.DataFrameSchema({"x": pap.Column(str, check)}), "a.b", ["a@b.no"])
    assert "x: at least 2000 characters (write it as a `sql` rule)" in drafted.to_do
    assert [each.text for each in written(drafted).unchecked] == [f"To do: {drafted.to_do[-1]}"]


def test_several_checks_that_are_python_code_are_told_apart() -> None:
    checks = [Check(lambda x: x > 0), Check(lambda x: x < 9)]
    contract = written(draft(pap.DataFrameSchema({"x": pap.Column(int, checks)}), "a.b", ["a@b.no"]))
    assert len(contract.unchecked) == 2


POLARS: list[tuple[Any, ColumnType]] = [
    (pl.String, TEXT),
    (pl.Categorical, TEXT),
    (pl.Int32, INT),
    (pl.Int64, LONG),
    (pl.UInt64, ColumnType("decimal", 20, 0)),
    (pl.Float32, FLOAT),
    (pl.Float64, DOUBLE),
    (pl.Decimal(10, 2), MONEY),
    (pl.Boolean, BOOLEAN),
    (pl.Date, DATE),
    (pl.Time, TIME),
    (pl.Datetime("us"), TIMESTAMP),
    (pl.Datetime("ns", "Europe/Oslo"), TIMESTAMPTZ),
    (pl.Binary, ColumnType("binary")),
    (pl.List(pl.String), TAGS),
    (pl.Struct({"width": pl.Int32, "unit": pl.String}), STRUCT),
    (pl.List(pl.Struct({"width": pl.Int32, "unit": pl.String})), ColumnType("list", element=STRUCT)),
]
PANDAS: list[tuple[Any, ColumnType]] = [
    (str, TEXT),
    ("string[pyarrow]", TEXT),
    ("category", TEXT),
    (pd.CategoricalDtype([1, 2]), LONG),
    (int, LONG),
    ("Int32", INT),
    ("float32", FLOAT),
    (float, DOUBLE),
    (bool, BOOLEAN),
    ("boolean", BOOLEAN),
    ("datetime64[ns]", TIMESTAMP),
    ("datetime64[ns, UTC]", TIMESTAMPTZ),
    (pandas_engine.Date, DATE),
    (pandas_engine.Decimal(10, 2), MONEY),
    (pd.ArrowDtype(pyarrow.decimal128(10, 2)), MONEY),
    (pd.ArrowDtype(pyarrow.date32()), DATE),
    (pd.ArrowDtype(pyarrow.list_(pyarrow.string())), TAGS),
    (
        pd.ArrowDtype(pyarrow.map_(pyarrow.string(), pyarrow.int64())),
        ColumnType("map", key=TEXT, element=LONG),
    ),
]


@pytest.mark.parametrize(("dtype", "kind"), POLARS, ids=str)
def test_every_type_of_polars_has_its_own_here(dtype: Any, kind: ColumnType) -> None:
    assert from_column(pa.Column(dtype), pa.DataFrameSchema).column("x").type == kind


@pytest.mark.parametrize(("dtype", "kind"), PANDAS, ids=str)
def test_every_type_of_pandas_has_its_own_here(dtype: Any, kind: ColumnType) -> None:
    assert from_column(pap.Column(dtype)).column("x").type == kind


def test_every_type_of_spark_has_its_own_here() -> None:
    t = pytest.importorskip("pyspark.sql.types", reason="pyspark is the extra `spark`")
    import pandera.pyspark as pas

    types: dict[str, tuple[Any, ColumnType]] = {
        "a": (t.StringType(), TEXT),
        "b": (t.IntegerType(), INT),
        "c": (t.LongType(), LONG),
        "d": (t.DecimalType(10, 2), MONEY),
        "e": (t.DateType(), DATE),
        "f": (t.TimestampType(), TIMESTAMPTZ),
        "g": (t.ArrayType(t.StringType()), TAGS),
        "h": (t.MapType(t.StringType(), t.LongType()), ColumnType("map", key=TEXT, element=LONG)),
        "i": (t.BinaryType(), ColumnType("binary")),
    }
    schema = pas.DataFrameSchema({name: pas.Column(dtype) for name, (dtype, _) in types.items()})
    contract = written(draft(schema, "shop.orders", ["ada@example.com"]))
    assert {column.name: column.type for column in contract.columns} == {
        name: kind for name, (_, kind) in types.items()
    }


@pytest.mark.parametrize(
    ("dtype", "least", "most"), [(pl.Int8, -128, 127), (pl.UInt8, 0, 255), (pl.UInt32, 0, 2**32 - 1)], ids=str
)
def test_a_narrow_type_becomes_a_range(dtype: Any, least: int, most: int) -> None:
    bounds = [("minimum", {"value": least}), ("maximum", {"value": most})]
    assert said(from_column(pa.Column(dtype), pa.DataFrameSchema)) == bounds
    narrower = said(from_column(pa.Column(dtype, pa.Check.gt(5)), pa.DataFrameSchema))
    assert sorted(narrower) == sorted([("exclusive_minimum", {"value": 5}), bounds[1]], key=lambda each: each[0])


def test_a_list_of_fixed_length_keeps_its_length() -> None:
    bounds = [("min_items", {"value": 3}), ("max_items", {"value": 3})]
    assert said(from_column(pa.Column(pl.Array(pl.Int64, 3)), pa.DataFrameSchema)) == bounds


@pytest.mark.parametrize("dtype", [object, "timedelta64[ns]", complex, list[str], None], ids=str)
def test_a_type_without_one_here_is_a_to_do(dtype: Any) -> None:
    drafted = draft(pap.DataFrameSchema({"x": pap.Column(dtype)}), "shop.orders", ["ada@example.com"])
    assert drafted.to_do[0].startswith("column x: give it a type instead of text: ")
    assert written(drafted).column("x").type == TEXT and written(drafted).unchecked


CHECKS: list[tuple[Any, Any, list[tuple[str, dict[str, Any]]]]] = [
    (int, Check.ge(0), [("minimum", {"value": 0})]),
    (float, Check.ge(np.float64(0.5)), [("minimum", {"value": 0.5})]),
    (int, Check.gt(0.0), [("exclusive_minimum", {"value": 0})]),
    (int, Check.le(5), [("maximum", {"value": 5})]),
    (int, Check.lt(5), [("exclusive_maximum", {"value": 5})]),
    (int, Check.in_range(0, 5), [("minimum", {"value": 0}), ("maximum", {"value": 5})]),
    (
        int,
        Check.in_range(0, 5, include_min=False, include_max=False),
        [("exclusive_minimum", {"value": 0}), ("exclusive_maximum", {"value": 5})],
    ),
    (int, Check.isin([1, None, 2]), [("enum", {"values": (1, 2)})]),
    (int, Check.eq(7), [("enum", {"values": (7,)})]),
    (int, Check.ne(7), [("comparison", {"operator": "!=", "value": 7})]),
    (str, Check.notin(["it's"]), [("comparison", {"operator": "!=", "value": "it's"})]),
    (str, Check.str_length(1, 5), [("min_length", {"value": 1}), ("max_length", {"value": 5})]),
    (str, Check.str_length(exact_value=5), [("min_length", {"value": 5}), ("max_length", {"value": 5})]),
    (str, Check.str_matches("a|b"), [("pattern", {"value": "^(?:a|b)"})]),
    (str, Check.str_matches(r"^\d+$"), [("pattern", {"value": r"^\d+$"})]),
    (str, Check.str_matches(re.compile("a", re.IGNORECASE)), [("pattern", {"value": "^(?:(?i:a))"})]),
    (str, Check.str_contains("a.c"), [("pattern", {"value": "a.c"})]),
    (str, Check.str_startswith("a."), [("pattern", {"value": r"^a\."})]),
    (str, Check.str_endswith("a."), [("pattern", {"value": r"a\.$"})]),
    ("datetime64[ns]", Check.ge(pd.Timestamp("2026-01-01")), [("minimum", {"value": "2026-01-01T00:00:00"})]),
    ("datetime64[ns]", Check.ge("2026-01-01"), [("minimum", {"value": "2026-01-01"})]),
    (
        "datetime64[ns, UTC]",
        Check.lt(datetime(2026, 1, 1, tzinfo=UTC)),
        [("exclusive_maximum", {"value": "2026-01-01T00:00:00+00:00"})],
    ),
    (pandas_engine.Date, Check.le(date(2026, 1, 1)), [("maximum", {"value": "2026-01-01"})]),
    (pandas_engine.Decimal(10, 2), Check.le(Decimal("0.10")), [("maximum", {"value": 0.1})]),
]


@pytest.mark.parametrize(("dtype", "check", "expected"), CHECKS, ids=str)
def test_a_built_in_check_becomes_a_rule(dtype: Any, check: Any, expected: list) -> None:
    assert said(from_column(pap.Column(dtype, check))) == expected


@pytest.mark.parametrize(
    ("dtype", "check", "why"),
    [
        (int, Check(lambda x: x > 0), "Python code"),
        (int, Check.unique_values_eq([1]), "Python code"),
        (int, Check.isin([1, "two"]), "'two' is not a value"),
        (int, Check.ge(0.5), "0.5 is not a value"),
        (str, Check.ge("b"), "a string has no order"),
        (str, Check.str_matches("a(?=b)"), "look-around"),
        (str, Check.str_matches(re.compile("a b", re.VERBOSE)), "verbose"),
        (pandas_engine.Decimal(38, 2), Check.le(Decimal("12345678901234567890.12")), "is not a value"),
        (int, Check.ge(0, ignore_na=False), "refuses nulls"),
    ],
    ids=str,
)
def test_a_check_that_no_rule_says_is_a_to_do(dtype: Any, check: Any, why: str) -> None:
    drafted = draft(pap.DataFrameSchema({"x": pap.Column(dtype, check, nullable=True)}), "shop.orders", ["a@b.no"])
    [to_do] = drafted.to_do[:1]
    assert why in to_do
    contract = written(drafted)
    assert said(contract) == [] and [each.text for each in contract.unchecked] == [f"To do: {to_do}"]


@pytest.mark.parametrize(("dtype", "check", "expected"), CHECKS, ids=str)
def test_a_check_that_only_warns_becomes_rules_that_only_warn(dtype: Any, check: Any, expected: list) -> None:
    only_warns = Check.from_builtin_check_name(
        check.registry_name, {"raise_warning": True}, error=None, statistics=check.statistics, **check._check_kwargs
    )
    contract = from_column(pap.Column(dtype, only_warns))
    rules = [rule for rule in contract.rules if rule.kind not in ("type", "required")]
    assert len(rules) == len(expected)
    assert {rule.on_failure for rule in rules} == {OnFailure(Policy.WARN)}
    assert contract.rules[1].kind == "required" and contract.rules[1].on_failure == OnFailure()


def test_a_check_with_a_name_of_its_own_keeps_it() -> None:
    check = Check.ge(0, name="Not negative!", description="Money flows one way.")
    [rule] = [each for each in from_column(pap.Column(int, check)).rules if each.name == "not_negative"]
    assert rule.description == "Money flows one way."


def test_two_checks_of_one_kind_are_two_rules() -> None:
    checks = [Check.str_contains("a"), Check.str_contains("b")]
    contract = from_column(pap.Column(str, checks))
    patterns = [each.arguments.get("value") or each.arguments["pattern"] for each in contract.rules[2:]]
    assert patterns == ["a", "b"]


def test_what_a_frame_says_as_a_whole_is_said_of_the_dataset() -> None:
    schema = pap.DataFrameSchema(
        {"x": pap.Column(int), "y": pap.Column(int), "^z.*": pap.Column(int, regex=True)},
        checks=[
            Check(lambda frame: frame.x < frame.y, name="in order"),
            Check.ge(0),
            pap.Hypothesis.one_sample_ttest(popmean=3, samples="x"),
        ],
        unique=[["x", "y"], ["y"]],
        strict=False,
        title="Orders",
        description="Those placed.",
    )
    drafted = draft(schema, "shop.orders", ["ada@example.com"])
    contract = written(drafted)
    assert contract.description == "Orders: Those placed." and contract.unknown_columns == "ignore"
    assert {rule.columns for rule in contract.rules if rule.kind == "duplicate_values"} == {("x", "y"), ("y",)}
    assert len(contract.unchecked) == len(drafted.to_do) == 4
    assert [text for text in drafted.to_do if "'^z.*'" in text]


def test_an_index_becomes_columns_with_a_word_about_it() -> None:
    schema = pap.DataFrameSchema(
        {"x": pap.Column(int)}, index=pap.MultiIndex([pap.Index(int, name="id"), pap.Index(str)])
    )
    drafted = draft(schema, "shop.orders", ["ada@example.com"])
    assert written(drafted).column_names == ("id", "x")
    assert "reset_index()" in drafted.to_do[0]


def test_a_column_that_may_be_absent_is_not_required() -> None:
    drafted = draft(pap.DataFrameSchema({"x": pap.Column(int, required=False)}), "shop.orders", ["a@b.no"])
    assert not written(drafted).column("x").required
    assert "no nulls where it is there" in drafted.to_do[0]


def test_the_type_of_the_whole_frame_is_that_of_its_columns() -> None:
    assert (
        written(draft(pap.DataFrameSchema({"x": pap.Column()}, dtype=int), "a.b", ["a@b.no"])).column("x").type == LONG
    )


@given(start=st.text(max_size=4), value=st.text(max_size=6))
def test_a_start_and_an_end_are_taken_literally(start: str, value: str) -> None:
    for check, holds in ((Check.str_startswith, str.startswith), (Check.str_endswith, str.endswith)):
        schema = pap.DataFrameSchema({"x": pap.Column(str, check(start))})
        [rule] = [rule for rule in draft(schema, "shop.orders", ["a@b.no"]).contract.rules if rule.kind == "pattern"]
        for text in (value, start + value, value + start):
            [(found,)] = duckdb.execute("SELECT regexp_matches(?, ?)", [text, rule.arguments["value"]]).fetchall()
            assert found == holds(text, start), (rule.arguments, text)


MODULE = '''
import pandera.polars as pa
class Orders(pa.DataFrameModel):
    """One row per order."""
    order_id: int = pa.Field(unique=True)
    @pa.check("order_id")
    def is_even(cls, data): ...
value = 3
'''


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the module `shop_models`, which one works in."""
    (tmp_path / "shop_models.py").write_text(MODULE)
    (tmp_path / "broken_models.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    for name in ("shop_models", "broken_models"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def dp(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["contracts", *arguments])


def test_the_written_file_passes_the_check(shop: Path) -> None:
    file = shop / "shop" / "contracts" / "orders.yaml"
    result = dp(
        *("from-pandera", "shop_models:Orders", "--dataset", "shop.orders"),
        *("--owner", "ada@example.com", "--out", str(file)),
    )
    assert result.exit_code == 0 and result.stdout == ""
    assert result.stderr.strip() == "to do: column order_id: write the check 'is_even' as a rule: it is Python code"
    assert dp("check", str(file)).exit_code == 0


def test_without_dataset_and_owner_only_those_are_to_do(shop: Path) -> None:
    result = dp("from-pandera", "shop_models:Orders")
    assert result.exit_code == 0
    file = shop / "orders.yaml"
    file.write_text(result.stdout)
    assert set(re.findall(r": (C\d+) ", dp("check", str(file)).output)) == {"C307", "C311"}
    assert [line[:14] for line in result.stderr.splitlines()] == ["to do: name an", "to do: say whi", "to do: column "]


def test_a_file_that_is_there_is_left_alone(shop: Path) -> None:
    (shop / "orders.yaml").write_text("mine")
    result = dp("from-pandera", "shop_models:Orders", "--out", "orders.yaml")
    assert result.exit_code == 2 and "there already" in result.stderr
    assert (shop / "orders.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("reference", "sentence"),
    [
        ("shop_models", "'shop_models' names no schema; write module:Model, for example shop.models:Orders"),
        ("nowhere_at_all:Orders", "nowhere_at_all cannot be imported: ModuleNotFoundError: No module named"),
        ("broken_models:Orders", "broken_models cannot be imported: ZeroDivisionError: division by zero"),
        ("shop_models:Order", "shop_models has no 'Order'; did you mean `Orders`?"),
        ("shop_models:value", "shop_models:value is a int, not a pandera DataFrameModel or DataFrameSchema"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_what_is_no_model_is_answered_with_a_sentence(reference: str, sentence: str) -> None:
    result = dp("from-pandera", reference)
    assert result.exit_code == 1
    assert result.stderr.startswith(sentence) and "Traceback" not in result.stderr
    with pytest.raises(ValueError, match=re.escape(sentence)):
        load(reference)


def test_a_dataset_is_named_with_its_domain() -> None:
    assert dp("from-pandera", "shop_models:Orders", "--dataset", "orders").exit_code == 2


def test_rules_of_one_name_get_names_of_their_own() -> None:
    checks = [Check.ge(0, name="same"), Check.le(9, name="same")]
    rules = draft(pap.DataFrameSchema({"x": pap.Column(int, checks)}), "a.b", ["a@b.no"]).contract.rules
    assert [rule.name for rule in rules] == ["x_required", "same", "same_2"]
    assert isinstance(rules[0], Rule)
