"""What is wrong with a model is found when definitions load, and says how to mend it; loading parses nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
import yaml

from data_platform.contracts import Contracts, Partitioning, PartitionKey
from data_platform.datasets import DefinitionError
from data_platform.datasets.build import external_assets, graph_problems
from data_platform.datasets.producer import producers_of
from data_platform.lineage.model import Kind, Origin
from data_platform.settings import PROJECT
from data_platform.warehouse import bake
from data_platform.warehouse.assets import absent, groups, warehouse_assets
from data_platform.warehouse.manifest import models, static_lineage
from data_platform.warehouse.producers import _chosen
from data_platform.warehouse.project import Project, current_project

from . import scenario
from .scenario import BEST, CONTRACTS, ORDERS, PEOPLE, TOTALS, WEEK


def with_contracts(project: Project, *changed, without: str = "") -> Project:
    """The same files under other contracts."""
    known = {**CONTRACTS, **{each.dataset: each for each in changed}}
    return Project(project.folder, Contracts.of(*(each for name, each in known.items() if name != without)))


def problem(project: Project) -> str:
    with pytest.raises(DefinitionError) as refused:
        warehouse_assets(project)
    return str(refused.value)


def test_a_dataset_of_another_domain_has_to_be_public(project: Project):
    said = problem(with_contracts(project, replace(TOTALS, visibility="private", owners=("ana@market.example",))))
    assert "sales__best.sql reads shop.totals, which is private to the domain shop; ask ana@market.example" in said


def test_a_column_above_the_clearance_is_refused_by_what_the_query_uses(project: Project):
    columns = tuple(
        replace(each, classification="restricted") if each.name == "city" else each for each in PEOPLE.columns
    )
    said = problem(with_contracts(project, replace(PEOPLE, columns=columns)))
    assert said.count("\n") == 0 and "shop__daily.sql reads shop.people.city, which is restricted" in said
    assert "set clearance: restricted in the contract of shop.daily" in said


def test_a_column_that_is_carried_along_and_not_used_is_not_refused(project: Project):
    columns = tuple(
        replace(each, classification="restricted") if each.name == "id" else each for each in ORDERS.columns
    )
    assert warehouse_assets(with_contracts(project, replace(ORDERS, columns=columns))), (
        "staging selects *, the marts do not"
    )


def test_a_model_needs_a_contract_and_no_other_producer(project: Project):
    assert "there is no contract sales.best; write sales/contracts/best.yaml" in problem(
        with_contracts(project, without="sales.best")
    )
    external = replace(BEST, external=True)
    assert "the contract says producer: external; remove that line or this model" in problem(
        with_contracts(project, external)
    )


@pytest.mark.slow
def test_what_dbt_does_not_understand_is_told_in_its_words(tmp_path):
    changed = {"shop/shop__totals.sql": "select * from {{ source('shop', 'order') }}"}
    said = problem(scenario.project(tmp_path, changed))
    assert "depends on a source named 'shop.order' which was not found" in said


@pytest.mark.slow
def test_a_choice_of_partitions_of_what_is_not_read_is_a_slip(tmp_path):
    changed = {"shop/shop__totals.sql": "{{ config(meta={'partitions': {'shop.order': 'all'}}) }} select 1 as person"}
    assert "meta.partitions names shop.order, which the model does not read" in problem(
        scenario.project(tmp_path, changed)
    )


def test_a_window_needs_datasets_that_are_cut_by_time_alone(project: Project):
    keys = (*scenario.DAILY.keys, PartitionKey("revenue", "static", values=("1", "2")))
    said = problem(with_contracts(project, replace(WEEK, partitioning=Partitioning(keys))))
    assert (
        "sales__week.sql: sales.week reads a window of shop.daily, but a window needs both datasets partitioned" in said
    )


def test_what_meta_says_is_said_by_dataset(project: Project):
    (week,) = [each for name, each in models(project).items() if name == "sales.week"]
    with pytest.raises(DefinitionError, match="say it by dataset"):
        _chosen(replace(week, meta={"partitions": "all"}), "partitions")


def test_without_dbt_what_is_published_can_still_be_read(project: Project, monkeypatch, caplog):
    monkeypatch.setattr("data_platform.warehouse.project.TOOLS", ("dbt-not-there",))
    assert warehouse_assets(project) == [] and models(project) == {} and static_lineage(project) == {}
    assert "4 SQL datasets can be read but not built, for dbt is not installed: pip install" in caplog.text
    assert absent(project) == {"shop.daily", "shop.totals", "sales.week", "sales.best"}


@pytest.mark.slow
def test_definitions_load_without_dbt():
    code = (
        "import sys; sys.modules['dbt'] = None\n"
        "import data_platform.warehouse.project as project; project.TOOLS = ('dbt-not-there',)\n"
        "from data_platform.definitions import defs, contracts\n"
        "graph = defs.resolve_asset_graph()\n"
        "assert not set(contracts) - {'.'.join(key.path) for key in graph.get_all_asset_keys()}\n"
        "assert not [key for key in graph.executable_asset_keys if key.path[0] in ('crm', 'marketing')]\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "can be read but not built" in done.stderr


@pytest.mark.slow
def test_a_project_that_cannot_be_written_is_baked_below_the_home(tmp_path, home):
    made = scenario.project(tmp_path)
    made.write_sources()
    (made.folder / "target").write_text("no folder")  # not to be made, nor written to
    assert bake.baked(made).is_relative_to(home / "dbt" / "manifests")
    assert models(made).keys() == {"shop.daily", "shop.totals", "sales.week", "sales.best"}


def test_contracts_know_what_dbt_produces(warehouse):
    contracts = Contracts.of(*(c for name, c in CONTRACTS.items() if name not in ("shop.orders", "shop.people")))
    assert graph_problems(contracts, warehouse) == []
    (missing,) = graph_problems(contracts, warehouse[1:])[:1]
    assert "nothing produces" in missing and ".sql" in missing


def test_dependencies_have_the_partitions_that_are_read(warehouse):
    (daily,) = [each for each in warehouse if scenario.key("sales.week") in each.keys]
    mapping = daily.get_partition_mapping(scenario.key("shop.daily"))
    assert mapping == dg.TimeWindowPartitionMapping(
        start_offset=-6, end_offset=0, allow_nonexistent_upstream_partitions=True
    )


def test_models_that_choose_partitions_of_one_dataset_differently_are_steps_of_their_own(warehouse):
    names = {each.node_def.name: {".".join(key.path) for key in each.keys} for each in warehouse}
    assert names == {"dbt__daily": {"shop.daily", "sales.week"}, "dbt__whole": {"shop.totals", "sales.best"}}
    made = {each.contract.name: each for each in producers_of(warehouse)}
    (reads,) = made["week"].signature.inputs
    same = replace(made["week"].signature, inputs=(replace(reads, mapping=dg.TimeWindowPartitionMapping()),))
    other = replace(made["week"], signature=same)
    cut = groups([made["daily"], made["week"], other])
    assert [(name, len(several)) for name, several in cut] == [("dbt__daily", 2), ("dbt__daily_2", 1)]


def test_the_whole_loads_with_external_datasets(warehouse):
    others = external_assets([replace(ORDERS, external=True), replace(PEOPLE, external=True)])
    repository = dg.Definitions([*warehouse, *others]).get_repository_def()
    assert len(repository.get_all_jobs()) == 1


def test_lineage_is_known_before_any_run(project: Project):
    lineage = static_lineage(project)["shop.daily"]
    assert lineage.columns["revenue"] == {Origin("shop.orders", "price", Kind.AGGREGATION)}
    assert Origin("shop.people", "person", Kind.JOIN) in lineage.rows
    assert static_lineage(project)["sales.best"].columns["orders"] == {Origin("shop.totals", "orders", Kind.IDENTITY)}


def test_nothing_is_parsed_or_analysed_twice(project: Project, monkeypatch: pytest.MonkeyPatch):
    static_lineage(project)
    monkeypatch.setattr(bake, "_bake", lambda *_: pytest.fail("parsed again"))
    monkeypatch.setattr("data_platform.warehouse.column_lineage._computed", lambda *_: pytest.fail("analysed again"))
    again = Project(project.folder, project.contracts)
    assert models(again).keys() == {"shop.daily", "shop.totals", "sales.week", "sales.best"} and static_lineage(again)


def test_a_change_of_any_file_or_of_the_datasets_there_are_is_another_state(tmp_path):
    made = scenario.project(tmp_path)
    assert made.write_sources()
    before = made.key()
    model = tmp_path / "dbt_project" / "models" / "shop" / "shop__totals.sql"
    model.write_text(model.read_text() + " ")
    assert made.key() != before
    assert not made.write_sources()
    more = with_contracts(made, replace(ORDERS, name="returns"))
    assert more.write_sources() and "- name: returns" in more.sources


def test_the_sources_of_the_project_are_its_contracts():
    project = current_project()
    assert (project.folder / "models" / "sources.yml").read_text() == project.sources, "run: make manifest"


@pytest.mark.slow
def test_dbt_finds_nothing_of_the_users_and_tells_nobody(tmp_path):
    made, user, heard = scenario.project(tmp_path), tmp_path / "user", tmp_path / "heard"
    made.write_sources()
    (user / ".dbt").mkdir(parents=True)
    (user / ".dbt" / "profiles.yml").write_text("warehouse: {target: none, outputs: {none: {type: postgres}}}")
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(
        f"import sys\nsys.addaudithook(lambda event, arguments: event in ('socket.connect', 'socket.getaddrinfo')"
        f" and open({str(heard)!r}, 'a').write(f'{{event}} {{arguments}}\\n'))\n"
    )
    before = files_of(made.folder) | files_of(user)
    (tmp_path / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "data_platform.warehouse.baking", str(made.folder), str(tmp_path / "out")],
        env={**os.environ, "HOME": str(user), "DBT_PROFILE": "other", "PYTHONPATH": str(tmp_path / "python")},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not heard.exists(), heard.read_text()
    assert files_of(made.folder) | files_of(user) == before


def files_of(folder: Path) -> set[Path]:
    return {each for each in folder.rglob("*") if each.is_file()}


def test_the_profile_holds_no_secret():
    profiles = yaml.safe_load((PROJECT / "dbt_project" / "profiles.yml").read_text())["warehouse"]
    assert profiles["target"] == "lakehouse" and profiles["outputs"]["lakehouse"]["path"] == ":memory:"
    passwords = [each["password"] for each in profiles["outputs"].values() if "password" in each]
    assert set(passwords) == {"{{ env_var('DBT_ENV_SECRET_PASSWORD', '') }}"}


def test_the_checks_of_a_model_are_its_contracts_and_dbts_own(warehouse):
    (asset,) = [each for each in warehouse if scenario.key("shop.daily") in each.keys]
    names = {(spec.name, spec.blocking) for spec in asset.check_specs if spec.asset_key == scenario.key("shop.daily")}
    assert names == {
        ("inputs", True),
        ("schema", True),
        ("published", True),
        ("city_required", False),
        ("revenue_minimum", True),
        ("not_null_shop__daily_orders", True),
        ("not_null_shop__daily_city", False),
    }
