"""A landing zone on S3 (moto speaks it), from arrival to setting aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pytest

from data_platform.cli.landing import take_back_in
from data_platform.datasets import Csv, Landing, dataset
from data_platform.files.landing.arrivals import look
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.ledger import Ledger
from tests.buckets import make_bucket

from .scenario import CONTRACTS, ONE, ORDERS, TWO, csv, file, materialize, published, states

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lakehouse")]

Rows = duckdb.DuckDBPyRelation
ZONE = Landing("s3://drop/in/orders/*.csv", Csv())


@dataset("shop.orders", contracts=CONTRACTS)
def orders(rows: Annotated[Rows, ZONE]) -> Rows:
    return rows


@pytest.fixture
def bucket(s3: Any) -> Any:
    """A client of the bucket `drop`, which is empty."""
    make_bucket(s3, "drop")
    return s3


def put(client: Any, name: str, content: str) -> None:
    client.put_object(Bucket="drop", Key=f"in/orders/{name}", Body=content.encode())


def keys(client: Any) -> list[str]:
    return [
        each["Key"].removeprefix("in/orders/") for each in client.list_objects_v2(Bucket="drop").get("Contents", [])
    ]


def test_objects_are_published_once_and_bad_ones_set_aside(bucket: Any, home: Path) -> None:
    put(bucket, "a.csv", csv([(1, ONE, 10), (2, TWO, 20)]))
    put(bucket, "bad.csv", csv([(3, ONE, 30, "red")], "id,day,price,colour"))
    put(bucket, "again.csv", csv([(1, ONE, 10), (2, TWO, 20)]))
    assert materialize(orders, ONE, TWO).success
    assert published(ORDERS) == [(1, ONE, 10), (2, TWO, 20)]
    assert states(home) == {"a.csv": "ingested", "again.csv": "ingested", "bad.csv": "refused"}
    assert keys(bucket) == ["_refused/bad.csv", "_refused/bad.csv.reason.json", "a.csv", "again.csv"]
    said = bucket.get_object(Bucket="drop", Key="in/orders/_refused/bad.csv.reason.json")["Body"].read()
    assert "colour" in json.loads(said)["reason"]


def test_a_known_object_is_not_read_again_and_another_content_is(bucket: Any, home: Path, monkeypatch) -> None:
    ledger = Ledger(home, "shop.orders")
    put(bucket, "a.csv", csv([(1, ONE, 10)]))
    assert look(ZONE, ORDERS, "", ledger).new == 1
    with monkeypatch.context() as closed:
        closed.setattr(Folder, "hash_of", lambda *_: pytest.fail("read"))
        assert look(ZONE, ORDERS, "", ledger).new == 0
    put(bucket, "a.csv", csv([(1, ONE, 11)]))
    assert look(ZONE, ORDERS, "", ledger).new == 1


def test_an_object_set_aside_comes_back(bucket: Any, home: Path) -> None:
    put(bucket, "bad.csv", csv([(3, ONE, 30, "red")], "id,day,price,colour"))
    assert not materialize(orders, ONE).success
    take_back_in("shop.orders", ZONE, "bad.csv")
    assert keys(bucket) == ["bad.csv"] and file(home, "bad.csv").state == "landed"
