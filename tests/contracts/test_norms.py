"""A project's own norms for names: where they are found, what they allow, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_platform.contracts import ContractError, Contracts, Finding
from data_platform.contracts.catalog import check
from data_platform.contracts.norms import DEFAULT, Norms, Projects

from .scenario import minimal

NORMS = '[project]\nname = "x"\n\n[tool.data-platform.naming]\n'


def project(folder: Path, norms: str, dataset: str = "ads.clicks", column: str = "id") -> Path:
    """A project with one contract; its pyproject.toml sets these norms."""
    domain, _, name = dataset.partition(".")
    contract = folder / "domains" / domain / "contracts" / f"{name}.yaml"
    contract.parent.mkdir(parents=True)
    contract.write_text(minimal(dataset, column=f"{{name: {column}, logicalType: integer}}"))
    (folder / "pyproject.toml").write_text(NORMS + norms)
    return folder / "domains"


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in check([folder])]


@pytest.mark.parametrize(
    ("norms", "dataset", "column", "holds"),
    [
        ("", "ads.clicks", "id", True),
        ("", "ads.clicks", "Id", False),
        ("column = '[A-Z]+'", "ads.clicks", "ID", True),
        ("column = '[A-Z]+'", "ads.clicks", "id", False),
        ("column = '[a-z]'", "ads.clicks", "id", False),  # the whole name, not its beginning
        ("dataset = '(raw|ref)_[a-z_]+'", "ads.raw_clicks", "id", True),
        ("dataset = '(raw|ref)_[a-z_]+'", "ads.clicks", "id", False),
        ("domain = 'x.*'", "xads.clicks", "id", True),
        ("domain = 'x.*'", "ads.clicks", "id", False),
        ("domain = 'x.*'", "ads.clicks", "Id", False),
        ("column = '.*'", "ads.clicks", "unit-price", False),  # no folder, table or asset could be called so
    ],
)
def test_names_are_held_to_the_projects_norms(
    tmp_path: Path, norms: str, dataset: str, column: str, holds: bool
) -> None:
    assert set(codes(project(tmp_path, norms, dataset, column))) == (set() if holds else {"C305"})


def test_without_a_project_or_a_norm_names_are_snake_case(tmp_path: Path) -> None:
    domains = project(tmp_path, "", column="unitPrice")
    (tmp_path / "pyproject.toml").unlink()
    (finding,) = check([domains])
    assert finding.code == "C305" and finding.fix == "for example `unit_price`"
    assert Projects().norms(domains / "x.yaml") == DEFAULT


def test_a_finding_says_the_norm_and_where_it_is_set(tmp_path: Path) -> None:
    (finding,) = check([project(tmp_path, "dataset = 'raw_.*'")])
    assert "matches `raw_.*`" in finding.message
    assert finding.fix == f"rename it, or change `dataset` in {tmp_path / 'pyproject.toml'}"


def test_the_nearest_project_counts(tmp_path: Path) -> None:
    outer = project(tmp_path, "column = '[A-Z]+'", column="ID")
    project(outer / "inner", "", dataset="users.people")
    assert codes(tmp_path / "domains") == []


@pytest.mark.parametrize(
    ("norms", "line", "column", "message", "fix"),
    [
        ("dataset = '('", 5, 1, "unterminated", "regular expression"),
        ("\n  dataset = 3", 6, 3, "3 is not text", "regular expression"),
        ("dataset = ''", 5, 1, "is not text", "regular expression"),
        ("datasets = 'x'", 5, 1, "no naming norm `datasets`", "`dataset`"),
        ("dataset = ", 5, 11, "not TOML", "mend it"),
    ],
)
def test_a_norm_that_cannot_be_used_is_a_finding_in_its_place(
    tmp_path: Path, norms: str, line: int, column: int, message: str, fix: str
) -> None:
    domains = project(tmp_path, norms + "\n", column="Id")
    first, second = check([domains, domains])
    assert isinstance(second, Finding) and (first.code, second.code) == ("C305", "C313")
    assert (second.file, second.line, second.column) == (str(tmp_path / "pyproject.toml"), line, column)
    assert message in second.message and fix in second.fix
    with pytest.raises(ContractError, match="C313"):
        Contracts.load(domains)


def test_a_table_that_is_none_is_a_finding(tmp_path: Path) -> None:
    domains = project(tmp_path, "")
    (tmp_path / "pyproject.toml").write_text("[tool.data-platform]\nnaming = 'snake'\n")
    assert codes(domains) == ["C313"]


def test_a_norm_changed_is_heeded_by_the_next_load(tmp_path: Path) -> None:
    """The cache keeps contracts by their content and the norms they were held to."""
    domains = project(tmp_path, "")
    assert len(Contracts.load(domains, cache=tmp_path / "cache")) == 1
    (tmp_path / "pyproject.toml").write_text(NORMS + "column = '[A-Z]+'\n")
    with pytest.raises(ContractError, match="C305"):
        Contracts.load(domains, cache=tmp_path / "cache")


def test_foreign_documents_are_held_to_no_norm(tmp_path: Path) -> None:
    domains = project(tmp_path, "column = '('", column="Unit Price")
    assert check([domains], standard_only=True) == []


def test_columns_that_differ_in_case_alone_are_one_column(tmp_path: Path) -> None:
    """To DuckDB and Spark they are."""
    domains = project(tmp_path, "column = '[A-Za-z]+'", column="id, logicalType: integer}\n      - {name: ID")
    assert codes(domains) == ["C402"]


def test_a_norm_is_a_regular_expression_for_the_whole_name() -> None:
    assert Norms(column="[a-z]+").complaint("column", "abc") is None
    assert Norms(column="[a-z]+").complaint("column", "abc1") is not None
