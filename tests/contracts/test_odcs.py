"""What each part of an ODCS file becomes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from data_platform.contracts import Contract, OnFailure, Policy, Rule, Threshold
from data_platform.contracts.odcs import read

from .scenario import EXAMPLE, FILE, edited, minimal

BLOCK, WARN, QUARANTINE = (OnFailure(policy) for policy in (Policy.BLOCK, Policy.WARN, Policy.QUARANTINE))
FIVE = OnFailure(Policy.QUARANTINE, 5)


def contract_of(text: str, file: str = "clicks.yaml") -> Contract:
    contract, findings = read(text, file)
    assert contract is not None, findings
    return contract


@pytest.fixture(scope="module")
def listings() -> Contract:
    return contract_of(EXAMPLE, FILE)


def rules_of(contract: Contract) -> dict[str, Rule]:
    return {rule.name: rule for rule in contract.rules}


def test_who_and_what_a_dataset_is(listings: Contract) -> None:
    assert (listings.dataset, listings.version, listings.status) == ("ads.listings", "1.10", "active")
    assert listings.description == "Every listing of the marketplace, one row per listing and day."
    assert (listings.owners, listings.team) == (("ada@example.com",), "Ads")
    assert listings.tags == ("marketplace", "core", "daily")
    assert (listings.visibility, listings.clearance, listings.size) == ("public", "confidential", "M")
    assert (listings.unknown_columns, listings.external, listings.on_failure) == ("ignore", False, FIVE)
    assert (listings.retention, listings.freshness) == (timedelta(days=90), timedelta(hours=26))


def test_a_contract_that_says_little_gets_the_careful_defaults() -> None:
    clicks = contract_of(minimal())
    assert (clicks.visibility, clicks.clearance, clicks.size, clicks.status) == ("private", "internal", "S", "active")
    assert (clicks.unknown_columns, clicks.external, clicks.on_failure) == ("refuse", False, BLOCK)
    assert (clicks.retention, clicks.freshness, clicks.partitioning, clicks.primary_key) == (None, None, None, ())
    assert [(rule.name, rule.on_failure) for rule in clicks.rules] == [("types", QUARANTINE)]


def test_the_old_list_form_of_the_team_still_names_the_owner() -> None:
    text = minimal().replace(
        "{members: [{username: ada@example.com, role: owner}]}", "[{username: a@b.co, role: Owner}]"
    )
    assert contract_of(text).owners == ("a@b.co",)


def test_keys_follow_their_positions(listings: Contract) -> None:
    assert listings.primary_key == ("day", "listing_id")
    assert listings.partitioning is not None
    day, country = listings.partitioning.keys
    assert (day.column, day.granularity, day.start) == ("day", "day", "2026-10-01")
    assert (country.column, country.granularity, country.values) == ("country", "static", ("no", "se"))


def test_sensitivity_and_personal_data_reach_the_column(listings: Contract) -> None:
    email = listings.column("seller_email")
    assert (email.classification, email.pii, email.tags, email.is_sensitive) == (
        "confidential",
        "email",
        ("gdpr",),
        True,
    )
    assert not listings.column("title").is_sensitive


RULES = [  # name, kind, columns, arguments, threshold, policy
    ("types", "type", None, {}, None, FIVE),
    ("seller_email_type", "type", ("seller_email",), {}, None, BLOCK),
    ("primary_key", "duplicate_values", ("day", "listing_id"), {"keepFirst": "updated_at desc"}, None, FIVE),
    ("listing_id_required", "required", ("listing_id",), {}, None, FIVE),
    ("day_required", "required", ("day",), {}, None, FIVE),
    ("day_minimum", "minimum", ("day",), {"value": "2020-01-01"}, None, FIVE),
    ("country_enum", "enum", ("country",), {"values": ("no", "se")}, None, FIVE),
    ("title_required", "required", ("title",), {}, None, WARN),
    ("title_max_length", "max_length", ("title",), {"value": 200}, None, WARN),
    ("title_pattern", "pattern", ("title",), {"value": r"^\S"}, None, WARN),
    ("price_exclusive_minimum", "exclusive_minimum", ("price",), {"value": 0}, None, FIVE),
    ("price_null_values", "null_values", ("price",), {}, Threshold("mustBeLessThan", 10, "percent"), BLOCK),
    ("looks_like_e_mail", "invalid_values", ("seller_email",), {"pattern": "^[^@]+@[^@]+$"}, None, BLOCK),
    ("seller_email_missing_values", "missing_values", ("seller_email",), {"values": ("", "N/A")}, None, WARN),
    ("external_ref_unique", "duplicate_values", ("external_ref",), {}, None, FIVE),
    ("row_count", "row_count", (), {}, Threshold("mustBeBetween", (1, 5_000_000)), BLOCK),
    (
        "one_title_per_seller",
        "duplicate_values",
        ("seller_email", "title"),
        {"keepFirst": "updated_at desc"},
        None,
        OnFailure(Policy.QUARANTINE, 1),
    ),
    (
        "prices_are_plausible",
        "sql",
        (),
        {"query": "SELECT avg(price) FROM {object}"},
        Threshold("mustBeGreaterThan", 10),
        WARN,
    ),
]


@pytest.mark.parametrize(
    ("name", "kind", "columns", "arguments", "threshold", "policy"), RULES, ids=lambda v: str(v)[:20]
)
def test_each_promise_is_one_rule(
    listings: Contract,
    name: str,
    kind: str,
    columns: tuple[str, ...] | None,
    arguments: dict,
    threshold: object,
    policy: OnFailure,
) -> None:
    rule = rules_of(listings)[name]
    assert (rule.kind, dict(rule.arguments), rule.threshold, rule.on_failure) == (kind, arguments, threshold, policy)
    assert columns is None or rule.columns == columns
    assert rule.dimension


def test_rules_have_names_of_their_own_and_text_and_foreign_checks_are_none(listings: Contract) -> None:
    assert len(rules_of(listings)) == len(listings.rules) == len(RULES) + 4
    assert set(rules_of(listings)["types"].columns) == set(listings.column_names) - {"seller_email"}


TYPES = [
    ("logicalType: string", "string"),
    ("logicalType: string, physicalType: BYTES", "binary"),
    ("logicalType: string, physicalType: VARCHAR(20)", "string"),
    ("logicalType: integer", "long"),
    ("logicalType: integer, physicalType: INT", "int"),
    ("logicalType: integer, physicalType: int32", "int"),
    ("logicalType: integer, physicalType: bigint", "long"),
    ("logicalType: integer, logicalTypeOptions: {format: i32}", "int"),
    ("logicalType: integer, logicalTypeOptions: {format: i64}", "long"),
    ("logicalType: integer, logicalTypeOptions: {format: u32}", "long"),
    ("logicalType: number", "double"),
    ("logicalType: number, physicalType: 'decimal(10, 2)'", "decimal(10, 2)"),
    ("logicalType: number, physicalType: NUMERIC(5)", "decimal(5, 0)"),
    ("logicalType: number, physicalType: real", "float"),
    ("logicalType: number, physicalType: money", "double"),
    ("logicalType: number, logicalTypeOptions: {format: f32}", "float"),
    ("logicalType: boolean", "boolean"),
    ("logicalType: date", "date"),
    ("logicalType: time", "time"),
    ("logicalType: timestamp", "timestamp"),
    ("logicalType: timestamp, physicalType: timestamptz", "timestamptz"),
    ("logicalType: timestamp, logicalTypeOptions: {timezone: true}", "timestamptz"),
    ("logicalType: array, items: {logicalType: date}", "list<date>"),
    ("logicalType: map, map: {key: {logicalType: string}, value: {logicalType: integer}}", "map<string, long>"),
    ("logicalType: object, properties: [{name: a, logicalType: number}]", "struct<a: double>"),
]


@pytest.mark.parametrize(("odcs", "ours"), TYPES)
def test_each_type_of_the_standard_is_one_of_ours(odcs: str, ours: str) -> None:
    assert str(contract_of(minimal(column=f"{{name: id, {odcs}}}")).column("id").type) == ours


POLICIES = [  # the dataset's default, what the entry says, row rule?, the policy
    ("", "", True, BLOCK),
    ("", "severity: warning", True, WARN),
    ("", "severity: info", True, WARN),
    ("warn", "", True, WARN),
    ("warn", "severity: error", True, BLOCK),
    ("quarantine", "", True, QUARANTINE),
    ("quarantine", "", False, BLOCK),
    ("quarantine", "severity: warning", False, WARN),
    ("{action: quarantine, maxPercent: 5}", "", True, FIVE),
    ("quarantine", "customProperties: [{property: onFailure, value: block}]", True, BLOCK),
    ("block", "severity: error, customProperties: [{property: onFailure, value: quarantine}]", True, QUARANTINE),
]


@pytest.mark.parametrize(("default", "entry", "is_row_rule", "policy"), POLICIES)
def test_the_nearest_statement_decides_the_policy(
    default: str, entry: str, is_row_rule: bool, policy: OnFailure
) -> None:
    operator = "mustBe: 0" if is_row_rule else "mustBeLessThan: 9"
    quality = f"{{metric: nullValues, {operator}, {entry}}}" if entry else f"{{metric: nullValues, {operator}}}"
    column = f"{{name: id, logicalType: integer, quality: [{quality}]}}"
    rest = f"customProperties: [{{property: onFailure, value: {default}}}]\n" if default else ""
    assert rules_of(contract_of(minimal(column=column, rest=rest)))["id_null_values"].on_failure == policy


@pytest.mark.parametrize(
    ("default", "policy"), [("", QUARANTINE), ("block", BLOCK), ("warn", QUARANTINE), ("quarantine", QUARANTINE)]
)
def test_a_value_that_cannot_be_cast_is_never_published(default: str, policy: OnFailure) -> None:
    rest = f"customProperties: [{{property: onFailure, value: {default}}}]\n" if default else ""
    assert rules_of(contract_of(minimal(rest=rest)))["types"].on_failure == policy


LEVELS = [
    ("retention, value: P1Y", timedelta(days=365), None),
    ("retention, value: P1Y6M", timedelta(days=545), None),
    ("retention, value: 90, unit: d", timedelta(days=90), None),
    ("retention, value: 3, unit: m", timedelta(days=90), None),
    ("retention, value: '2', unit: years", timedelta(days=730), None),
    ("freshness, value: 30, unit: m", None, timedelta(minutes=30)),
    ("latency, value: PT6H30M", None, timedelta(hours=6, minutes=30)),
    ("freshness, value: 1.5, unit: h", None, timedelta(minutes=90)),
    ("generalAvailability, value: whenever", None, None),
    ("frequency, value: 1, unit: d", None, None),
]


@pytest.mark.parametrize(("level", "retention", "freshness"), LEVELS)
def test_service_levels_are_durations(level: str, retention: object, freshness: object) -> None:
    clicks = contract_of(minimal(rest=f"slaProperties: [{{property: {level}}}]\n"))
    assert (clicks.retention, clicks.freshness) == (retention, freshness)


@pytest.mark.parametrize(
    "level", ["P", "PT", "P1H", "-P1D", "P0D", "P99999999999D", "0, unit: d", "-1, unit: d", "true, unit: d", "5"]
)
def test_what_is_no_duration_is_refused(level: str) -> None:
    _, findings = read(minimal(rest=f"slaProperties: [{{property: retention, value: {level}}}]\n"), "clicks.yaml")
    assert [finding.code for finding in findings] == ["C801"]


def test_a_key_of_one_column_is_not_checked_twice() -> None:
    clicks = contract_of(minimal(column="{name: id, logicalType: integer, primaryKey: true, unique: true}"))
    assert [rule.name for rule in clicks.rules] == ["types", "primary_key", "id_required"]
    assert clicks.column("id").required and clicks.column("id").unique


def test_an_external_dataset_has_no_producer_here() -> None:
    assert contract_of(minimal(rest="customProperties: [{property: producer, value: external}]\n")).external


def test_nested_columns_can_be_required() -> None:
    column = "{name: id, logicalType: array, required: true, items: {logicalType: string}}"
    assert "id_required" in rules_of(contract_of(minimal(column=column)))


def test_a_query_loses_only_its_semicolon() -> None:
    query = "query: 'SELECT avg(price) FROM {object}; '"
    contract = contract_of(edited(("query: SELECT avg(price) FROM {object}", query)), FILE)
    assert rules_of(contract)["prices_are_plausible"].arguments == {"query": "SELECT avg(price) FROM {object}"}
