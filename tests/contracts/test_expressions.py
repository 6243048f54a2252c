"""Comparisons between datasets: what is read, what it means, and where it is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_platform.contracts.expressions import (
    Absolute,
    Aggregate,
    ColumnOf,
    Comparison,
    Condition,
    ExpressionError,
    Literal,
    Negative,
    Operation,
    parse,
)
from data_platform.contracts.model import Reference, Threshold

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,5}", fullmatch=True)
COLUMNS = NAMES.filter(lambda name: name.lower() not in ("true", "false", "null"))
DATASETS = st.tuples(NAMES, NAMES).map(".".join)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False, allow_infinity=False)
LITERALS = (NUMBERS | st.text(max_size=5) | st.booleans()).map(Literal)
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
CONDITIONS = st.builds(Condition, COLUMNS, OPERATORS, LITERALS | COLUMNS) | st.builds(
    Condition, COLUMNS, st.sampled_from(["is null", "is not null"])
)
WHERE = st.lists(CONDITIONS, max_size=2).map(tuple)
AGGREGATES = st.builds(Aggregate, DATASETS, st.just("count"), st.just(""), WHERE) | st.builds(
    Aggregate, DATASETS, st.sampled_from(["count", "count_distinct", "sum", "min", "max", "avg"]), COLUMNS, WHERE
)


def _is_number(operand: object) -> bool:
    return isinstance(operand, Literal) and not isinstance(operand.value, str | bool)


OPERANDS = st.recursive(
    AGGREGATES | LITERALS | st.builds(ColumnOf, DATASETS, NAMES),
    lambda inner: (
        st.builds(Operation, st.sampled_from("+-*/"), inner, inner)
        | st.builds(Negative, inner.filter(lambda operand: not _is_number(operand)))  # `-5` is a number
        | st.builds(Absolute, inner)
    ),
    max_leaves=6,
)
TOLERANCES = st.integers(0, 10**9) | st.floats(0, allow_infinity=False, allow_nan=False)
COMPARISONS = st.builds(Comparison, OPERATORS, OPERANDS, OPERANDS, TOLERANCES, st.booleans())


@given(COMPARISONS)
def test_the_canonical_text_reads_back_as_the_same_comparison(comparison: Comparison) -> None:
    assert parse(str(comparison)) == comparison


@given(st.text(max_size=40) | st.text("d.c()*+-/<>=! 'where within nul1%,", max_size=40))
def test_any_other_text_is_an_error_of_ours(text: str) -> None:
    try:
        assert parse(str(parse(text))) == parse(text)
    except ExpressionError as error:
        assert str(error)


TEXTS = [  # as a person writes it in the domain shop, as it is kept
    ("d2.count(*) == d1.count(*)", "shop.d2.count(*) == shop.d1.count(*)"),
    ("d2.d2_c1 >= 0", "shop.d2.d2_c1 >= 0"),
    ("d2.COUNT( * )=d1.count(id)", "shop.d2.count(*) == shop.d1.count(id)"),
    ("a.sum(x) <> b.c.sum(y) within 0.5 %", "shop.a.sum(x) != b.c.sum(y) within 0.5%"),
    ("a.sum(x) <= 100 WITHIN 3", "shop.a.sum(x) <= 100 within 3"),
    ("a.count(* where k = 'it''s' and x <> -1.50)>0", "shop.a.count(* where k == 'it''s' and x != -1.5) > 0"),
    ("a.max(t where t is NOT null and u is null) > 1", "shop.a.max(t where t is not null and u is null) > 1"),
    ("1 - (2 - 3) * a.count(*) / (4 * 5) < 6", "1 - (2 - 3) * shop.a.count(*) / (4 * 5) < 6"),
    ("(1 - 2) - 3 < a.count(*)", "1 - 2 - 3 < shop.a.count(*)"),
    ("abs(a.avg(x) - b.avg(x)) < 1e-3", "abs(shop.a.avg(x) - shop.b.avg(x)) < 0.001"),
    ("- - a.avg(x) < -(3)", "-(-shop.a.avg(x)) < -3"),
    ("true == a.b", "true == shop.a.b"),
]


@pytest.mark.parametrize(("text", "canonical"), TEXTS)
def test_spaces_case_and_spellings_do_not_count(text: str, canonical: str) -> None:
    assert str(parse(text, "shop")) == canonical
    assert str(parse(canonical, "elsewhere")) == canonical


def test_operators_bind_as_everywhere() -> None:
    expected = Operation("-", Operation("-", Literal(9), Operation("*", Literal(2), Literal(3))), Literal(1))
    assert parse("9 - 2 * 3 - 1 < a.b.count(*)").left == expected


ERRORS = [  # text, what the message says
    ("", "expected a number, or a dataset such as `orders.count(*)`, not the end at character 1"),
    ("d2.count(*)", "expected one of == != < <= > >=, not the end at character 12"),
    ("d2.count(* == 3", "expected `)`, not `==` at character 12"),
    ("d2.cuont(*) == 3", "there is no function 'cuont' at character 4; did you mean `count`?"),
    ("d2.sum(*) == 3", "expected a column, not `*` at character 8"),
    ("count(*) == 3", "say of which dataset at character 1: write `dataset.count(...)`"),
    ("price == 3", "say of which dataset at character 1: write `dataset.price`"),
    ("a.b.c.d.count(*) == 3", "more than domain and dataset at character 1"),
    ("a.count(*) == 3 == 4", "for a rule is one comparison, not `==` at character 17"),
    ("a.count(*) == 3 or b.x > 2", "expected the end, not `or` at character 17"),
    ("a.count(*) == b.count(*) within x", "how much is tolerated, such as 0.5% or 100, not `x` at character 33"),
    ('a.kind == "view"', "'\"' at character 11 has no meaning here; text is written in 'single quotes'"),
    ("a.kind == 'view", '"\'" at character 11 has no meaning here'),
    ("a.count(*); drop", "';' at character 11 has no meaning here"),
    ("a.count(* where x = null) > 1", "at character 21: write `x is null` or `is not null`"),
    ("a.count(* where x is 3) > 1", "expected `null`, not `3` at character 22"),
    ("a.count(*) < 1e999", "the number at character 14 is too large"),
    (f"{'(' * 60}1{')' * 60} < a.count(*)", "more than 50 brackets"),
    (f"{'-' * 60}1 < a.count(*)", "more than 50 brackets or signs"),
]


@pytest.mark.parametrize(("text", "message"), ERRORS)
def test_an_error_says_where_and_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text, "shop")
    assert message in str(error.value)


THRESHOLDS = [
    ("==", "", Threshold("mustBe", 0)),
    ("!=", "", Threshold("mustNotBe", 0)),
    ("<", "", Threshold("mustBeLessThan", 0)),
    ("<=", "", Threshold("mustBeLessOrEqualTo", 0)),
    (">", "", Threshold("mustBeGreaterThan", 0)),
    (">=", "", Threshold("mustBeGreaterOrEqualTo", 0)),
    ("==", "within 5", Threshold("mustBeBetween", (-5, 5))),
    ("!=", "within 5", Threshold("mustNotBeBetween", (-5, 5))),
    ("<", "within 5", Threshold("mustBeLessThan", 5)),
    (">=", "within 5", Threshold("mustBeGreaterOrEqualTo", -5)),
    ("==", "within 0.5%", Threshold("mustBeBetween", (-0.5, 0.5), "percent")),
    ("<=", "within 0.5%", Threshold("mustBeLessOrEqualTo", 0.5, "percent")),
    (">", "within 2%", Threshold("mustBeGreaterThan", -2, "percent")),
    ("==", "within 0%", Threshold("mustBe", 0, "percent")),
]


@pytest.mark.parametrize(("operator", "within", "threshold"), THRESHOLDS)
def test_a_comparison_is_a_threshold_of_the_difference(operator: str, within: str, threshold: Threshold) -> None:
    assert parse(f"a.b.sum(x) {operator} c.d.sum(y) {within}").threshold == threshold


def test_it_reads_of_other_datasets_what_it_names_each_once() -> None:
    text = "d2.sum(z) == b.d1.sum(x where k == l and x > 0) + d3.count(*) + b.d1.max(y)"
    comparison = parse(text, "shop")
    others = (Reference("b.d1", ("x", "k", "l", "y"), "all"), Reference("shop.d3", (), "all"))
    assert comparison.reads("shop.d2", "all") == others
    assert [str(each) for each in comparison.aggregates] == [
        "shop.d2.sum(z)",
        "b.d1.sum(x where k == l and x > 0)",
        "shop.d3.count(*)",
        "b.d1.max(y)",
    ]
