"""S3 and Glue of our own (moto speaks both), and an environment in which the platform uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

REGION = "eu-north-1"


@pytest.fixture(scope="session")
def aws() -> Iterator[str]:
    """The endpoint."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of S3 without any bucket; all that pyiceberg's own variables say leads there."""
    import boto3
    from pyiceberg.utils.config import Config

    from data_platform.lakehouse import storage

    secrets = {"access-key-id": "testing", "secret-access-key": "testing", "region": REGION, "endpoint": aws}
    for service in ("S3", "GLUE"):
        for key, value in secrets.items():
            monkeypatch.setenv(f"PYICEBERG_CATALOG__PLATFORM__{service}__{key.upper().replace('-', '_')}", value)
    monkeypatch.setattr("pyiceberg.catalog._ENV_CONFIG", Config())  # it reads the environment once, when imported
    storage.filesystem.cache_clear()
    client = boto3.client(
        "s3", endpoint_url=aws, aws_access_key_id="testing", aws_secret_access_key="testing", region_name=REGION
    )
    yield client
    for name in [each["Name"] for each in client.list_buckets()["Buckets"]]:
        for each in client.list_objects_v2(Bucket=name).get("Contents", []):
            client.delete_object(Bucket=name, Key=each["Key"])
        client.delete_bucket(Bucket=name)
    storage.filesystem.cache_clear()


def make_bucket(client: Any, name: str) -> str:
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    return name
