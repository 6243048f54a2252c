"""What is known of files: each taken once, whatever order, repetition, name or crash."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data_platform.contracts import Contract
from data_platform.files.landing import Landing, arrivals
from data_platform.files.landing.arrivals import Arrivals, look
from data_platform.files.landing.contents import State, contents, duplicates, identities, pending
from data_platform.files.landing.folder import Folder
from data_platform.files.landing.ledger import Ledger
from data_platform.files.landing.refusal import Refusal, chosen, forget, refuse, take_back

from .scenario import DUMPS, ONE, ORDERS, PRICES, TWO, csv, drop, file, older

ZONE = Landing("landing/orders/*.csv", settle=0)
NAMED = Landing("landing/prices/*.csv", partition="name", settle=0)


def see(home: Path, zone: Landing = ZONE, contract: Contract = ORDERS) -> Arrivals:
    return look(zone, contract, str(home), Ledger(home, contract.dataset))


def wanted(home: Path, contract: Contract = ORDERS) -> list[str]:
    ledger = Ledger(home, contract.dataset)
    return list(pending(contents(ledger.files()), ledger.published()))


def publish(home: Path, *partitions: str, contract: Contract = ORDERS) -> None:
    """What a step tells the ledger."""
    ledger = Ledger(home, contract.dataset)
    there = contents(ledger.files())
    made = {partition: there.get(partition, ()) for partition in partitions or wanted(home, contract)}
    taken = {each.identity for files in made.values() for each in files}
    files = [replace(each, state=State.INGESTED) for each in ledger.files() if each.identity in taken]
    ledger.record({p: identities(of) for p, of in made.items()}, files, run_id="run", snapshot_id="1")


def test_a_known_file_is_not_opened_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    assert see(home).new == 1
    monkeypatch.setattr(Folder, "hash_of", lambda *_: pytest.fail("opened"))
    assert see(home) == Arrivals()


def test_a_file_that_was_only_touched_is_the_same(home: Path) -> None:
    path = drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    publish(home)
    older(path, 1000)
    see(home)
    assert wanted(home) == [] and len(Ledger(home, "shop.orders").files()) == 1


def test_a_file_that_is_not_there_for_a_while_is_known_when_it_is_back(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    publish(home)
    (home / "landing").rename(home / "unmounted")
    see(home)
    assert not file(home, "a.csv").present and wanted(home) == []
    (home / "unmounted").rename(home / "landing")
    assert see(home).new == 0
    assert file(home, "a.csv").present and wanted(home) == []


def test_a_file_that_grows_is_not_taken_before_it_stands_still(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone, at = replace(ZONE, settle=10), time.time()
    clock = [at]
    monkeypatch.setattr(arrivals.time, "time", lambda: clock[0])
    path = drop(home, "orders/a.csv", [(1, ONE, 10)])
    assert see(home, zone).unsettled == ("a.csv",)
    clock[0] += 8
    drop(home, "orders/a.csv", [(1, ONE, 10), (2, ONE, 20)])
    os.utime(path, (clock[0], clock[0]))
    clock[0] += 8
    assert see(home, zone).unsettled == ("a.csv",), "it changed 8 seconds ago"
    clock[0] += 3
    assert see(home, zone) == Arrivals(new=1)
    assert file(home, "a.csv").rows == 2


def test_a_clock_that_is_ahead_keeps_nobody_waiting_for_ever(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone, clock = replace(ZONE, settle=10), [time.time()]
    monkeypatch.setattr(arrivals.time, "time", lambda: clock[0])
    older(drop(home, "orders/a.csv", [(1, ONE, 10)]), -3600)
    assert see(home, zone).unsettled == ("a.csv",)
    clock[0] += 11
    assert see(home, zone).new == 1


def test_two_days_without_rows_are_two_deliveries_when_their_names_say_so(home: Path) -> None:
    for day in (ONE, TWO):
        drop(home, f"prices/p-{day}.csv", [])
    see(home, NAMED, PRICES)
    assert wanted(home, PRICES) == [ONE, TWO]


def test_a_file_without_rows_has_no_day_and_asks_for_nothing(home: Path) -> None:
    drop(home, "orders/a.csv", [])
    see(home)
    assert wanted(home) == [] and file(home, "a.csv").state is State.INGESTED


def test_duplicates_are_told_and_step_in_when_the_first_goes(home: Path) -> None:
    first = drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    publish(home)
    drop(home, "orders/b.csv", [(1, ONE, 10)])
    see(home)
    files = Ledger(home, "shop.orders").files()
    assert list(duplicates(files).values()) == ["a.csv"] and wanted(home) == []
    first.unlink()
    see(home)
    (there,) = contents(Ledger(home, "shop.orders").files())[ONE]
    assert there.path == "b.csv" and there.present and wanted(home) == []


def test_what_moves_to_other_days_leaves_the_old_one_only_when_it_has_arrived(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    publish(home)
    drop(home, "orders/a.csv", [(1, TWO, 100)])
    see(home)
    assert wanted(home) == [TWO]
    publish(home)
    assert wanted(home) == [ONE]
    publish(home)
    assert wanted(home) == []


def test_a_refused_file_of_the_same_name_keeps_what_was_ingested(home: Path) -> None:
    ledger, folder = Ledger(home, "shop.orders"), Folder.of(ZONE.location, str(home))
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    publish(home)
    drop(home, "orders/a.csv", [(2, ONE, 100)])
    see(home)
    refuse(folder, ledger, Refusal(next(each for each in ledger.files() if each.present), "bad"))
    see(home)
    assert wanted(home) == [], "the first content is gone, but so it was published, and stays"


def test_a_process_that_died_while_setting_aside_is_finished_by_the_next_look(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, folder = Ledger(home, "shop.orders"), Folder.of(ZONE.location, str(home))
    path = drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    with monkeypatch.context() as killed:
        killed.setattr(Folder, "set_aside", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            refuse(folder, ledger, Refusal(file(home, "a.csv"), "bad"))
    assert path.exists() and wanted(home) == []
    ((rejected, why),) = see(home).rejected
    refuse(folder, ledger, Refusal(rejected, why))
    assert not path.exists() and file(home, "a.csv").aside == "_refused/a.csv" and see(home) == Arrivals()


def test_a_file_whose_partition_cannot_be_told_is_rejected_until_it_is_set_aside(home: Path) -> None:
    drop(home, "orders/a.csv", "id,price\n1,1\n")
    assert [why for _, why in see(home).rejected] == [why for _, why in see(home).rejected] != []


def test_nothing_set_aside_is_ever_overwritten(home: Path) -> None:
    ledger, folder = Ledger(home, "shop.orders"), Folder.of(ZONE.location, str(home))
    for number in (1, 2, 3):
        drop(home, "orders/a.csv", [(number, ONE, 10)])
        see(home)
        refuse(folder, ledger, Refusal(next(each for each in ledger.files() if each.present), f"bad {number}"))
    kept = sorted(each.name for each in (home / "landing/orders/_refused").iterdir())
    assert kept == [name for each in ("a.2.csv", "a.3.csv", "a.csv") for name in (each, f"{each}.reason.json")]


def test_a_refused_file_is_taken_back_in_unless_its_name_is_taken(home: Path) -> None:
    ledger, folder = Ledger(home, "shop.orders"), Folder.of(ZONE.location, str(home))
    path = drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    (refused,) = refuse(folder, ledger, Refusal(file(home, "a.csv"), "bad"))
    drop(home, "orders/a.csv", [(2, ONE, 10)])
    with pytest.raises(ValueError, match="another file of that name"):
        take_back(folder, ledger, refused)
    path.unlink()
    take_back(folder, ledger, refused)
    see(home)
    assert path.read_text() == csv([(1, ONE, 10)]) and wanted(home) == [ONE]
    assert list((home / "landing/orders/_refused").iterdir()) == []


def test_a_refused_file_that_was_mended_where_it_lay_is_another_content(home: Path) -> None:
    ledger, folder = Ledger(home, "shop.orders"), Folder.of(ZONE.location, str(home))
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    (refused,) = refuse(folder, ledger, Refusal(file(home, "a.csv"), "bad"))
    drop(home, "orders/_refused/a.csv", [(1, TWO, 10)])
    take_back(folder, ledger, refused)
    assert see(home).new == 1 and wanted(home) == [TWO]
    assert {str(each.state) for each in ledger.files()} == {"landed", "refused"}


def test_a_refused_content_that_is_delivered_again_is_tried_again(home: Path) -> None:
    ledger, folder = Ledger(home, "shop.orders"), Folder.of(ZONE.location, str(home))
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    refuse(folder, ledger, Refusal(file(home, "a.csv"), "bad"))
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    assert wanted(home) == [ONE]


def test_a_forgotten_file_asks_for_its_day_without_it(home: Path) -> None:
    for name in ("a", "b"):
        drop(home, f"orders/{name}.csv", [(ord(name), ONE, 10)])
    see(home)
    publish(home)
    forget(Ledger(home, "shop.orders"), file(home, "a.csv"))
    see(home)
    assert wanted(home) == [ONE]
    assert [each.path for each in contents(Ledger(home, "shop.orders").files())[ONE]] == ["b.csv"]


def test_partitions_are_found_again_when_the_contract_is_cut_otherwise(home: Path) -> None:
    drop(home, "orders/a.csv", [(1, ONE, 10)])
    see(home)
    see(home, ZONE, replace(ORDERS, partitioning=None))
    assert file(home, "a.csv").partitions == ("",)


def test_of_full_dumps_the_latest_by_its_name_counts_then_by_its_age(home: Path) -> None:
    zone = Landing("landing/dumps/*.csv", keep="latest", settle=0)
    for name, age in (("d-2026-01-02", 0), ("d-2026-01-03", 500), ("d-2026-01-01", 0)):
        older(drop(home, f"dumps/{name}.csv", [(1, name)], "id,price"), age)
    see(home, zone, DUMPS)
    (latest,) = contents(Ledger(home, "shop.dumps").files(), "latest")[""]
    assert latest.path == "d-2026-01-03.csv"


def test_a_look_without_time_goes_on_with_the_next(home: Path) -> None:
    for number in range(5):
        drop(home, f"orders/{number}.csv", [(number, ONE, 10)])
    ledger = Ledger(home, "shop.orders")
    assert look(ZONE, ORDERS, str(home), ledger, seconds=-1).unread == 5
    assert look(ZONE, ORDERS, str(home), ledger).new == 5


def test_a_file_is_found_by_its_path_its_name_or_its_hash(home: Path) -> None:
    drop(home, "orders/orders-a.csv", [(1, ONE, 10)])
    see(home)
    files = Ledger(home, "shop.orders").files()
    assert chosen(files, "orders-a.csv") == chosen(files, files[0].hash[:8]) == files[0]
    with pytest.raises(ValueError, match=r"did you mean orders-a\.csv"):
        chosen(files, "order-a.csv")


DELIVERIES = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("ABCDEF")), max_size=12)
"""Files by name and content: contents come under several names, and names get other contents."""
CONTENT = {
    letter: csv([(ord(letter) * 10 + day, f"2026-01-0{day}", 1) for day in days])
    for letter, days in zip("ABCDEF", ((1,), (2,), (1, 2), (2, 3), (), (3,)), strict=True)
}


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DELIVERIES, st.lists(st.booleans(), min_size=12, max_size=12), st.randoms())
def test_whatever_the_order_what_is_published_is_what_lies_there_once(
    tmp_path_factory: pytest.TempPathFactory, deliveries: list[tuple[str, str]], looked: list[bool], random
) -> None:
    home = tmp_path_factory.mktemp("home")
    for (name, letter), is_seen in zip(deliveries, looked, strict=False):
        drop(home, f"orders/{name}.csv", CONTENT[letter])
        if is_seen:
            see(home)
            days = wanted(home)
            publish(home, *random.sample(days, random.randint(0, len(days))))
    for _ in range(4):
        see(home)
        publish(home)
    assert wanted(home) == []
    there = {path.read_text() for path in (home / "landing/orders").glob("*.csv")} if deliveries else set()
    expected: dict[str, set[str]] = {}
    for text in there:
        for line in text.splitlines()[1:]:
            expected.setdefault(line.split(",")[1], set()).add(text)
    published = Ledger(home, "shop.orders").published()
    texts = {sha256(text.encode()).hexdigest(): text for text in CONTENT.values()}
    assert {day: {texts[one] for one in made} for day, made in published.items() if made} == expected
    assert all(len(set(made)) == len(made) for made in published.values())
