"""Checks executed alone after something has changed: what they say is about now."""

import dagster as dg
import pytest

from data_platform.datasets.testing import execute_checks, publish_frame
from tests.datasets import scenario
from tests.datasets.rules_scenario import CHECKED, CONTRACTS, DAY, NEXT, incoming
from tests.datasets.scenario import RAW
from tests.operations.alone_scenario import NAMES, alone, evaluations, failure_of, world

SOURCE = {"source": scenario.Source()}


@pytest.fixture(autouse=True)
def instance(home):
    with world(home) as made:
        yield made


def test_it_is_the_rows_published_now_that_are_audited(instance):
    publish_frame(incoming(6, DAY, price="500.00").drop("email"), CHECKED, [DAY], others=CONTRACTS)
    found = evaluations(alone(instance, "price_maximum", day=DAY))["price_maximum"]
    assert not found.passed and found.severity is dg.AssetCheckSeverity.WARN
    assert found.metadata["broken_rows"].value == 6


def test_published_alone_fails_for_a_blocked_day_though_its_last_good_rows_are_there(instance):
    publish_frame(incoming(8, NEXT, bad=4).drop("email"), CHECKED, [NEXT], others=CONTRACTS)
    found = evaluations(alone(instance, "published"))["published"]
    assert not found.passed
    assert found.description == f"{NEXT}: a rule blocked what was produced last; its last good data stays"
    assert evaluations(alone(instance, "published", day=DAY))["published"].passed


def test_a_blocking_check_that_fails_alone_fails_the_run_for_good(instance):
    """`ads.raw` is extracted, and extractions are tried again; what is published stays what it is."""
    publish_frame(incoming(5, DAY, bad=4), RAW, [DAY])
    result = execute_checks(scenario.raw, "published", partition=DAY, raise_on_error=False, resources=SOURCE)
    assert not result.success
    assert f"published: {DAY}: a rule blocked what was produced last" in failure_of(result)
    assert [each.event_type_value for each in result.all_events].count("STEP_UP_FOR_RETRY") == 0


def test_schema_alone_compares_the_table_with_the_contract(lakehouse, instance):
    assert evaluations(alone(instance, "schema"))["schema"].passed
    with lakehouse.existing_table("ads.checked").update_schema() as update:
        update.delete_column("price")
    found = evaluations(alone(instance, "schema"))["schema"]
    assert not found.passed and found.description == "the table has no column price yet"


def test_inputs_alone_fails_where_an_input_is_blocked_now(instance):
    publish_frame(incoming(5, DAY, bad=4), RAW, [DAY])
    found = evaluations(alone(instance, "inputs", day=DAY))["inputs"]
    assert not found.passed and f"ads.raw is blocked for {DAY}" in found.description


def test_of_a_dataset_that_was_never_published_there_is_nothing_to_say(lakehouse, instance):
    lakehouse.catalog.drop_table(("ads", "checked"))
    result = alone(instance, *NAMES)
    assert result.success and evaluations(result) == {}
