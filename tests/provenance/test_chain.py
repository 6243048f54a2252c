"""The chain from published rows back to the sources, by recorded snapshots, and what the command prints of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module

import duckdb
import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from data_platform.cli import app, project
from data_platform.contracts import Contract
from data_platform.datasets.testing import temporary_lakehouse
from data_platform.lakehouse import InputRead, Lakehouse, Provenance, publish, stage, staging_folder
from data_platform.lakehouse.replay import replay
from data_platform.lineage import Kind, Lineage, Origin, facet
from data_platform.lineage.chain import Link, chain
from data_platform.lineage.model import ANY, opaque

from . import scenario
from .scenario import CONTRACTS, DAILY_TOTAL, DAYS, ORDERS, RAW, TOTAL, current, put


def shape(link: Link) -> dict[str, object]:
    """The partitions of each dataset in the chain."""
    found: dict[str, object] = {link.dataset: sorted(each.partition for each in link.made_by)}
    for each in link.inputs:
        found |= shape(each)
    return found


def test_it_goes_back_to_the_sources_by_the_partitions_that_were_read(shop: Lakehouse) -> None:
    day = [DAYS[1]]
    found = chain(shop, "shop.daily", day)
    assert shape(found) == {"shop.daily": day, "shop.orders": day, "shop.raw": day}
    everything = {"shop.total": [""], "shop.daily": [*DAYS], "shop.orders": [*DAYS], "shop.raw": [*DAYS]}
    assert shape(chain(shop, "shop.total")) == everything


def test_what_was_published_over_since_is_followed_as_it_was_read(lakehouse: Lakehouse) -> None:
    scenario.run(scenario.raw, scenario.orders, day=DAYS[0])
    (before,) = current(lakehouse, RAW)
    put(lakehouse, RAW, scenario.Source().rows(DAYS[0]), DAYS[0])
    ((raw,),) = (each.made_by for each in chain(lakehouse, "shop.orders").inputs)
    assert raw == before and current(lakehouse, RAW) != [before]


def test_an_earlier_snapshot_has_its_own_chain(lakehouse: Lakehouse) -> None:
    first = put(lakehouse, RAW, scenario.Source().rows(DAYS[0]), DAYS[0])
    put(lakehouse, RAW, scenario.Source().rows(DAYS[0]), DAYS[0])
    (then,) = chain(lakehouse, "shop.raw", None, first.snapshot_id).made_by
    assert then.publication == first.publication_id
    assert chain(lakehouse, "shop.raw", None, 7).unknown == ("nothing is recorded of shop.raw at snapshot 7",)


@pytest.fixture(scope="module")
def inputs() -> Iterator[Lakehouse]:
    with temporary_lakehouse() as lakehouse:
        for contract in (RAW, ORDERS):
            rows = scenario.Source().rows(DAYS[0]).with_columns(kind=pl.lit("x"))
            put(lakehouse, contract, rows.select(contract.column_names), DAYS[0])
        put(lakehouse, TOTAL, pl.DataFrame({"total": [1.0], "days": [1]}))
        yield lakehouse


def recorded_with(lakehouse: Lakehouse, lineage: Lineage | None) -> None:
    """A total said to be made from two inputs with this lineage."""
    made = duckdb.from_arrow(pl.DataFrame({"total": [1.0], "days": [1]}).to_arrow())
    inputs = tuple(
        InputRead(each.dataset, current(lakehouse, each)[0].snapshot_id, (DAYS[0],), ("id", "price"))
        for each in (RAW, ORDERS)
    )
    told = Provenance(inputs=inputs, lineage=facet.to_json(lineage) if lineage else "")
    publish(lakehouse, stage(made, TOTAL, staging_folder(lakehouse, TOTAL)), TOTAL, provenance=told)


def of(dataset: str, column: str, kind: Kind = Kind.IDENTITY, reason: str = "") -> Origin:
    return Origin(dataset, column, kind, reason=reason)


BOTH = {"shop.raw": ("id", "price"), "shop.orders": ("id", "price")}


@pytest.mark.parametrize(
    ("lineage", "expected"),
    [
        (Lineage({"total": frozenset([of("shop.raw", "price")]), "days": frozenset()}), {"shop.raw": ("price",)}),
        (
            Lineage({"total": frozenset([of("shop.raw", "price")])}, frozenset([of("shop.orders", "id", Kind.FILTER)])),
            {"shop.raw": ("price",), "shop.orders": ("id",)},
        ),
        (Lineage({"days": frozenset([of("shop.raw", "id")])}), {}),
        (Lineage({"total": frozenset([of("shop.orders", ANY, Kind.OPAQUE, "why")])}), {"shop.orders": ("id", "price")}),
        (opaque(("total", "days"), BOTH, "nobody knows"), BOTH),
        (None, BOTH),
    ],
)
def test_a_column_is_followed_to_what_its_recorded_lineage_names(
    inputs: Lakehouse, lineage: Lineage | None, expected: dict[str, tuple[str, ...]]
) -> None:
    recorded_with(inputs, lineage)
    found = chain(inputs, "shop.total", column="total")
    assert {each.dataset: each.columns for each in found.inputs} == expected
    assert chain(inputs, "shop.total").opaque == () and len(chain(inputs, "shop.total").inputs) == 2


READS = [
    # what is read, its partitions, as of a snapshot that is there; the partitions found, None: it is no input
    (RAW, (DAYS[0],), True, [DAYS[0]]),
    (RAW, (), True, None),  # none of the partitions that were asked for was there
    (RAW, (DAYS[0],), False, None),  # nothing was there at all
    (TOTAL, (), True, [""]),  # it has no partitions
    (TOTAL, ("",), True, [""]),
]


@pytest.mark.parametrize(("contract", "partitions", "there", "expected"), READS)
def test_an_input_is_what_was_read_and_not_what_was_not_there(
    inputs: Lakehouse, contract: Contract, partitions: tuple[str, ...], there: bool, expected: list[str] | None
) -> None:
    snapshot = current(inputs, contract)[0].snapshot_id if there else None
    rows = scenario.Source().rows(DAYS[0]).group_by("day").agg(total=pl.col("price").sum())
    made = stage(duckdb.from_arrow(rows.to_arrow()), DAILY_TOTAL, staging_folder(inputs, DAILY_TOTAL))
    told = Provenance(inputs=(InputRead(contract.dataset, snapshot, partitions),))
    publish(inputs, made, DAILY_TOTAL, [DAYS[0]], told)
    found = {each.dataset: each for each in chain(inputs, "shop.daily").inputs}
    if expected is None:
        assert not found
    else:
        read = found[contract.dataset]
        assert [each.partition for each in read.made_by] == expected and read.unknown == ()


@pytest.mark.slow
def test_rows_from_quarantine_have_the_publication_they_joined_in_their_chain(lakehouse: Lakehouse) -> None:
    scenario.run(scenario.raw, scenario.orders, day=DAYS[0])
    replay(lakehouse, replace(ORDERS, rules=(scenario.REQUIRED,)), [DAYS[0]])
    found = chain(lakehouse, "shop.orders")
    assert [each.engine for each in found.made_by] == ["replay", "polars"]
    assert {each.dataset for each in found.inputs} == {"shop.raw", "shop.orders__quarantine"}


@pytest.fixture
def dp(shop: Lakehouse, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(project, "all_contracts", lambda: CONTRACTS)
    monkeypatch.setattr(import_module("data_platform.cli.provenance"), "definitions", lambda: scenario.DEFINITIONS)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(shop.settings.home))

    def called(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["provenance", *arguments])

    return called


def test_the_command_prints_a_tree_and_json(dp) -> None:
    lines = dp("shop.daily", "--partition", DAYS[1]).output.splitlines()
    assert [line.split()[-1] for line in lines if ("shop." in line and "─ shop" in line) or line == "shop.daily"]
    assert lines[0] == "shop.daily" and sum("snapshot" in line for line in lines) == 3
    assert lines[-1].endswith("read from outside the platform")
    printed = json.loads(dp("shop.daily", "--format", "json").output)
    assert [each["partition"] for each in printed["publications"]] == [*DAYS]
    assert printed["inputs"][0]["inputs"][0]["dataset"] == "shop.raw"


def test_the_command_verifies_and_its_exit_code_says_so(dp) -> None:
    result = dp("shop.orders", "--partition", DAYS[0], "--verify")
    assert result.exit_code == 0 and "identical: its 2 rows were made again" in result.output
    printed = json.loads(dp("shop.total", "--verify", "--format", "json").output)
    assert [each["holds"] for each in printed["verified"]] == [True]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("shop.order",), "did you mean shop.orders"),
        (("shop.orders.pric",), "no column 'pric'"),
        (("shop.orders", "--partition", "2030-01-01"), "nothing is recorded of shop.orders 2030-01-01"),
        (("shop.total", "--partition", "x"), "not partitioned"),
        (("shop.orders", "--at", "7"), "at snapshot 7"),
    ],
)
def test_a_mistake_is_a_sentence(dp, arguments: tuple[str, ...], sentence: str) -> None:
    result = dp(*arguments)
    assert result.exit_code == 1 and sentence in result.output
