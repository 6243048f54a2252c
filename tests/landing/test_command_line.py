"""`dp landing` as a person uses it: see what landed, mend the contract, take a file back in."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from data_platform.cli import app, landing
from data_platform.contracts import Contracts
from data_platform.datasets import dataset

from .scenario import ALL, COLUMNS, CONTRACTS, ONE, ORDERS, TEXT, Column, drop, materialize, orders, published

pytestmark = pytest.mark.usefixtures("lakehouse")


def dp(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(app, ["landing", *arguments], input=input)


@pytest.fixture(autouse=True)
def project(monkeypatch: pytest.MonkeyPatch) -> None:
    """A project of the scenario's datasets."""
    monkeypatch.setattr(landing, "all_contracts", lambda: CONTRACTS)
    monkeypatch.setattr(landing, "contract_of", lambda name, contracts=None: CONTRACTS[name])
    monkeypatch.setattr(landing, "definitions", lambda: dg.Definitions(ALL[:-1]))


@pytest.fixture
def landed(home: Path) -> Path:
    """A good file, the same once more, and one with a column that nobody knows."""
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    materialize(orders, ONE)
    drop(home, "orders/b.csv", [(1, ONE, 10)])
    drop(home, "orders/new.csv", [(2, ONE, 20, "red")], "id,day,price,colour")
    materialize(orders, ONE)
    return home


def test_ls_says_what_became_of_each_file(landed: Path) -> None:
    result = dp("ls")
    assert result.exit_code == 0
    for said in ("a.csv", "ingested", "same as a.csv", "refused", "colour"):
        assert said in result.output
    assert "a.csv" not in dp("ls", "shop.orders", "--state", "refused").output
    found = json.loads(dp("ls", "--format", "json").output)["shop.orders"]
    assert {each["path"]: each["state"] for each in found} == {
        "a.csv": "ingested",
        "b.csv": "duplicate",
        "new.csv": "refused",
    }


def test_where_nothing_landed_it_says_so() -> None:
    assert "No file has landed" in dp("ls").output


def test_check_looks_and_moves_nothing(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    drop(home, "orders/bad.csv", "id,price\n1,1\n")
    result = dp("check", "--format", "json")
    assert result.exit_code == 1
    found = json.loads(result.output)["shop.orders"]
    assert (found["new"], found["pending"], list(found["bad"])) == (2, [ONE], ["bad.csv"])
    assert (home / "landing/orders/bad.csv").exists()
    assert "would be set aside because" in dp("check", "shop.orders").output


def test_retry_takes_a_file_back_in_after_the_contract_was_mended(landed: Path) -> None:
    result = dp("retry", "shop.orders", "new.csv")
    assert result.exit_code == 0 and "dp materialize shop.orders --partition 2026-01-01" in result.output
    wider = replace(ORDERS, columns=(*COLUMNS, Column("colour", TEXT)), version="1.1.0")
    mended = dataset("shop.orders", contracts=Contracts.of(wider))(orders.producer.function)
    assert materialize(mended, ONE).success
    assert published(wider) == [(1, ONE, 10, None), (2, ONE, 20, "red")]


def test_forget_takes_the_rows_of_a_file_out(landed: Path) -> None:
    drop(landed, "orders/c.csv", [(3, ONE, 30)])
    materialize(orders, ONE)
    assert "Nothing was changed" in dp("forget", "shop.orders", "c.csv", input="n\n").output
    assert dp("forget", "shop.orders", "c.csv", "--yes").exit_code == 0
    assert materialize(orders, ONE).success
    assert published(ORDERS) == [(1, ONE, 10)]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retry", "shop.orders", "a.csv"], "did you mean"),
        (["retry", "shop.orders", "nothing"], "no file 'nothing'"),
        (["retry", "shop.dumps", "a.csv"], "no landing zone"),
    ],
    ids=["not refused", "unknown", "no landing zone"],
)
def test_a_wrong_call_is_a_sentence(arguments: list[str], said: str, landed: Path) -> None:
    result = dp(*arguments)
    assert result.exit_code == 1
    assert said in result.output + result.stderr


@pytest.mark.parametrize("command", ["ls", "check", "retry", "forget"])
def test_every_command_explains_itself_with_examples(command: str) -> None:
    assert f"dp landing {command}" in dp(command, "--help").output
