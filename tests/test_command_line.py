"""`dp` as a person uses it: help, findings, tables, JSON, and sentences instead of stack traces."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from data_platform.cli import app, project

pytestmark = pytest.mark.usefixtures("lakehouse")

BROKEN = """\
apiVersion: v3.1.0
kind: DataContract
id: x.y
version: 1.0.0
tag: [x]
schemas: []
"""
FOREIGN = """\
apiVersion: v3.1.0
kind: DataContract
id: 53581432-6c55-4ba2-a65f-72344a91553a
version: 1.0.0
status: in use
schema:
  - name: OrderLines
    properties: [{name: UnitPrice, logicalType: number, logicalTypeOptions: {minimum: 0, maximum: 10}}]
  - name: Orders
    properties: [{name: Id, logicalType: integer, physicalType: serial}]
"""


def dp(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def broken(tmp_path) -> Path:
    file = tmp_path / "broken.yaml"
    file.write_text(BROKEN)
    return file


@pytest.fixture
def foreign(tmp_path) -> Path:
    file = tmp_path / "models" / "orders.odcs.yaml"
    file.parent.mkdir()
    file.write_text(FOREIGN)
    return file


def test_help_lists_the_commands():
    text = dp("--help").output
    for command in ("run", "contracts", "datasets", "sources"):
        assert command in text


def test_all_contracts_of_the_example_hold():
    result = dp("contracts", "check")
    datasets = json.loads(dp("datasets", "ls", "--format", "json").output)
    assert (result.exit_code, result.output.strip()) == (0, f"{len(datasets)} contracts, no findings.")


def test_findings_are_located_and_fail_the_command(broken):
    result = dp("contracts", "check", broken)
    assert result.exit_code == 1
    assert f"{broken}:6:1: " in result.output and "schemas" in result.output
    found = json.loads(dp("contracts", "check", broken, "--format", "json").output)
    assert [each["line"] for each in found] == [5, 6] and found[1]["fix"] == "did you mean `schema`?"
    assert result.output.splitlines()[-1] == f"{len(found)} findings in 1 of 1 contract."


def test_a_place_is_printed_as_it_is_whatever_its_line(tmp_path):
    """`:100:` is an emoji to rich."""
    file = tmp_path / "long.yaml"
    file.write_text("#\n" * 94 + BROKEN)
    assert f"{file}:100:1: " in dp("contracts", "check", file).output


def test_github_is_told_in_its_own_words(broken, monkeypatch):
    monkeypatch.chdir(broken.parent)
    result = dp("contracts", "check", "--format", "github", broken)
    assert result.exit_code == 1
    *annotations, summary = result.output.splitlines()
    assert all(each.startswith("::error file=broken.yaml,line=") for each in annotations)
    wanted = (
        "::error file=broken.yaml,line=6,col=1,title=C201::the standard does not know the key `schemas` here Fix: did"
    )
    assert any(each.startswith(wanted) for each in annotations)
    assert summary == f"{len(annotations)} findings in 1 of 1 contract."


def test_what_github_would_take_for_its_own_is_escaped(tmp_path, monkeypatch):
    odd = tmp_path / "50%, a:b.yaml"
    odd.write_text(BROKEN.replace("schemas", '"a\\r\\nb%"'))
    monkeypatch.chdir(tmp_path)
    lines = dp("contracts", "check", "--format", "github", odd).output.splitlines()
    assert all(line.startswith("::error file=50%25%2C a%3Ab.yaml,line=") for line in lines[:-1])
    assert any("key `a%0D%0Ab%25`" in line for line in lines)


def test_a_foreign_document_is_held_to_the_standard_alone(foreign):
    assert dp("contracts", "check", foreign).exit_code == 1
    result = dp("contracts", "check", "--standard-only", foreign)
    assert (result.exit_code, result.output.strip()) == (0, "1 contract, no findings.")


def test_what_a_foreign_document_means_is_checked_in_every_object(foreign):
    foreign.write_text(FOREIGN.replace("minimum: 0", "minimum: 11").replace("serial", "serial, required: maybe"))
    result = dp("contracts", "check", "--standard-only", "--format", "json", foreign.parent)
    assert result.exit_code == 1
    assert [(each["line"], each["code"]) for each in json.loads(result.output)] == [(8, "C506"), (10, "C203")]


def test_a_path_that_is_not_there_is_a_wrong_call():
    assert dp("contracts", "check", "nowhere").exit_code == 2


def test_nothing_to_check_is_a_wrong_call(tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "values.yaml").write_text("a: 1\n")
    for option in ([], ["--standard-only"]):
        result = dp("contracts", "check", *option, tmp_path)
        assert result.exit_code == 2 and f"in {tmp_path}" in result.stderr.replace("\n", "")


def test_datasets_are_listed_with_owner_and_what_is_published():
    text = dp("datasets", "ls").output
    assert "ads.listings" in text and "never" in text
    assert json.loads(dp("datasets", "ls", "--format", "json").output)["ads.listings"]["rows"] == 0


def test_a_dataset_shows_its_columns_rules_and_policies():
    text = dp("datasets", "show", "ads.listings").output
    assert "Columns" in text and "Rules" in text and "primary_key" in text and "owner" in text


PROMISES = """\
apiVersion: v3.1.0
kind: DataContract
id: ads.clicks
version: 1.0.0
domain: ads
description: {purpose: Somebody clicked.}
team: {members: [{username: ada@example.com, role: owner}]}
schema:
  - name: clicks
    properties:
      - {name: code, logicalType: string, logicalTypeOptions: {pattern: "^[a-z]+$"}}
    quality:
      - {type: text, name: honest, description: Nobody clicks twice.}
      - {type: custom, engine: soda, name: theirs, implementation: "checks: []"}
      - metric: nullValues
        name: few nulls
        arguments: {properties: [code]}
        mustBe: 0
        customProperties: [{property: onFailure, value: {action: quarantine, maxPercent: 5, maxRows: 1}}]
"""


def test_promises_are_shown_as_they_are_also_those_nobody_checks(tmp_path, monkeypatch):
    file = tmp_path / "ads" / "contracts" / "clicks.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(PROMISES)
    monkeypatch.setattr(project, "DOMAINS", tmp_path)
    lines = [
        " ".join(line.replace("│", " ").split()) for line in dp("datasets", "show", "ads.clicks").output.splitlines()
    ]
    assert "code_pattern block code: matches ^[a-z]+$" in lines
    assert "few_nulls quarantine up to 5% and 1 row code: no nulls" in lines
    assert "honest not checked (for people) Nobody clicks twice." in lines
    assert "theirs not checked (left to soda) checks: []" in lines


def test_a_misspelt_dataset_is_answered_with_the_closest():
    result = dp("datasets", "show", "ads.listing")
    assert result.exit_code == 1
    assert "did you mean ads.listing" in result.output
