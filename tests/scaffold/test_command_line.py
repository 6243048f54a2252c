"""`dp scaffold` as it is typed: what it prints, what it returns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data_platform.cli import app
from scaffold.scenario import write_csv
from tests.buckets import make_bucket

ORDERS = {
    "order_id": [f"{at:032x}" for at in range(200)],
    "email": [f"a{at}@example.com" for at in range(200)],
    "day": ["03/04/2026"] * 200,
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_csv(tmp_path / "orders.csv", ORDERS)
    return tmp_path


def dp(place: Path, *arguments: str) -> tuple[int, str]:
    out = ["--out", str(place / "cli_domains")]
    done = CliRunner().invoke(app, ["scaffold", *arguments, *out])
    return done.exit_code, done.output


def test_the_table_says_what_was_inferred_and_how_sure_that_is(place: Path) -> None:
    code, text = dp(place, "dataset", str(place / "orders.csv"), "--domain", "shop", "--owner", "a@example.com")
    assert code == 0
    assert "200 rows, key (order_id)" in text
    rows = {line.split()[0]: line for line in text.splitlines() if line.strip()}
    assert "verified" in rows["order_id"] and "^[0-9a-f]{32}$" in rows["order_id"]
    assert "confidential (email)" in rows["email"]
    assert "open" in rows["day"] and "%d/%m/%Y or %m/%d/%Y" in rows["day"]
    assert "Wrote 5 files" in text and "TODO" in text


def test_a_dry_run_prints_the_files_and_writes_none(place: Path) -> None:
    code, text = dp(place, "dataset", str(place / "orders.csv"), "--domain", "shop", "--dry-run")
    assert code == 0
    assert '@dataset("shop.orders")' in text and "kind: DataContract" in text and "Would write 5 files" in text
    assert not (place / "cli_domains").exists()


def test_programs_get_json(place: Path) -> None:
    code, text = dp(place, "dataset", str(place / "orders.csv"), "--domain", "shop", "--format", "json")
    told = json.loads(text)
    assert code == 0 and told["written"]
    [dataset] = told["datasets"]
    assert (dataset["dataset"], dataset["rows"], dataset["key"]) == ("shop.orders", 200, ["order_id"])


WRONG: dict[str, tuple[list[str], int, str]] = {
    "no such file": (["dataset", "{place}/none.csv", "--domain", "shop"], 1, "no such file"),
    "a domain that is no name": (["dataset", "{place}/orders.csv", "--domain", "My Shop"], 1, "my_shop"),
    "no domain": (["dataset", "{place}/orders.csv"], 2, "--domain"),
    "no files": (["dataset", "--domain", "shop"], 2, "files"),
    "no address": (["table", "NO_SUCH_DSN", "orders", "--domain", "shop"], 2, "no address"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_a_sentence_and_an_exit_code(case: str, place: Path) -> None:
    arguments, code, said = WRONG[case]
    found = dp(place, *(each.format(place=place) for each in arguments))
    assert found[0] == code and said in found[1], found
    assert "Traceback" not in found[1]


def test_an_empty_domain_is_written_once(place: Path) -> None:
    assert "assets.py" in dp(place, "domain", "shop")[1]
    assert "Nothing to write" in dp(place, "domain", "shop")[1]


def test_files_in_a_bucket_are_profiled_where_they_are(place: Path, s3: Any) -> None:
    make_bucket(s3, "landing")
    for day in ("a", "b"):
        s3.put_object(Bucket="landing", Key=f"orders/{day}.csv", Body=(place / "orders.csv").read_bytes())
    code, text = dp(place, "dataset", "s3://landing/orders/*.csv", "--domain", "shop", "--format", "json")
    landed = dp(place, "dataset", "s3://landing/orders", "--domain", "lake", "--landing", "--format", "json")
    assert code == 0, text
    [dataset] = json.loads(text)["datasets"]
    assert (dataset["dataset"], dataset["rows"], dataset["location"]) == (
        "shop.orders",
        400,
        "s3://landing/orders/*.csv",
    )
    assert json.loads(landed[1])["datasets"][0]["location"] == "s3://landing/orders/*.csv", landed
