"""A contract as a pandera schema for Spark: the rules that break for a publication stand in the frame's errors."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pandera.errors
import pyarrow.parquet as pq
import pytest
from quality.audits import verdicts
from quality.parity.frames import arrow, spark_frame
from quality.parity.table import ABOUT_VALUES, KEYS, TYPED, WHOLE, nasty_rows, wide
from scenario import LONG, WARN, small
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Contract, Partitioning, PartitionKey, Rule, Threshold

NASTY = nasty_rows()
KINDS = sorted({rule.kind for rule in ABOUT_VALUES})
RULES = [
    TYPED,
    *(rule for kind in KINDS for rule in [each for each in ABOUT_VALUES if each.kind == kind][::9]),
    *(KEYS[0], KEYS[9], KEYS[-1]),
    *(rule for rule in WHOLE if not rule.reads),
]
"""Some rules of every kind that a frame can answer alone."""
ROWS = {"none": [], "one": NASTY[7:8], "some": [*NASTY[20:26], NASTY[20]], "all": NASTY}


def errors(contract: Contract, frame: Any) -> dict[str, str]:
    """What stands in the errors of a frame, by rule; what pandera finds by itself is not ours."""
    found = contract.to_pandera("pyspark").validate(frame).pandera.errors
    told = [each["check"] for kinds in found.values() for each in kinds.get("DATAFRAME_CHECK", [])]
    return {name: why for name, _, why in (each.partition(": ") for each in told)}


@pytest.mark.slow
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_the_same_rules_break(spark: Any, tmp_path: Path, rows: list) -> None:  # noqa: F811
    contract = wide(*RULES)
    frame = spark_frame(spark, arrow(rows, contract), tmp_path)
    [verdict] = verdicts(contract, tmp_path / "staged", pq.read_table(tmp_path / "frame.parquet"))
    expected = {each.rule.name: each.reason for each in verdict.outcomes if not each.holds}
    assert errors(contract, frame) == expected


def test_rules_are_about_each_partition_and_every_row_belongs_to_one(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    daily = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
    rules = [Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 3)), KEYS[0]]
    contract = wide(*rules, partitioning=daily)
    rows = [{"id": place, "day": date(2026, 1, 1 + place // 3), "text": "a"} for place in range(4)]
    told = errors(contract, spark_frame(spark, arrow(rows, contract), tmp_path))
    assert told == {"few": "2026-01-01: 3 is not < 3", KEYS[0].name: "2026-01-01: 2 of 3 rows (66.7%)"}
    homeless = [{"id": 1, "day": None}]
    told = errors(contract, spark_frame(spark, arrow(homeless, contract), tmp_path))
    assert told["schema"] == "1 row(s) belong to no partition"


def test_a_rule_that_warns_is_a_warning(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    contract = small(Rule("low", "minimum", ("x",), {"value": 2}, on_failure=WARN), x=LONG)
    frame = spark.createDataFrame([(1,), (3,)], "x bigint")
    with pytest.warns(pandera.errors.SchemaWarning, match="low: 1 of 2 rows"):
        assert errors(contract, frame) == {}
    with warnings.catch_warnings():
        warnings.simplefilter("error", pandera.errors.SchemaWarning)
        assert errors(contract, frame.where("x > 1")) == {}


def test_a_shape_that_cannot_be_conformed_is_an_error_and_stops_nothing(spark: Any) -> None:  # noqa: F811
    contract = small(replace(TYPED, columns=("x",)), x=LONG)
    told = errors(contract, spark.createDataFrame([(1, {"a": 1})], "y int, x struct<a:int>"))
    assert told["schema"].startswith("column(s) y are not in the contract")


def test_two_frames_are_told_apart(spark: Any) -> None:  # noqa: F811
    contract = small(Rule("low", "minimum", ("x",), {"value": 2}), x=LONG)
    schema = contract.to_pandera("pyspark")
    found = [bool(schema.validate(spark.createDataFrame([(value,)], "x bigint")).pandera.errors) for value in (1, 3, 1)]
    assert found == [True, False, True]
