"""A landing zone on S3 (moto speaks it), from arrival to setting aside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import duckdb
import pytest
from pyiceberg.utils.config import Config

from data_platform.cli.landing import take_back_in
from data_platform.datasets import Csv, Landing, dataset
from data_platform.files.landing.arrivals import look
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.ledger import Ledger
from data_platform.lakehouse import storage

from .scenario import CONTRACTS, ONE, ORDERS, TWO, csv, file, materialize, published, states

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("lakehouse")]

Rows = duckdb.DuckDBPyRelation
ZONE = Landing("s3://drop/in/orders/*.csv", Csv())


@dataset("shop.orders", contracts=CONTRACTS)
def orders(rows: Annotated[Rows, ZONE]) -> Rows:
    return rows


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    """The endpoint of an AWS of our own."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the bucket `drop`, which is empty."""
    import boto3

    for key, value in {"access-key-id": "testing", "secret-access-key": "testing", "endpoint": aws}.items():
        monkeypatch.setenv(f"PYICEBERG_CATALOG__PLATFORM__S3__{key.upper().replace('-', '_')}", value)
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it reads the environment once, when imported
    storage.filesystem.cache_clear()
    client = boto3.client(
        "s3", endpoint_url=aws, aws_access_key_id="testing", aws_secret_access_key="testing", region_name="us-east-1"
    )
    client.create_bucket(Bucket="drop")
    yield client
    for each in client.list_objects_v2(Bucket="drop").get("Contents", []):
        client.delete_object(Bucket="drop", Key=each["Key"])
    client.delete_bucket(Bucket="drop")
    storage.filesystem.cache_clear()


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
