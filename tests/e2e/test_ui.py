"""The real UI, in a real browser, over a history with a bad day: what a user sees, and what a click does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import cache
from typing import Any
from urllib.parse import unquote

import pytest

from data_platform.contracts import MASK, Contracts
from data_platform.datasets.described import facts
from data_platform.settings import PROJECT

from .conftest import BAD_DAY, DAYS, PAGE_SECONDS, RUN_SECONDS, UNTIL, Platform, eventually

Page = Any
Screenshot = Callable[[Page, str], None]

pytestmark = pytest.mark.slow

OF_LISTINGS = ("listing_stats", "price_index", "seller_performance")
BLOCKING = "price_exclusive_minimum"
GOOD = [UNTIL - timedelta(days=back) for back in reversed(range(DAYS)) if back != 1]


def expect(locator: Any) -> Any:
    """Playwright's, imported where it is used: collecting these tests costs the others nothing."""
    from playwright.sync_api import expect

    return expect(locator)


@cache
def contracts() -> Contracts:
    return Contracts.load(PROJECT / "data_platform" / "domains")


def dataset(platform: Platform, name: str, asked: str, **variables: Any) -> Any:
    """Fields of one dataset, from the API that the UI itself uses."""
    declared = "$path: [String!]!" + (", $partitions: [String!]" if "partitions" in variables else "")
    query = f"query ({declared}) {{ assetNodeOrError(assetKey: {{path: $path}}) {{ ... on AssetNode {{ {asked} }} }} }}"
    return platform.graphql(query, path=name.split("."), **variables)["assetNodeOrError"]


def statuses(platform: Platform, name: str) -> dict[date, str]:
    """Every daily partition that was ever tried, and what became of it."""
    ranges = dataset(
        platform, name, "assetPartitionStatuses { ... on TimePartitionStatuses { ranges { startKey endKey status } } }"
    )["assetPartitionStatuses"]["ranges"]
    found = {}
    for each in ranges:
        day, last = date.fromisoformat(each["startKey"]), date.fromisoformat(each["endKey"])
        while day <= last:
            found[day] = each["status"]
            day += timedelta(days=1)
    return found


def materializations(platform: Platform, name: str, days: list[date]) -> list[dict[str, str]]:
    asked = "assetMaterializations(partitions: $partitions, limit: 1000) { partition runId }"
    return dataset(platform, name, asked, partitions=[str(day) for day in days])["assetMaterializations"]


def open_dataset(page: Page, platform: Platform, name: str, view: str, **more: object) -> None:
    parameters = "&".join(f"{key}={value}" for key, value in {"view": view, **more}.items())
    page.goto(f"{platform.url}/assets/{name.replace('.', '/')}?{parameters}")


def test_the_graph_is_grouped_by_domain(platform: Platform, page: Page, screenshot: Screenshot):
    nodes = platform.graphql("{ assetNodes { groupName assetKey { path } } }")["assetNodes"]
    groups = {".".join(node["assetKey"]["path"]): node["groupName"] for node in nodes}
    quarantines = {name for name in groups if name.endswith("__quarantine")}
    assert all(groups[name] == f"{name.partition('.')[0]}_quarantine" for name in quarantines)
    others = {name: group for name, group in groups.items() if name not in quarantines}
    assert all(group == name.partition(".")[0] for name, group in others.items()), (
        "exports stand with their domain, too"
    )
    assert others.keys() >= set(contracts())

    page.goto(f"{platform.url}/asset-groups")
    drawn = page.locator("svg foreignObject.group")
    expect(drawn).to_have_count(len(set(groups.values())))
    for domain in set(others.values()):  # the names of quarantines are too long to be drawn whole
        expect(drawn.filter(has=page.get_by_text(domain, exact=True))).to_have_count(1)
    screenshot(page, "domains")


def test_the_graph_shows_every_dataset_and_which_are_blocked(platform: Platform, page: Page, screenshot: Screenshot):
    page.set_viewport_size({"width": 2000, "height": 3600})  # what is outside is not drawn
    graph = page.locator("svg foreignObject")
    domains = sorted({each.domain for each in contracts().values()}, reverse=True)
    for domain in domains:  # `ads` last; all at once are drawn too small for their names
        page.goto(f"{platform.url}/locations/data-platform/asset-groups/{domain}/lineage")
        for contract in contracts().values():
            if contract.domain == domain:
                expect(graph.get_by_text(contract.name, exact=True).first).to_be_visible()
    expect(graph.get_by_text("Loading...")).to_have_count(0)
    for name in ("listings", *OF_LISTINGS):
        expect(graph.filter(has_text=re.compile(f"^{name}Latest event"))).to_contain_text("1 failed")
    screenshot(page, "graph")


def test_a_dataset_says_what_its_contract_says(platform: Platform, page: Page, screenshot: Screenshot):
    contract = contracts()["ads.listings"]
    open_dataset(page, platform, "ads.listings", "overview")
    for text in (contract.description.splitlines()[0], contract.owners[0], "DuckDB", "Iceberg", *contract.tags):
        expect(page.get_by_text(text).first).to_be_visible()
    for text in ("visibility: public", "size: M"):
        expect(page.get_by_text(text, exact=True).first).to_be_visible()
    for name, value in facts(contract):
        row = page.locator("tr").filter(has=page.get_by_text(name, exact=True)).first
        expect(row).to_contain_text(value.replace("`", ""))
        expect(row).to_be_visible()
    for kind in ("duckdb", "iceberg"):
        expect(page.get_by_role("img", name=kind).first).to_be_visible()
    for file in ("ads/assets.py:", "ads/contracts/listings.yaml:"):
        expect(page.locator(f"a[href*='{file}']").first).to_be_visible()
    expect(page.get_by_text("Fails if more than 30 hours since last materialization")).to_be_visible()
    for column in contract.columns:
        row = page.locator("tr").filter(has=page.locator("td:first-child").get_by_text(column.name, exact=True)).first
        expect(row).to_contain_text(str(column.type))
        expect(row).to_contain_text(column.description.split("`")[0].strip())
        if column.required:
            expect(row).to_contain_text("non-nullable")
    screenshot(page, "dataset")


def test_every_dataset_has_a_description_an_owner_tags_and_described_columns(platform: Platform):
    asked = """description owners { __typename } tags { key } metadataEntries { ... on TableSchemaMetadataEntry {
        schema { columns { name type description } } } }"""
    for name in contracts():
        found = dataset(platform, name, asked)
        columns = [column for entry in found["metadataEntries"] if entry for column in entry["schema"]["columns"]]
        assert found["description"] and found["owners"] and found["tags"], name
        assert columns and all(column["type"] and column["description"] for column in columns), name


def test_a_preview_shows_rows_and_masks_what_is_sensitive(platform: Platform, page: Page, screenshot: Screenshot):
    open_dataset(page, platform, "users.users", "overview")
    page.get_by_placeholder("Filter metadata keys").fill("preview")
    preview = page.locator("tr").filter(has=page.get_by_text("preview", exact=True)).first
    expect(preview).to_contain_text("display_name")
    expect(preview).to_contain_text(str(UNTIL))
    expect(preview).to_contain_text(MASK)
    expect(preview).not_to_contain_text("@")
    screenshot(page, "preview")


def test_row_counts_are_plotted_over_partitions(platform: Platform, page: Page, screenshot: Screenshot):
    open_dataset(page, platform, "ads.listings", "overview")
    page.get_by_role("button", name="Plots").click()
    for plotted in ("dagster/partition_row_count", "bytes", "quarantined", f"failing_percent/{BLOCKING}"):
        expect(page.get_by_text(plotted, exact=True).first).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    screenshot(page, "plots")


def test_a_dataset_shows_columns_where_they_come_from_row_counts_and_checks(
    platform: Platform, page: Page, screenshot: Screenshot
):
    name, read = "ads.listing_stats", ("ads.listings", "tracking.listing_views", "tracking.contacts")
    open_dataset(page, platform, name, "overview")
    for column in contracts()[name].columns:
        expect(page.locator("td:first-child").get_by_text(column.name, exact=True).first).to_be_visible()

    page.get_by_placeholder("Filter metadata keys").fill("lineage")
    listed = page.locator("tr").filter(has=page.get_by_text("lineage_columns", exact=True)).first
    for dataset in read:
        expect(listed).to_contain_text(f"{dataset}.listing_id (")
    page.locator("tr").filter(has=page.get_by_text("lineage", exact=True)).get_by_text("[Show Markdown]").click()
    picture = page.get_by_role("dialog").get_by_alt_text("Where the columns come from")
    expect(picture).to_be_visible()
    width, height = picture.evaluate("drawn => [drawn.naturalWidth, drawn.naturalHeight]")
    assert width > 300 and height > 100, "the browser could draw it"
    drawn = unquote(picture.get_attribute("src"))
    assert all(f">{each}<" in drawn for each in (name, *read, *contracts()[name].column_names))
    screenshot(page, "lineage")
    page.get_by_role("dialog").get_by_role("button", name="Close").click()

    page.get_by_placeholder("Filter metadata keys").fill("")
    page.get_by_role("button", name="Plots").click()
    expect(page.get_by_text("dagster/partition_row_count", exact=True).first).to_be_visible()
    expect(page.locator("canvas").first).to_be_visible()
    page.get_by_role("tab", name="Checks").click()
    for rule in contracts()[name].rules[:3]:
        expect(page.get_by_text(rule.name, exact=True).first).to_be_visible()


def test_where_the_columns_of_sql_come_from_is_known_before_it_ran(platform: Platform):
    asked = """metadataEntries { label ... on TableColumnLineageMetadataEntry { lineage { columnName
        columnDeps { assetKey { path } columnName } } } ... on MarkdownMetadataEntry { mdStr } }"""
    entries = {each["label"]: each for each in dataset(platform, "crm.customer_ads", asked)["metadataEntries"]}
    deps = {
        each["columnName"]: {".".join(dep["assetKey"]["path"]) for dep in each["columnDeps"]}
        for each in entries["dagster/column_lineage"]["lineage"]
    }
    assert deps.keys() <= set(contracts()["crm.customer_ads"].column_names)
    assert set().union(*deps.values()) <= set(contracts()), "of datasets, not of what dbt inlines"
    assert entries["lineage"]["mdStr"].startswith("![Where the columns come from](<data:image/svg+xml,")


def test_a_blocked_day_is_red_between_green_neighbours(platform: Platform, page: Page, screenshot: Screenshot):
    assert statuses(platform, "ads.listings") == dict.fromkeys(GOOD, "MATERIALIZED") | {BAD_DAY: "FAILED"}

    open_dataset(page, platform, "ads.listings", "partitions", partition=BAD_DAY)
    expect(page.get_by_text("failed, and did not materialize this asset")).to_be_visible()
    expect(page.get_by_text("Failed (1)")).to_be_visible()
    expect(page.get_by_text(f"Materialized ({DAYS - 1})")).to_be_visible()
    dots = {BAD_DAY - timedelta(days=1): "green", BAD_DAY: "red", UNTIL: "green"}
    for day, colour in dots.items():
        row = page.locator("[class*=assetListRow]").filter(has=page.get_by_title(str(day)))
        expect(row.locator(f"[style*='accent-{colour}']")).to_have_count(1)
    screenshot(page, "partitions")


def test_the_failing_check_is_red_and_says_which_rule_and_how_many_rows(
    platform: Platform, page: Page, screenshot: Screenshot
):
    open_dataset(page, platform, "ads.listings", "checks", checkDetail=BLOCKING)
    page.get_by_text("Execution history").click()
    failed = page.locator("tr").filter(has_text=re.compile(rf"{BAD_DAY}.*\b\d+ of \d+ rows"))
    expect(failed).to_have_count(1)
    expect(failed).to_contain_text("more than the 3% allowed")
    expect(failed.locator("[style*='accent-red']").first).to_be_visible()
    neighbour = page.locator("tr").filter(has_text=re.compile(rf"{UNTIL}.*\b\d+ of \d+ rows"))
    expect(neighbour.locator("[style*='accent-yellow']").first).to_be_visible()
    screenshot(page, "blocked")

    page.get_by_text("Overview", exact=True).last.click()
    expect(page.get_by_text("broken_percent", exact=True).last).to_be_visible()
    screenshot(page, "check")


def test_a_blocking_check_says_that_the_day_was_not_published_and_why(platform: Platform, page: Page):
    open_dataset(page, platform, "ads.listings", "checks", checkDetail="published")
    expect(page.get_by_text("blocking", exact=True)).to_be_visible()
    page.get_by_text("Execution history").click()
    blocked = page.locator("tr").filter(has_text=re.compile(rf"ads\.listings is blocked: {BAD_DAY}: {BLOCKING}"))
    expect(blocked).to_have_count(1)
    expect(blocked.locator("[style*='accent-red']").first).to_be_visible()


def test_the_failed_run_gives_the_reason_and_the_remedy(platform: Platform, page: Page, screenshot: Screenshot):
    open_dataset(page, platform, "ads.listings", "partitions", partition=BAD_DAY)
    page.get_by_text("View logs").click()
    reason = page.get_by_text(re.compile(rf"ads\.listings is blocked: {BAD_DAY}: {BLOCKING}: \d+ of \d+ rows"))
    expect(reason.first).to_be_visible()
    expect(page.get_by_text("The last good data stays").first).to_be_visible()
    screenshot(page, "failed_run")


@pytest.mark.parametrize("name", OF_LISTINGS)
def test_downstream_of_the_blocked_day_nothing_is_materialized(platform: Platform, name: str):
    assert materializations(platform, f"ads.{name}", [BAD_DAY]) == []
    assert {each["partition"] for each in materializations(platform, f"ads.{name}", GOOD)} == set(map(str, GOOD))


def test_what_does_not_read_the_blocked_dataset_goes_on(platform: Platform):
    for name in ("tracking.sessions", "messaging.payments", "users.user_activity"):
        assert len(materializations(platform, name, [BAD_DAY])) == 1, name


def test_runs_are_shown_with_their_partition_and_outcome(platform: Platform, page: Page, screenshot: Screenshot):
    page.goto(f"{platform.url}/runs")
    failed = page.locator("[class*=VirtualizedTable], tr").filter(has_text=f"partition: {BAD_DAY}")
    expect(failed.filter(has_text="Failure").first).to_be_visible()
    screenshot(page, "runs")
    page.goto(f"{platform.url}/overview/activity/timeline")
    expect(page.get_by_text("Jobless asset materializations").first).to_be_visible()
    page.get_by_text("1hr", exact=True).click()
    screenshot(page, "timeline")


EXECUTIONS = """query ($path: [String!]!, $check: String!) { assetCheckExecutions(assetKey: {path: $path}, checkName: $check,
    limit: 100) { runId status evaluation { partition description metadataEntries { label ... on TextMetadataEntry { text }
    ... on IntMetadataEntry { intValue } } } } }"""


def executions(platform: Platform, name: str, check: str) -> list[dict[str, Any]]:
    """What became of a check, newest first; those that were evaluated."""
    found = platform.graphql(EXECUTIONS, path=name.split("."), check=check)["assetCheckExecutions"]
    return [each for each in found if each["evaluation"]]


def newly_executed(platform: Platform, name: str, check: str, before: list[dict[str, Any]]) -> dict[str, Any]:
    def ask() -> dict[str, Any] | None:
        new = [each for each in executions(platform, name, check) if each not in before]
        return new[0] if new else None

    return eventually(ask, RUN_SECONDS, f"execution of {check}")


def snapshots(platform: Platform, name: str) -> list[dict[str, str]]:
    return materializations(platform, name, [UNTIL - timedelta(days=back) for back in range(DAYS)])


def test_a_check_is_executed_alone_with_its_button_on_the_latest_day(
    platform: Platform, page: Page, screenshot: Screenshot
):
    before, made = executions(platform, "ads.listings", BLOCKING), snapshots(platform, "ads.listings")
    open_dataset(page, platform, "ads.listings", "checks", checkDetail=BLOCKING)
    page.locator("button").filter(has_text=re.compile("^Execute$")).click()
    found = newly_executed(platform, "ads.listings", BLOCKING, before)
    assert found["status"] == "SUCCEEDED" and found["evaluation"]["description"].startswith(f"{UNTIL}: ")
    expect(page.get_by_text("Passed").first).to_be_visible()
    assert snapshots(platform, "ads.listings") == made, "nothing was produced"
    screenshot(page, "executed_alone")


def test_a_check_is_executed_alone_on_a_chosen_day_from_the_launchpad(
    platform: Platform, page: Page, screenshot: Screenshot
):
    day = GOOD[2]
    before, made = executions(platform, "ads.listings", BLOCKING), snapshots(platform, "ads.listings")
    page.goto(f"{platform.url}/locations/data-platform/jobs/execute_checks/playground")
    editor = page.locator(".CodeMirror").first
    expect(editor).to_contain_text("dataset")  # filled in, to be edited
    editor.click()
    page.keyboard.press("Control+A")
    asked = f"{{dataset: ads.listings, partition: '{day}', checks: [{BLOCKING}]}}"
    page.keyboard.insert_text(f"ops: {{checks: {{config: {asked}}}}}")
    expect(page.get_by_text("No errors")).to_be_visible()
    screenshot(page, "launchpad")
    page.get_by_role("button", name="Launch Run").click()
    found = newly_executed(platform, "ads.listings", BLOCKING, before)
    assert (found["status"], found["evaluation"]["partition"]) == ("SUCCEEDED", str(day))
    assert snapshots(platform, "ads.listings") == made, "nothing was produced"

    open_dataset(page, platform, "ads.listings", "checks", checkDetail=BLOCKING)
    expect(page.get_by_text("Latest execution")).to_be_visible()
    expect(page.get_by_text(str(day), exact=True).first).to_be_visible()
    expect(page.get_by_text("Passed").first).to_be_visible()
    screenshot(page, "executed_on_a_chosen_day")


def test_what_waits_in_quarantine_is_an_asset_with_rows_by_rule(platform: Platform, page: Page, screenshot: Screenshot):
    name = "ads.listings__quarantine"
    asked = (
        "assetMaterializations(limit: 1) { partition metadataEntries { label ... on IntMetadataEntry { intValue } } }"
    )
    (latest,) = dataset(platform, name, asked)["assetMaterializations"]
    rows = {each["label"]: each["intValue"] for each in latest["metadataEntries"]}
    assert rows["dagster/partition_row_count"] >= 1 and BLOCKING in rows
    open_dataset(page, platform, name, "overview")
    expect(page.get_by_text("External Asset")).to_be_visible()
    expect(page.get_by_text("The rules that refused the row")).to_be_visible()
    page.get_by_role("button", name="Plots").click()
    expect(page.get_by_text(BLOCKING, exact=True).first).to_be_visible()
    screenshot(page, "quarantine")


BACKFILL = """mutation ($parameters: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $parameters) {
    __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
BACKFILLS = """{ partitionBackfillsOrError(limit: 100) { ... on PartitionBackfills {
    results { id status numPartitions runs { runId status } } } } }"""
ENDED = {"COMPLETED_SUCCESS", "COMPLETED_FAILED", "COMPLETED", "FAILED", "CANCELED"}


def backfills(platform: Platform) -> dict[str, Any]:
    return {each["id"]: each for each in platform.graphql(BACKFILLS)["partitionBackfillsOrError"]["results"]}


def ended(platform: Platform, backfill: str) -> Any:
    def ask() -> Any:
        return found if (found := backfills(platform).get(backfill)) and found["status"] in ENDED else None

    return eventually(ask, RUN_SECONDS, f"end of backfill {backfill}")


def launch_through_the_api(platform: Platform, names: Sequence[str], days: list[date]) -> str:
    parameters = {
        "assetSelection": [{"path": name.split(".")} for name in names],
        "partitionNames": [str(day) for day in days],
    }
    launched = platform.graphql(BACKFILL, parameters=parameters)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    return launched["backfillId"]


def launch_with_the_button(platform: Platform, page: Page, name: str, days: list[date], screenshot: Screenshot) -> str:
    known = set(backfills(platform))
    open_dataset(page, platform, name, "partitions")
    page.get_by_role("button", name="Materialize…").click()
    dialog = page.get_by_role("dialog")
    chosen = dialog.locator("input[type=text]").first
    chosen.fill(f"[{days[0]}...{days[-1]}]")
    chosen.press("Enter")
    expect(dialog.get_by_text(f"{len(days)} partitions", exact=True).first).to_be_visible()
    screenshot(page, "materialize")
    dialog.get_by_role("button", name="Launch backfill").click()
    (launched,) = eventually(lambda: set(backfills(platform)) - known, PAGE_SECONDS, "new backfill")
    return launched


def test_backfills_launched_through_the_api_and_with_the_button_finish(
    platform: Platform, page: Page, screenshot: Screenshot
):
    plans = {("ads.listings", "ads.listing_stats"): GOOD[-5:-2], ("ads.price_index",): GOOD[:2]}
    before = {name: materializations(platform, name, GOOD) for names in plans for name in names}
    (through_api, three_days), (with_button, two_days) = plans.items()
    launched = {
        through_api: launch_through_the_api(platform, through_api, three_days),
        with_button: launch_with_the_button(platform, page, *with_button, two_days, screenshot),
    }
    for names, days in plans.items():
        backfill = ended(platform, launched[names])
        assert (backfill["status"], backfill["numPartitions"]) == ("COMPLETED_SUCCESS", len(days)), names
        runs = {run["runId"] for run in backfill["runs"]}
        for name in names:
            new = [each for each in materializations(platform, name, GOOD) if each not in before[name]]
            assert sorted(each["partition"] for each in new) == list(map(str, days)), name
            assert {each["runId"] for each in new} <= runs, name

    page.goto(f"{platform.url}/runs/b/{launched[through_api]}")
    expect(page.get_by_text("Succeeded").first).to_be_visible()
    screenshot(page, "backfill")
