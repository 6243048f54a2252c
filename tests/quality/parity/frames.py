"""One set of rows as the frame of every engine, and what the audit of a frame finds, in one spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from data_platform.contracts import Contract, Rule
from data_platform.engines.arrow import arrow_schema
from data_platform.quality.frames import FrameAudit, audit_frame

Row = Mapping[str, Any]


def arrow(rows: Iterable[Row], contract: Contract) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(contract.columns))


def polars(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def spark_frame(spark: Any, table: pa.Table, folder: Path) -> Any:
    """By way of a Parquet file; times as text, for Spark has no type for them unless asked."""
    for place, field in enumerate(table.schema):
        if pa.types.is_time(field.type):
            spelt = [value and value.isoformat() for value in table.column(place).to_pylist()]
            table = table.set_column(place, field.name, pa.array(spelt, pa.string()))
    folder.mkdir(exist_ok=True)
    path = folder / "frame.parquet"
    pq.write_table(table, path)
    return spark.read.parquet(str(path))


def failing_ids(audited: FrameAudit, rule: Rule) -> list[int]:
    """The `id`s of the rows that break a rule, in order."""
    rows = audited.failing_rows(rule)
    match type(rows).__module__.split(".")[0]:
        case "polars":
            found = rows.lazy().select("id").collect()["id"].to_list()
        case "pyspark":
            return sorted(row.id for row in rows.select("id").collect())
        case "pandas":
            found = rows["id"].to_list()
        case "pyarrow":
            found = rows.column("id").to_pylist()
        case _:
            found = [id for (id,) in rows.project("id").fetchall()]
    assert found == sorted(found), "the rows are in the order they came in"
    return found


def metrics(audited: FrameAudit) -> dict[str, dict[str, float]]:
    """What was measured, by partition and rule."""
    assert not audited.problems, audited.problems
    return {
        each.partition: {outcome.rule.name: outcome.metric for outcome in each.outcomes} for each in audited.verdicts
    }


def audited(frame: Any, contract: Contract, rules: Sequence[Rule] = (), **others: Any) -> FrameAudit:
    """The audit of a frame under some rules, `others` being the parents' frame."""
    given = {"shop.parents": others["parents"]} if "parents" in others else {}
    return audit_frame(frame, contract, rules or None, given)
