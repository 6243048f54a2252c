"""Olist's 8 files through contracts written for them: each row arrives once, and what is wrong with them is said.

What is expected is computed here from the files (`source_files`: the csv module and the tests' own types) and compared
with the Iceberg tables as pyiceberg reads them; an empty field is null.
"""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from acceptance import domains
from acceptance.expectations import (
    DIRT,
    MESSAGE,
    OF_REFINED,
    PURCHASED,
    QUARANTINING,
    SHARES,
    TITLE,
    nulls,
    order_facts,
    product_catalogue,
    reviews_kept,
)
from acceptance.source_files import (
    COLUMNS,
    FILES,
    FOLDER,
    MOMENT,
    MONEY,
    TEXT,
    WHOLE,
    Row,
    multiset,
    rows,
    texts,
    write,
)
from data_platform.contracts import Contracts
from data_platform.datasets.build import build_definitions
from data_platform.lakehouse import current_lakehouse

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"the Olist sample is not at {FOLDER} (set OLIST_FOLDER)")

REFINED = ("order_facts", "product_catalogue")
ARROW = {TEXT: pa.string(), WHOLE: pa.int32(), MONEY: pa.decimal128(10, 2), MOMENT: pa.timestamp("us")}


# --- The project under test, and what an outsider sees of its tables ---------------------------------------


REDIRECTING = ("DATA_PLATFORM_WAREHOUSE", "DATA_PLATFORM_CATALOG", "DATA_PLATFORM_CHECKS")


@dataclass(frozen=True)
class Project:
    """The domain's assets by dataset name, where its lakehouse is, and its first materialization."""

    assets: dict[str, dg.AssetsDefinition]
    home: Path
    first: dg.ExecuteInProcessResult

    def materialize(self, *names: str) -> dg.ExecuteInProcessResult:
        chosen = [self.assets[name].key for name in names or self.assets]
        return dg.materialize(list(self.assets.values()), selection=chosen, raise_on_error=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The domain, materialized once into a lakehouse of its own, which all tests of this module share."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        settle(patch, home)
        found = build_definitions(domains).assets or ()
        assets = {asset.key.path[-1]: asset for asset in found if isinstance(asset, dg.AssetsDefinition)}
        return Project(assets, home, dg.materialize(list(assets.values()), raise_on_error=False))


@pytest.fixture(autouse=True)
def home(project: Project, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Each test is in the project's lakehouse (instead of one of its own, as elsewhere), and may leave it."""
    settle(monkeypatch, project.home)
    return project.home


def settle(patch: pytest.MonkeyPatch, home: Path) -> None:
    patch.setenv("DATA_PLATFORM_HOME", str(home))
    for name in REDIRECTING:
        patch.delenv(name, raising=False)


def table(dataset: str) -> pa.Table:
    """A table's current content as pyiceberg reads it; empty where there is no table."""
    found = current_lakehouse().existing_table(f"olist.{dataset}")
    return pa.table({}) if found is None else found.scan().to_arrow()


def published(dataset: str) -> Counter[tuple]:
    return multiset(table(dataset).to_pylist())


def refused(dataset: str) -> list[Row]:
    """The quarantine's rows, the stamp's columns included."""
    return table(f"{dataset}__quarantine").to_pylist()


def snapshot(dataset: str) -> int:
    found = current_lakehouse().catalog.load_table(f"olist.{dataset}").current_snapshot()
    assert found is not None
    return found.snapshot_id


def bare(dataset: str, some: list[Row]) -> Counter[tuple]:
    """Quarantined rows without their stamp."""
    return multiset({column: row[column] for column in COLUMNS[dataset]} for row in some)


def failing(result: dg.ExecuteInProcessResult, severity: dg.AssetCheckSeverity) -> set[tuple[str, str]]:
    return {
        (each.asset_key.path[-1], each.check_name)
        for each in result.get_asset_check_evaluations()
        if not each.passed and each.severity is severity
    }


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    names = {event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key}
    return {name for name in names if not name.endswith("__quarantine")}


def measured(result: dg.ExecuteInProcessResult) -> dict[tuple[str, str], float]:
    """What each check counted."""
    found = {}
    for each in result.get_asset_check_evaluations():
        if number := each.metadata.get("broken_rows") or each.metadata.get("measured"):
            found[each.asset_key.path[-1], each.check_name] = number.value
    return found


# --- The files as they are -----------------------------------------------------------------------------------


def test_all_eight_files_and_what_is_made_of_them_are_published(project: Project) -> None:
    assert project.first.success
    assert materialized(project.first) == {*FILES, *REFINED} == set(project.assets)


@pytest.mark.parametrize("dataset", FILES)
def test_each_row_of_a_file_is_either_published_or_quarantined_and_exactly_once(project: Project, dataset: str) -> None:
    arrived = table(dataset)
    assert arrived.schema.names == list(COLUMNS[dataset])
    types = [pa.string() if pa.types.is_large_string(kind) else kind for kind in arrived.schema.types]
    assert types == [ARROW[of] for of in COLUMNS[dataset].values()]
    assert published(dataset) + bare(dataset, refused(dataset)) == multiset(rows(dataset))


def test_line_breaks_accents_and_emoji_arrive_as_they_were_typed(project: Project) -> None:
    kept = [row[MESSAGE] for row in reviews_kept() if row[MESSAGE]]
    arrived = table("order_reviews")[MESSAGE].drop_null().to_pylist()
    for part in ("\r\n", "\r\n\r\n", "ã", "Ç", '"', ";", "\U0001f44f"):
        assert sum(message.count(part) for message in arrived) == sum(message.count(part) for message in kept) > 0
    assert not any(re.search(r"(?<!\r)\n", message) for message in arrived)


def test_an_empty_field_is_null_and_never_an_empty_text(project: Project) -> None:
    for dataset, types in COLUMNS.items():
        arrived = table(dataset)
        for column in (name for name, of in types.items() if of is TEXT):
            assert "" not in arrived[column].to_pylist(), f"{dataset}.{column}"
    assert table("products")["product_category_name"].null_count == nulls("product_category_name")(rows("products")) > 0


def test_postal_codes_keep_their_leading_zeros(project: Project) -> None:
    for dataset, column in (("customers", "customer_zip_code_prefix"), ("sellers", "seller_zip_code_prefix")):
        prefixes = table(dataset)[column].to_pylist()
        assert {len(prefix) for prefix in prefixes} == {5}
        assert sum(prefix.startswith("0") for prefix in prefixes) > len(prefixes) / 5


# --- What is wrong with them ---------------------------------------------------------------------------------


def test_the_checks_that_fail_are_those_and_only_those_the_files_give_reason_for(project: Project) -> None:
    expected = {*DIRT, *OF_REFINED} | {check for check, (_, holds) in SHARES.items() if not holds}
    assert failing(project.first, dg.AssetCheckSeverity.WARN) == expected
    assert failing(project.first, dg.AssetCheckSeverity.ERROR) == set()


@pytest.mark.parametrize(("dataset", "check"), DIRT, ids=map(" ".join, DIRT))
def test_a_check_counts_the_dirt_that_python_counts(project: Project, dataset: str, check: str) -> None:
    assert measured(project.first)[dataset, check] == DIRT[dataset, check](rows(dataset)) > 0


@pytest.mark.parametrize(("dataset", "check"), OF_REFINED, ids=map(" ".join, OF_REFINED))
def test_a_check_of_a_refined_dataset_counts_what_is_wrong_between_files(
    project: Project, dataset: str, check: str
) -> None:
    assert measured(project.first)[dataset, check] == OF_REFINED[dataset, check]() > 0


@pytest.mark.parametrize(("dataset", "check"), SHARES, ids=map(" ".join, SHARES))
def test_a_share_is_measured_in_percent(project: Project, dataset: str, check: str) -> None:
    column, _ = SHARES[dataset, check]
    some = rows(dataset)
    assert measured(project.first)[dataset, check] == pytest.approx(100 * nulls(column)(some) / len(some))


@pytest.mark.parametrize("dataset", FILES)
def test_the_quarantine_holds_the_rows_of_the_quarantining_rules_and_says_which(project: Project, dataset: str) -> None:
    expected = {rule: DIRT[of, rule](rows(dataset)) for of, rule in QUARANTINING if of == dataset}
    assert Counter(rule for row in refused(dataset) for rule in row["_rules"]) == expected
    assert all(row["_reasons"] and row["_run_id"] for row in refused(dataset))


def test_of_a_repeated_review_the_one_of_the_first_order_is_published(project: Project) -> None:
    assert published("order_reviews") == multiset(reviews_kept())


def test_personal_data_is_shown_by_no_check_and_no_preview(project: Project) -> None:
    seller = next(row["seller_city"] for row in rows("sellers") if "@" in (row["seller_city"] or ""))
    zip_codes = {row["customer_zip_code_prefix"] for row in rows("customers")}
    shown = [each.description or "" for each in project.first.get_asset_check_evaluations()] + [
        str(each.metadata) for each in project.first.get_asset_check_evaluations()
    ]
    previews = {
        event.asset_key.path[-1]: str(event.materialization.metadata["preview"].value)
        for event in project.first.get_asset_materialization_events()
        if not event.asset_key.path[-1].endswith("__quarantine")
        if event.asset_key
    }
    assert not any(seller in text for text in [*shown, *previews.values()])
    assert not zip_codes & set(re.findall(r"\| (\d{5}) \|", previews["customers"]))


# --- What is made of them ------------------------------------------------------------------------------------


def test_order_facts_are_those_that_python_computes_from_five_files(project: Project) -> None:
    assert published("order_facts") == multiset(order_facts())


def test_the_product_catalogue_is_the_one_that_python_computes_from_three_files(project: Project) -> None:
    assert published("product_catalogue") == multiset(product_catalogue())


# --- Again, and differently written --------------------------------------------------------------------------


def test_materializing_again_changes_no_row(project: Project) -> None:
    everything = (*FILES, *REFINED)
    before = {dataset: published(dataset) for dataset in everything}
    quarantines = {dataset: bare(dataset, refused(dataset)) for dataset in FILES}
    again = project.materialize()
    assert again.success and materialized(again) == set(everything)
    assert {dataset: published(dataset) for dataset in everything} == before
    assert {dataset: bare(dataset, refused(dataset)) for dataset in FILES} == quarantines


@pytest.mark.parametrize("dataset", ["order_reviews", "category_translations"])
def test_a_file_saved_by_a_spreadsheet_means_the_same(
    project: Project, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a byte order mark, Windows line ends and every field in quotes, so that empty ones read `""`."""
    before = published(dataset)
    write(dataset, tmp_path, texts(dataset), encoding="utf-8-sig", lineterminator="\r\n", quoting=csv.QUOTE_ALL)
    monkeypatch.setenv("OLIST_FOLDER", str(tmp_path))
    assert project.materialize(dataset).success
    assert published(dataset) == before


# --- Tampered with -------------------------------------------------------------------------------------------

BROKEN: tuple[
    tuple[str, str, str], ...
] = (  # a column of order_items, what is written into one row, the rule it breaks
    ("price", "abc", "types"),
    ("price", "19,90", "types"),
    ("price", "19.999", "types"),
    ("price", "", "price_required"),
    ("price", "-5.00", "price_exclusive_minimum"),
    ("price", "0.00", "price_exclusive_minimum"),
    ("price", "123456789.00", "types"),
    ("order_item_id", "1.5", "types"),
    ("order_item_id", "0", "order_item_id_minimum"),
    ("shipping_limit_date", "2018-02-30 10:00:00", "types"),
    ("seller_id", "", "seller_id_required"),
)


def test_a_tampered_value_sends_its_row_to_quarantine_with_the_rule_and_the_original_text(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tampered = texts("order_items")
    for at, (column, value, _) in enumerate(BROKEN):
        tampered[at][column] = value
    tampered.append(dict(tampered[len(BROKEN)]))  # a piece counted twice
    write("order_items", tmp_path, tampered)
    monkeypatch.setenv("DATA_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLIST_FOLDER", str(tmp_path))

    assert project.materialize("order_items").success
    assert published("order_items") == multiset(rows("order_items")[len(BROKEN) :])
    waiting = {(row["order_id"], row["product_id"], row["seller_id"]): row for row in refused("order_items")}
    assert len(waiting) == len(refused("order_items")) == len(BROKEN) + 1
    for row, (column, value, rule) in zip(tampered, BROKEN, strict=False):
        found = waiting[row["order_id"], row["product_id"], row["seller_id"] or None]
        assert rule in found["_rules"], (column, value)
        uncast = {name: text for name, text in json.loads(found["_uncast"] or "{}").items() if text is not None}
        assert uncast == ({column: value} if rule == "types" else {})
    twice = tampered[-1]
    assert waiting[twice["order_id"], twice["product_id"], twice["seller_id"]]["_rules"] == ["primary_key"]

    monkeypatch.setenv("OLIST_FOLDER", str(FOLDER))  # the source is repaired
    assert project.materialize("order_items").success
    assert published("order_items") == multiset(rows("order_items"))
    assert refused("order_items") == []


Tampering = Callable[[list[dict[str, str]]], list[dict[str, str]]]


def changed(count: int, **values: str) -> Tampering:
    return lambda some: [row | values if at < count else row for at, row in enumerate(some)]


BLOCKED: dict[str, tuple[str, Tampering, set[str], str]] = {  # -> dataset, what happens to it, failing checks, reason
    "an order that comes twice": (
        "orders",
        lambda some: [*some, some[0]],
        {"primary_key", "customer_id_unique"},
        "1 of 8,136 rows",
    ),
    "a status nobody knows": ("orders", changed(1, order_status="lost"), {"order_status_enum"}, "(e.g. lost)"),
    "an order from the future": (
        "orders",
        changed(1, order_purchase_timestamp="2081-01-01 00:00:00"),
        {f"{PURCHASED}_exclusive_maximum", "approved_after_purchase"},
        "2081-01-01",
    ),
    "an order approved before it was made": (
        "orders",
        changed(1, order_approved_at="2016-01-01 00:00:00"),
        {"approved_after_purchase"},
        "1 is not = 0",
    ),
    "a column that is gone": (
        "order_items",
        lambda some: [{name: row[name] for name in row if name != "price"} for row in some],
        {"schema"},
        "required column price",
    ),
    "a column nobody announced": (
        "products",
        lambda some: [row | {"colour": "azul"} for row in some],
        {"schema"},
        "colour",
    ),
    "postal codes that went through a spreadsheet as numbers": (
        "customers",
        lambda some: [row | {"customer_zip_code_prefix": str(int(row["customer_zip_code_prefix"]))} for row in some],
        {"customer_zip_code_prefix_pattern"},
        "more than the 1% allowed",
    ),
    "too many payments of unknown type": (
        "order_payments",
        changed(20, payment_type="not_defined"),
        {"payment_type_enum"},
        "more than the 0.1% allowed",
    ),
    "half of the categories": ("category_translations", lambda some: some[:35], {"number_of_categories"}, "35"),
}


@pytest.mark.parametrize("case", BLOCKED)
def test_a_tampered_file_is_blocked_and_the_last_good_data_stays(
    project: Project, case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, tamper, checks, reason = BLOCKED[case]
    before, quarantine, at = published(dataset), refused(dataset), snapshot(dataset)
    write(dataset, tmp_path, tamper(texts(dataset)))
    monkeypatch.setenv("OLIST_FOLDER", str(tmp_path))

    result = project.materialize(dataset)

    assert not result.success and materialized(result) == set()
    summed_up = checks if checks == {"schema"} else checks | {"published"}  # a frame that does not fit is not audited
    assert failing(result, dg.AssetCheckSeverity.ERROR) == {(dataset, check) for check in summed_up}
    reasons = [each.description for each in result.get_asset_check_evaluations() if each.check_name in checks]
    assert any(reason in (text or "") for text in reasons), reasons
    assert (published(dataset), refused(dataset), snapshot(dataset)) == (before, quarantine, at)


def test_a_file_without_rows_is_blocked(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot("orders")
    (tmp_path / FILES["orders"]).write_text(",".join(COLUMNS["orders"]) + "\n")
    monkeypatch.setenv("OLIST_FOLDER", str(tmp_path))
    result = project.materialize("orders")
    assert failing(result, dg.AssetCheckSeverity.ERROR) == {("orders", "not_empty"), ("orders", "published")}
    assert snapshot("orders") == before


def test_nothing_is_made_of_a_blocked_file(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = snapshot("order_facts")
    write("orders", tmp_path, changed(1, order_status="lost")(texts("orders")))
    monkeypatch.setenv("OLIST_FOLDER", str(tmp_path))
    result = project.materialize("orders", "order_facts")
    assert not result.success and materialized(result) == set()
    assert snapshot("order_facts") == before


def test_what_customers_wrote_is_closed_to_who_is_not_cleared_for_it(project: Project) -> None:
    contracts = Contracts.load(Path(domains.__path__[0]))
    reviews, facts = contracts["olist.order_reviews"], contracts["olist.order_facts"]
    assert {column.name for column in reviews.columns if not facts.may_read(column)} == {TITLE, MESSAGE}
