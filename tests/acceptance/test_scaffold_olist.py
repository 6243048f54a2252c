"""Olist's 8 files through one `dp scaffold dataset`, then one materialization, with no edit in between.

What is expected is what `source_files` reads from the files: each row published once, nothing quarantined.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from acceptance.source_files import FILES, FOLDER, multiset, rows
from data_platform.contracts import Contracts
from data_platform.datasets.build import build_definitions
from data_platform.lakehouse import current_lakehouse

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the Olist sample is not at {FOLDER} (set OLIST_FOLDER)")

CALLED = {"category_translations": "product_category_name_translation"}
"""What a dataset is called after its file, where the tests' name is another one."""
KEYS = {
    "customers": ("customer_id",),
    "sellers": ("seller_id",),
    "products": ("product_id",),
    "product_category_name_translation": ("product_category_name",),
    "orders": ("order_id",),
    "order_items": ("order_id", "order_item_id"),
    "order_payments": ("order_id", "payment_sequential"),
    "order_reviews": ("review_id", "order_id"),
}
FOREIGN_KEYS = {
    ("orders", "customer_id", "customers"),
    ("order_items", "order_id", "orders"),
    ("order_items", "product_id", "products"),
    ("order_items", "seller_id", "sellers"),
    ("order_payments", "order_id", "orders"),
    ("order_reviews", "order_id", "orders"),
}
PERSONAL = {
    "customers": {"customer_zip_code_prefix", "customer_city"},
    "sellers": {"seller_zip_code_prefix", "seller_city"},
    "order_reviews": {"review_comment_title", "review_comment_message"},
}


@dataclass(frozen=True)
class Scaffolded:
    """The folder that was written, what the command said, the contracts, and how long all took."""

    root: Path
    home: Path
    told: dict
    contracts: Contracts
    result: dg.ExecuteInProcessResult
    seconds: float


def scaffold(root: Path) -> subprocess.CompletedProcess[str]:
    """`dp scaffold dataset` as a person calls it."""
    command = [sys.executable, "-c", "from data_platform.cli import app; app()", "scaffold", "dataset"]
    files = sorted(map(str, FOLDER.glob("*.csv")))
    options = [
        "--domain",
        "olist",
        "--out",
        str(root / "shop_domains"),
        "--owner",
        "data@example.com",
        "--format",
        "json",
    ]
    return subprocess.run([*command, *files, *options], capture_output=True, text=True, check=True)


@pytest.fixture(scope="module")
def scaffolded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scaffolded]:
    root, home = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("home")
    started = time.monotonic()
    done = scaffold(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        patch.setenv("DATA_PLATFORM_HOME", str(home))
        found = build_definitions(importlib.import_module("shop_domains")).assets or ()
        result = dg.materialize([each for each in found if isinstance(each, dg.AssetsDefinition)], raise_on_error=False)
        seconds = time.monotonic() - started
        yield Scaffolded(root, home, json.loads(done.stdout), Contracts.load(root / "shop_domains"), result, seconds)


@pytest.fixture(autouse=True)
def home(scaffolded: Scaffolded, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test reads the lakehouse that was filled once."""
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(scaffolded.home))
    return scaffolded.home


def test_one_command_and_one_materialization_publish_everything_within_a_minute(scaffolded: Scaffolded) -> None:
    assert scaffolded.result.success
    print(f"from the command to eight published datasets: {scaffolded.seconds:.1f} s")
    assert scaffolded.seconds < 60
    assert all(each.passed for each in scaffolded.result.get_asset_check_evaluations())


@pytest.mark.parametrize("dataset", FILES)
def test_each_dataset_is_its_file_row_for_row(dataset: str) -> None:
    table = current_lakehouse().existing_table(f"olist.{CALLED.get(dataset, dataset)}")
    assert table is not None
    assert multiset(table.scan().to_arrow().to_pylist()) == multiset(rows(dataset))


@pytest.mark.parametrize("dataset", KEYS)
def test_the_key_is_the_one_that_tells_rows_apart(scaffolded: Scaffolded, dataset: str) -> None:
    assert scaffolded.contracts[f"olist.{dataset}"].primary_key == KEYS[dataset]


def test_the_six_foreign_keys_are_found_and_no_other(scaffolded: Scaffolded) -> None:
    found = {
        (contract.name, *rule.columns, rule.reads[0].dataset.removeprefix("olist."))
        for contract in scaffolded.contracts.values()
        for rule in contract.rules
        if rule.kind == "foreign_key"
    }
    assert found == FOREIGN_KEYS


def test_a_foreign_key_that_nearly_holds_is_told_and_made_no_rule(scaffolded: Scaffolded) -> None:
    told = {
        (each["child"], each["parent"]): each["missing"] for each in scaffolded.told["foreign_keys"] if each["missing"]
    }
    assert told == {("products", "product_category_name_translation"): 5}


def test_personal_data_is_closed_until_somebody_has_looked(scaffolded: Scaffolded) -> None:
    found: dict[str, set[str]] = {}
    for contract in scaffolded.contracts.values():
        for column in contract.columns:
            if column.is_sensitive:
                assert column.tags == ("review",)
                found.setdefault(contract.name, set()).add(column.name)
    assert found == PERSONAL


@pytest.mark.slow
def test_the_tests_that_were_written_pass(scaffolded: Scaffolded, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_PLATFORM_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=scaffolded.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "skipped" not in done.stdout


def test_running_the_command_again_writes_nothing(scaffolded: Scaffolded) -> None:
    before = {path: path.read_bytes() for path in scaffolded.root.rglob("*") if path.is_file()}
    assert json.loads(scaffold(scaffolded.root).stdout)["files"] == []
    assert {path: path.read_bytes() for path in scaffolded.root.rglob("*") if path.is_file()} == before
