"""Impact: what was derived from published rows, by the snapshots that were recorded.

In a real lakehouse every row carries the names of the publications it was made of, so that its own data say the truth.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import duckdb
import pytest
from scenario import staged

from data_platform.contracts import Column, ColumnType, Contract, OnFailure, Partitioning, PartitionKey, Policy, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.datasets.testing import temporary_lakehouse
from data_platform.lakehouse import Lakehouse, LakehouseError, Provenance, Publication, plan_read, publish
from data_platform.lakehouse.publications import recorded
from data_platform.lakehouse.replay import replay
from data_platform.lineage import Kind, Lineage, Origin, facet, opaque
from data_platform.lineage.graph import Graph
from data_platform.lineage.impact import Affected, impact
from data_platform.lineage.reach import Reach, onward

DAYS = tuple(str(date(2026, 1, 1) + timedelta(days=n)) for n in range(4))
DATE, TEXT = ColumnType("date"), ColumnType("string")
DAILY = Partitioning((PartitionKey("day", "day", DAYS[0]),))


def contract(name: str, partitioning: Partitioning | None = DAILY, **changes: object) -> Contract:
    columns = (Column("day", DATE), Column("status", TEXT), Column("made_of", TEXT))
    return Contract("ads", name, "1.0.0", columns, partitioning=partitioning, owners=(f"{name}@x.example",), **changes)  # type: ignore[arg-type]


RAW, STATS, WEEK = contract("raw"), contract("stats"), contract("week")
TOTAL = contract("total", None)
CONTRACTS = {each.dataset: each for each in (RAW, STATS, WEEK, TOTAL)}
GRAPH = Graph({name: each.column_names for name, each in CONTRACTS.items()}, {})
FROM = {"ads.stats": RAW, "ads.week": STATS, "ads.total": WEEK}


def same(dataset: str, **other: Kind) -> Lineage:
    """Every column from that of its name, by default unchanged."""
    return Lineage(
        {name: frozenset([Origin(dataset, name, other.get(name, Kind.IDENTITY))]) for name in RAW.column_names}
    )


def days_read(dataset: str, day: str) -> tuple[str, ...] | None:
    """What a day of a dataset reads: a week is the day and the one before, the total is made of all."""
    return {"ads.stats": (day,), "ads.week": DAYS[max(0, DAYS.index(day) - 1) : DAYS.index(day) + 1]}[dataset]


@dataclass
class Market:
    """Publishes raw -> stats (same day) -> week (two days) -> total (all) as steps do, one partition at a time."""

    lakehouse: Lakehouse
    lineages: Mapping[str, Lineage] = field(
        default_factory=lambda: {name: same(of.dataset) for name, of in FROM.items()}
    )
    made: int = 0

    def raw(self, *days: str) -> Publication:
        """New rows: each day's is named after the publication it came with."""
        self.made += 1
        rows = [{"day": date.fromisoformat(day), "status": "ok", "made_of": f"{self.made}:{day}"} for day in days]
        return self._publish(RAW, rows, days, ())

    def make(self, dataset: str, day: str = WHOLE, **options: object) -> Publication:
        mine, source = CONTRACTS[dataset], FROM[dataset]
        wanted = days_read(dataset, day) if day else None
        plan = plan_read(self.lakehouse, source, (), wanted, allow_missing=True)
        names = sorted({name for said in self._values(plan.files) for name in said.split(",") if name})
        when = date.fromisoformat(day or DAYS[0])
        rows = [{"day": when, "status": "ok", "made_of": ",".join(names)}]
        return self._publish(mine, rows, (day,), (plan.trace,), **options)

    def seen(self, dataset: str) -> dict[str, set[str]]:
        """By partition, the names in the rows that are visible now."""
        plan = plan_read(self.lakehouse, CONTRACTS[dataset], allow_missing=True)
        found: dict[str, set[str]] = {}
        for file, place in zip(plan.files, plan.placed, strict=True):
            found.setdefault(place, set()).update(name for said in self._values([file]) for name in said.split(","))
        return found

    def impact(self, dataset: str = "ads.raw", column: str = "", day: str | None = None, at: int | None = None):
        return impact(self.lakehouse, GRAPH, CONTRACTS, dataset, column, day, at)

    def _values(self, files: Sequence[str]) -> list[str]:
        return [each for (each,) in duckdb.read_parquet(list(files)).project("made_of").fetchall()] if files else []

    def _publish(self, mine: Contract, rows, partitions, inputs, *, known: bool = True, rules: Iterable[Rule] = ()):
        from dataclasses import replace

        lineage = self.lineages.get(mine.dataset) if known else None
        provenance = Provenance("run", inputs=inputs, lineage=facet.to_json(lineage) if lineage else "")
        mine = replace(mine, rules=tuple(rules))
        return publish(self.lakehouse, staged(self.lakehouse, mine, rows), mine, partitions, provenance)


def three_days(lakehouse: Lakehouse) -> Market:
    """Three days of everything."""
    found = Market(lakehouse)
    for day in DAYS[:3]:
        found.raw(day)
        found.make("ads.stats", day)
        found.make("ads.week", day)
    found.make("ads.total")
    return found


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """For tests that change nothing about these days."""
    with temporary_lakehouse() as lakehouse:
        yield three_days(lakehouse)


@pytest.fixture
def small(lakehouse: Lakehouse) -> Market:
    """One day of two datasets."""
    found = Market(lakehouse)
    found.raw(DAYS[0])
    found.make("ads.stats", DAYS[0])
    return found


def places(found: Iterable[Affected]) -> set[tuple[str, str]]:
    return {(each.dataset.removeprefix("ads."), each.partition) for each in found}


def test_all_that_was_made_of_a_day_is_found_with_its_distance_and_owners(market: Market):
    found = market.impact(day=DAYS[0])
    assert places(found) == {("stats", DAYS[0]), ("week", DAYS[0]), ("week", DAYS[1]), ("total", WHOLE)}
    assert [each.steps for each in found] == [1, 2, 2, 3]
    assert {each.owners for each in found if each.dataset == "ads.week"} == {("week@x.example",)}
    assert all(each.direct == RAW.column_names and not each.indirect and not each.opaque for each in found)


def test_without_a_partition_it_is_everything_made_of_any(market: Market):
    assert places(market.impact()) == {("total", WHOLE)} | {
        (name, day) for name in ("stats", "week") for day in DAYS[:3]
    }
    assert places(market.impact("ads.week", day=DAYS[2])) == {("total", WHOLE)}
    assert market.impact("ads.total") == []


@pytest.mark.slow
def test_a_day_that_was_published_again_counts_by_the_snapshot_that_was_read(lakehouse: Lakehouse):
    market = three_days(lakehouse)
    (first,) = [each.snapshot_id for each in market.lakehouse.table(RAW).snapshots()][:1]
    again = market.raw(DAYS[0])
    all_of_it = {("stats", DAYS[0]), ("week", DAYS[0]), ("week", DAYS[1]), ("total", WHOLE)}
    assert places(market.impact(at=again.snapshot_id)) == set(), "nobody has read it yet"
    assert places(market.impact(at=first)) == all_of_it
    market.make("ads.stats", DAYS[0])
    assert places(market.impact(at=again.snapshot_id)) == {("stats", DAYS[0])}
    assert places(market.impact(at=first)) == all_of_it - {("stats", DAYS[0])}, "through stats that are replaced"
    assert places(market.impact(day=DAYS[0])) == all_of_it
    market.make("ads.week", DAYS[0])
    market.make("ads.week", DAYS[1])
    market.make("ads.total")
    assert places(market.impact(at=again.snapshot_id)) == all_of_it and market.impact(at=first) == []


def test_a_later_snapshot_that_wrote_other_days_still_shows_the_same_rows(market: Market):
    later = market.raw(DAYS[3])
    assert market.impact(at=later.snapshot_id) == []
    assert places(market.impact(day=DAYS[2], at=later.snapshot_id)) == {
        ("stats", DAYS[2]),
        ("week", DAYS[2]),
        ("total", WHOLE),
    }


def test_a_day_that_was_not_there_when_it_was_asked_for_was_not_read(small: Market):
    small.make("ads.stats", DAYS[1])  # of nothing: raw has only the first day
    assert places(small.impact()) == places(small.impact(day=DAYS[0])) == {("stats", DAYS[0])}


def test_what_was_blocked_is_not_affected(small: Market):
    again = small.raw(DAYS[0])
    rule = Rule("never", "enum", ("status",), {"values": ("else",)})
    assert small.make("ads.stats", DAYS[0], rules=[rule]).blocked == (DAYS[0],)
    assert small.impact(at=again.snapshot_id) == []


@pytest.mark.parametrize(
    ("kinds", "direct", "indirect", "unknown"),
    [
        ({}, ("made_of",), (), ()),
        ({"made_of": Kind.AGGREGATION}, ("made_of",), (), ()),
        ({"made_of": Kind.CONDITIONAL}, (), ("made_of",), ()),
        ({"made_of": Kind.OPAQUE}, (), (), ("made_of",)),
    ],
    ids=str,
)
def test_columns_are_told_apart_by_how_they_depend(lakehouse, kinds, direct, indirect, unknown):
    market = Market(lakehouse, {"ads.stats": same("ads.raw"), "ads.week": same("ads.stats", **kinds)})
    market.raw(DAYS[0])
    market.make("ads.stats", DAYS[0])
    market.make("ads.week", DAYS[0])
    near, far = market.impact(column="made_of")
    assert (near.direct, near.indirect, near.opaque) == (("made_of",), (), ())
    assert (far.direct, far.indirect, far.opaque) == (direct, indirect, unknown)
    assert {each.dataset for each in market.impact(column="status")} == {"ads.stats", "ads.week"}


def test_a_column_that_nothing_was_made_of_has_no_impact(lakehouse):
    only = Lineage({name: frozenset([Origin("ads.raw", "day", Kind.IDENTITY)]) for name in RAW.column_names})
    market = Market(lakehouse, {"ads.stats": only})
    market.raw(DAYS[0])
    market.make("ads.stats", DAYS[0])
    assert market.impact(column="status") == [] and len(market.impact(column="day")) == 1


def test_a_filter_concerns_every_column_of_what_it_made(lakehouse):
    filtered = Lineage(dict(same("ads.raw").columns), frozenset([Origin("ads.raw", "status", Kind.FILTER)]))
    counted = Lineage(dict.fromkeys(RAW.column_names, frozenset()))
    market = Market(lakehouse, {"ads.stats": filtered, "ads.week": counted})
    market.raw(DAYS[0])
    market.make("ads.stats", DAYS[0])
    market.make("ads.week", DAYS[0])
    near, far = market.impact(column="status")
    assert (near.direct, near.indirect) == (("status",), ("day", "made_of"))
    assert far.indirect == RAW.column_names, "it counts the rows that were let through"


def test_without_a_recorded_lineage_the_graph_counts_and_else_everything_may_be(small: Market):
    small.make("ads.stats", DAYS[0], known=False)
    found = {each.dataset: each for each in small.impact(column="status", day=DAYS[0])}
    assert found["ads.stats"].opaque == RAW.column_names
    known = Graph(GRAPH.columns, {"ads.stats": same("ads.raw")})
    near, *_ = impact(small.lakehouse, known, CONTRACTS, "ads.raw", "status", DAYS[0])
    assert near.direct == ("status",)


def test_rows_that_a_replay_joined_are_still_made_of_what_they_were(small: Market):
    rule = Rule("known", "enum", ("status",), {"values": ("else",)}, on_failure=OnFailure(Policy.QUARANTINE))
    small.make("ads.stats", DAYS[0], rules=[rule])
    replay(small.lakehouse, STATS, [DAYS[0]])
    (found,) = small.impact(column="status", day=DAYS[0])
    assert (found.dataset, found.direct, found.opaque) == ("ads.stats", ("status",), ())
    (last, *_) = recorded(small.lakehouse, ["ads.stats"])
    assert (found.publication, last.engine) == (last.publication, "replay")


def test_a_snapshot_that_is_not_recorded_is_a_sentence(small: Market):
    with pytest.raises(LakehouseError, match=r"ads\.raw: no publication is recorded that made snapshot 7; the last"):
        small.impact(at=7)


def test_the_snapshot_between_the_two_of_a_publication_is_of_that_publication(small: Market):
    again = small.raw(DAYS[0])
    small.make("ads.stats", DAYS[0])
    between = small.lakehouse.table(RAW).metadata.snapshots[-2].snapshot_id
    assert between != again.snapshot_id
    assert places(small.impact(at=between)) == {("stats", DAYS[0])}


def at_random(market: Market, seed: int, steps: int) -> dict[str, Publication]:
    """A history of any order; the publications of raw data by the name in their rows."""
    chance, raws = random.Random(seed), dict[str, Publication]()
    for _ in range(steps):
        match chance.choice(("raw", "raw", "stats", "stats", "stats", "week", "week", "total")):
            case "raw":
                days = sorted(chance.sample(DAYS, chance.choice((1, 1, 2))))
                publication = market.raw(*days)
                raws |= {f"{market.made}:{day}": publication for day in days}
            case "total":
                market.make("ads.total")
            case name:
                market.make(f"ads.{name}", chance.choice(DAYS))
    return raws


@pytest.mark.parametrize("seed", [1, *(pytest.param(each, marks=pytest.mark.slow) for each in range(2, 4))])
def test_after_any_history_impact_is_what_the_rows_themselves_say(lakehouse, seed):
    market = Market(lakehouse)
    raws = at_random(market, seed, 16 if seed == 1 else 40)
    seen = {name: market.seen(name) for name in FROM}
    for name, publication in raws.items():
        truth = {
            (dataset.removeprefix("ads."), partition)
            for dataset, partitions in seen.items()
            for partition, names in partitions.items()
            if name in names
        }
        day = name.partition(":")[2]
        assert places(market.impact(day=day, at=publication.snapshot_id)) == truth, name
    for day in DAYS:
        truth = {
            (dataset.removeprefix("ads."), partition)
            for dataset, partitions in seen.items()
            for partition, names in partitions.items()
            if any(name.endswith(day) for name in names)
        }
        assert places(market.impact(day=day)) == truth, day


ONWARD = [
    ({"x": Reach.DIRECT}, "IDENTITY", {"out": Reach.DIRECT}),
    ({"x": Reach.INDIRECT}, "IDENTITY", {"out": Reach.INDIRECT}),
    ({"x": Reach.OPAQUE}, "AGGREGATION", {"out": Reach.OPAQUE}),
    ({"x": Reach.DIRECT}, "SORT", {"out": Reach.INDIRECT}),
    ({"y": Reach.DIRECT}, "IDENTITY", {}),
    ({"": Reach.DIRECT}, "IDENTITY", {"out": Reach.INDIRECT, "": Reach.INDIRECT}),
]


@pytest.mark.parametrize(("doubtful", "kind", "expected"), ONWARD, ids=str)
def test_a_way_is_as_certain_as_its_least_certain_step(doubtful, kind, expected):
    made = Lineage({"out": frozenset([Origin("a.in", "x", Kind(kind))])})
    assert onward(made, "a.in", (), doubtful) == expected
    assert onward(made, "a.other", (), {"x": Reach.DIRECT}) == {}


def test_what_is_opaque_may_use_any_column_that_was_read_and_no_other():
    made = opaque(["out"], ["a.in"], "a Python function")
    assert onward(made, "a.in", ("x", "y"), {"x": Reach.DIRECT}) == {"out": Reach.OPAQUE, "": Reach.OPAQUE}
    assert onward(made, "a.in", ("y",), {"x": Reach.DIRECT}) == {}
