"""`dp` as a person uses it: help, findings, tables, JSON, and sentences instead of stack traces."""

import json

import pytest
from typer.testing import CliRunner

from data_platform.cli import app

pytestmark = pytest.mark.usefixtures("lakehouse")


def dp(*arguments):
    return CliRunner().invoke(app, list(arguments))


def test_help_lists_the_commands():
    text = dp("--help").output
    for command in ("run", "contracts", "datasets", "sources"):
        assert command in text


def test_all_contracts_of_the_example_hold():
    result = dp("contracts", "check")
    assert (result.exit_code, result.output.strip()) == (0, "All contracts hold.")


def test_findings_are_located_and_fail_the_command(tmp_path):
    broken = tmp_path / "broken.yaml"
    broken.write_text("apiVersion: v3.1.0\nkind: DataContract\nid: x.y\nversion: 1.0.0\nstatus: active\nschemas: []\n")
    result = dp("contracts", "check", str(broken))
    assert result.exit_code == 1
    assert f"{broken}:6:1: " in result.output and "schemas" in result.output
    found = json.loads(dp("contracts", "check", str(broken), "--format", "json").output)
    assert found[0]["line"] == 6 and found[0]["fix"]


def test_a_path_that_is_not_there_is_a_wrong_call():
    assert dp("contracts", "check", "nowhere").exit_code == 2


def test_datasets_are_listed_with_owner_and_what_is_published():
    text = dp("datasets", "ls").output
    assert "ads.listings" in text and "never" in text
    assert json.loads(dp("datasets", "ls", "--format", "json").output)["ads.listings"]["rows"] == 0


def test_a_dataset_shows_its_columns_rules_and_policies():
    text = dp("datasets", "show", "ads.listings").output
    assert "Columns" in text and "Rules" in text and "primary_key" in text and "owner" in text


def test_a_misspelt_dataset_is_answered_with_the_closest():
    result = dp("datasets", "show", "ads.listing")
    assert result.exit_code == 1
    assert "did you mean ads.listing" in result.output
