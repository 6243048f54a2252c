"""dbt models as a catalog is told of them (OpenLineage): each is a job of its own, all below one run."""

from __future__ import annotations

import pytest

from data_platform.warehouse.assets import Warehouse
from tests.open_lineage.collector import Collector
from tests.open_lineage.conftest import catalog  # noqa: F401 - a fixture

from .scenario import DAYS, NORMAL, orders, publish_inputs
from .test_step import materialize

pytestmark = pytest.mark.slow


@pytest.fixture
def told(catalog: Collector) -> Collector:  # noqa: F811
    return catalog


def test_each_model_is_a_run_with_its_query_and_column_lineage(told: Collector, warehouse: list[Warehouse]):
    publish_inputs(NORMAL)
    assert materialize(warehouse, "shop.daily", "sales.week", partition_key=DAYS[0]).success
    assert [(each["eventType"], each["job"]["name"]) for each in told.events] == [
        ("START", "shop.daily"),
        ("COMPLETE", "shop.daily"),
        ("START", "sales.week"),
        ("COMPLETE", "sales.week"),
    ]
    (daily,) = told.of("shop.daily", "COMPLETE")
    assert {each["name"] for each in daily["inputs"]} == {"shop.orders", "shop.people"}
    assert daily["job"]["facets"]["jobType"]["integration"] == "DBT"
    assert "left join" in daily["job"]["facets"]["sql"]["query"].lower()
    assert daily["job"]["facets"]["sourceCodeLocation"]["url"].endswith("shop__daily.sql")
    fields = daily["outputs"][0]["facets"]["columnLineage"]["fields"]
    kinds = {
        (each["name"], each["field"], each["transformations"][0]["subtype"])
        for each in fields["revenue"]["inputFields"]
    }
    assert kinds == {("shop.orders", "price", "AGGREGATION")}
    assert len({each["run"]["facets"]["parent"]["run"]["runId"] for each in told.events}) == 1
    assert len({each["run"]["runId"] for each in told.events}) == 2


def test_a_model_that_is_blocked_fails_and_one_that_reads_it_never_ran(told: Collector, warehouse: list[Warehouse]):
    publish_inputs({DAYS[0]: orders(DAYS[0], [-10.0], [1])})
    assert not materialize(warehouse, "shop.daily", "sales.week", partition_key=DAYS[0]).success
    assert [(each["eventType"], each["job"]["name"]) for each in told.events] == [
        ("START", "shop.daily"),
        ("FAIL", "shop.daily"),
    ]
    assert "shop.daily is blocked" in told.events[1]["run"]["facets"]["errorMessage"]["message"]


def test_a_model_whose_inputs_are_missing_starts_and_fails(told: Collector, warehouse: list[Warehouse]):
    assert not materialize(warehouse, "shop.daily", partition_key=DAYS[0]).success
    assert [each["eventType"] for each in told.events] == ["START", "FAIL"]
    assert "no published data" in told.events[1]["run"]["facets"]["errorMessage"]["message"]
