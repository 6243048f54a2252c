"""What `@dataset` promises: everything from the contract, one publication per step, nothing from a blocked day."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pytest

from data_platform.contracts import Contracts
from data_platform.datasets import Reads, dataset, window
from data_platform.datasets.dataset import io_manager
from data_platform.datasets.described import facts, references
from data_platform.datasets.testing import publish_frame, read_dataset
from data_platform.lakehouse import LakehouseError, current_lakehouse, plan_read
from data_platform.settings import PROJECT

from . import scenario
from .scenario import ALL, BAD_DAY, CONTRACTS, DAYS, RAW, STATS, TOTAL, WEEK, failed_checks, materialize, materialized

pytestmark = pytest.mark.usefixtures("lakehouse")


def failure_of(result):
    return result.get_step_failure_events()[0].step_failure_data.error.message


def rows(contract, *days):
    return read_dataset(contract, days or None).to_pylist()


def test_the_page_says_what_people_look_for():
    contract = replace(
        scenario.RAW,
        primary_key=("id", "day"),
        freshness=timedelta(hours=26),
        retention=timedelta(days=90),
        visibility="public",
        file=str(PROJECT / "data_platform" / "raw.yaml"),
    )
    assert dict(facts(contract)) == {
        "One row per": "`id`, `day`",
        "Partitions": "days, by `day`",
        "Read by": "everybody",
        "Sensitivity": "confidential: `email`; personal data: `email` (email)",
        "Fresh": "within 26 hours",
        "Kept": "for 90 days",
        "Rules": "3: 1 block, 1 quarantine the row, 1 warn",
        "Contract": "1.0.0, active, `data_platform/raw.yaml`",
    }
    assert dict(facts(scenario.TOTAL)) == {
        "Read by": "the domain ads only",
        "Sensitivity": "internal",
        "Contract": "1.0.0, active",
    }


def test_the_page_leads_to_the_function_and_the_contract():
    contract = replace(scenario.RAW, file=str(PROJECT / "data_platform" / "raw.yaml"))
    here = references(contract, str(PROJECT / "assets.py"), 7).code_references
    assert [(each.source, each.label) for each in here] == [
        (f"{PROJECT}/assets.py:7", "Function"),
        (f"{PROJECT}/data_platform/raw.yaml:1", "Contract"),
    ]
    there = references(contract, "/elsewhere/assets.py", 7, "https://git.example/mesh/tree/main").code_references
    assert [each.source for each in there] == [
        "/elsewhere/assets.py:7",
        "https://git.example/mesh/tree/main/data_platform/raw.yaml#L1",
    ]
    metadata = scenario.raw.metadata_by_key[scenario.raw.key]
    (function,) = metadata["dagster/code_references"].code_references
    assert function.source.startswith(f"{scenario.__file__}:")


def test_the_contract_gives_the_asset_its_key_group_owners_tags_and_partitions():
    spec = scenario.raw.get_asset_spec(dg.AssetKey(["ads", "raw"]))
    assert spec.group_name == "ads"
    assert list(spec.owners) == ["ana@market.example", "team:ads"]
    assert spec.tags["core"] == "" and spec.tags["visibility"] == "private"
    assert spec.kinds == {"iceberg", "polars"}
    assert spec.description.startswith("Listings as they came.\n\n|") and spec.description.endswith(
        "Extracted every day."
    )
    assert scenario.raw.partitions_def == dg.DailyPartitionsDefinition("2026-01-01")
    assert spec.code_version


def test_columns_with_types_descriptions_and_rules_are_there_before_the_first_run():
    schema = scenario.raw.get_asset_spec(dg.AssetKey(["ads", "raw"])).metadata["dagster/column_schema"]
    price = next(column for column in schema.columns if column.name == "price")
    assert (price.type, price.description) == ("decimal(10, 2)", "Asking price")
    assert price.constraints.other == ["≥ 0"]
    email = next(column for column in schema.columns if column.name == "email")
    assert email.tags == {"classification": "confidential", "pii": "email"}


def test_there_is_a_check_per_rule_and_only_those_that_always_block_are_blocking():
    blocking = {spec.name: spec.blocking for spec in scenario.raw.check_specs}
    assert blocking == {
        "schema": True,
        "published": True,
        "id_required": True,
        "price_minimum": False,  # it warns as long as it only quarantines
        "email_pattern": False,
    }


@pytest.mark.parametrize(
    ("granularity", "names"),
    [("column", {"schema", "published", "id", "price", "email"}), ("dataset", {"schema", "published", "quality"})],
)
def test_check_granularity_is_a_project_wide_setting(monkeypatch, granularity, names):
    monkeypatch.setenv("DATA_PLATFORM_CHECKS", granularity)

    @dataset("ads.raw", contracts=CONTRACTS)
    def coarse(context: dg.AssetExecutionContext, source: scenario.Source) -> pl.DataFrame:
        return source.rows(context.partition_key)

    assert {spec.name for spec in coarse.check_specs} == names
    result = materialize(coarse, day=DAYS[0])
    assert result.success
    assert {each.check_name for each in result.get_asset_check_evaluations()} == names


def test_dependencies_come_from_the_typed_parameters():
    assert scenario.stats.asset_deps[dg.AssetKey(["ads", "stats"])] == {dg.AssetKey(["ads", "raw"])}


def test_called_with_frames_it_is_just_the_function():
    frame = scenario.stats(pl.LazyFrame({"day": ["x", "x", "y"]})).collect().sort("day")
    assert frame.to_dicts() == [{"day": "x", "listings": 2}, {"day": "y", "listings": 1}]


def test_a_day_flows_through_the_graph_in_one_run():
    result = materialize(*ALL, day=DAYS[0])
    assert result.success
    assert rows(STATS, DAYS[0]) == [{"day": pytest.approx(rows(STATS)[0]["day"]), "listings": 9}]
    assert rows(TOTAL) == [{"listings": 9}]
    assert failed_checks(result) == {"price_minimum": "WARN", "email_pattern": "WARN"}


def test_a_blocked_day_is_recorded_nowhere_and_nothing_downstream_runs():
    materialize(*ALL, day=DAYS[0])
    result = materialize(*ALL, day=BAD_DAY)
    assert not result.success
    assert materialized(result) == []
    assert failed_checks(result) == {"published": "ERROR", "price_minimum": "ERROR", "email_pattern": "WARN"}
    assert rows(RAW, BAD_DAY) == rows(STATS, BAD_DAY) == []
    assert len(rows(RAW, DAYS[0])) == 9
    reason = result.get_step_failure_events()[0].step_failure_data.error.message
    assert "price_minimum: 5 of 10 rows (50%), more than the 20% allowed" in reason


def test_a_reader_of_a_day_that_was_blocked_is_told_so_rather_than_given_nothing():
    materialize(*ALL, day=BAD_DAY)
    result = materialize(scenario.stats, day=BAD_DAY)
    assert not result.success
    assert f"ads.stats is not produced: ads.raw has no published data for {BAD_DAY}" in failure_of(result)
    assert failed_checks(result) == {"inputs": "ERROR"}


def test_when_a_published_day_turns_bad_its_last_good_rows_stay():
    materialize(scenario.raw, day=BAD_DAY, resources={"source": scenario.Source(bad=1)})
    before = rows(RAW, BAD_DAY)
    assert not materialize(scenario.raw, day=BAD_DAY).success
    assert rows(RAW, BAD_DAY) == before and len(before) == 9


def test_in_a_range_one_bad_day_does_not_cost_its_siblings():
    result = materialize(scenario.raw, day=DAYS[0], last=DAYS[2])
    assert not result.success
    assert materialized(result) == [("raw", DAYS[0]), ("raw", DAYS[2])]
    assert [len(rows(RAW, day)) for day in DAYS] == [9, 0, 9]


def test_a_range_is_one_run_with_the_row_count_of_each_partition():
    result = materialize(scenario.raw, day=DAYS[0], last=DAYS[2], resources={"source": scenario.Source(bad=2)})
    assert result.success
    counts = {
        event.partition: event.materialization.metadata["dagster/partition_row_count"].value
        for event in result.get_asset_materialization_events()
    }
    assert counts == {DAYS[0]: 9, DAYS[1]: 8, DAYS[2]: 9}


def test_a_window_reads_the_days_there_are_and_all_reads_everything():
    for day in DAYS:
        materialize(*ALL, day=day)
    assert sorted(row["listings"] for row in rows(WEEK)) == [9, 18]
    assert rows(TOTAL) == [{"listings": 18}]


def test_a_materialization_carries_rows_snapshot_bytes_preview_and_a_data_version():
    result = materialize(scenario.raw, day=DAYS[0])
    (event,) = (each for each in result.get_asset_materialization_events() if each.asset_key.path[-1] == "raw")
    metadata = {key: value.value for key, value in event.materialization.metadata.items()}
    assert metadata["dagster/partition_row_count"] == 9 and metadata["quarantined"] == 1
    assert metadata["failing_percent/price_minimum"] == 10 and metadata["failing_percent/email_pattern"] == 10
    assert metadata["bytes"] > 0 and metadata["seconds"] > 0
    snapshot = current_lakehouse().existing_table("ads.raw").current_snapshot()
    assert metadata["snapshot_id"] == str(snapshot.snapshot_id)
    assert event.materialization.tags["dagster/data_version"] == str(snapshot.snapshot_id)
    assert "| id | day | price | email |" in metadata["preview"] and "9.50" in metadata["preview"]
    assert "@" not in metadata["preview"], "sensitive values are masked"
    assert "| price | 0 | 2 | -1.00 | 9.50 |" in metadata["profile"]
    assert "| email | 0 | 2 |  |  |" in metadata["profile"], "bounds are values, too"


def test_of_several_partitions_no_profile_is_shown_with_the_asset():
    result = materialize(scenario.raw, day=DAYS[0], last=DAYS[2], resources={"source": scenario.Source(bad=1)})
    assert all("profile" not in each.materialization.metadata for each in result.get_asset_materialization_events())


def test_failing_checks_carry_numbers_to_plot_and_examples_but_no_sensitive_value():
    result = materialize(scenario.raw, day=DAYS[0])
    found = {each.check_name: each for each in result.get_asset_check_evaluations()}
    assert found["price_minimum"].metadata["broken_rows"].value == 1
    assert found["price_minimum"].metadata["broken_percent"].value == 10
    assert "-1.00" in found["price_minimum"].description
    assert "nobody" not in str(found["email_pattern"])


def test_provenance_names_run_code_contract_and_the_snapshots_that_were_read():
    result = materialize(*ALL, day=DAYS[0])
    summary = current_lakehouse().existing_table("ads.stats").current_snapshot().summary.additional_properties
    read = current_lakehouse().existing_table("ads.raw").current_snapshot().snapshot_id
    assert summary["data-platform.run-id"] == result.run_id
    assert summary["data-platform.contract-version"] == "1.0.0"
    assert summary["data-platform.code-version"] == scenario.stats.producer.code_version
    assert (
        f'"dataset":"ads.raw","snapshot":{read},"partitions":["{DAYS[0]}"],"columns":["day"]'
        in (summary["data-platform.inputs"])
    )


def test_a_frame_that_does_not_fit_fails_its_schema_check_before_anything_is_written():
    @dataset("ads.stats", contracts=CONTRACTS)
    def misspelt() -> pl.DataFrame:
        return pl.DataFrame({"dya": [DAYS[0]], "listings": [1]})

    result = materialize(misspelt, day=DAYS[0])
    assert failed_checks(result) == {"schema": "ERROR"}
    assert current_lakehouse().existing_table("ads.stats") is None


def test_a_function_that_returns_no_frame_is_told_what_to_return():
    @dataset("ads.total", contracts=CONTRACTS)
    def nothing() -> pl.DataFrame:
        return None  # type: ignore[return-value]

    message = materialize(nothing).get_step_failure_events()[0].step_failure_data.error.message
    assert "ads.total returned NoneType; return one of polars.LazyFrame" in message


def test_an_extraction_is_retried_and_a_blocked_contract_is_not():
    attempts = []

    @dataset("ads.total", contracts=CONTRACTS)
    def flaky() -> pl.DataFrame:
        attempts.append(1)
        if len(attempts) == 1:
            raise ConnectionError("the network went away")
        return pl.DataFrame({"listings": [1]})

    patient = flaky.with_attributes()
    assert patient.op.retry_policy.max_retries == 2
    assert scenario.stats.op.retry_policy is None, "a pure function that fails once fails again"
    result = materialize(scenario.raw, day=BAD_DAY)
    assert [event.event_type_value for event in result.all_events].count("STEP_UP_FOR_RETRY") == 0


def test_time_travel_reads_a_snapshot_or_a_tag_instead_of_the_current_one():
    publish_frame(pl.DataFrame({"listings": [1]}), TOTAL)
    table = current_lakehouse().existing_table("ads.total")
    first = table.current_snapshot().snapshot_id
    table.manage_snapshots().create_tag(first, "audited").commit()
    publish_frame(pl.DataFrame({"listings": [2]}), TOTAL)
    copy = scenario.renamed(TOTAL, "copy")
    contracts = Contracts.of(TOTAL, copy)
    for at in (first, "audited"):

        @dataset("ads.copy", contracts=contracts)
        def then(total: Annotated[pd.DataFrame, Reads("ads.total", "listings", at=at)]) -> pd.DataFrame:
            return total

        assert materialize(then).success
        assert rows(copy) == [{"listings": 1}]
    with pytest.raises(LakehouseError, match="no snapshot or tag 'nope'"):
        plan_read(current_lakehouse(), TOTAL, at="nope")


def test_duckdb_functions_name_their_parameters_in_sql():
    publish_frame(pl.DataFrame({"listings": [1, 2]}), TOTAL)
    copy = scenario.renamed(TOTAL, "copy")

    @dataset("ads.copy", contracts=Contracts.of(TOTAL, copy))
    def summed(numbers: Annotated[duckdb.DuckDBPyRelation, Reads("ads.total")]) -> duckdb.DuckDBPyRelation:
        return duckdb.sql("select sum(listings)::bigint as listings from numbers")

    assert materialize(summed).success
    assert rows(copy) == [{"listings": 3}]


def test_plain_dagster_assets_read_and_write_datasets_through_the_same_path():
    @dg.asset(key=["ads", "total"], io_manager_key="lakehouse", ins={"stats": dg.AssetIn(["ads", "stats"])})
    def plain(stats: pl.DataFrame) -> pl.DataFrame:
        return stats.select(pl.col("listings").sum())

    materialize(scenario.raw, scenario.stats, day=DAYS[0])
    result = dg.materialize([scenario.stats, plain], selection=[plain], resources={"lakehouse": io_manager(CONTRACTS)})
    assert result.success
    assert rows(TOTAL) == [{"listings": 9}]


def test_a_plain_asset_that_breaks_its_contract_fails_and_publishes_nothing():
    @dg.asset(key=["ads", "raw"], io_manager_key="lakehouse", partitions_def=scenario.raw.partitions_def)
    def plain(context: dg.AssetExecutionContext) -> pl.DataFrame:
        return scenario.Source().rows(context.partition_key)

    result = materialize(plain, day=BAD_DAY, resources={"lakehouse": io_manager(CONTRACTS)})
    assert "ads.raw was blocked: price_minimum" in result.get_step_failure_events()[0].step_failure_data.error.message
    assert rows(RAW) == []


def test_a_window_that_refuses_gaps_may_begin_before_history_but_not_skip_a_day():
    copy = scenario.renamed(STATS, "copy")

    @dataset("ads.copy", contracts=Contracts.of(STATS, copy))
    def running(
        context: dg.AssetExecutionContext,
        stats: Annotated[pl.DataFrame, Reads("ads.stats", partitions=window(30), missing="refuse")],
    ) -> pl.DataFrame:
        return pl.DataFrame({"day": context.partition_keys, "listings": [stats["listings"].sum()]})

    for day in (DAYS[0], DAYS[2]):
        publish_frame(pl.DataFrame({"day": [day], "listings": [1]}), STATS, [day])
    assert materialize(running, day=DAYS[0]).success
    refused = materialize(running, day=DAYS[2])
    assert f"ads.stats has no published data for {DAYS[1]}" in failure_of(refused)
