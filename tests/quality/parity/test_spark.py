"""One meaning on every engine: Spark finds the rows that plain Python finds.

All rules are counted in one query: each row is a partition of its own, so that a partition's metrics are its row's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Column, Partitioning, PartitionKey, Rule

from .. import oracle
from . import generated
from .frames import arrow, audited, failing_ids, metrics, spark_frame
from .table import ABOUT_VALUES, FOREIGN, KEYS, TEXT, WHOLE, nasty_rows, wide

pytestmark = pytest.mark.slow

NASTY = nasty_rows()
BATCH = 150
FEW = [
    rule for kind in {rule.kind for rule in ABOUT_VALUES} for rule in [r for r in ABOUT_VALUES if r.kind == kind][::7]
]
"""Some rules of every kind."""
FEW_KEYS = [KEYS[2], KEYS[10], KEYS[-1]]
FEW_FOREIGN = [rule for rule in FOREIGN if rule.name in ("to_number", "to_two", "to_itself")]


def check_values(spark: Any, folder: Path, rows: list[dict[str, Any]], rules: list[Rule]) -> None:  # noqa: F811
    plain = wide(*rules)
    row_by_row = Partitioning((PartitionKey("part", "static"),))
    contract = wide(*rules, columns=(*plain.columns, Column("part", TEXT)), partitioning=row_by_row)
    cut = [{**row, "part": str(row["id"])} for row in rows]
    found = metrics(audited(spark_frame(spark, arrow(cut, contract), folder), contract))
    broken = {rule.name: sorted(int(part) for part, each in found.items() if each[rule.name]) for rule in rules}
    for rule in rules:
        assert broken[rule.name] == [row["id"] for row in rows if oracle.breaks(rule, contract, row)], rule


def check_between_rows(spark: Any, folder: Path, rules: list[Rule]) -> None:  # noqa: F811
    rows = [{**row, "id": place} for place, row in enumerate([*NASTY, *NASTY[::-2]])]
    parents, contract = rows[1::3], wide(*rules)
    others = spark_frame(spark, arrow(parents, contract), folder).cache()
    found = audited(spark_frame(spark, arrow(rows, contract), folder / "child").cache(), contract, parents=others)
    for rule in rules:
        if rule.kind == "duplicate_values":
            expected = oracle.duplicates(rule, contract, rows)
        else:
            expected = oracle.orphans(rule, rows, rows if rule.name == "to_itself" else parents)
        assert metrics(found)[""][rule.name] == len(expected), rule
        assert failing_ids(found, rule) == sorted(row["id"] for row in expected), rule


def test_the_same_nasty_rows_break_a_rule_of_every_kind_on_spark(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    assert {rule.kind for rule in FEW} == {rule.kind for rule in ABOUT_VALUES}
    check_values(spark, tmp_path, NASTY, FEW)


def test_the_same_nasty_rows_share_a_key_or_miss_their_parent_on_spark(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    check_between_rows(spark, tmp_path, [*FEW_KEYS, *FEW_FOREIGN])


def test_the_rows_that_break_a_rule_come_back_as_they_came(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    rules = [Rule("low", "minimum", ("number",), {"value": 0}), Rule("short", "max_length", ("text",), {"value": 1})]
    contract = wide(*rules)
    frame = spark_frame(spark, arrow(NASTY, contract), tmp_path)
    found = audited(frame, contract)
    for rule in rules:
        rows = found.failing_rows(rule)
        assert rows.schema == frame.schema
        assert failing_ids(found, rule) == [row["id"] for row in NASTY if oracle.breaks(rule, contract, row)]


def test_a_threshold_holds_on_spark_as_elsewhere(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    contract = wide(*WHOLE)
    parents = arrow(NASTY[1::3], contract)
    others = spark_frame(spark, parents, tmp_path / "parents")
    for rows in ([], NASTY[:3], NASTY):
        table = arrow(rows, contract)
        expected = audited(table, contract, parents=parents).verdicts
        assert (
            audited(spark_frame(spark, table, tmp_path / str(len(rows))), contract, parents=others).verdicts == expected
        )


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, len(ABOUT_VALUES), BATCH))
def test_all_rules_break_for_the_same_nasty_rows_on_spark(spark: Any, tmp_path: Path, start: int) -> None:  # noqa: F811
    check_values(spark, tmp_path, NASTY, ABOUT_VALUES[start : start + BATCH])


@pytest.mark.slow
def test_all_nasty_keys_mean_the_same_on_spark(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    check_between_rows(spark, tmp_path, [*KEYS, *FOREIGN])


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=generated.rows(30), rules=generated.rules(60))
def test_the_same_generated_rows_break_a_rule_on_spark(
    spark: Any,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[dict[str, Any]],
    rules: list[Rule],
) -> None:
    check_values(spark, tmp_path_factory.mktemp("frames"), rows, rules)
