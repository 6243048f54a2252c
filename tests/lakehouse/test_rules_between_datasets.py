"""Rules that read other datasets: what they measure, which rows they refuse, what they see and what they never reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from scenario import BLOCK, DATE, LONG, QUARANTINE, TEXT, TIMESTAMP, WARN, got, quarantined, staged

from data_platform.contracts import (
    Column,
    ColumnType,
    Contract,
    OnFailure,
    Partitioning,
    PartitionKey,
    Reference,
    Rule,
    Threshold,
)
from data_platform.contracts.expressions import parse
from data_platform.contracts.queries import portable, tables
from data_platform.lakehouse import InputRead, Lakehouse, Provenance, Publication, plan_read, publish
from data_platform.lakehouse.evaluate import audit_inputs, audit_published
from data_platform.lakehouse.references import overlapping
from data_platform.quality.errors import RuleError

DAILY = Partitioning((PartitionKey("day", "day", "2026-01-01"),))
HOURLY = Partitioning((PartitionKey("at", "hour", "2026-01-01"),))
COUNTRIES = PartitionKey("country", "static", values=("no", "se"))
DAYS = ("2026-01-01", "2026-01-02")
FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


def contract(name: str, /, *rules: Rule, partitioning: Partitioning | None = None, **types: ColumnType) -> Contract:
    """`shop.<name>`, or `<domain>.<name>`."""
    domain, _, short = name.rpartition(".")
    columns = tuple(Column(column, kind) for column, kind in types.items())
    return Contract(domain or "shop", short, "1.0.0", columns, rules=rules, partitioning=partitioning)


def expression(text: str, own: str, partitions: str = "same", policy: OnFailure = BLOCK) -> Rule:
    comparison = parse(text, own.partition(".")[0])
    arguments = {"expression": str(comparison)}
    reads = comparison.reads(own, partitions)
    return Rule("rule", "expression", (), arguments, comparison.threshold, policy, reads=reads)


def sql(query: str, *reads: Reference, must_be: float = 0) -> Rule:
    return Rule("rule", "sql", (), {"query": query}, Threshold("mustBe", must_be), reads=reads)


def key(
    child: str | tuple[str, ...],
    parent: str,
    columns: str | tuple[str, ...] = "id",
    partitions: str = "all",
    **changes: Any,
) -> Rule:
    children, parents = (each if isinstance(each, tuple) else (each,) for each in (child, columns))
    reads = (Reference(parent, parents, partitions),)
    given: dict[str, Any] = {"on_failure": QUARANTINE} | changes
    return Rule("key", "foreign_key", children, {"columns": parents}, reads=reads, **given)


def put(
    lakehouse: Lakehouse,
    promised: Contract,
    rows: list[dict],
    *others: Contract,
    days: tuple[str, ...] = ("",),
    inputs: tuple[InputRead, ...] = (),
) -> Publication:
    known = {each.dataset: each for each in others}
    frame = staged(lakehouse, promised, rows)
    return publish(lakehouse, frame, promised, days, Provenance(inputs=inputs), others=known)


def xs(*values: int | None) -> list[dict]:
    return [{"x": value} for value in values]


def reason(publication: Publication) -> str:
    (outcome,) = (each for each in publication.verdicts[0].outcomes if not each.holds)
    return outcome.reason


D1 = contract("d1", d1_c1=LONG, d1_c2=LONG)
D2 = contract(
    "d2",
    expression("d2.count(*) == d1.count(*)", "shop.d2"),
    Rule("positive", "comparison", ("d2_c1",), {"operator": ">=", "value": 0}),
    d2_c1=LONG,
)


def test_the_founding_example(lakehouse: Lakehouse) -> None:
    put(lakehouse, D1, [{"d1_c1": value, "d1_c2": 1} for value in (-1, 0, 7)])
    assert put(lakehouse, D2, [{"d2_c1": 0}, {"d2_c1": 0}, {"d2_c1": 7}], D1).rows == {"": 3}
    lost = put(lakehouse, D2, [{"d2_c1": 0}, {"d2_c1": 7}], D1)
    assert lost.blocked and reason(lost) == "-1 is not = 0 (2 against 3)"
    assert put(lakehouse, D2, [{"d2_c1": -1}, {"d2_c1": 0}, {"d2_c1": 7}], D1).blocked
    assert len(got(lakehouse, D2)) == 3


MINE = contract("mine", x=LONG, kind=TEXT, at=TIMESTAMP)
THEIRS = contract("else.theirs", x=LONG, ratio=ColumnType("double"), at=TIMESTAMP)
NOON = datetime(2026, 1, 1, 12)
EXPRESSIONS = [  # of mine (x 1, 2, null; kind a, b, b) against theirs (x 10, 20)
    ("mine.count(*) == 3", True),
    ("mine.count(x) == else.theirs.count(x)", True),
    ("mine.count(*) == else.theirs.count(*)", False),
    ("mine.count(*) == else.theirs.count(*) within 1", True),
    ("mine.sum(x) * 10 == else.theirs.sum(x)", True),
    ("mine.sum(x) >= 0.1 * else.theirs.sum(x)", True),
    ("mine.sum(x) > 0.1 * else.theirs.sum(x)", False),
    ("10.04 * mine.sum(x) == else.theirs.sum(x) within 0.4%", True),
    ("10.04 * mine.sum(x) == else.theirs.sum(x) within 0.3%", False),
    ("mine.avg(x) + else.theirs.avg(x) == 16.5", True),
    ("mine.max(x) - mine.min(x) == else.theirs.min(x) / 10", True),
    ("abs(mine.sum(x) - else.theirs.sum(x)) <= 27", True),
    ("mine.count(* where kind == 'b') == 2", True),
    ("mine.count(* where kind == 'b' and x > 1) == 1", True),
    ("mine.count(* where x is null) == 1", True),
    ("mine.count(* where x != 1) == 1", True),
    ("mine.count_distinct(kind) == else.theirs.count_distinct(x)", True),
    ("mine.max(at) == else.theirs.min(at) + 3600", True),
    ("else.theirs.count(* where ratio > 0) == 1", True),
    ("mine.sum(x where kind == 'none') == 0", False),  # the sum of nothing is no number
    ("mine.sum(x) / (mine.count(*) - 3) > 0", False),
]


@pytest.mark.parametrize(("text", "holds"), EXPRESSIONS)
def test_what_an_expression_says(text: str, holds: bool, lakehouse: Lakehouse) -> None:
    ratios = (0.5, float("nan"))
    theirs = [{"x": 10 * (i + 1), "ratio": ratio, "at": NOON} for i, ratio in enumerate(ratios)]
    put(lakehouse, THEIRS, theirs)
    promised = replace(MINE, rules=(expression(text, "shop.mine"),))
    later = NOON.replace(hour=13)
    rows = [{"x": x, "kind": kind, "at": later} for x, kind in ((1, "a"), (2, "b"), (None, "b"))]
    publication = put(lakehouse, promised, rows, THEIRS)
    assert bool(publication.published) == holds, publication.verdicts


def test_each_partition_is_held_against_the_same_one(lakehouse: Lakehouse) -> None:
    theirs = contract("theirs", partitioning=DAILY, x=LONG, day=DATE)
    mine = contract("mine", partitioning=DAILY, x=LONG, day=DATE)
    put(lakehouse, theirs, [{"x": 1, "day": FIRST}, {"x": 2, "day": SECOND}, {"x": 3, "day": SECOND}], days=DAYS)
    rows = [{"x": 1, "day": FIRST}, {"x": 2, "day": SECOND}]
    rule = expression("mine.count(*) == theirs.count(*)", "shop.mine")
    publication = put(lakehouse, replace(mine, rules=(rule,)), rows, theirs, days=DAYS)
    assert publication.published == DAYS[:1] and publication.blocked == DAYS[1:]
    rule = expression("mine.count(*) + 2 == theirs.count(*)", "shop.mine", partitions="all")
    assert put(lakehouse, replace(mine, rules=(rule,)), rows, theirs, days=DAYS).published == DAYS


def test_a_published_partition_without_rows_counts_none(lakehouse: Lakehouse) -> None:
    theirs = contract("theirs", partitioning=DAILY, x=LONG, day=DATE)
    put(lakehouse, theirs, [], days=DAYS[:1])
    mine = contract(
        "mine",
        expression("mine.count(*) == theirs.count(*)", "shop.mine"),
        key("x", "shop.theirs", "x", partitions="same"),
        partitioning=DAILY,
        x=LONG,
        day=DATE,
    )
    assert put(lakehouse, mine, [], theirs, days=DAYS[:1]).rows == {DAYS[0]: 0}
    publication = put(lakehouse, replace(mine, rules=mine.rules[1:]), [{"x": 1, "day": FIRST}], theirs, days=DAYS[:1])
    assert publication.quarantined == {DAYS[0]: 1}


CUTS = [  # mine, my partition, theirs, theirs that overlap (None: all)
    (None, "", DAILY, None),
    (DAILY, "2026-01-02", None, None),
    (DAILY, "2026-01-02", DAILY, ("2026-01-02",)),
    (DAILY, "2026-01-02", HOURLY, tuple(f"2026-01-02-{hour:02}:00" for hour in range(24))),
    (HOURLY, "2026-01-02-05:00", DAILY, ("2026-01-02",)),
    (HOURLY, "2026-01-02-05:00", HOURLY, ("2026-01-02-05:00",)),
    (DAILY, "2025-12-31", DAILY, ()),
    (Partitioning((COUNTRIES,)), "no", Partitioning((COUNTRIES,)), ("no",)),
    (Partitioning((COUNTRIES,)), "no", DAILY, None),
    (DAILY, "2026-01-02", Partitioning((COUNTRIES,)), ("no", "se")),
    (DAILY, "2026-01-02", Partitioning((*DAILY.keys, COUNTRIES)), ("2026-01-02|no", "2026-01-02|se")),
    (
        Partitioning((COUNTRIES, *HOURLY.keys)),
        "se|2026-01-02-05:00",
        Partitioning((*DAILY.keys, COUNTRIES)),
        ("2026-01-02|se",),
    ),
    (Partitioning((PartitionKey("size", "static", values=("s",)),)), "s", Partitioning((COUNTRIES,)), ("no", "se")),
]


@pytest.mark.parametrize(("mine", "partition", "theirs", "found"), CUTS)
def test_partitions_overlap_in_time_and_in_values_of_the_same_column(
    mine: Partitioning | None, partition: str, theirs: Partitioning | None, found: tuple[str, ...] | None
) -> None:
    assert overlapping(mine, partition, theirs) == found


PARENT = contract("parent", id=LONG, country=TEXT)
PARENTS = [
    {"id": 1, "country": "no"},
    {"id": 2, "country": "se"},
    {"id": 2, "country": "no"},
    {"id": None, "country": None},
]


def test_orphans_are_refused_and_a_missing_key_is_none(lakehouse: Lakehouse) -> None:
    put(lakehouse, PARENT, PARENTS)
    child = contract("child", key("x", "shop.parent"), x=LONG)
    publication = put(lakehouse, child, xs(1, 2, 2, 3, None, 3), PARENT)
    assert publication.rows == {"": 4} and publication.quarantined == {"": 2}
    assert [row["x"] for row in got(lakehouse, child)] == [1, 2, 2, None]
    assert {(row["x"], *row["_rules"], *row["_reasons"]) for row in quarantined(lakehouse, child)} == {
        (3, "key", "broken: x: found in shop.parent")
    }
    (outcome,) = publication.verdicts[0].outcomes
    assert (outcome.metric, outcome.reason, outcome.examples) == (2.0, "2 of 6 rows (33.3%)", ("3",))


def test_a_compound_key_is_found_as_a_whole_or_misses_a_part(lakehouse: Lakehouse) -> None:
    put(lakehouse, PARENT, PARENTS)
    child = contract("child", key(("x", "c"), "shop.parent", ("id", "country")), x=LONG, c=TEXT)
    rows = [{"x": x, "c": c} for x, c in ((1, "no"), (1, "se"), (2, "no"), (None, "no"), (3, None))]
    assert put(lakehouse, child, rows, PARENT).quarantined == {"": 1}
    assert [(row["x"], row["c"]) for row in quarantined(lakehouse, child)] == [(1, "se")]


def test_a_foreign_key_can_block_warn_or_have_a_limit(lakehouse: Lakehouse) -> None:
    put(lakehouse, PARENT, PARENTS)
    orphaned = xs(1, 1, 1, 3)
    of_rows = {"threshold": Threshold("mustBeLessThan", 30, "percent"), "on_failure": BLOCK}
    for changes, published in (({"on_failure": BLOCK}, False), ({"on_failure": WARN}, True), (of_rows, True)):
        child = contract("child", key("x", "shop.parent", **changes), x=LONG)
        assert bool(put(lakehouse, child, orphaned, PARENT).published) == published
        assert quarantined(lakehouse, child) == []


def test_each_partition_has_its_own_orphans(lakehouse: Lakehouse) -> None:
    parent = contract("parent", partitioning=DAILY, id=LONG, day=DATE)
    put(lakehouse, parent, [{"id": 1, "day": FIRST}, {"id": 2, "day": SECOND}], days=DAYS)
    rows = [{"x": x, "day": day} for x, day in ((1, FIRST), (2, FIRST), (1, SECOND), (2, SECOND), (3, SECOND))]
    for partitions, orphans in (("same", {DAYS[0]: 1, DAYS[1]: 2}), ("all", {DAYS[1]: 1})):
        child = contract("child", key("x", "shop.parent", partitions=partitions), partitioning=DAILY, x=LONG, day=DATE)
        assert put(lakehouse, child, rows, parent, days=DAYS).quarantined == orphans


@pytest.mark.parametrize(("partitions", "orphans"), [("same", {DAYS[0]: 1}), ("all", {})])
def test_a_key_into_the_dataset_itself_is_found_among_its_new_rows(
    partitions: str, orphans: dict, lakehouse: Lakehouse
) -> None:
    tree = contract(
        "tree", key("above", "shop.tree", partitions=partitions), partitioning=DAILY, id=LONG, above=LONG, day=DATE
    )
    put(lakehouse, replace(tree, rules=()), [{"id": 9, "above": None, "day": FIRST}], days=DAYS[:1])
    rows = [(1, None, FIRST), (2, 1, FIRST), (3, 4, FIRST), (4, 4, SECOND)]
    publication = put(lakehouse, tree, [{"id": i, "above": a, "day": d} for i, a, d in rows], days=DAYS)
    assert publication.quarantined == orphans
    gone = put(lakehouse, tree, [{"id": 1, "above": 9, "day": FIRST}], days=DAYS[:1])
    assert gone.quarantined == {DAYS[0]: 1}, "what was published before is no parent"


def test_a_row_that_breaks_several_kinds_of_rule_says_all_of_them(lakehouse: Lakehouse) -> None:
    put(lakehouse, PARENT, PARENTS)
    child = contract(
        "child",
        key("x", "shop.parent"),
        Rule("unique", "duplicate_values", ("x",), on_failure=QUARANTINE),
        Rule("most", "maximum", ("x",), {"value": 4}, on_failure=QUARANTINE),
        Rule("least", "minimum", ("x",), {"value": 2}, on_failure=QUARANTINE),
        x=LONG,
    )
    assert put(lakehouse, child, xs(1, 2, 2, 5, 5), PARENT).quarantined == {"": 4}
    refused = sorted(((row["x"], row["_rules"]) for row in quarantined(lakehouse, child)), key=repr)
    assert refused == [(1, ["least"]), (2, ["unique"]), (5, ["key", "most", "unique"]), (5, ["key", "most"])]
    assert all(len(row["_reasons"]) == len(row["_rules"]) for row in quarantined(lakehouse, child))


SECRET = contract("other.people", id=LONG, name=TEXT)
PEOPLE = replace(SECRET, columns=(*SECRET.columns, Column("email", TEXT, classification="confidential", pii="email")))
ADA = [{"id": 1, "name": "Ada", "email": "ada@example.com"}]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("SELECT count(*) FROM other.people", 1),
        ("SELECT count(*) FROM {object} JOIN other.people p ON p.id = x", 1),
        ("SELECT count(*) FROM shop.mine m WHERE NOT EXISTS (FROM other.people p WHERE p.id = m.x)", 1),
        ("WITH p AS (SELECT * FROM OTHER.People) SELECT count(*) FROM p", 1),
        ("SELECT count(*) FROM sibling", 2),
        ("SELECT count(*) FROM shop.sibling", 2),
        ("SELECT count(COLUMNS(*)) FROM (SELECT * FROM other.people LIMIT 0)", 0),
        ("SELECT count(*) FROM range(7)", 7),
    ],
)
def test_a_query_sees_the_datasets_it_names(query: str, number: int, lakehouse: Lakehouse) -> None:
    sibling = contract("sibling", x=LONG)
    put(lakehouse, sibling, xs(5, 6))
    put(lakehouse, PEOPLE, ADA)
    named = [(name if "." in name else f"shop.{name}").lower() for name in tables(portable(query))]
    reads = [Reference(name) for name in named if name != "shop.mine"]
    mine = contract("mine", sql(query, *reads, must_be=number), x=LONG)
    assert put(lakehouse, mine, xs(1, 2), PEOPLE, sibling).published, query


def test_a_column_the_contract_is_not_cleared_for_is_not_there(lakehouse: Lakehouse) -> None:
    put(lakehouse, PEOPLE, ADA)
    secret = sql("SELECT count(email) FROM other.people", Reference("other.people"), must_be=1)
    with pytest.raises(RuleError, match="email"):
        put(lakehouse, contract("mine", secret, x=LONG), xs(1), PEOPLE)
    cleared = replace(contract("mine", secret, x=LONG), clearance="confidential")
    assert put(lakehouse, cleared, xs(1), PEOPLE).published
    with pytest.raises(RuleError, match=r"reads email of other\.people"):
        put(
            lakehouse,
            contract("mine", expression("other.people.count(email) == 1", "shop.mine"), x=LONG),
            xs(1),
            PEOPLE,
        )


BREAK_OUTS = [
    "SELECT count(*) FROM read_csv('/etc/passwd')",
    "SELECT count(*) FROM read_text('/etc/passwd')",
    "SELECT count(*) FROM '/etc/passwd'",
    "SELECT count(*) FROM read_parquet('{file}')",  # which its view reads, but with fewer columns
    "SELECT count(*) FROM parquet_scan(['{file}'])",
    "SELECT count(*) FROM '{file}'",
    'WITH "{file}" AS (SELECT 1) SELECT count(*) FROM "{file}", (SELECT count(email) FROM "{file}")',
    "SELECT count(*) FROM parquet_metadata('{file}')",
    "SELECT count(*) FROM glob('{folder}/*')",
    "SELECT count(*) FROM other.hidden",
    "SELECT count(*) FROM hidden",
    "SELECT count(*) FROM memory.other.people",
    "SELECT count(*) FROM __staged",
    "SELECT count(*) FROM __conformed",
    "SELECT count(*) FROM duckdb_views()",
    "SELECT count(*) FROM duckdb_settings()",
    "SELECT count(*) FROM information_schema.tables",
    "SELECT count(*) FROM pg_catalog.pg_class",
    "SELECT count(*) FROM sqlite_master",
    "SELECT count(*) FROM (DESCRIBE other.people)",
    "SELECT count(*) FROM (SHOW ALL TABLES)",
    "SELECT length(getenv('HOME'))",
    "SELECT length(current_setting('temp_directory'))",
    "SELECT count(*) FROM query('SELECT 1')",
    "SELECT count(*) FROM query_table('__staged')",
    "SELECT count(*) FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))",
    "COPY (SELECT 1) TO '{folder}/stolen.csv'",
    "SELECT 1; COPY (SELECT 1) TO '{folder}/stolen.csv'",
    "ATTACH '{folder}/stolen.db'",
    "SET memory_limit = '10GB'",
    "SELECT 1; SET memory_limit = '10GB'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SELECT count(*) FROM read_text('http://127.0.0.1:9/x')",
    "PRAGMA database_list",
    "EXPORT DATABASE '{folder}/stolen'",
    "CREATE VIEW other.people AS SELECT 1",
    "DROP VIEW shop.mine",
    "DELETE FROM {object}",
]


@pytest.mark.parametrize("query", BREAK_OUTS)
def test_a_query_reaches_nothing_else(query: str, lakehouse: Lakehouse, tmp_path: Path) -> None:
    hidden = contract("other.hidden", x=LONG)
    put(lakehouse, hidden, xs(1))
    put(lakehouse, PEOPLE, ADA)
    (file,) = plan_read(lakehouse, PEOPLE).files
    attempt = query.replace("{file}", file).replace("{folder}", str(tmp_path))
    mine = contract("mine", sql(attempt, Reference("other.people")), x=LONG)
    with pytest.raises(RuleError, match=r"shop\.mine: rule rule"):
        put(lakehouse, mine, xs(1), PEOPLE, hidden)
    assert lakehouse.existing_table("shop.mine") is None
    assert not list(tmp_path.glob("stolen*"))


def test_a_dataset_is_read_at_the_snapshot_its_reader_was_made_from(lakehouse: Lakehouse) -> None:
    theirs = contract("theirs", x=LONG)
    read = put(lakehouse, theirs, xs(1)).snapshot_id
    put(lakehouse, theirs, xs(1, 2))
    mine = contract("mine", expression("mine.count(*) == theirs.count(*)", "shop.mine"), x=LONG)
    assert put(lakehouse, mine, xs(1), theirs).blocked
    assert put(lakehouse, mine, xs(1), theirs, inputs=(InputRead("shop.theirs", read),)).published


@pytest.mark.parametrize(
    ("rule", "published", "says"),
    [
        (expression("mine.count(*) == theirs.count(*)", "shop.mine"), (), "rule rule .*shop.theirs has no published"),
        (key("x", "shop.theirs", "x"), (), "rule key .*Materialize shop.theirs first"),
        (
            sql("SELECT count(*) FROM theirs", Reference("shop.theirs")),
            DAYS[:1],
            "for 2026-01-02: .* partition 2026-01-02",
        ),
        (key("x", "shop.theirs", "x", partitions="same"), DAYS[:1], "has no published partition 2026-01-02"),
    ],
    ids=["dataset", "parent", "partition", "partition of the parent"],
)
def test_what_is_not_there_is_named_and_nothing_is_published(
    rule: Rule, published: tuple[str, ...], says: str, lakehouse: Lakehouse
) -> None:
    theirs = contract("theirs", partitioning=DAILY, x=LONG, day=DATE)
    mine = contract("mine", rule, partitioning=DAILY, x=LONG, day=DATE)
    if published:
        put(lakehouse, theirs, [{"x": 1, "day": FIRST}], days=published)
    with pytest.raises(RuleError, match=says) as refused:
        put(lakehouse, mine, [{"x": 1, "day": FIRST}, {"x": 1, "day": SECOND}], theirs, days=DAYS)
    assert str(refused.value).startswith("shop.mine: rule ")
    assert lakehouse.existing_table("shop.mine") is None


def test_a_dataset_without_a_contract_is_named(lakehouse: Lakehouse) -> None:
    mine = contract("mine", key("x", "shop.nowhere"), x=LONG)
    with pytest.raises(RuleError, match=r"rule key reads shop\.nowhere, which has no contract"):
        put(lakehouse, mine, xs(1))


def test_a_column_younger_than_the_rows_is_null(lakehouse: Lakehouse) -> None:
    theirs = contract("theirs", x=ColumnType("int"))
    put(lakehouse, theirs, xs(1, 2))
    grown = contract("theirs", x=LONG, y=LONG)
    mine = contract("mine", expression("theirs.count(x) == 2 + theirs.count(y)", "shop.mine"), x=LONG)
    assert put(lakehouse, mine, xs(1), grown).published


def test_published_rows_are_judged_as_they_are_and_left_alone(lakehouse: Lakehouse) -> None:
    put(lakehouse, PARENT, PARENTS)
    child = contract("child", partitioning=DAILY, x=ColumnType("int"), day=DATE)
    rows = [{"x": 1, "day": FIRST}, {"x": 3, "day": SECOND}, {"x": 3, "day": SECOND}]
    before = put(lakehouse, child, rows, days=DAYS)
    rules = (
        key("x", "shop.parent", on_failure=QUARANTINE),
        Rule("positive", "minimum", ("x",), {"value": 2}, on_failure=WARN),
        Rule("unique", "duplicate_values", ("x",)),
        Rule("note", "required", ("note",)),
    )
    grown = contract("child", partitioning=DAILY, x=LONG, day=DATE, note=TEXT)
    first, second = audit_published(lakehouse, grown, DAYS, rules, {"shop.parent": PARENT})
    assert {each.rule.name: each.metric for each in first.outcomes} == {"key": 0, "positive": 1, "unique": 0, "note": 1}
    assert {each.rule.name: each.metric for each in second.outcomes} == {
        "key": 2,
        "positive": 0,
        "unique": 1,
        "note": 2,
    }
    assert next(each for each in second.outcomes if each.rule.name == "key").examples == ("3",)
    (alone,) = audit_published(lakehouse, grown, DAYS[1:], rules[2:3])
    assert alone.partition == DAYS[1] and alone.blocked
    assert plan_read(lakehouse, child).snapshot_id == before.snapshot_id
    assert quarantined(lakehouse, child) == []


def test_rules_about_inputs_are_judged_before_anything_is_made(lakehouse: Lakehouse) -> None:
    theirs = contract("theirs", partitioning=DAILY, x=LONG, day=DATE)
    enough = replace(expression("theirs.count(*) >= 2", "shop.mine"), when="input")
    mine = contract("mine", enough, partitioning=DAILY, x=LONG, day=DATE)
    with pytest.raises(RuleError, match="rule rule cannot be evaluated"):
        audit_inputs(lakehouse, mine, DAYS[:1], (), {theirs.dataset: theirs})
    few = put(lakehouse, theirs, [{"x": 1, "day": FIRST}], days=DAYS[:1])
    more = put(lakehouse, theirs, [{"x": 1, "day": FIRST}, {"x": 2, "day": FIRST}], days=DAYS[:1])
    for snapshot, blocked in ((few.snapshot_id, True), (more.snapshot_id, False)):
        pinned = [InputRead(theirs.dataset, snapshot)]
        (verdict,) = audit_inputs(lakehouse, mine, DAYS[:1], pinned, {theirs.dataset: theirs})
        assert verdict.blocked == blocked
    assert put(lakehouse, mine, [{"x": 1, "day": FIRST}], days=DAYS[:1]).published, "it is no rule of the publication"


def test_contracts_are_given_by_name(lakehouse: Lakehouse) -> None:
    known: Mapping[str, Contract] = {PARENT.dataset: PARENT}
    put(lakehouse, PARENT, PARENTS)
    child = contract("child", key("x", "shop.parent"), x=LONG)
    assert publish(lakehouse, staged(lakehouse, child, xs(1)), child, others=known).published
