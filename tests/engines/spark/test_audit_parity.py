"""One meaning, wherever rows were staged: Spark's audit of its files finds what DuckDB's audit finds in its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis.strategies import SearchStrategy
from scenario import BLOCK, QUARANTINE, WARN, partition_of
from spark_session import spark  # noqa: F401 - a fixture

from data_platform import clock
from data_platform.contracts import (
    Column,
    Contract,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Reference,
    Rule,
    Threshold,
)
from data_platform.contracts.expressions import parse
from data_platform.engines.arrow import arrow_schema
from data_platform.engines.spark import auditing
from data_platform.engines.spark.bench import spark_bench
from data_platform.engines.spark.staging import SparkFrame
from data_platform.lakehouse import Lakehouse, Provenance, publish, stage, staging_folder
from data_platform.lakehouse.bench import Work
from data_platform.lakehouse.duck_bench import duck_bench
from data_platform.quality.audit import FileCount, PartitionAudit
from data_platform.quality.conform import conform
from tests.quality.parity import generated
from tests.quality.parity.frames import spark_frame
from tests.quality.parity.table import ABOUT_VALUES, KEYS, TEXT, TYPED, TYPES, nasty_rows, wide

pytestmark = pytest.mark.slow

NASTY, LEAST = nasty_rows(), timedelta.resolution
PARENTS = "shop.parents"
POLICIES = (BLOCK, WARN, QUARANTINE, OnFailure(Policy.QUARANTINE, 20), OnFailure(Policy.QUARANTINE, max_rows=1))
DAY, HOUR = PartitionKey("day", "day", "2020-01-01"), PartitionKey("at", "hour", "2020-01-01")
KINDS = PartitionKey("kind", "static", values=("a", "b"))
SHAPES: dict[str, Partitioning | None] = {
    "whole": None,
    "daily": Partitioning((DAY,)),
    "daily by time": Partitioning((PartitionKey("at", "day", "2020-01-01"),)),
    "hourly": Partitioning((HOUR,)),
    "hourly by instant": Partitioning((PartitionKey("seen", "hour", "2020-01-01"),)),
    "static": Partitioning((KINDS,)),
    "day x static": Partitioning((DAY, KINDS)),
    "static x hour": Partitioning((KINDS, HOUR)),
}
ABOUT_ROWS = [
    replace(each[0], name=f"about_{place}", on_failure=POLICIES[place % len(POLICIES)], threshold=threshold)
    for place, each in enumerate(
        [rule for rule in ABOUT_VALUES if rule.kind == kind][5:6]
        or [rule for rule in ABOUT_VALUES if rule.kind == kind][:1]
        for kind in sorted({rule.kind for rule in ABOUT_VALUES})
    )
    for threshold in [Threshold("mustBeLessThan", 30, "percent") if each[0].kind.endswith("_values") else None]
]
ACROSS = [
    replace(KEYS[2], name="key", on_failure=QUARANTINE),
    replace(KEYS[8], name="number_key", on_failure=WARN),
    replace(KEYS[-1], name="fine_key", threshold=Threshold("mustBe", 0)),
    *(
        Rule(
            f"to_{column}",
            "foreign_key",
            (column,),
            {"columns": (column,)},
            reads=(Reference(PARENTS, (column,), held),),
            on_failure=QUARANTINE,
        )
        for column, held in (("text", "all"), ("number", "same"), ("money", "same"))
    ),
    Rule(
        "to_two",
        "foreign_key",
        ("text", "long"),
        {"columns": ("text", "long")},
        reads=(Reference(PARENTS, ("text", "long"), "same"),),
    ),
    Rule(
        "to_self",
        "foreign_key",
        ("long",),
        {"columns": ("other_long",)},
        reads=(Reference("shop.wide", ("other_long",), "same"),),
    ),
    Rule(
        "to_all_self",
        "foreign_key",
        ("long",),
        {"columns": ("other_long",)},
        reads=(Reference("shop.wide", ("other_long",), "all"),),
        on_failure=QUARANTINE,
    ),
]
EXPRESSIONS = [
    "wide.count(*) == parents.count(*)",
    "wide.sum(long) == parents.sum(long)",
    "wide.sum(money) >= 2 * parents.sum(money) within 5%",
    "wide.avg(money) + wide.avg(long) - parents.avg(whole) > 0",
    "wide.avg(single) > wide.sum(number)",
    "wide.count_distinct(number) == parents.count_distinct(number) + parents.count_distinct(text)",
    "wide.min(at) - parents.max(seen) <= wide.max(day)",
    "wide.max(clock) > parents.min(clock)",
    "wide.min(number) + wide.max(single) < parents.min(fine)",
    "wide.count(* where number > 0.1 and text != 'a') < parents.count(text where long <= other_long)",
    "wide.count(* where single >= 0.1) + wide.count(* where whole != 0.5) + wide.count(* where flag == true) == 3",
    "wide.count(number where clock is null) - wide.count_distinct(text where day > '1970-01-01') == 0",
    "wide.count(* where number != other_number) + wide.count(* where at < seen) + wide.count(* where money > long) > 4",
    "wide.sum(money where text is not null and seen >= '2026-01-01T00:00:00+00:00') / parents.count(*) > 0",
]
QUERIES = [
    "SELECT count(*) FROM {object} WHERE {property} LIKE 'a%'",
    "SELECT sum(id) FROM shop.wide w WHERE EXISTS (SELECT 1 FROM parents p WHERE p.text = w.text)",
    "WITH wide AS (SELECT id FROM shop.wide WHERE text = 'it''s' OR text <> '\\') SELECT count(*) FROM wide",
    "SELECT count(*) FILTER (WHERE flag) / count(*) FROM wide",
    "SELECT max(n) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY Text ORDER BY number DESC, id) AS n FROM wide)",
    "SELECT NULL FROM wide",
]


def rules() -> list[Rule]:
    everything = tuple(TYPES)
    found = [replace(TYPED, columns=("whole", "clock"), on_failure=OnFailure(Policy.QUARANTINE)), *ABOUT_ROWS, *ACROSS]
    for place, text in enumerate(EXPRESSIONS):
        comparison = parse(text, "shop")
        arguments, reads = (
            {"expression": str(comparison)},
            comparison.reads("shop.wide", "all" if place % 3 else "same"),
        )
        found.append(Rule(f"compared_{place}", "expression", (), arguments, comparison.threshold, WARN, reads=reads))
    for place, query in enumerate(QUERIES):
        reads = (Reference(PARENTS, everything, "same"),) if "parents" in query else ()
        found.append(
            Rule(f"asked_{place}", "sql", ("text",), {"query": query}, Threshold("mustBe", 7), WARN, reads=reads)
        )
    arguments = {"of": "rowCount", "last": 3, "least": 1}
    found += [
        Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 20)),
        Rule("volume", "history", (), arguments, Threshold("mustBeBetween", (-50, 50), "percent"), WARN),
        Rule(
            "fresh",
            "history",
            (),
            {**arguments, "of": "freshness", "column": "at"},
            Threshold("mustBeLessThan", 3600),
            WARN,
        ),
    ]
    return found


def contract_of(partitioning: Partitioning | None, *about: Rule) -> Contract:
    plain = wide()
    secret = {"text": "restricted", "bytes": "restricted"}
    columns = tuple(replace(each, classification=secret.get(each.name, "internal")) for each in plain.columns)
    return wide(*about, columns=(*columns, Column("kind", TEXT)), partitioning=partitioning, clearance="restricted")


def some_as_text(rows: Sequence[Mapping[str, Any]], contract: Contract) -> pa.Table:
    """Times of day and some numbers come as text, and not all of it can be cast."""
    made = pa.Table.from_pylist(list(rows), schema=arrow_schema(contract.columns))
    for name in ("clock", "whole"):
        came = [None if value is None else str(value) for value in made.column(name).to_pylist()]
        came[-1:] = ["twelve"] if came else []
        made = made.set_column(made.schema.get_field_index(name), name, pa.array(came, pa.string()))
    return made


def work(
    lakehouse: Lakehouse, contract: Contract, staged: Any, partitions: Sequence[str], others: Mapping[str, Contract]
) -> Work:
    shape = conform(contract, staged.columns)
    assert not shape.problems, shape.problems
    folders = (staged.folder, f"{staged.folder}-refused")
    return Work(
        lakehouse,
        contract,
        staged,
        shape,
        contract.rules,
        partitions,
        folders,
        f"{lakehouse.settings.home}/spill",
        {},
        others,
    )


def check_counts(by_spark: Mapping[Any, PartitionAudit], by_duckdb: Mapping[Any, PartitionAudit]) -> None:
    assert by_spark.keys() == by_duckdb.keys()
    for partition, expected in by_duckdb.items():
        found = by_spark[partition]
        assert found.rows == expected.rows
        for name in expected.metrics.keys() | found.metrics.keys():
            one, other = found.metrics.get(name), expected.metrics.get(name)
            assert one == pytest.approx(other, rel=1e-12, nan_ok=True), (partition, name, one, other)
        assert found.lost == expected.lost and found.unmeasured == expected.unmeasured
        assert found.notes == expected.notes, (partition, found.notes, expected.notes)
        for name, profile in expected.profile.items():
            measured = found.profile[name]
            assert replace(measured, distinct=None) == replace(profile, distinct=None), (
                partition,
                name,
                measured,
                profile,
            )
        counts = [
            (sum(each.rows for each in files), sum(each.refused for each in files))
            for files in (found.files.values(), expected.files.values())
        ]
        assert counts[0] == counts[1], partition


def check_distinct(by_spark: Mapping[Any, PartitionAudit], by_duckdb: Mapping[Any, PartitionAudit]) -> None:
    """Of few values both are nearly exact."""
    for partition, expected in by_duckdb.items():
        for name, profile in expected.profile.items():
            measured = by_spark[partition].profile[name].distinct
            if profile.distinct is None or measured is None:
                assert measured is profile.distinct, (partition, name)
            else:
                assert abs(measured - profile.distinct) <= max(1, 0.25 * profile.distinct), (partition, name)


def audited(
    lakehouse: Lakehouse,
    contract: Contract,
    table: pa.Table,
    frame: Any,
    partitions: Sequence[str],
    others: Mapping[str, Contract] | None = None,
) -> tuple[dict[str | None, PartitionAudit], dict[str | None, PartitionAudit]]:
    """What Spark's and DuckDB's bench count: they agree about the same rows, each staged by its own engine, and so do the
    verdicts."""
    by_duckdb = stage(duckdb.from_arrow(table), contract, staging_folder(lakehouse, contract))
    by_spark = SparkFrame(frame).stage(contract, staging_folder(lakehouse, contract))
    assert by_spark.columns == by_duckdb.columns
    results = []
    for bench, staged in ((spark_bench, by_spark), (duck_bench, by_duckdb)):
        with bench(work(lakehouse, contract, staged, partitions, others or {})) as at:
            counted = at.count()
            results.append((counted, at.judge(counted)))
    (found, verdicts), (expected, judged) = results
    check_counts(found, expected)
    for one, other in zip(verdicts, judged, strict=True):
        for outcome, wanted in zip(one.outcomes, other.outcomes, strict=True):
            assert replace(outcome, metric=0.0) == replace(wanted, metric=0.0)
    return found, expected


def published(
    lakehouse: Lakehouse, name: str, rows: Sequence[dict[str, Any]], partitioning: Partitioning | None
) -> Contract:
    contract = replace(contract_of(partitioning), name=name)
    made = pa.Table.from_pylist(list(rows), schema=arrow_schema(contract.columns))
    staged = stage(duckdb.from_arrow(made), contract, staging_folder(lakehouse, contract))
    publish(
        lakehouse, staged, contract, sorted({partition_of(contract, row) for row in rows}), Provenance(run_id="parents")
    )
    return contract


def cut(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows in a few partitions of every shape: at the first and the last moment of two days."""
    moments = [datetime(2026, 1, day) + late for day in (1, 2) for late in (timedelta(0), timedelta(1) - LEAST)]
    return [
        {**row, "day": at.date(), "at": at, "seen": at.replace(tzinfo=UTC), "kind": "ab"[place % 3 == 0]}
        for place, row in enumerate(rows)
        for at in [moments[place % 4]]
    ]


def drawn(from_: SearchStrategy[Any], times: int) -> list[Any]:
    """What hypothesis draws, to be looked at all together: a job for each would take minutes."""
    found: list[Any] = []

    @settings(max_examples=times, phases=[Phase.generate], database=None, deadline=None)
    @given(from_)
    def draw(each: Any) -> None:
        found.append(each)

    draw()
    return found


def test_every_rule_measures_the_same(spark: Any, lakehouse: Lakehouse, tmp_path: Path, monkeypatch: Any) -> None:  # noqa: F811
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 5, tzinfo=UTC))
    rows = [{"kind": None, **row} for row in NASTY]
    contract = contract_of(None, *rules())
    parents = published(lakehouse, "parents", rows[1::3], None)
    table = some_as_text(rows, contract)
    frame = spark_frame(spark, table, tmp_path / "frame")
    check_distinct(*audited(lakehouse, contract, table, frame, [""], {PARENTS: parents}))


def test_every_rule_measures_the_same_in_each_partition(
    spark: Any,  # noqa: F811
    lakehouse: Lakehouse,
    tmp_path: Path,
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 1, 5, tzinfo=UTC))
    monkeypatch.setattr(auditing, "QUERIED", 3)
    about = [
        rule for place, rule in enumerate(rules()) if place % 3 == 0 or rule.kind in ("foreign_key", "type", "history")
    ]
    contract, rows = contract_of(SHAPES["day x static"], *about), cut(NASTY[:20])
    parents = published(lakehouse, "parents", rows[1::3], SHAPES["daily"])
    table = some_as_text(rows, contract)
    asked = sorted({partition_of(contract, row) for row in rows})
    frame = spark_frame(spark, table, tmp_path / "frame")
    check_distinct(*audited(lakehouse, contract, table, frame, asked, {PARENTS: parents}))


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape not in ("static", "day x static")])
def test_rows_are_of_the_same_partitions(shape: str, spark: Any, lakehouse: Lakehouse, tmp_path: Path) -> None:  # noqa: F811
    """One of them was not asked for, one asked for has no rows, and one row is of none."""
    key = Rule("key", "duplicate_values", ("flag",), on_failure=QUARANTINE)
    low = Rule("low", "minimum", ("number",), {"value": 0}, on_failure=QUARANTINE)
    contract, rows = (
        contract_of(SHAPES[shape], key, low, Rule("few", "row_count", threshold=Threshold("mustBe", 3))),
        cut(NASTY),
    )
    partitions = sorted({partition_of(contract, row) for row in rows})
    if SHAPES[shape] is not None:
        partitions = [partitions[0].replace("2026-01-01", "2027-01-01"), *partitions[1:]]
        rows[-1] |= dict.fromkeys(("day", "at", "seen", "kind"))
    table = pa.Table.from_pylist(rows, schema=arrow_schema(contract.columns)).drop_columns("clock")
    frame = spark_frame(spark, table, tmp_path / "frame")
    audited(lakehouse, contract, table, frame, partitions)


def test_a_file_of_several_partitions_is_seen_in_each(spark: Any, lakehouse: Lakehouse, tmp_path: Path) -> None:  # noqa: F811
    contract, rows = contract_of(SHAPES["daily"]), cut(NASTY[:4])
    frame = spark_frame(
        spark,
        pa.Table.from_pylist(rows, schema=arrow_schema(contract.columns)).drop_columns("clock"),
        tmp_path / "frame",
    )
    staged = SparkFrame(frame.coalesce(1)).stage(
        replace(contract, partitioning=None), staging_folder(lakehouse, contract)
    )
    with spark_bench(work(lakehouse, contract, staged, ["2026-01-01"], {})) as at:
        counted = at.count()
    assert {partition: each.files for partition, each in counted.items()} == {
        day: {staged.files[0]: FileCount(2, 0)} for day in ("2026-01-01", "2026-01-02")
    }


def test_no_rows_at_all_are_audited_alike(spark: Any, lakehouse: Lakehouse, tmp_path: Path) -> None:  # noqa: F811
    """Though columns came as text, which could have lost values."""
    typed = replace(TYPED, columns=("whole", "clock"))
    asked = Rule("asked", "sql", (), {"query": "SELECT count(*) FROM wide"}, Threshold("mustBe", 0))
    contract = contract_of(SHAPES["static"], typed, Rule("there", "required", ("whole",)), ACROSS[0], asked)
    table = some_as_text([], contract)
    audited(lakehouse, contract, table, spark_frame(spark, table, tmp_path / "frame"), ["a", "b"])


def test_signs_that_mean_nothing_are_not_shown(spark: Any, lakehouse: Lakehouse, tmp_path: Path) -> None:  # noqa: F811
    """Which zero a key is, and which NaN a value is, was for each engine to choose."""
    numbers = [math.copysign(math.nan, -1), -0.0, 0.0, -0.0, 7.0]
    rows = [{**NASTY[0], "id": place, "number": number, "kind": "a"} for place, number in enumerate(numbers)]
    contract = contract_of(SHAPES["static"], Rule("low", "maximum", ("number",), {"value": 1}), ACROSS[1])
    table = some_as_text(rows, contract).drop_columns("clock")
    audited(lakehouse, contract, table, spark_frame(spark, table, tmp_path / "frame"), ["a", "b"])


def test_generated_rows_are_counted_alike(spark: Any, lakehouse: Lakehouse, tmp_path: Path) -> None:  # noqa: F811
    """Four of them to a partition, so that a difference says where it comes from."""
    rows = [row for (row,) in drawn(generated.rows(1).filter(bool), 48)]
    about = [rule for rules in drawn(generated.rules(8), 20)[-8:] for rule in rules][-12:]
    about = [
        replace(rule, name=f"rule_{place}", on_failure=POLICIES[place % len(POLICIES)])
        for place, rule in enumerate(about)
    ]
    parts = tuple(f"part_{place}" for place in range(len(rows) // 4))
    kind = PartitionKey("kind", "static", values=parts)
    contract = contract_of(Partitioning((kind,)), *about, *ACROSS[:3], *ACROSS[-2:])
    cells = [{**row, "id": place, "kind": parts[place % len(parts)]} for place, row in enumerate(rows)]
    table = some_as_text(cells, contract).drop_columns("clock")
    audited(lakehouse, contract, table, spark_frame(spark, table, tmp_path / "frame"), parts)
