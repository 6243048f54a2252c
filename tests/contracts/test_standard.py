"""The JSON schema, the official package, and what we make of their answers."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft201909Validator
from open_data_contract_standard.model import OpenDataContractStandard

from data_platform.contracts import official, standard_versions
from data_platform.contracts.odcs import judge, read
from data_platform.contracts.standard import problems
from data_platform.contracts.standard_versions import schema
from data_platform.contracts.yaml_source import Source

from .scenario import EXAMPLE, FILE, edited, minimal

DOCUMENT = Source(EXAMPLE).document
BUNDLED = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text())
SCHEMAS = {version: Draft201909Validator(schema(version)) for version in standard_versions.SCHEMAS}
"""jsonschema's own judgement by each schema, for comparison."""


def test_the_official_package_drops_a_misspelt_key_without_a_word() -> None:
    """Why the JSON schema runs: the rule would be gone."""
    document = Source(edited(("required: true", "reqired: true"))).document
    official = OpenDataContractStandard.model_validate(document)
    assert official.schema_ and official.schema_[0].properties
    assert official.schema_[0].properties[2].required is None
    assert [problem.path[-1] for problem in problems(document)] == ["reqired"]


def test_the_newest_schema_is_the_one_the_official_package_bundles() -> None:
    folder = files("data_platform.contracts").joinpath("schemas")
    assert json.loads(folder.joinpath(standard_versions.SCHEMAS[standard_versions.NEWEST]).read_text()) == BUNDLED


def test_the_standards_schema_takes_a_column_without_a_type_for_a_map() -> None:
    """Why its condition for maps is mended: the standard does not ask for a type."""
    document = Source(minimal(column="{name: id}")).document
    errors = [error.message for error in Draft201909Validator(BUNDLED).iter_errors(document)]
    assert errors == ["'map' is a required property"]
    assert problems(document) == []


def test_options_without_a_type_are_answered_with_what_is_missing() -> None:
    """To the schema every type's options apply then, and each forbids those of the others."""
    document = Source(minimal(column="{name: id, logicalTypeOptions: {minLength: 1}}")).document
    assert [(problem.code, problem.path[-1]) for problem in problems(document)] == [("C403", "logicalType")]


@pytest.mark.parametrize(
    ("version", "key", "holds"),
    [
        ("v3.0.2", "rule: rowCount", True),
        ("v3.1.0", "rule: rowCount", False),
        ("v3.0.2", "metric: rowCount", True),
        ("v3.1.0", "metric: rowCount", True),
        ("v3.2.0", "metric: rowCount", True),
        ("v3.0.2", "metrik: rowCount", False),
    ],
)
def test_a_document_holds_to_its_own_version_or_to_a_newer_one(version: str, key: str, holds: bool) -> None:
    text = minimal(rest=f"    quality: [{{{key}, mustBe: 1}}]\n").replace("v3.1.0", version)
    text = text.replace("team: {members: [{", "team: [{").replace("}]}\n", "}]\nstatus: active\n")  # as 3.0 wants it
    assert (problems(Source(text).document) == []) == holds


def test_a_misspelt_rule_of_3_0_is_not_taken_for_somebody_elses() -> None:
    """Its vocabulary is open: what it does not know is only shown."""
    for rule, codes in (("rowCont", ["C523"]), ("rowcount", ["C523"]), ("between", [])):
        text = minimal(rest=f"    quality: [{{rule: {rule}, mustBe: 1}}]\n").replace("v3.1.0", "v3.0.2")
        text = text.replace("team: {members: [{", "status: active\nteam: [{").replace("}]}\n", "}]\n")
        assert [finding.code for finding in read(text, "clicks.yaml")[1]] == codes
        assert judge(text, "clicks.yaml") == []


def test_the_dates_and_bounds_of_3_0_mean_what_they_say() -> None:
    """It had no timestamps but dates stored as such, and `exclusiveMaximum: true` was about the `maximum`."""
    text = minimal(
        column="{name: at, logicalType: date, physicalType: TIMESTAMP}",
        rest="      - {name: age, logicalType: integer, logicalTypeOptions: {maximum: 9, exclusiveMaximum: true,"
        " minimum: 1, exclusiveMinimum: false}}\n",
    ).replace("v3.1.0", "v3.0.2")
    text = text.replace("team: {members: [{", "status: active\nteam: [{").replace("}]}\n", "}]\n")
    contract, findings = read(text, "clicks.yaml")
    assert contract is not None, findings
    assert [str(column.type) for column in contract.columns] == ["timestamp", "long"]
    bounds = {rule.kind: rule.arguments["value"] for rule in contract.rules if "value" in rule.arguments}
    assert bounds == {"exclusive_maximum": 9, "minimum": 1}


def test_what_no_version_accepts_is_said_by_the_one_that_comes_closest() -> None:
    """`team` is a list in 3.0 and a mapping since 3.1: the document uses 3.1, so what is wrong is one key."""
    document = Source(minimal().replace("v3.1.0", "v3.0.2").replace("username", "usernam")).document
    assert [(problem.code, problem.path[-1]) for problem in problems(document)] == [("C201", "usernam")]


def test_what_the_model_cannot_hold_is_reported_even_if_the_schema_lets_it_pass(monkeypatch) -> None:
    """The schema is the narrower of the two; if ever it were not, a promise could vanish."""
    monkeypatch.setattr(official, "problems", lambda document: [])
    _, findings = read(edited(("tags: [marketplace, core]", "tags: 5")), FILE, domain="ads")
    assert [(finding.code, finding.line) for finding in findings] == [("C209", 7)]


def test_one_wrong_value_does_not_hide_what_else_is_wrong() -> None:
    text = edited(("required: true", "required: maybe"), ("role: owner", "role: boss"), ("mustBe: 0", "mustBe: x"))
    _, findings = read(text, FILE, domain="ads")
    assert {finding.code for finding in findings} == {"C203", "C307", "C513"}


ONE_CAUSE = [  # an edit of the example -> the one problem it is
    (("required: true", "reqired: true"), "C201", "did you mean `required`?"),
    (("            mustBe: 0", "            mustBeZero: 0"), "C201", "did you mean `mustBe`?"),
    (("metric: nullValues", "metrc: nullValues"), "C201", "did you mean `metric`?"),
    (("type: sql", "typ: sql"), "C201", "did you mean `type`?"),
    (("version: 1.10", "versoin: 1.10"), "C201", "did you mean `version`?"),
    (("logicalType: date", "type: date"), "C201", "did you mean `logicalType`?"),
    (("username: ada", "usernam: ada"), "C201", "did you mean `username`?"),
    (("- value: se", "- val: se"), "C201", "did you mean `value`?"),
    (("unique: true", "nullable: true"), "C201", "write `required: true` for a column without nulls"),
    (("unique: true", "piiCategory: name"), "C201", "write it under `customProperties`: "),
    (("unique: true", "items: {logicalType: string}"), "C205", "it goes with `logicalType: array`"),
    (("type: text\n", "type: text\n        mustBe: 0\n        query: x\n"), "C205", "it goes with "),
    (("[1, 5000000]", "[1]"), "C209", "give at least 2"),
    (("            mustBe: 0\n", ""), "C501", "add one of mustBe, "),
    (("            mustBe: 0\n", "            mustBe: 0\n            mustNotBe: 1\n"), "C501", "make it two rules"),
    (("name: Ads", "name: 5"), "C203", 'write "5"'),
    (("metric: rowCount", "metric: rowcount"), "C204", "did you mean `rowCount`?"),
    (("tags: [marketplace, core]", "tags: core"), "C203", "give a list"),
]


@pytest.mark.parametrize(("edit", "code", "fix"), ONE_CAUSE, ids=lambda value: str(value)[:40])
def test_one_mistake_is_one_finding_with_its_mend(edit: tuple[str, str], code: str, fix: str) -> None:
    _, findings = read(edited(edit), FILE, domain="ads")
    assert [finding.code for finding in findings] == [code]
    assert findings[0].fix.startswith(fix)


def test_a_misspelt_key_does_not_hide_what_else_is_wrong() -> None:
    text = edited(("required: true", "reqired: true"), ("role: owner", "role: boss"), ("mustBe: 0", "mustBe: x"))
    _, findings = read(text, FILE, domain="ads")
    assert {finding.code for finding in findings} == {"C201", "C307", "C513"}


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(place for step, value in steps for place in _places(value, (*path, step)))]


PLACES = [place for place in _places(DOCUMENT) if place]
KEYS = sorted({step for place in PLACES for step in place if isinstance(step, str)})
VALUES = st.sampled_from([None, True, 0, -1, 2.5, "x", "quarantine", [], [1], {}, {"a": 1}, "string", "array", "map"])


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """The example with up to three values replaced, removed, or given under another key."""
    document = copy.deepcopy(DOCUMENT)
    for place in draw(st.lists(st.sampled_from(PLACES), min_size=1, max_size=3)):
        node: Any = document
        for step in place[:-1]:
            node = node[step] if isinstance(node, dict | list) and _has(node, step) else None
        if node is None or not _has(node, place[-1]) or not isinstance(node, dict | list):
            continue
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                node[place[-1]] = draw(VALUES)
            case "remove":
                del node[place[-1]]
            case "add" if isinstance(node, dict):
                node[draw(st.sampled_from(KEYS))] = draw(VALUES)
    return document


def _has(node: Any, step: Any) -> bool:
    return step in node if isinstance(node, dict) else isinstance(step, int) and step < len(node)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated(), st.sampled_from(["v3.0.2", "v3.1.0", "v3.2.0"]))
def test_we_refuse_exactly_what_the_standards_own_schemas_refuse(document: dict[str, Any], version: str) -> None:
    if "apiVersion" in document:
        document["apiVersion"] = version
    versions = standard_versions.candidates(document.get("apiVersion"))
    if any(SCHEMAS[each].is_valid(document) for each in versions):
        assert not problems(document)
    else:  # a second, malformed operator is left to the check for exactly one operator
        assert problems(document) or read(json.dumps(document), FILE, domain="ads")[1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_no_document_is_too_odd_to_report(document: dict[str, Any]) -> None:
    contract, findings = read(json.dumps(document), FILE, domain="ads")
    assert (contract is None) == bool(findings)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_foreign_document_is_held_to_no_more_than_ours(document: dict[str, Any]) -> None:
    ours = {(found.line, found.code) for found in read(json.dumps(document), FILE, domain="ads")[1]}
    assert {(found.line, found.code) for found in judge(json.dumps(document), FILE)} <= ours
