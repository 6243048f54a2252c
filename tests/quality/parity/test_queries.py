"""One meaning on every engine, for what DuckDB evaluates whatever engine made the rows: queries and comparisons between
datasets. Where the rows would have to leave a cluster for that, or the past is needed, a frame's audit says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spark_session import spark  # noqa: F401 - a fixture

from data_platform.contracts import Reference, Rule, Threshold
from data_platform.quality.errors import RuleError
from data_platform.quality.frames import audit_frame

from .frames import arrow, metrics, polars, spark_frame
from .table import PARENT, nasty_rows, wide

NASTY = nasty_rows()
ABOVE = Threshold("mustBeGreaterThan", 0)
SAME = Threshold("mustBe", 0)
READS = (Reference(PARENT, ("long",), "all"),)
QUERIES = {
    "SELECT count(*) FROM {object}": len(NASTY),
    "SELECT sum(id) FROM wide WHERE text IS NOT NULL": sum(row["id"] for row in NASTY if row["text"] is not None),
    "SELECT max(length({property})) FROM {object}": max(len(row["text"] or "") for row in NASTY),
    "SELECT count(*) FROM wide WHERE long NOT IN (SELECT long FROM parents WHERE long IS NOT NULL)": 0,
}
EXPRESSIONS = {
    "shop.wide.count(*) == shop.parents.count(*)": len(NASTY) - len(NASTY[::2]),
    "shop.wide.sum(id) >= 2 * shop.parents.min(id)": sum(row["id"] for row in NASTY),
}
RULES = [
    *(Rule(f"sql_{i}", "sql", ("text",), {"query": query}, ABOVE, reads=READS) for i, query in enumerate(QUERIES)),
    *(
        Rule(
            f"expression_{i}", "expression", (), {"expression": text}, SAME, reads=(Reference(PARENT, ("id",), "all"),)
        )
        for i, text in enumerate(EXPRESSIONS)
    ),
]
HISTORY = Rule(
    "volume", "history", (), {"of": "rowCount", "last": 14, "least": 3}, Threshold("mustBeLessThan", 3, "score")
)


def test_a_query_measures_the_same_on_frames_of_any_engine_in_memory() -> None:
    contract = wide(*RULES)
    table, parents = arrow(NASTY, contract), arrow(NASTY[::2], contract)
    expected = dict(zip((rule.name for rule in RULES), [*QUERIES.values(), *EXPRESSIONS.values()], strict=True))
    expected["sql_3"] = len(
        {row["id"] for row in NASTY}
        & {
            row["id"]
            for row in NASTY
            if row["long"] is not None and row["long"] not in {each["long"] for each in NASTY[::2]}
        }
    )
    for frame, other in (
        (table, parents),
        (polars(table), polars(parents)),
        (polars(table).lazy(), polars(parents).lazy()),
    ):
        assert metrics(audit_frame(frame, contract, others={PARENT: other}))[""] == expected


def test_on_spark_a_query_is_left_to_publication_and_says_so(spark: Any, tmp_path: Path) -> None:  # noqa: F811
    contract = wide(*RULES[:1], Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 1000)))
    frame = spark_frame(spark, arrow(NASTY, contract), tmp_path)
    found = audit_frame(frame, contract)
    assert found.holds and found.skipped.keys() == {"sql_0"} and "not evaluated: sql_0" in str(found)
    with pytest.raises(RuleError, match="when the rows are published"):
        audit_frame(frame, contract, rules=["sql_0"])


def test_the_past_is_not_in_a_frame() -> None:
    contract = wide(HISTORY)
    table = arrow(NASTY, contract)
    for frame in (table, polars(table)):
        assert audit_frame(frame, contract).skipped == {"volume": "it compares with earlier publications"}
