"""A domain's files: all or none, nothing overwritten, what is there kept."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import dagster as dg
import pytest

from data_platform.contracts import Contracts
from data_platform.datasets.build import build_definitions
from data_platform.files import Csv, Dates, FileError, Numbers
from data_platform.scaffold.code import assets, from_files
from data_platform.scaffold.layout import node_of, render
from data_platform.scaffold.model import ScaffoldError, Source
from data_platform.scaffold.names import column_names, dataset_names, function_name, singular
from data_platform.scaffold.scaffold import Scaffolded, scaffold_domain, scaffold_files
from data_platform.scaffold.write import domain_at, write
from scaffold.scenario import write_csv

ORDERS = {"order_id": [f"{at:032x}" for at in range(200)], "price": ["9.50"] * 200}
LINES = {"line_id": range(200), "order_id": [f"{at:032x}" for at in range(200)]}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    folder.mkdir()
    write_csv(folder / "orders.csv", ORDERS)
    write_csv(folder / "lines.csv", LINES)
    return folder


def scaffold(tmp_path: Path, *asked: Path | str, **options: bool) -> Scaffolded:
    out = tmp_path / "some_domains"
    return scaffold_files(
        [str(each) for each in asked], "shop", out, base=str(tmp_path), owner="a@example.com", **options
    )


def everything(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_dry_run_says_what_it_would_write_and_writes_nothing(tmp_path: Path, files: Path) -> None:
    done = scaffold(tmp_path, files / "orders.csv", dry_run=True)
    assert [path.name for path in done.files] == [
        "__init__.py",
        "__init__.py",
        "orders.yaml",
        "assets.py",
        "test_shop.py",
    ]
    assert not (tmp_path / "some_domains").exists()


def test_a_second_file_is_added_to_a_domain_and_what_was_there_stays(tmp_path: Path, files: Path) -> None:
    scaffold(tmp_path, files / "orders.csv")
    code = tmp_path / "some_domains" / "shop" / "assets.py"
    code.write_text(code.read_text() + "\n\nOURS = 1  # said by hand\n")
    scaffold(tmp_path, files / "lines.csv")
    text = code.read_text()
    assert text.count("def orders(") == text.count("def lines(") == text.count("import duckdb") == 1
    assert "OURS = 1  # said by hand" in text
    assert list(Contracts.load(tmp_path / "some_domains")) == ["shop.lines", "shop.orders"]


def test_nothing_is_overwritten_without_force(tmp_path: Path, files: Path) -> None:
    scaffold(tmp_path, files / "orders.csv")
    contract = tmp_path / "some_domains" / "shop" / "contracts" / "orders.yaml"
    contract.write_text(contract.read_text().replace("say what it is", "the order"))
    before = everything(tmp_path)
    with pytest.raises(ScaffoldError, match=r"orders.yaml: there already.*--force"):
        scaffold(tmp_path, files / "orders.csv", files / "lines.csv")
    assert everything(tmp_path) == before
    scaffold(tmp_path, files / "orders.csv", force=True)
    assert "say what it is" in contract.read_text()


def test_where_one_file_cannot_be_written_none_is(tmp_path: Path, files: Path) -> None:
    blocked = tmp_path / "some_domains" / "shop" / "contracts"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("a file where a folder has to be")
    before = everything(tmp_path)
    with pytest.raises(ScaffoldError, match="nothing was written"):
        scaffold(tmp_path, files / "orders.csv")
    assert everything(tmp_path) == before


def test_what_is_not_right_is_not_written(tmp_path: Path) -> None:
    place = domain_at("shop", tmp_path / "some_domains")
    with pytest.raises(ScaffoldError, match="what would be written is not right"):
        write(place, {place.folder / "contracts" / "a.yaml": "kind: DataContract\n"})
    with pytest.raises(SyntaxError):
        write(place, {place.folder / "assets.py": "def ("})
    assert not place.folder.exists()


def test_a_file_that_cannot_be_read_stops_all(tmp_path: Path, files: Path) -> None:
    (files / "broken.csv").write_bytes(b"PK\x03\x04 this is a workbook")
    with pytest.raises(FileError, match="Excel"):
        scaffold(tmp_path, files / "orders.csv", files / "broken.csv")
    assert not (tmp_path / "some_domains").exists()


def test_files_of_one_glob_with_the_same_columns_are_one_dataset(tmp_path: Path, files: Path) -> None:
    (files / "days").mkdir()
    for day in (1, 2):
        write_csv(files / "days" / f"sales_2026-01-0{day}.csv", {"sale_id": range(day * 100, day * 100 + 50)})
    [table] = scaffold(tmp_path, f"{files}/days/*.csv").findings.tables
    assert (table.name, table.rows, table.source.location) == ("days", 100, "files/days/*.csv")
    assert {each.name for each in scaffold(tmp_path, f"{files}/*.csv", dry_run=True).findings.tables} == {
        "orders",
        "lines",
    }


def test_a_domain_may_be_called_as_one_of_its_datasets(tmp_path: Path, files: Path) -> None:
    asked = [str(files / "orders.csv"), str(files / "lines.csv")]
    scaffold_files(asked, "lines", tmp_path / "odd_domains", base=str(tmp_path), owner="a@example.com")
    [key] = [
        rule for rule in Contracts.load(tmp_path / "odd_domains")["lines.lines"].rules if rule.kind == "foreign_key"
    ]
    assert key.reads[0].dataset == "lines.orders"


def test_an_empty_domain_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scaffold_domain("shop", tmp_path / "empty_domains")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert isinstance(build_definitions(importlib.import_module("empty_domains")), dg.Definitions)
    assert scaffold_domain("shop", tmp_path / "empty_domains") == []


@pytest.mark.parametrize(("domain", "out"), [("My Shop", "some_domains"), ("shop", "my-domains")])
def test_a_name_that_cannot_be_a_packages_is_refused(domain: str, out: str, tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError):
        domain_at(domain, tmp_path / out)


def test_a_mistake_in_the_code_that_is_there_is_told_before_anything_is_added(tmp_path: Path) -> None:
    source = Source("orders", "orders.csv", ("orders.csv",), Csv())
    with pytest.raises(ScaffoldError, match=r"assets.py cannot be read \(line 1"):
        assets("shop", [from_files("shop", source)], "def (")
    with pytest.raises(ScaffoldError, match="something called orders"):
        assets("shop", [from_files("shop", source)], "def orders(): ...\n")


def test_a_function_is_replaced_whole_and_alone_where_that_is_asked_for() -> None:
    function = from_files("shop", Source("orders", "new.csv", ("new.csv",), Csv(delimiter=";")))
    before = assets("shop", [from_files("shop", Source("orders", "old.csv", ("old.csv",), Csv()))])
    after = assets("shop", [function], before + "\n\nKEPT = 1\n", force=True)
    assert 'Files("new.csv", Csv(delimiter=";"))' in after and "old.csv" not in after and "KEPT = 1" in after
    assert assets("shop", [function], before) == before


FORMATS = {
    "Csv()": Csv(),
    'Csv(delimiter=";", encoding="cp1252")': Csv(delimiter=";", encoding="cp1252"),
    'Csv(quote="", nulls=("", "NA"))': Csv(quote="", nulls=("", "NA")),
    'Csv(quote="\'", escape="\\\\")': Csv(quote="'", escape="\\"),
    'Csv(delimiter="\\t", spellings={"day": Dates("%d.%m.%Y"), "n": Numbers(decimal=",", group="\\xa0")})': Csv(
        delimiter="\t", spellings={"day": Dates("%d.%m.%Y"), "n": Numbers(",", "\u00a0")}
    ),
    'Csv(missing={"n": ("NA",)}, rename={"Preço \\"R$\\"": "preco_r"})': Csv(
        missing={"n": ("NA",)}, rename={'Preço "R$"': "preco_r"}
    ),
}


@pytest.mark.parametrize("code", FORMATS)
def test_a_format_is_written_as_the_code_that_makes_it(code: str) -> None:
    names = {"Csv": Csv, "Dates": Dates, "Numbers": Numbers}
    written = render(node_of(FORMATS[code]))
    assert eval(written, names) == FORMATS[code]
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(code))


NAMES: dict[tuple[str, ...], list[str]] = {
    ("olist_orders_dataset.csv", "olist_items_dataset.csv", "olist_people_dataset.csv", "translation.csv"): [
        "orders", "items", "people", "translation"
    ],
    ("data/Orders 2026-01-31.csv.gz",): ["orders"],
    ("shop_orders.parquet",): ["orders"],
    ("a/orders.csv", "b/orders.csv"): ["orders", "orders_2"],
    ("orders.csv", "order_items.csv"): ["orders", "order_items"],
    ("s3://bucket/landing/events.jsonl.gz",): ["events"],
    ("2026.csv",): ["c_2026"],
    ("Bestellübersicht.csv",): ["bestellubersicht"],
}  # fmt: skip


@pytest.mark.parametrize("paths", NAMES)
def test_a_dataset_is_called_what_only_its_file_is_called(paths: tuple[str, ...]) -> None:
    assert dataset_names(paths, "shop") == NAMES[paths]


def test_columns_get_names_that_a_contract_accepts() -> None:
    header = ["Order ID", "orderId", "Preço (R$)", "_id", "file_index", "2nd", "日付"]
    assert list(column_names(header).values()) == [
        "order_id", "order_id_2", "preco_r", "id", "file_index_value", "c_2nd", "column",
    ]  # fmt: skip


def test_words_that_python_keeps_for_itself_name_no_function() -> None:
    assert (function_name("class"), function_name("dataset"), function_name("orders")) == (
        "class_",
        "dataset_",
        "orders",
    )


@pytest.mark.parametrize(("many", "one"), [("orders", "order"), ("categories", "category"), ("boxes", "box"),
                                           ("addresses", "address"), ("status", "status"), ("news", "new")])  # fmt: skip
def test_a_row_is_one_of_what_a_dataset_is_called_after(many: str, one: str) -> None:
    assert singular(many) == one
