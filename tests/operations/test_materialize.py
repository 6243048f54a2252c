"""`dp materialize` on real definitions: what was asked for is produced, in order, or refused before anything runs."""

import dagster as dg
import pytest

from data_platform.operations import catch_up
from data_platform.operations.materialize import materialize
from tests.operations import catch_up_defs


@pytest.fixture
def produce(tmp_path, monkeypatch):
    monkeypatch.setattr(catch_up, "MODULE", catch_up_defs.__name__)
    (tmp_path / "dagster").mkdir()
    with dg.DagsterInstance.local_temp(str(tmp_path / "dagster")) as instance:
        yield lambda *asked, told=lambda *step: None: materialize(
            catch_up_defs.defs, instance, *asked, on_progress=told
        )


def test_a_partition_of_several_datasets_is_produced_in_the_order_they_read_each_other(produce):
    told = []
    results = produce(["ads.stats", "ads.raw"], "2026-01-01", told=lambda *step: told.append(step))
    assert {name: each.published for name, each in results.items()} == {"ads.raw": 1, "ads.stats": 1}
    assert told == [(1, 2, "ads.raw"), (2, 2, "ads.stats")]


def test_a_range_is_produced_and_its_bad_day_is_blocked_with_the_reason(produce):
    results = produce(["ads.raw"], "2026-01-01", "2026-01-03")
    assert (results["ads.raw"].published, results["ads.raw"].blocked) == (2, 1)
    assert "2026-01-02: price_minimum" in results["ads.raw"].reasons[0]


def test_producing_again_is_no_mistake(produce):
    assert [produce(["ads.raw"], "2026-01-01")["ads.raw"].published for _ in range(2)] == [1, 1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((["ads.raw"],), "ads.raw is partitioned; say which, e.g. --partition 20"),
        ((["ads.raw"], "2025-01-01"), "ads.raw has no partition '2025-01-01'; it has 2026-01-01 to "),
        ((["ads.raw"], "yesterday"), "ads.raw has no partition 'yesterday'"),
        ((["ads.total"], "2026-01-01"), "ads.total: not partitioned; leave the partition out"),
        ((["ads.nothing"],), "ads.nothing is not produced here"),
    ],
)
def test_what_cannot_be_produced_is_refused_with_a_sentence_before_anything_runs(produce, asked, told):
    with pytest.raises(ValueError, match=told):
        produce(*asked, told=lambda *step: pytest.fail("it ran"))
