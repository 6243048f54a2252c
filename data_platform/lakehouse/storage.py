"""The warehouse's file system: a local folder, or S3 through s3fs, configured as pyiceberg is."""

from __future__ import annotations

from functools import lru_cache
from typing import Any


@lru_cache
def filesystem(warehouse: str) -> Any:
    """The fsspec file system of the warehouse (cached per process)."""
    import fsspec

    if not warehouse.startswith("s3://"):
        return fsspec.filesystem("file")
    return fsspec.filesystem("s3", **_s3fs_options(s3_properties()))


def s3_properties() -> dict[str, str]:
    """`s3.*` properties of the catalog, from the variables and files that pyiceberg itself reads."""
    from pyiceberg.utils.config import Config

    found = Config().get_catalog_config("platform") or {}
    return {key: str(value) for key, value in found.items() if key.startswith("s3.")}


def _s3fs_options(properties: dict[str, str]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "key": properties.get("s3.access-key-id"),
        "secret": properties.get("s3.secret-access-key"),
        "token": properties.get("s3.session-token"),
        "endpoint_url": properties.get("s3.endpoint"),
    }
    region = properties.get("s3.region")
    return {key: value for key, value in options.items() if value} | (
        {"client_kwargs": {"region_name": region}} if region else {}
    )
