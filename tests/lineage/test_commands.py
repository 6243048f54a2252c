"""`dp lineage` and `dp impact` as a user types them."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from data_platform.cli import app
from data_platform.cli.lineage import _partitions
from data_platform.contracts import Column, ColumnType, Contract, Partitioning, PartitionKey
from data_platform.lineage import Lineage, Origin, facet
from data_platform.lineage.model import Kind
from data_platform.operations import lineage as project
from data_platform.settings import PROJECT


def dp(*arguments: object):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_the_lineage_of_sql_is_there_before_anything_ran(monkeypatch):
    monkeypatch.setattr(project, "_declared", lambda contracts, domains: {})  # loads every function
    tree = dp("lineage", "crm.ad_replies.replies", "--up", 1)
    assert tree.exit_code == 0, tree.output
    assert tree.output.startswith("crm.ad_replies.replies comes from\n")
    assert "tracking.contacts.listing_id" in tree.output and "goes into" not in tree.output
    found = json.loads(dp("lineage", "tracking.contacts.listing_id", "--down", 9, "--format", "json").output)
    assert found["up"] == []
    assert {"crm.ad_replies", "crm.customer_ads"} <= {each["to"]["dataset"] for each in found["down"]}
    assert dp("lineage", "crm.ad_replies", "--format", "mermaid").output.startswith("flowchart LR\n")
    assert dp("lineage", "crm.ad_replies", "--format", "svg").output.startswith("<svg ")


@pytest.mark.slow
def test_what_never_ran_is_opaque_and_says_so():
    shown = dp("lineage", "ads.listing_stats.views", "--up", 1).output
    assert "ads.listings.*" in shown and f"opaque: {project.NOT_RUN}" in shown


MISTAKES = {
    ("lineage", "ads.listing"): "did you mean ads.listings",
    ("lineage", "ads.listings.prize"): "ads.listings has no column 'prize'; it has",
    ("impact", "ads.categories", "--partition", "2026-01-01"): "ads.categories is not partitioned",
    ("impact", "ads.listings", "--snapshot", "7"): "no publication is recorded that made snapshot 7",
}


@pytest.mark.parametrize("asked", MISTAKES, ids=" ".join)
def test_a_mistake_is_a_sentence(asked):
    result = dp(*asked)
    assert result.exit_code == 1 and MISTAKES[asked] in result.stderr.replace("\n", " ")


def test_where_nothing_was_made_impact_says_so():
    assert dp("impact", "ads.listings", "--partition", "2026-01-01").output == (
        "No published rows are recorded as derived from ads.listings, partition 2026-01-01.\n"
    )
    assert json.loads(dp("impact", "ads.listings", "--format", "json").output) == []


def test_impact_lists_datasets_partitions_columns_and_owners(lakehouse):
    from scenario import staged

    from data_platform.contracts import Contracts
    from data_platform.lakehouse import InputRead, Provenance, publish
    from data_platform.lakehouse.catalog import current_lakehouse

    contract = Contracts.load(PROJECT / "data_platform" / "domains")["messaging.settlement_times"]
    made = Lineage({name: frozenset() for name in contract.column_names})
    first, second = contract.column_names[:2]
    made = Lineage(
        {**made.columns, first: frozenset([Origin("messaging.payments", "status", Kind.IDENTITY)])},
        frozenset([Origin("messaging.payments", "status", Kind.FILTER)]),
    )
    read = InputRead("messaging.payments", 1, ("2026-01-01",), ("status",))
    for day in ("2026-01-01", "2026-01-02"):
        provenance = Provenance("run", inputs=(read,), lineage=facet.to_json(made))
        publish(current_lakehouse(), staged(current_lakehouse(), contract, []), contract, (day,), provenance)
    result = dp("impact", "messaging.payments.status", "--partition", "2026-01-01")
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.output.splitlines() if "messaging.settlement_times" in line]
    assert "2026-01-01 .. 2026-01-02 (2)" in row and contract.owners[0] in row
    assert f" {first} " in row and second in row
    found = json.loads(dp("impact", "messaging.payments", "--format", "json").output)
    assert [(each["dataset"], each["partition"]) for each in found] == [
        ("messaging.settlement_times", "2026-01-01"),
        ("messaging.settlement_times", "2026-01-02"),
    ]


def test_the_lineage_of_rows_that_were_blocked_counts_for_nothing(lakehouse, monkeypatch):
    from dataclasses import replace

    from scenario import staged

    from data_platform import domains
    from data_platform.contracts import OnFailure, Policy, Rule, Threshold
    from data_platform.lakehouse import Provenance, publish

    columns = (Column("day", ColumnType("date")), Column("id", ColumnType("long")))
    contract = Contract("shop", "totals", "1.0.0", columns, partitioning=Partitioning((DAY,)))
    some = Rule("some", "row_count", threshold=Threshold("mustBeGreaterThan", 0), on_failure=OnFailure(Policy.BLOCK))
    strict = replace(contract, rules=(some,))
    monkeypatch.setattr(project, "_declared", lambda contracts, domains: {})
    for each, column in ((contract, "good"), (strict, "bad")):
        made = Lineage({"id": frozenset([Origin("shop.raw", column, Kind.IDENTITY)])})
        publish(
            lakehouse, staged(lakehouse, each, []), each, ("2026-01-01",), Provenance("r", lineage=facet.to_json(made))
        )
    found = project.graph(lakehouse, {"shop.totals": contract}, domains).lineages["shop.totals"]
    assert {origin.column for origin in found.columns["id"]} == {"good"}


DAY, HOUR = PartitionKey("day", "day", "2026-01-01"), PartitionKey("at", "hour", "2026-01-01")
DEVICE = PartitionKey("device", "static", values=("a", "b"))


@pytest.mark.parametrize(
    ("keys", "partitions", "said"),
    [
        ((), [""], "all of it"),
        ((DAY,), ["2026-01-01"], "2026-01-01"),
        ((DAY,), ["2026-01-02", "2026-01-01", "2026-01-09"], "2026-01-01 .. 2026-01-02 (2), 2026-01-09"),
        ((HOUR,), ["2026-01-01-23:00", "2026-01-02-00:00"], "2026-01-01-23:00 .. 2026-01-02-00:00 (2)"),
        ((DEVICE,), ["a", "b"], "a, b"),
        (
            (DAY, DEVICE),
            [f"2026-01-01|{n}" for n in "abcdefg"],
            "2026-01-01|a, 2026-01-01|b, 2026-01-01|c, 2026-01-01|d and 3 more",
        ),
    ],
    ids=str,
)
def test_partitions_are_said_as_ranges(keys, partitions, said):
    cut = Partitioning(keys) if keys else None
    contract = Contract("a", "x", "1", (Column("day", ColumnType("date")),), partitioning=cut)
    assert _partitions(contract, partitions) == said
