"""The simulator: the same marketplace every time, whatever happens on the way."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest

from data_platform.marketplace import event_files, monolith, simulator
from data_platform.marketplace.days import bad_day, phone_day
from data_platform.marketplace.errors import SimulationError

from .conftest import FIRST_DAY, SCALE, Marketplace

BAD_DAY = bad_day(FIRST_DAY)
DURING = "changed_at >= %s AND changed_at < %s + 1"


def parsed(marketplace: Marketplace, kind: str) -> list[tuple[str, dict]]:
    """(file, event) of one kind, in order of arrival."""
    files = marketplace.lines().items()
    return [(name, json.loads(line)) for name, text in files if name.startswith(kind) for line in text.splitlines()]


def test_the_same_seed_and_first_day_give_the_same_rows_and_files(new_marketplace: Callable[[], Marketplace]):
    one, other, different = new_marketplace(), new_marketplace(), new_marketplace()
    one.live(days=3)
    for days in (1, 2, 3):  # in three goes instead of one
        other.live(days)
    different.live(days=1, seed=1)
    assert one.rows() == other.rows()
    assert one.lines() == other.lines()
    assert len(one.lines()) == 3 * 3 * 24
    assert different.rows()["users"] != one.rows()["users"]


def test_a_second_run_changes_nothing_and_says_so(marketplace: Marketplace):
    marketplace.live(days=2)
    before, told = marketplace.rows(), []
    last = FIRST_DAY + timedelta(days=1)
    simulator.simulate(marketplace.dsn, marketplace.events, FIRST_DAY, last, SCALE, on_day=told.append)
    assert [done.was_skipped for done in told] == [True, True]
    assert marketplace.rows() == before


class Crash(Exception):
    """What a test lets happen in the middle of a day."""


def crash(*_: object) -> None:
    raise Crash


@pytest.mark.parametrize("where", ["in the transaction", "between the files"])
def test_a_day_interrupted_is_done_again_with_the_same_result(
    new_marketplace: Callable[[], Marketplace], monkeypatch: pytest.MonkeyPatch, where: str
):
    undisturbed, disturbed = new_marketplace(), new_marketplace()
    undisturbed.live(days=2)
    disturbed.live(days=1)
    with monkeypatch.context() as patch:
        if where == "in the transaction":
            patch.setattr(monolith, "write_messages", crash)
        else:
            write = event_files.write
            patch.setattr(event_files, "write", lambda *a: crash() if a[1] == "search" else write(*a))
        with pytest.raises(Crash):
            disturbed.live(days=2)
    if where == "in the transaction":
        assert disturbed.one("SELECT count(*) FROM simulated_days") == 1
        assert disturbed.one("SELECT max(changed_at)::date FROM listing_changes") == FIRST_DAY
    disturbed.live(days=2)
    assert disturbed.rows() == undisturbed.rows()
    assert disturbed.lines() == undisturbed.lines()


def test_lost_event_files_are_written_again_even_after_later_days(marketplace: Marketplace):
    marketplace.live(days=3)
    before = marketplace.lines()
    (marketplace.events / f"contact/{FIRST_DAY}/12.jsonl.gz").unlink()
    marketplace.live(days=3)
    assert marketplace.lines() == before


def test_a_marketplace_cannot_be_given_another_past(marketplace: Marketplace):
    marketplace.live(days=1)
    with pytest.raises(SimulationError, match="lies before it"):
        simulator.simulate(marketplace.dsn, marketplace.events, FIRST_DAY - timedelta(days=1), FIRST_DAY, SCALE)
    with pytest.raises(SimulationError, match="lives by seed 2006, not 7"):
        marketplace.live(days=2, seed=7)
    with pytest.raises(SimulationError, match="Days follow each other"):
        simulator.simulate_day(marketplace.dsn, marketplace.events, FIRST_DAY + timedelta(days=5), scale=SCALE)


def test_the_bad_day_is_bad_and_repaired_the_next_morning(twelve_days: Marketplace):
    one, day, next_day = twelve_days.one, BAD_DAY, BAD_DAY + timedelta(days=1)
    share = f"SELECT avg((price < 0)::int) FROM listing_changes WHERE operation <> 'D' AND {DURING}"
    assert 0.45 < one(share, day, day) < 0.7
    assert one(f"SELECT count(*) FROM listing_changes WHERE price < 0 AND NOT ({DURING})", day, day) == 0
    assert one("SELECT count(*) FROM listings WHERE price < 0") == 0
    repaired = """
        SELECT count(*), min(repair.price / bad.price), max(repair.price / bad.price)
        FROM listing_changes bad JOIN listing_changes repair USING (listing_id)
        WHERE bad.price < 0 AND repair.operation = 'U' AND repair.changed_at = %s::timestamptz + interval '2 hours'"""
    assert twelve_days.query(repaired, next_day)[0][1:] == (-100, -100)


def test_a_day_begins_with_everything_and_then_brings_its_changes(twelve_days: Marketplace):
    for table, changes in (("users", "user_changes"), ("listings", "listing_changes"), ("payments", "payment_changes")):
        key = f"{table[:-1]}_id"
        per_day = twelve_days.query(f"SELECT changed_at::date, operation, count(*) FROM {changes} GROUP BY 1, 2")
        operations = {"I", "U"} if table == "payments" else {"I", "U", "D"}
        days = [FIRST_DAY + timedelta(days=n) for n in range(12)]
        assert {(day, operation) for day, operation, _ in per_day} == {(d, o) for d in days for o in operations}
        replayed = f"""SELECT * FROM (SELECT DISTINCT ON ({key}) * FROM {changes}
                       ORDER BY {key}, changed_at DESC, change_id DESC) AS latest WHERE operation <> 'D' ORDER BY {key}"""
        assert [row[3:] for row in twelve_days.query(replayed)] == twelve_days.rows()[table]


def test_a_deleted_row_is_gone_and_its_number_is_not_given_again(twelve_days: Marketplace):
    gone = "SELECT count(*) FROM listing_changes JOIN listings USING (listing_id) WHERE operation = 'D'"
    assert twelve_days.one(gone) == 0
    again = "SELECT max(n) FROM (SELECT count(*) n FROM user_changes WHERE operation = 'I' GROUP BY user_id) AS x"
    assert twelve_days.one(again) == 1


def test_phone_numbers_pass_five_percent_on_one_day_only(twelve_days: Marketplace):
    shares = dict(twelve_days.query(r"SELECT created_at::date, avg((body ~ '\+55 ')::int) FROM messages GROUP BY 1"))
    assert [day for day, share in shares.items() if share > 0.05] == [phone_day(FIRST_DAY)]


def test_the_monolith_is_as_dirty_as_documented(twelve_days: Marketplace):
    one = twelve_days.one
    assert 0 < one("SELECT avg((email !~ '^[^@ ]+@[^@ ]+$')::int) FROM users") < 0.015
    assert 0.004 < one("SELECT avg((city IS NULL)::int) FROM listings") < 0.02
    assert 0.001 < one("SELECT avg((price = 0)::int) FROM listings") < 0.012
    wrong_amounts = """SELECT avg((payments.amount <> listings.price)::int) FROM payments JOIN listings USING (listing_id)
                       WHERE payments.status = 'paid' AND listings.status = 'sold'"""
    assert 0 < one(wrong_amounts) < 0.02


def test_events_are_as_dirty_late_and_doubled_as_documented(twelve_days: Marketplace):
    events = parsed(twelve_days, "listing_view")
    seen = Counter(event["event_id"] for _, event in events)
    assert 0.003 < (len(events) - len(seen)) / len(events) < 0.008
    broken = [event for _, event in events if not is_sound(event)]
    assert 0.004 < len(broken) / len(events) < 0.01
    sound = [event for _, event in events if is_sound(event)]
    delays = [moment(event["received_at"]) - moment(event["viewed_at"]) for event in sound]
    assert 0.005 < sum(delay >= timedelta(hours=1) for delay in delays) / len(delays) < 0.015
    assert min(delays) >= timedelta(0)


@pytest.mark.parametrize("kind", ["listing_view", "search", "contact"])
def test_events_lie_in_the_file_of_the_hour_they_arrived(twelve_days: Marketplace, kind: str):
    for name, event in parsed(twelve_days, kind):
        assert name == f"{kind}/{event['received_at'][:10]}/{event['received_at'][11:13]}.jsonl.gz"


def test_a_few_listings_get_most_views_and_the_evening_is_livelier_than_the_night(twelve_days: Marketplace):
    events = [event for _, event in parsed(twelve_days, "listing_view")]
    views = sorted(Counter(event.get("listing_id") for event in events).values(), reverse=True)
    assert sum(views[: len(views) // 10]) > 0.3 * sum(views)
    hours = Counter(event["received_at"][11:13] for event in events)
    assert hours["20"] > 5 * hours["03"]


def test_searches_are_typed_by_people(twelve_days: Marketplace):
    queries = {event.get("query", "") for _, event in parsed(twelve_days, "search")}
    assert any("é" in query for query in queries)
    assert any("🔥" in query for query in queries)


def is_sound(event: dict) -> bool:
    try:
        moment(event["viewed_at"])
        return (
            isinstance(event["listing_id"], int)
            and event["dwell_ms"] >= 0
            and len(event) == 9
            and event["device"] != "toaster"
        )
    except (KeyError, ValueError):
        return False


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def test_the_first_day_is_remembered_by_the_database(twelve_days: Marketplace):
    assert simulator.first_day(twelve_days.dsn) == FIRST_DAY
    assert bad_day(date(2026, 1, 1)) == date(2026, 1, 10)
