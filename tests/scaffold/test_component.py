"""`dg scaffold defs` writes what `dp scaffold dataset` writes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import click
import pytest
from dagster.components.component_scaffolding import scaffold_object

from data_platform.settings import PROJECT
from scaffold.scenario import write_csv

COMPONENT = "data_platform.components.FileDatasets"
ORDERS = {"order_id": [f"{at:032x}" for at in range(100)], "price": [f"{at}.50" for at in range(100)]}


def scaffold(place: Path, **params: object) -> None:
    scaffold_object(place, COMPONENT, json.dumps(params), "yaml", place.parents[1])


def test_the_component_writes_a_domain_and_says_what_it_is(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "orders.csv", ORDERS)
    shop = tmp_path / "my_domains" / "shop"
    scaffold(shop, files=[str(file)], owner="ana@example.com")
    assert {each.relative_to(shop).as_posix() for each in shop.rglob("*") if each.is_file()} == {
        "__init__.py",
        "assets.py",
        "contracts/orders.yaml",
        "defs.yaml",
    }
    assert (shop / "defs.yaml").read_text().startswith(f"type: {COMPONENT}")


def test_a_failure_is_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    shop = tmp_path / "my_domains" / "shop"
    with pytest.raises(click.ClickException, match=r"no such file"):
        scaffold(shop, files=[str(tmp_path / "orders.csv")])
    assert not shop.exists()


@pytest.mark.slow
def test_dg_itself_lists_scaffolds_and_checks(tmp_path: Path) -> None:
    copy = tmp_path / "project"
    ignored = shutil.ignore_patterns("__pycache__", "target")
    for folder in ("data_platform", "dbt_project"):
        shutil.copytree(PROJECT / folder, copy / folder, ignore=ignored)
    shutil.copy(PROJECT / "pyproject.toml", copy)
    file = write_csv(tmp_path / "orders.csv", ORDERS)
    environment = {
        **os.environ,
        "PYTHONPATH": str(copy),
        "DATA_PLATFORM_HOME": str(tmp_path / "home"),
        "COLUMNS": "200",
    }
    environment.pop("DAGSTER_HOME", None)

    def dg(*arguments: str) -> str:
        done = subprocess.run(
            ["dg", *arguments], cwd=copy, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert COMPONENT in dg("list", "components")
    dg("scaffold", "defs", COMPONENT, "shop", "--files", str(file), "--owner", "ana@example.com")
    assert "All definitions loaded successfully" in dg("check", "defs")
    assert "shop/orders" in dg("list", "defs")
