"""`dp quarantine` as a person uses it: see what waits, mend the contract, replay; or discard, with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from data_platform.cli import app, project
from data_platform.contracts import Contract
from data_platform.datasets.testing import publish_frame
from data_platform.lakehouse import Lakehouse

pytestmark = pytest.mark.usefixtures("lakehouse")

ONE, TWO = "2026-11-01", "2026-11-02"
CONTRACT = """\
apiVersion: v3.1.0
kind: DataContract
id: shop.sales
version: 1.0.0
status: active
domain: shop
team: {name: shop, members: [{username: ana@market.example, role: owner}]}
customProperties:
  - {property: onFailure, value: quarantine}
schema:
  - name: sales
    description: What was sold.
    properties:
      - name: day
        logicalType: date
        required: true
        partitioned: true
        partitionKeyPosition: 1
        customProperties:
          - {property: partitionBy, value: {granularity: day, start: "2026-11-01"}}
      - {name: id, logicalType: integer, required: true, primaryKey: true, primaryKeyPosition: 1}
      - {name: price, logicalType: integer, logicalTypeOptions: {minimum: 0, maximum: 100}}
      - {name: buyer, logicalType: string, classification: confidential}
"""
ROWS = pl.DataFrame(
    {
        "day": [ONE, ONE, ONE, TWO, TWO],
        "id": [1, 2, 3, 4, 5],
        "price": ["10", "-5", "cheap", "200", "20"],
        "buyer": ["ada", "secret-bob", "secret-eve", "secret-dan", "joe"],
    }
).with_columns(pl.col("day").str.to_date())


def dp(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(app, ["quarantine", *arguments], input=input)


@pytest.fixture
def contract_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one dataset, `shop.sales`, whose contract tests change as people do: in its file."""
    file = tmp_path / "domains" / "shop" / "contracts" / "sales.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(CONTRACT)
    monkeypatch.setattr(project, "DOMAINS", tmp_path / "domains")
    return file


@pytest.fixture
def sales(contract_file: Path) -> Contract:
    """`shop.sales` with three rows in quarantine: 2 and 3 of one day, 4 of the next."""
    contract = project.contract_of("shop.sales")
    publish_frame(ROWS, contract, (ONE, TWO))
    return contract


def test_ls_shows_rows_per_partition_and_rule(sales: Contract) -> None:
    text = dp("ls").output
    assert "shop.sales" in text and "price_minimum 1, types 1" in text and "price_maximum 1" in text
    found = json.loads(dp("ls", "--format", "json").output)
    assert {day: (each["rows"], each["rules"]) for day, each in found["shop.sales"].items()} == {
        ONE: (2, {"price_minimum": 1, "types": 1}),
        TWO: (1, {"price_maximum": 1}),
    }
    assert "Nothing waits" in dp("ls", "--domain", "ads").output


def test_ls_of_an_empty_lakehouse_says_so(contract_file: Path) -> None:
    assert (dp("ls").exit_code, dp("ls").output.strip()) == (0, "Nothing waits in quarantine.")


def test_show_says_why_and_masks_sensitive_values(sales: Contract) -> None:
    for result in (dp("show", "shop.sales"), dp("show", "shop.sales", "--format", "json")):
        assert result.exit_code == 0
        assert "secret" not in result.output and "cheap" in result.output
        assert "price_minimum" in result.output
    rows = json.loads(dp("show", "shop.sales", "--partition", ONE, "--rule", "types", "--format", "json").output)[
        "rows"
    ]
    assert [row["values"] for row in rows] == [{"day": ONE, "id": "3", "price": "cheap", "buyer": "•••"}]
    assert [
        len(json.loads(dp("show", "shop.sales", "--limit", n, "--format", "json").output)["rows"]) for n in "02"
    ] == [
        0,
        2,
    ]


def test_the_contract_is_mended_and_the_rows_come_back(
    sales: Contract, contract_file: Path, lakehouse: Lakehouse
) -> None:
    mended = CONTRACT.replace("minimum: 0, maximum: 100", "minimum: -10, maximum: 1000").replace("1.0.0", "1.1.0")
    contract_file.write_text(mended)
    result = dp("replay", "shop.sales", "--partition", ONE)
    assert result.exit_code == 0 and ONE in result.output and TWO not in result.output
    done = json.loads(dp("replay", "shop.sales", "--format", "json").output)
    assert (done["merged"], done["waiting"], done["left_alone"]) == ({TWO: 1}, {ONE: 1, TWO: 0}, {})
    assert json.loads(dp("ls", "--format", "json").output)["shop.sales"][ONE]["rules"] == {"types": 1}
    again = json.loads(dp("replay", "shop.sales", "--format", "json").output)
    assert (again["merged"], again["snapshot_id"]) == ({}, None)
    assert [
        each["operation"] for each in json.loads(dp("show", "shop.sales", "--format", "json").output)["handled"]
    ] == [
        "replay",
        "replay",
    ]


def test_a_partition_that_is_blocked_is_left_alone_and_fails_the_command(sales: Contract, contract_file: Path) -> None:
    few = "    quality:\n      - {id: few, metric: rowCount, mustBeLessThan: 2, severity: error}\n"
    contract_file.write_text(CONTRACT + few)
    result = dp("replay", "shop.sales")
    assert result.exit_code == 1
    assert "blocked: few" in result.output
    assert json.loads(dp("ls", "--format", "json").output)["shop.sales"][ONE]["rows"] == 2


def test_a_discard_asks_first_and_keeps_the_record(sales: Contract) -> None:
    refused = dp("discard", "shop.sales", "--reason", "test data", input="n\n")
    assert refused.exit_code == 0 and "Discard 3 row(s)" in refused.output and "Nothing was discarded" in refused.output
    dp("discard", "shop.sales", "--partition", ONE, "--rule", "types", "--reason", "test data", "--yes")
    agreed = dp("discard", "shop.sales", "--partition", TWO, "--reason", "prices of a demo", input="y\n")
    assert agreed.exit_code == 0 and "Discarded 1 row(s)" in agreed.output
    handled = json.loads(dp("show", "shop.sales", "--format", "json").output)["handled"]
    assert [(each["operation"], each["reason"], each["rule"], each["rows"]) for each in handled] == [
        ("discard", "prices of a demo", "", {TWO: 1}),
        ("discard", "test data", "types", {ONE: 1}),
    ]
    assert all(each["who"] for each in handled)
    assert "prices of a demo" in dp("show", "shop.sales").output


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["show", "shop.sale"], 1, "did you mean shop.sales"),
        (["show", "shop.sales", "--partition", "1 November"], 1, "1 November"),
        (
            ["replay", "shop.sales", "--rule", "price_min"],
            1,
            "no rule 'price_min'; rows wait because of: price_maximum",
        ),
        (["discard", "shop.sales", "--yes"], 2, "--reason"),
        (["discard", "shop.sales", "--yes", "--reason", " "], 2, "needs a reason"),
    ],
    ids=["a misspelt dataset", "a misspelt partition", "a misspelt rule", "no reason", "an empty reason"],
)
def test_a_wrong_call_is_a_sentence(arguments: list[str], code: int, said: str, sales: Contract) -> None:
    result = dp(*arguments)
    assert result.exit_code == code
    assert said in result.output + result.stderr


@pytest.mark.parametrize("command", ["replay", "discard"])
def test_where_nothing_waits_there_is_nothing_to_do(command: str, contract_file: Path) -> None:
    reason = ["--reason", "-"] if command == "discard" else []
    result = dp(command, "shop.sales", *reason)
    assert result.exit_code == 0 and "Nothing waits" in result.output


@pytest.mark.parametrize("command", ["ls", "show", "replay", "discard"])
def test_every_command_explains_itself_with_examples(command: str) -> None:
    assert f"dp quarantine {command}" in dp(command, "--help").output.replace("\n", " ")
