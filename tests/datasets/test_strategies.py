"""Frames that hypothesis draws from a contract keep every rule the audit knows, and reach the edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from every_frame import IN_PROCESS, frames
from hypothesis import HealthCheck, Phase, Verbosity, find, given, settings
from hypothesis import strategies as st
from quality import oracle
from quality.parity.table import ABOUT_VALUES, FOREIGN, KEYS, SAMPLES, TYPES, wide
from scenario import (
    DAILY,
    DATE,
    DAY_X_COUNTRY,
    DOUBLE,
    HOURLY_SEEN,
    LONG,
    MONEY,
    TEXT,
    TIMESTAMPTZ,
    orders,
    partition_of,
    small,
)

from data_platform.contracts import Contract, Contracts, Reference, Rule, Threshold
from data_platform.datasets.testing import CannotDrawError, breaking_frames_from, frames_from, valid_frame
from data_platform.datasets.testing.keeps import keeps, relates
from data_platform.datasets.testing.patterns import texts_matching
from data_platform.engines import frame_name
from data_platform.quality.frames import audit_frame
from data_platform.settings import PROJECT

EXAMPLE = Contracts.load(PROJECT / "data_platform" / "domains")
FEW = settings(max_examples=5, database=None, deadline=None, suppress_health_check=[*HealthCheck])
SOME = settings(FEW, max_examples=15)
UNSHRUNK = settings(FEW, phases=[Phase.generate])
ONE_COLUMN = [rule for rule in ABOUT_VALUES if len(rule.columns) == 1]


def drawn(strategy: st.SearchStrategy[Any], check: Callable[[Any], None], how: settings = FEW) -> int:
    """Hold what is drawn to a check; how many there were."""
    seen: list[None] = []

    @how
    @given(strategy)
    def each(value: Any) -> None:
        seen.append(None)
        check(value)

    each()
    return len(seen)


def smallest(strategy: st.SearchStrategy[Any], wanted: Callable[[Any], bool]) -> Any:
    how = settings(max_examples=2_000, database=None, deadline=None, verbosity=Verbosity.quiet)
    return find(strategy, wanted, settings=settings(how, suppress_health_check=[*HealthCheck]))


def holds(contract: Contract, **others: Any) -> Callable[[Any], None]:
    def check(frame: Any) -> None:
        found = audit_frame(frame, contract, others=others or None)
        assert found.holds, str(found)

    return check


SELDOM = {"one_is_current", "longer_is_not_less", "every_category_has_a_best_listing"}
"""Rules about how many rows belong together that chance keeps too seldom to be tried."""


@pytest.mark.parametrize("dataset", list(EXAMPLE))
def test_frames_drawn_from_the_examples_contracts_keep_every_rule(dataset: str) -> None:
    contract = EXAMPLE[dataset]
    contract = replace(contract, rules=tuple(rule for rule in contract.rules if rule.name not in SELDOM))
    assert drawn(frames_from(contract, max_rows=4), holds(contract)) >= 1


@st.composite
def contracts(draw: st.DrawFn) -> Contract:
    """A wide contract with some rules, contradictions among them."""
    about_rows = [*ABOUT_VALUES, *KEYS, *(rule for rule in FOREIGN if rule.reads[0].dataset == "shop.wide")]
    rules = draw(st.lists(st.sampled_from(about_rows), max_size=6, unique_by=lambda rule: rule.name))
    return wide(*rules)


@settings(SOME, max_examples=30)
@given(st.data())
def test_frames_drawn_from_any_contract_keep_every_rule(data: st.DataObject) -> None:
    contract = data.draw(contracts())
    try:
        frame = data.draw(frames_from(contract, max_rows=5))
    except CannotDrawError:
        return
    holds(contract)(frame)


@pytest.mark.parametrize("kind", sorted({rule.kind for rule in ONE_COLUMN}))
def test_a_value_keeps_a_rule_in_the_kit_where_it_keeps_it_in_the_audit(kind: str) -> None:
    for rule in (each for each in ONE_COLUMN if each.kind == kind):
        (column,) = rule.columns
        test = keeps(rule, TYPES[column])
        for value in (*SAMPLES[column], None):
            assert test(value) == (not oracle.value_breaks(rule, value, TYPES[column])), (rule, value)


def test_two_columns_compare_in_the_kit_as_in_the_audit() -> None:
    contract = wide()
    for rule in (each for each in ABOUT_VALUES if each.kind == "comparison" and len(set(each.columns)) == 2):
        one, other = map(contract.column, rule.columns)
        test = relates(rule, one, other)
        for left in (*SAMPLES[one.name], None):
            for right in (*SAMPLES[other.name], None):
                row = {one.name: left, other.name: right}
                assert test(left, right) == (not oracle.breaks(rule, contract, row)), (rule, row)


@pytest.mark.parametrize(
    "pattern", ["^[A-Z]{2}-[0-9]+$", "a|bc", r"^\S+@\S+\.[a-z]{2,}$", r"(?i)^straße\z", r"^[^ ]*$"]
)
def test_texts_drawn_from_a_pattern_match_it(pattern: str) -> None:
    rule = Rule("pattern", "pattern", ("text",), {"value": pattern})
    contract = small(rule, text=TEXT)
    texts = st.lists(texts_matching(pattern), min_size=1, max_size=20)
    drawn(texts.map(lambda found: pa.table({"text": pa.array(found, pa.string())})), holds(contract), SOME)


PRICED = small(
    Rule("id_required", "required", ("id",)),
    Rule("day_required", "required", ("day",)),
    Rule("primary_key", "duplicate_values", ("id", "day")),
    Rule("price_minimum", "exclusive_minimum", ("price",), {"value": 0}),
    Rule("price_maximum", "maximum", ("price",), {"value": 1000}),
    Rule("price_multiple", "multiple_of", ("price",), {"value": 0.05}),
    Rule("code_pattern", "pattern", ("code",), {"value": "^[a-z]+$"}),
    Rule("code_min", "min_length", ("code",), {"value": 3}),
    Rule("code_max", "max_length", ("code",), {"value": 12}),
    id=LONG,
    day=DATE,
    price=MONEY,
    code=TEXT,
    ratio=DOUBLE,
)


EDGES: dict[str, Callable[[pa.Table], bool]] = {
    "no rows": lambda rows: rows.num_rows == 0,
    "many rows": lambda rows: rows.num_rows >= 8,
    "null": lambda rows: None in rows["price"].to_pylist(),
    "the greatest": lambda rows: Decimal("1000.00") in rows["price"].to_pylist(),
    "the least": lambda rows: Decimal("0.05") in rows["price"].to_pylist(),
    "the longest": lambda rows: any(code and len(code) == 12 for code in rows["code"].to_pylist()),
    "the shortest": lambda rows: any(code and len(code) == 3 for code in rows["code"].to_pylist()),
    "NaN": lambda rows: any(ratio is not None and math.isnan(ratio) for ratio in rows["ratio"].to_pylist()),
    "infinity": lambda rows: any(ratio is not None and math.isinf(ratio) for ratio in rows["ratio"].to_pylist()),
}


def test_the_edges_are_reached() -> None:
    left = dict(EDGES)

    def check(frame: pa.Table) -> None:
        for name in [name for name, reached in left.items() if reached(frame)]:
            del left[name]

    drawn(frames_from(PRICED), check, settings(UNSHRUNK, max_examples=300))
    assert not left


def test_what_fails_shrinks_to_a_frame_that_is_easily_read() -> None:
    found = smallest(frames_from(PRICED), lambda rows: rows.num_rows >= 2 and None not in rows["price"].to_pylist())
    assert found.num_rows == 2
    assert sorted(found["id"].to_pylist()) in ([0, 0], [0, 1]) and found["price"].to_pylist() == [Decimal("0.05")] * 2
    assert set(found["code"].to_pylist()) <= {None, "aaa"}


def test_nan_is_not_drawn_where_a_rule_is_about_numbers() -> None:
    contract = small(Rule("up", "minimum", ("n",), {"value": 0}), n=DOUBLE)

    def check(frame: pa.Table) -> None:
        assert not any(value is not None and math.isnan(value) for value in frame["n"].to_pylist())

    drawn(frames_from(contract), check, SOME)


@pytest.mark.parametrize(
    "contract", [orders(DAILY), orders(DAY_X_COUNTRY), orders(HOURLY_SEEN)], ids=["day", "two", "hour"]
)
def test_a_frame_lies_in_the_partitions_asked_for(contract: Contract) -> None:
    chosen = {1: ["2026-01-02"], 2: ["2026-01-02|no", "2026-01-03|se"]}[len(contract.partitioning.keys)]
    if contract.partitioning.keys[0].granularity == "hour":
        chosen = ["2026-01-02-05:00", "2026-01-02-23:00"]

    def check(frame: pa.Table) -> None:
        assert {partition_of(contract, row) for row in frame.to_pylist()} == set(chosen)
        holds(contract)(frame)

    drawn(frames_from(contract, chosen, min_rows=1, max_rows=3), check)


def test_without_a_partition_one_is_drawn() -> None:
    def check(frame: pa.Table) -> None:
        assert len({partition_of(orders(DAILY), row) for row in frame.to_pylist()}) == 1

    drawn(frames_from(orders(DAILY), min_rows=2), check)


@frames
def test_frames_of_every_engine_keep_the_rules_and_are_what_was_asked_for(frame: str) -> None:
    contract = small(*PRICED.rules, **{each.name: each.type for each in PRICED.columns}, seen=TIMESTAMPTZ)

    def check(found: Any) -> None:
        assert frame_name(type(found)) == frame
        holds(contract)(found)

    drawn(frames_from(contract, frame=frame), check, FEW if frame in IN_PROCESS else settings(FEW, max_examples=3))


def test_a_frame_type_that_no_engine_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'list' is not a frame; frames are polars\.LazyFrame"):
        frames_from(PRICED, frame="list")

    def check(frame: Any) -> None:
        assert isinstance(frame, pl.DataFrame)

    drawn(frames_from(PRICED, frame=pl.DataFrame), check)


USER = ("id", "at")
OWNED = small(
    Rule("owner", "foreign_key", ("owner", "day"), {"columns": USER}, reads=(Reference("shop.users", USER),)),
    Rule("owner_maximum", "maximum", ("owner",), {"value": 5}),
    Rule("day_required", "required", ("day",)),
    owner=LONG,
    day=DATE,
)


def test_foreign_keys_are_drawn_from_the_frames_of_other_datasets() -> None:
    users = pl.DataFrame({"id": [1, 2, 9, None], "at": [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3), None]})
    strategy = frames_from(OWNED, others={"shop.users": users})
    drawn(strategy, lambda frame: holds(OWNED, **{"shop.users": users.to_arrow()})(frame), SOME)
    both = smallest(strategy, lambda rows: {1, 2} <= set(rows["owner"].to_pylist()))
    assert both.num_rows == 2
    assert None in smallest(strategy, lambda rows: None in rows["owner"].to_pylist())["owner"].to_pylist()


def test_a_foreign_key_without_its_parent_is_left_out() -> None:
    assert smallest(frames_from(OWNED), lambda rows: 4 in rows["owner"].to_pylist()).num_rows == 1


def test_a_key_into_the_dataset_itself_is_drawn_from_its_own_rows() -> None:
    contract = small(
        Rule("id_required", "required", ("id",)),
        Rule("key", "duplicate_values", ("id",)),
        Rule("boss", "foreign_key", ("boss",), {"columns": ("id",)}, reads=(Reference("shop.small", ("id",), "same"),)),
        id=LONG,
        boss=LONG,
    )
    drawn(frames_from(contract), holds(contract), SOME)
    strategy = frames_from(contract)
    found = smallest(strategy, lambda rows: any(row["boss"] not in (None, row["id"]) for row in rows.to_pylist()))
    assert found.num_rows == 2


@pytest.mark.parametrize(
    ("threshold", "asked", "sizes"),
    [
        (Threshold("mustBeGreaterThan", 2), {}, range(3, 21)),
        (Threshold("mustBe", 30), {}, [30]),
        (Threshold("mustBeBetween", (4, 6)), {"min_rows": 5}, [5, 6]),
        (Threshold("mustNotBe", 0), {"max_rows": 2}, [1, 2]),
    ],
)
def test_the_number_of_rows_is_one_the_contract_allows(threshold: Threshold, asked: dict[str, int], sizes: Any) -> None:
    contract = small(Rule("rows", "row_count", threshold=threshold), id=LONG)

    def check(frame: pa.Table) -> None:
        assert frame.num_rows in sizes

    drawn(frames_from(contract, **asked), check)


def test_a_limit_to_how_many_rows_break_a_rule_is_kept_by_breaking_none() -> None:
    contract = small(Rule("few", "null_values", ("id",), threshold=Threshold("mustBeLessThan", 5, "percent")), id=LONG)
    drawn(frames_from(contract, min_rows=1), holds(contract))


def test_rows_that_the_contracts_sql_counts_are_left_out() -> None:
    query = {"query": "SELECT count(*) FROM {object} WHERE a = 3 OR {property} < b"}
    contract = small(Rule("sum", "sql", ("a",), query, Threshold("mustBe", 0)), a=LONG, b=LONG)
    drawn(frames_from(contract, min_rows=3), holds(contract))


THERE = Rule("there", "required", ("n",))


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (
            [Rule("low", "minimum", ("n",), {"value": 5}), Rule("high", "maximum", ("n",), {"value": 4}), THERE],
            r"shop.small, column n: no value keeps low, high, there: correct the contract",
        ),
        (
            [Rule("odd", "sql", (), {"query": "SELECT 7"}, Threshold("mustBe", 8))],
            "none keeps the rule odd; say with `columns`",
        ),
        (
            [Rule("rows", "row_count", threshold=Threshold("mustBe", -1))],
            "no number of rows between 0 and 20 keeps rows",
        ),
    ],
)
def test_what_cannot_be_drawn_says_why(rules: list[Rule], message: str) -> None:
    contract = small(*rules, n=LONG)
    with pytest.raises(CannotDrawError, match=message):
        drawn(frames_from(contract, min_rows=0 if rules[0].kind == "row_count" else 1), lambda frame: None, UNSHRUNK)


def test_more_different_keys_than_there_are_cannot_be_drawn() -> None:
    rules = (
        Rule("state_enum", "enum", ("state",), {"values": ("new", "used")}),
        Rule("there", "required", ("state",)),
        Rule("key", "duplicate_values", ("state",)),
    )
    with pytest.raises(
        CannotDrawError, match="3 rows cannot differ in state, of which there are 2; ask for fewer rows"
    ):
        frames_from(small(*rules, state=TEXT), min_rows=3)


def test_a_column_is_drawn_as_one_says_and_a_rule_is_left_out() -> None:
    names = st.sampled_from(["Ana", "Bo", "?"])
    strategy = frames_from(PRICED, columns={"code": names.map(str.lower)}, without=["code_min"])

    def check(frame: pa.Table) -> None:
        assert set(frame["code"].to_pylist()) <= {"ana", "bo"}

    drawn(strategy, check)


BREAKABLE = wide(*ABOUT_VALUES[::7], *KEYS[:3])


@settings(SOME)
@given(breaking_frames_from(BREAKABLE, max_rows=4, without=[rule.name for rule in ABOUT_VALUES]))
def test_a_frame_drawn_to_break_a_rule_breaks_it(found: tuple[Rule, pa.Table]) -> None:
    rule, frame = found
    assert [each.rule.name for each in audit_frame(frame, BREAKABLE, [rule.name]).broken] == [rule.name]


def test_frames_break_the_rules_asked_for() -> None:
    def check(found: tuple[Rule, pa.Table]) -> None:
        assert found[0].name == "price_maximum"

    drawn(breaking_frames_from(PRICED, rules=["price_maximum"]), check)
    with pytest.raises(ValueError, match="has no such rule"):
        breaking_frames_from(PRICED, rules=["nothing"])


def test_valid_rows_are_found_where_plain_ones_would_break_a_rule() -> None:
    first = valid_frame(PRICED, 5)
    holds(PRICED)(first)
    assert first.num_rows == 5 and str(first) == str(valid_frame(PRICED, 5))


def test_instants_are_in_utc() -> None:
    seen = smallest(frames_from(small(seen=TIMESTAMPTZ)), lambda rows: any(rows["seen"].to_pylist()))[
        "seen"
    ].to_pylist()
    assert seen == [datetime(2000, 1, 1, tzinfo=UTC)]
