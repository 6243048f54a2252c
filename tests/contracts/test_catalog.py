"""All contracts together: finding them, their cache, and what is wrong with any of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from data_platform.contracts import ContractError, Contracts
from data_platform.contracts import cache as cache_module
from data_platform.contracts.catalog import check

from .scenario import EXAMPLE, edited, minimal


@pytest.fixture
def domains(tmp_path: Path) -> Path:
    """Two domains with three contracts."""
    root = tmp_path / "domains"
    put(root, "ads", "listings", EXAMPLE)
    put(root, "ads", "clicks", minimal())
    put(root, "users", "users", minimal("users.users"))
    return root


def put(root: Path, domain: str, name: str, text: str) -> Path:
    file = root / domain / "contracts" / f"{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_contracts_are_a_mapping_by_dataset(domains: Path) -> None:
    contracts = Contracts.load(domains)
    assert list(contracts) == ["ads.clicks", "ads.listings", "users.users"]
    assert contracts["ads.listings"].file == str(domains / "ads/contracts/listings.yaml")
    assert "ads.clicks" in contracts and "ads.click" not in contracts
    assert contracts.get("ads.click") is None
    with pytest.raises(KeyError, match=r"did you mean ads\.clicks"):
        contracts["ads.click"]


@pytest.mark.parametrize(
    ("name", "first"), [("ads.listing", "ads.listings"), ("users", "users.users"), ("ad.users", "users.users")]
)
def test_the_closest_name_is_suggested_first(domains: Path, name: str, first: str) -> None:
    assert Contracts.load(domains).suggest(name)[0] == first


def test_nothing_is_suggested_for_a_name_like_none(domains: Path) -> None:
    assert Contracts.load(domains).suggest("zzz") == []


def test_all_findings_of_all_files_come_at_once(domains: Path) -> None:
    put(domains, "ads", "clicks", edited(("role: owner", "role: x"), text=minimal()))
    put(domains, "users", "users", minimal("users.users").replace("logicalType: integer", "logicalType: int"))
    put(domains, "users", "people", minimal("users.users"))
    put(domains, "crm", "broken", "a: [")
    put(domains, "crm", "latin", "").write_bytes(b"a: 1\nb: \xe9")
    with pytest.raises(ContractError) as refused:
        Contracts.load(domains)
    found = {(Path(finding.file).name, finding.code) for finding in refused.value.findings}
    assert found == {
        ("clicks.yaml", "C307"),
        ("users.yaml", "C204"),
        ("people.yaml", "C304"),
        ("broken.yaml", "C101"),
        ("latin.yaml", "C103"),
    }
    assert "clicks.yaml:7:1: C307 the dataset has no owner Fix: add `team.members`" in str(refused.value)


def test_one_dataset_has_one_contract(domains: Path, tmp_path: Path) -> None:
    second = put(tmp_path / "other", "ads", "clicks", minimal())
    with pytest.raises(ContractError) as refused:
        Contracts.load(domains, tmp_path / "other")
    (finding,) = refused.value.findings
    assert (finding.code, finding.file, finding.line) == ("C310", str(second), 3)
    contract = Contracts.load(domains)["ads.clicks"]
    with pytest.raises(ContractError, match="C310"):
        Contracts.of(contract, contract)


def test_a_folder_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="C103"):
        Contracts.load(tmp_path / "nowhere")


def test_files_and_folders_of_any_depth_can_be_checked(domains: Path) -> None:
    wrong = put(domains, "ads", "clicks", minimal("ads.clickz"))
    (domains / "ads" / "notes.yaml").write_text("not: a contract")
    for path in (wrong, wrong.parent, domains / "ads", domains, domains.parent):
        findings = check([path])
        assert {finding.file for finding in findings} == {str(wrong)} or path == domains / "ads"
        assert "C304" in {finding.code for finding in findings}
    assert check([domains / "users", domains / "users/contracts/users.yaml"]) == []


def test_a_yml_file_is_told_its_name(domains: Path) -> None:
    (domains / "ads/contracts/clicks.yaml").rename(domains / "ads/contracts/clicks.yml")
    assert [finding.code for finding in check([domains])] == ["C304"]


WARM = """
import sys
from pathlib import Path
from data_platform.contracts import Contracts
contracts = Contracts.load(Path(sys.argv[1]), cache=Path(sys.argv[2]))
heavy = {"yaml", "pydantic", "jsonschema", "open_data_contract_standard", "data_platform.contracts.odcs"}
print(len(contracts), sorted(heavy & sys.modules.keys()))
"""


def test_a_warm_load_is_equal_and_imports_nothing_heavy(domains: Path, tmp_path: Path) -> None:
    cold = Contracts.load(domains, cache=tmp_path / "cache")
    assert dict(Contracts.load(domains, cache=tmp_path / "cache")) == dict(cold) == dict(Contracts.load(domains))
    run = [sys.executable, "-c", WARM, str(domains), str(tmp_path / "cache")]
    assert subprocess.run(run, capture_output=True, text=True, check=True).stdout == "3 []\n"


def test_a_cached_content_in_the_wrong_place_is_still_wrong(domains: Path, tmp_path: Path) -> None:
    Contracts.load(domains, cache=tmp_path)
    put(domains, "crm", "clicks", minimal())
    with pytest.raises(ContractError, match="C303"):
        Contracts.load(domains, cache=tmp_path)


@pytest.mark.parametrize("damage", ["cut", "empty", "binary", "lines", "other version", "folder"])
def test_a_damaged_or_old_cache_is_rebuilt(domains: Path, tmp_path: Path, damage: str) -> None:
    cold = Contracts.load(domains, cache=tmp_path / "c")
    file = tmp_path / "c" / cache_module.FILE
    good = file.read_text("utf-8")
    match damage:
        case "cut":
            file.write_text(good[: len(good) // 2], "utf-8")
        case "empty":
            file.write_text("")
        case "binary":
            file.write_bytes(b"\xff\x00" * 99)
        case "lines":
            header, *lines = good.splitlines()
            file.write_text("\n".join([header, *(line[:65] + '["x"]' for line in lines)]))
        case "other version":
            file.write_text(good.replace(cache_module.version(), "0" * 64), "utf-8")
        case "folder":
            file.unlink()
            file.mkdir()
    assert dict(Contracts.load(domains, cache=tmp_path / "c")) == dict(cold)
    assert damage == "folder" or sorted(file.read_text("utf-8").splitlines()) == sorted(good.splitlines())


def test_a_cache_that_cannot_be_written_is_no_cache(domains: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert len(Contracts.load(domains, cache=tmp_path / "file" / "cache")) == 3
    assert list(tmp_path.glob("**/.contracts*")) == []


def test_contents_long_gone_leave_the_cache(domains: Path, tmp_path: Path) -> None:
    for turn in range(9):
        put(domains, "ads", "clicks", minimal().replace("1.0.0", f"1.0.{turn}"))
        Contracts.load(domains, cache=tmp_path)
    assert len((tmp_path / cache_module.FILE).read_text("utf-8").splitlines()) <= 1 + 2 * 3
