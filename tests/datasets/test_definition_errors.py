"""Everything wrong with a definition is said when it is defined, with the fix."""

from typing import Annotated, Any

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Column, ColumnType, Contract, Contracts, Partitioning, PartitionKey
from data_platform.datasets import DefinitionError, Reads, dataset, window
from data_platform.datasets.build import graph_problems
from data_platform.datasets.partitions import partitions_definition

from . import scenario

TEXT = ColumnType("string")
STATIC = Partitioning((PartitionKey("country", "static", values=("fr", "es")),))

USERS = Contract(
    "users",
    "users",
    "1.0.0",
    (Column("user_id", TEXT), Column("email", TEXT, classification="confidential")),
    visibility="public",
    owners=("ines@market.example",),
)
SECRET = Contract("users", "secret", "1.0.0", (Column("id", TEXT),), owners=("ines@market.example",))
COUNTRIES = Contract("ads", "countries", "1.0.0", (Column("country", TEXT),), partitioning=STATIC)
DAILY = Contract(
    "ads", "daily", "1.0.0", (Column("day", ColumnType("date")),), partitioning=scenario.DAILY, clearance="internal"
)
REPORT = Contract("ads", "report", "1.0.0", (Column("user_id", TEXT),))
PARTNER = Contract("ads", "partner", "1.0.0", (Column("id", TEXT),), external=True)
CONTRACTS = Contracts.of(USERS, SECRET, COUNTRIES, DAILY, REPORT, PARTNER)


def reading(annotation: Any, name: str = "ads.report"):
    def function(users):
        return users

    function.__annotations__ = {"users": annotation}
    return dataset(name, contracts=CONTRACTS)(function)


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        (
            Annotated[pl.LazyFrame, Reads("users.user")],
            "users.user, which has no contract (did you mean users.users?)",
        ),
        (
            Annotated[pl.LazyFrame, Reads("users.users", "user_ids")],
            "user_ids, which does not exist (did you mean user_id?)",
        ),
        (
            Annotated[pl.LazyFrame, Reads("users.secret")],
            "private to the domain users; ask ines@market.example",
        ),
        (
            Annotated[pl.LazyFrame, Reads("users.users", "email")],
            "is confidential, but ads.report is only cleared",
        ),
        (Annotated[pl.LazyFrame, Reads("users.users")], "users.users.email, which is confidential"),
        (
            Annotated[list, Reads("users.users", "user_id")],
            "is not a frame type this platform reads; use one of",
        ),
        (pl.LazyFrame, "does not say what it reads: annotate it Annotated[..., Reads(...)]"),
        (
            Annotated[pl.LazyFrame, Reads("ads.daily", partitions=window(3))],
            "a window needs both datasets partitioned",
        ),
    ],
)
def test_a_read_that_cannot_be_is_refused_with_its_place_and_fix(annotation, says):
    with pytest.raises(DefinitionError) as caught:
        reading(annotation)
    message = str(caught.value)
    assert says in message
    assert "test_definition_errors.py:" in message and "@dataset('ads.report')" in message


def test_of_a_private_dataset_not_even_the_columns_are_told():
    with pytest.raises(DefinitionError) as caught:
        reading(Annotated[pl.LazyFrame, Reads("users.secret", "ids")])
    assert "private to the domain users" in str(caught.value) and "does not exist" not in str(caught.value)


def test_partitions_that_do_not_correspond_are_refused():
    with pytest.raises(DefinitionError, match=r'ads.daily is partitioned by day \(day\).*use partitions="all"'):
        reading(Annotated[pl.LazyFrame, Reads("ads.countries")], "ads.daily")


def test_with_clearance_a_sensitive_column_may_be_read():
    from dataclasses import replace

    cleared = Contracts.of(USERS, replace(REPORT, clearance="confidential"))

    @dataset("ads.report", contracts=cleared)
    def report(users: Annotated[pl.LazyFrame, Reads("users.users", "email")]) -> pl.LazyFrame:
        return users

    assert report.producer.signature.inputs[0].reads.columns == ("email",)


def test_a_dataset_without_a_contract_is_told_where_to_write_it():
    with pytest.raises(DefinitionError, match=r"there is no contract ads.nowhere; write ads/contracts/nowhere.yaml"):
        reading(Annotated[pl.LazyFrame, Reads("users.users", "user_id")], "ads.nowhere")


def test_an_external_dataset_has_no_producer_here():
    with pytest.raises(DefinitionError, match="producer: external; remove that line or this function"):
        reading(Annotated[pl.LazyFrame, Reads("users.users", "user_id")], "ads.partner")


def producer(contract: Contract, *reads: str):
    arguments = {f"input_{i}": Annotated[pl.LazyFrame, Reads(name)] for i, name in enumerate(reads)}

    def function(**frames):
        return None

    import inspect

    function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY) for name in arguments]
    )
    function.__annotations__ = arguments
    return dataset(contract.dataset, contracts=registry)(function)


A, B, C = (Contract("ads", name, "1.0.0", (Column("id", TEXT),)) for name in "abc")
registry = Contracts.of(A, B, C)


def test_two_producers_of_one_dataset_are_both_named():
    (problem,) = graph_problems(Contracts.of(A), [producer(A), producer(A)])
    assert problem.startswith("ads.a has 2 producers (") and problem.count("test_definition_errors.py:") == 2


def test_a_cycle_is_shown_as_the_path_it_is():
    (problem,) = graph_problems(registry, [producer(A, "ads.c"), producer(B, "ads.a"), producer(C, "ads.b")])
    assert "in a cycle: " in problem and problem.count("->") == 3


def test_a_contract_that_nothing_produces_must_say_that_it_is_external():
    (problem,) = graph_problems(Contracts.of(A, PARTNER), [])
    assert 'nothing produces ads.a; write a @dataset("ads.a") function in ads/assets.py' in problem


def test_several_problems_are_told_at_once():
    with pytest.raises(DefinitionError) as caught:
        reading(Annotated[pl.LazyFrame, Reads("users.users", "email", "nope")])
    assert len(caught.value.problems) == 2


def test_a_window_has_at_least_one_partition():
    with pytest.raises(ValueError, match="at least one partition"):
        window(0)
    with pytest.raises(ValueError, match="partitions must be"):
        Reads("a.b", partitions="some")  # type: ignore[arg-type]


def test_equal_partitionings_share_one_definition():
    assert partitions_definition(scenario.RAW.partitioning) is partitions_definition(scenario.STATS.partitioning)
    assert isinstance(partitions_definition(STATIC), dg.StaticPartitionsDefinition)
