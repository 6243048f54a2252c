"""What a catalog is told about each way that a step can end."""

from __future__ import annotations

import json
from typing import Annotated

import dagster as dg
import polars as pl
import pytest

from data_platform.contracts import Column, Contract, Contracts
from data_platform.datasets import Reads, dataset
from data_platform.lakehouse import current_lakehouse
from data_platform.lakehouse.publications import recorded
from tests.datasets.scenario import BAD_DAY, DAYS, LONG, TEXT, Source, materialize, raw, stats, week
from tests.open_lineage.collector import Collector, Event

PEOPLE = Contract("ads", "people", "1.0.0", (Column("id", LONG, required=True), Column("name", TEXT)))
COUNTED = Contract("ads", "counted", "1.0.0", (Column("people", LONG),))
REGISTRY = Contracts.of(PEOPLE, COUNTED)


@dataset("ads.people", contracts=REGISTRY)
def people() -> pl.DataFrame:
    return pl.DataFrame({"id": [1, 2], "name": ["Ana", "Bo"]})


@dataset("ads.people", contracts=REGISTRY)
def nobody_fits() -> pl.DataFrame:
    return pl.DataFrame({"number": [1]})


@dataset("ads.counted", contracts=REGISTRY)
def counted(people: Annotated[pl.LazyFrame, Reads("ads.people", "id")]) -> pl.LazyFrame:
    return people.select(people=pl.len().cast(pl.Int64))


@dataset("ads.counted", contracts=REGISTRY)
def mistaken(people: Annotated[pl.LazyFrame, Reads("ads.people", "id")]) -> pl.LazyFrame:
    raise ZeroDivisionError("nobody to count by")


@dataset("ads.counted", contracts=REGISTRY)
def stopped(people: Annotated[pl.LazyFrame, Reads("ads.people", "id")]) -> pl.LazyFrame:
    raise KeyboardInterrupt


def kinds(catalog: Collector, dataset: str) -> list[str]:
    return [each["eventType"] for each in catalog.of(dataset)]


def output(event: Event) -> Event:
    (there,) = event["outputs"]
    return there


def test_a_run_starts_before_its_function_and_completes_after_its_publication(catalog):
    seen = []

    @dataset("ads.people", contracts=REGISTRY)
    def watching() -> pl.DataFrame:
        for _ in range(500):  # the event is sent while the function runs
            if kinds(catalog, "ads.people") == ["START"]:
                seen.append("started")
                break
            __import__("time").sleep(0.02)
        return pl.DataFrame({"id": [1], "name": ["Ana"]})

    assert materialize(watching).success
    assert seen == ["started"] and kinds(catalog, "ads.people") == ["START", "COMPLETE"]


def test_a_complete_run_tells_what_was_published(catalog):
    result = materialize(raw, day=DAYS[0])
    told, facets = output(catalog.of("ads.raw", "COMPLETE")[0]), output(catalog.of("ads.raw", "COMPLETE")[0])["facets"]
    (record,) = recorded(current_lakehouse(), ["ads.raw"])
    assert (told["namespace"], told["name"]) == ("data-platform", "ads.raw")
    assert facets["version"]["datasetVersion"] == str(record.snapshot_id)
    assert told["outputFacets"]["outputStatistics"]["rowCount"] == 9  # one is quarantined
    assert told["outputFacets"]["outputStatistics"]["size"] == record.bytes
    assert [(each["name"], each["type"]) for each in facets["schema"]["fields"]] == [
        ("id", "long"),
        ("day", "date"),
        ("price", "decimal(10, 2)"),
        ("email", "string"),
    ]
    assert {each["name"] for each in facets["ownership"]["owners"]} == {"ana@market.example", "team:ads"}
    assert {(each.get("field"), each["key"], each["value"]) for each in facets["tags"]["tags"]} >= {
        (None, "core", "true"),
        ("email", "classification", "confidential"),
        ("email", "pii", "email"),
    }
    assert {each["name"]: (each["success"], each["severity"]) for each in _assertions(told)} == {
        "id_required": (True, "error"),
        "price_minimum": (False, "warn"),  # rows are quarantined
        "email_pattern": (False, "warn"),
    }
    assert result.run_id == catalog.events[0]["run"]["facets"]["parent"]["run"]["runId"]


def test_a_complete_run_tells_what_was_read_and_where_the_columns_come_from(catalog):
    materialize(raw, stats, week, day=DAYS[0])
    read_from, made = (recorded(current_lakehouse(), [each])[0] for each in ("ads.raw", "ads.stats"))
    for event in catalog.of("ads.stats"):
        (read,) = event["inputs"]
        assert (read["namespace"], read["name"]) == ("data-platform", "ads.raw")
        assert read["facets"]["version"]["datasetVersion"] == str(read_from.snapshot_id)
        assert [each["name"] for each in read["facets"]["schema"]["fields"]] == ["day"]
        condition = read["inputFacets"]["subset"]["inputCondition"]
        assert condition["partitions"] == [{"dimensions": {"day": DAYS[0]}, "identifier": DAYS[0]}]
    told, known = output(catalog.of("ads.stats", "COMPLETE")[0])["facets"]["columnLineage"], json.loads(made.lineage)
    assert told["fields"] == known["fields"] and told["dataset"] == known["dataset"]
    assert told["fields"].keys() == {"day", "listings"}
    assert {each["name"] for each in told["fields"]["day"]["inputFields"]} == {"ads.raw"}


def test_a_range_is_one_run_over_all_of_its_days(catalog):
    materialize(raw, day=DAYS[0], last=DAYS[2], resources={"source": Source(bad=1)})
    start, complete = catalog.of("ads.raw")
    assert start["run"]["runId"] == complete["run"]["runId"]
    nominal = complete["run"]["facets"]["nominalTime"]
    assert nominal["nominalStartTime"] == f"{DAYS[0]}T00:00:00+00:00"
    assert nominal["nominalEndTime"] == "2026-01-04T00:00:00+00:00"
    for event in (start, complete):
        condition = output(event)["outputFacets"]["subset"]["outputCondition"]
        assert [each["identifier"] for each in condition["partitions"]] == list(DAYS)
    assert len(_assertions(output(complete))) == 3  # one per rule, not per rule and day


def test_one_bad_day_fails_the_run_and_its_siblings_are_told(catalog):
    materialize(raw, day=DAYS[0], last=DAYS[2])
    (fail,) = catalog.of("ads.raw", "FAIL")
    condition = output(fail)["outputFacets"]["subset"]["outputCondition"]
    assert [each["identifier"] for each in condition["partitions"]] == [DAYS[0], DAYS[2]]
    assert "version" in output(fail)["facets"] and f"{BAD_DAY}: price_minimum" in _message(fail)
    rule = {each["name"]: each for each in _assertions(output(fail))}["price_minimum"]
    assert (rule["success"], rule["severity"], rule["expected"]) == (False, "error", "0")
    assert rule["params"] == {"policy": "quarantine", "partitions": [DAYS[0], BAD_DAY, DAYS[2]]}
    assert "nobody" not in json.dumps(fail)  # of a confidential column, which a rule complains of


@pytest.mark.parametrize(
    ("asset", "before", "said", "stack"),
    [
        (raw, None, "ads.raw is blocked: 2026-01-02: price_minimum: 5 of 10 rows", ""),
        (stats, None, "ads.stats is not produced: ads.raw has no published data for 2026-01-02", ""),
        (nobody_fits, None, "ads.people: the frame does not fit the contract", ""),
        (mistaken, people, "ZeroDivisionError: nobody to count by", "in mistaken"),
    ],
    ids=["blocked", "inputs are missing", "does not fit", "exception"],
)
def test_a_run_that_fails_says_why(catalog, asset, before, said, stack):
    if before is not None:
        materialize(before)
    assert not materialize(asset, day=BAD_DAY if asset in (raw, stats) else "").success
    name = asset.contract.dataset
    assert kinds(catalog, name) == ["START", "FAIL"]
    (fail,) = catalog.of(name, "FAIL")
    assert said in _message(fail) and stack in fail["run"]["facets"]["errorMessage"].get("stackTrace", "")
    assert "version" not in output(fail)["facets"] and "subset" not in output(fail)["outputFacets"]


def test_a_run_that_is_stopped_is_aborted(catalog):
    materialize(people)
    materialize(stopped)
    assert kinds(catalog, "ads.counted") == ["START", "ABORT"]


def test_what_was_run_is_told_with_its_versions_and_checks_alone_tell_nothing(catalog, monkeypatch):
    monkeypatch.setenv("DATA_PLATFORM_CODE", "https://git.example/platform/blob/main/")
    materialize(people)
    (complete,) = catalog.of("ads.people", "COMPLETE")
    facets, job = complete["run"]["facets"], complete["job"]["facets"]
    tags = {each["key"]: each["value"] for each in facets["tags"]["tags"]}
    (record,) = recorded(current_lakehouse(), ["ads.people"])
    assert (tags["code_version"], tags["contract_version"], tags["step"]) == (
        record.code_version,
        "1.0.0",
        "ads__people",
    )
    location = job["sourceCodeLocation"]
    assert location.get("version", "") == tags.get("revision", "") == record.revision
    assert location["url"].startswith("https://git.example/platform/blob/main/tests/open_lineage/test_events.py#L")
    assert complete["producer"] == "https://git.example/platform/blob/main"
    assert (facets["processing_engine"]["name"], facets["processing_engine"]["version"]) == ("polars", pl.__version__)
    assert job["jobType"]["processingType"] == "BATCH" and facets["parent"]["job"]["namespace"] == "dagster"
    catalog.events.clear()
    assert materialize(people, selection=dg.AssetSelection.checks_for_assets(people)).success
    assert catalog.events == []


def test_each_try_of_a_step_is_a_run_of_its_own_below_the_same_parent(catalog):
    tries = []

    @dataset("ads.people", contracts=REGISTRY)
    def at_last() -> pl.DataFrame:
        tries.append(1)
        if len(tries) < 2:
            raise dg.RetryRequested(max_retries=1)
        return pl.DataFrame({"id": [1], "name": ["Ana"]})

    assert materialize(at_last).success
    assert kinds(catalog, "ads.people") == ["START", "FAIL", "START", "COMPLETE"]
    ids = [each["run"]["runId"] for each in catalog.events]
    assert ids[0] == ids[1] != ids[2] == ids[3]
    assert len({each["run"]["facets"]["parent"]["run"]["runId"] for each in catalog.events}) == 1


def _assertions(told: Event) -> list[Event]:
    return told["facets"]["dataQualityAssertions"]["assertions"]


def _message(event: Event) -> str:
    return event["run"]["facets"]["errorMessage"]["message"]
