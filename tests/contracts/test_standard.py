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

from data_platform.contracts.odcs import read
from data_platform.contracts.standard import problems
from data_platform.contracts.yaml_source import Source

from .scenario import EXAMPLE, FILE, edited, minimal

DOCUMENT = Source(EXAMPLE).document
OFFICIAL = Draft201909Validator(json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text()))


def test_the_official_package_drops_a_misspelt_key_without_a_word() -> None:
    """Why the JSON schema runs: the rule would be gone."""
    document = Source(edited(("required: true", "reqired: true"))).document
    official = OpenDataContractStandard.model_validate(document)
    assert official.schema_ and official.schema_[0].properties
    assert official.schema_[0].properties[2].required is None
    assert [problem.path[-1] for problem in problems(document)] == ["reqired"]


def test_the_schema_refuses_a_column_without_a_type_only_in_riddles() -> None:
    """Why `logicalType` is asked for by name: to the schema a column without one lacks a `map`."""
    document = Source(minimal(column="{name: id}")).document
    assert "'map' is a required property" in [error.message for error in OFFICIAL.iter_errors(document)]
    assert [(problem.code, problem.path[-1]) for problem in problems(document)] == [("C403", "logicalType")]


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
    (("[1, 5000000]", "[1]"), "C209", "see the ODCS reference"),
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


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_we_refuse_exactly_what_the_standards_own_schema_refuses(document: dict[str, Any]) -> None:
    if OFFICIAL.is_valid(document):
        assert not problems(document)
    else:  # a second, malformed operator is left to the check for exactly one operator
        assert problems(document) or read(json.dumps(document), FILE, domain="ads")[1]


@settings(max_examples=75, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_no_document_is_too_odd_to_report(document: dict[str, Any]) -> None:
    contract, findings = read(json.dumps(document), FILE, domain="ads")
    assert (contract is None) == bool(findings)
