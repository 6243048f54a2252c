"""A warehouse on S3 and a catalog in Glue (moto speaks both); of REST catalogs only the configuration is tested."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from every_frame import IN_PROCESS
from scenario import (
    CLEAN,
    DAY_X_COUNTRY,
    LONG,
    QUARANTINE,
    got,
    in_order,
    order,
    orders,
    put,
    quarantined,
    small,
    staged,
)

from data_platform.contracts import Reference, Rule, Threshold
from data_platform.lakehouse import Lakehouse, StructureError, publish, storage
from data_platform.lakehouse.discard import discard
from data_platform.lakehouse.evaluate import audit_published
from data_platform.lakehouse.fold import fold
from data_platform.lakehouse.journal import METRICS, waiting_files
from data_platform.lakehouse.quarantine import quarantine_contract, with_quarantine
from data_platform.lakehouse.replay import replay
from data_platform.settings import Settings
from tests.buckets import make_bucket

from .test_metrics import CONTRACT as METRICS_CONTRACT
from .test_publish import referenced

pytestmark = pytest.mark.slow

CONTRACT = orders(DAY_X_COUNTRY, rules=(Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),))
BAD = {"amount": Decimal("-1.00")}


@pytest.fixture
def bucket(s3: Any) -> str:
    """An empty bucket."""
    return make_bucket(s3, "lake")


@pytest.fixture
def remote(bucket: str, home: Path) -> Lakehouse:
    return Lakehouse(Settings.at(home, warehouse=f"s3://{bucket}/some/prefix"))


def objects(lakehouse: Lakehouse) -> set[str]:
    files = storage.filesystem(lakehouse.settings.warehouse)
    files.invalidate_cache()
    found = files.find(f"{lakehouse.settings.warehouse}/{CONTRACT.domain}")  # not what publications measured
    return {f"s3://{path}" for path in found if path.endswith(".parquet")}


def needed(lakehouse: Lakehouse) -> set[str]:
    return referenced(lakehouse, CONTRACT) | referenced(lakehouse, quarantine_contract(CONTRACT))


def test_publish_quarantine_and_replace_on_s3(remote: Lakehouse) -> None:
    put(remote, CONTRACT, [*CLEAN, order(20, day=1, hour=0, **BAD)])
    assert got(remote, CONTRACT) == in_order(CLEAN)
    assert [row["id"] for row in quarantined(remote, CONTRACT)] == [20]
    put(remote, CONTRACT, [order(30, day=1)])
    assert got(remote, CONTRACT, partitions=["2026-01-01|no"]) == [order(30, day=1)]
    assert quarantined(remote, CONTRACT) == []
    assert objects(remote) == needed(remote)


def test_a_refused_publication_leaves_no_object_behind(remote: Lakehouse) -> None:
    put(remote, CONTRACT, CLEAN)
    with pytest.raises(StructureError, match="not asked for"):
        put(remote, CONTRACT, [order(30, day=9)], "2026-01-01|no")
    assert objects(remote) == needed(remote)
    assert got(remote, CONTRACT) == in_order(CLEAN)


@pytest.mark.parametrize("frame", IN_PROCESS)  # Spark reaches S3 with hadoop-aws, a jar that pip does not install
def test_every_engine_reads_from_s3(frame: str, remote: Lakehouse) -> None:
    put(remote, CONTRACT, CLEAN)
    assert got(remote, CONTRACT, frame=frame) == in_order(CLEAN)
    assert got(remote, CONTRACT, frame=frame, columns=["id"], partitions=["2026-01-01|se"]) == [{"id": 1}]


def test_glue_is_a_catalog_like_any_other(bucket: str, home: Path) -> None:
    lakehouse = Lakehouse(Settings.at(home, warehouse=f"s3://{bucket}/glue", catalog="glue"))
    put(lakehouse, CONTRACT, [*CLEAN, order(20, day=1, hour=0, **BAD)])
    put(lakehouse, CONTRACT, [order(30, day=1)])
    assert {row["id"] for row in got(lakehouse, CONTRACT)} == {1, 2, 3, 4, 30}
    assert objects(lakehouse) == needed(lakehouse)


@pytest.mark.parametrize("catalog", ["", "glue"], ids=["sqlite", "glue"])
def test_what_waits_is_replayed_and_discarded_on_s3(catalog: str, bucket: str, home: Path) -> None:
    lakehouse = Lakehouse(Settings.at(home, warehouse=f"s3://{bucket}/replay", catalog=catalog))
    strict = replace(CONTRACT, name="returns")  # Glue remembers the tables of other tests
    bad, worse = order(20, day=1, hour=0, **BAD), order(21, day=1, hour=0, **BAD, ratio=-1.0)
    put(lakehouse, strict, [*CLEAN, bad, worse])
    ratio = Rule("ratio", "minimum", ("ratio",), {"value": 0}, on_failure=QUARANTINE)
    loose = replace(strict, rules=(ratio,), version="2.0.0")
    assert with_quarantine(lakehouse, [loose, replace(loose, domain="elsewhere")]) == [loose]
    assert replay(lakehouse, loose).merged == {"2026-01-01|no": 1}
    assert got(lakehouse, loose) == in_order([*CLEAN, bad])
    assert [row["_rules"] for row in quarantined(lakehouse, loose)] == [["ratio"]]
    assert discard(lakehouse, loose, reason="test data", who="ana") == {"2026-01-01|no": 1}
    needed = referenced(lakehouse, loose) | referenced(lakehouse, quarantine_contract(loose))
    assert objects(lakehouse) == needed
    assert quarantined(lakehouse, loose) == []


def test_a_rest_catalog_is_configured_by_its_address(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, str] = {}
    monkeypatch.setattr(
        "pyiceberg.catalog.load_catalog", lambda name, **properties: asked.update(properties, name=name)
    )
    _ = Lakehouse(Settings.at(home, catalog="https://catalog.example/v1", warehouse="s3://lake")).catalog
    assert asked == {"name": "platform", "type": "rest", "uri": "https://catalog.example/v1", "warehouse": "s3://lake"}


def test_rules_read_other_datasets_on_s3_and_what_they_measure_is_folded(remote: Lakehouse) -> None:
    put(remote, CONTRACT, CLEAN)
    parent = Reference(CONTRACT.dataset, ("id",), "all")
    key = Rule("key", "foreign_key", ("id",), {"columns": ("id",)}, reads=(parent,), on_failure=QUARANTINE)
    query = f"SELECT count(*) FROM {CONTRACT.dataset}"
    count = Rule(
        "count", "sql", (), {"query": query}, Threshold("mustBe", len(CLEAN)), reads=(Reference(parent.dataset),)
    )
    child = replace(small(key, count, id=LONG), name="child")
    frame = staged(remote, child, [{"id": 0}, {"id": 99}])
    publication = publish(remote, frame, child, others={CONTRACT.dataset: CONTRACT})
    assert publication.rows == {"": 1} and publication.quarantined == {"": 1}
    (verdict,) = audit_published(remote, child, [""], child.rules, {CONTRACT.dataset: CONTRACT})
    assert not verdict.blocked and [outcome.metric for outcome in verdict.outcomes] == [0, len(CLEAN)]
    for _ in range(2):
        fold(remote, METRICS_CONTRACT)
        assert waiting_files(remote, METRICS) == []
    assert {row["dataset"] for row in got(remote, METRICS_CONTRACT)} == {CONTRACT.dataset, child.dataset}
