"""What publications measured: kept for each, folded once, whatever happens, and read by rules about the past."""

from __future__ import annotations

import logging
import math
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from scenario import (
    CLEAN,
    DAILY,
    DAY_X_COUNTRY,
    DIRTY,
    DOUBLE,
    HOPELESS,
    LONG,
    QUARANTINE,
    TEXT,
    TIMESTAMPTZ,
    Row,
    got,
    order,
    orders,
    put,
    small,
)

import data_platform.domains
from data_platform.contracts import Contract, Contracts, Policy, Rule, Threshold
from data_platform.lakehouse import Lakehouse, journal, metrics, plan_read
from data_platform.lakehouse import fold as folding
from data_platform.lakehouse.fold import fold
from data_platform.lakehouse.journal import METRICS, waiting_files
from data_platform.lakehouse.metrics import COLUMNS, PROFILE, history
from data_platform.quality.errors import RuleError
from data_platform.settings import Settings

from .writers import PROCESSES

CONTRACT = Contracts.load(Path(data_platform.domains.__path__[0]))[METRICS]
DAY = timedelta(days=1)


def rows(lakehouse: Lakehouse, **only: Any) -> list[Row]:
    """What is in the table."""
    if lakehouse.existing_table(METRICS) is None:
        return []
    found = got(lakehouse, CONTRACT)
    return [row for row in found if all(row[name] == value for name, value in only.items())]


def test_the_contract_says_what_each_column_means() -> None:
    assert {column.name: str(column.type) for column in CONTRACT.columns} == COLUMNS


def test_every_rule_and_every_column_of_a_publication_has_a_row(lakehouse: Lakehouse) -> None:
    contract = orders()
    publication = put(lakehouse, contract, DIRTY, run="run-7")
    folded = fold(lakehouse, CONTRACT)
    assert folded is not None and waiting_files(lakehouse, METRICS) == []
    everything = rows(lakehouse)
    stamp = {"dataset": "shop.orders", "partition": "", "publication": publication.publication_id, "run_id": "run-7"}
    stamp |= {"contract_version": "1.0.0", "published": True, "rows": 5}
    assert all({name: row[name] for name in stamp} == stamp for row in everything)
    assert {row["measured_at"].date() for row in everything} == {datetime.now(UTC).date()}
    assert {row["rule"] for row in everything if row["kind"] != PROFILE} == {rule.name for rule in contract.rules}
    assert len(everything) == len(contract.rules) + len(contract.columns)
    (amount,) = (row for row in everything if row["rule"] == "amount_minimum")
    assert amount | {"kind": "minimum", "columns": "amount", "measured": 1.0, "action": "quarantine"} == amount
    assert amount | {"failing_rows": 1, "failing_percent": 20.0, "reason": "1 of 5 rows (20%)"} == amount
    (few,) = (row for row in everything if row["rule"] == "few")
    assert (few["measured"], few["failing_rows"], few["action"]) == (5.0, None, None)
    columns = {row["columns"]: row for row in everything if row["kind"] == PROFILE}
    assert set(columns) == set(contract.column_names)
    assert columns["id"] | {"nulls": 0, "distinct_values": 5, "minimum": "0", "maximum": "4"} == columns["id"]


def test_of_sensitive_columns_no_value_is_kept(lakehouse: Lakehouse) -> None:
    publication = put(lakehouse, orders(), CLEAN)
    email = publication.profiles[""]["email"]
    assert (email.nulls, email.distinct, email.minimum, email.maximum) == (0, 1, None, None)
    fold(lakehouse, CONTRACT)
    assert "ada@example.com" not in str(rows(lakehouse))


def test_what_was_blocked_is_measured_too(lakehouse: Lakehouse) -> None:
    put(lakehouse, orders(), CLEAN)
    put(lakehouse, orders(), HOPELESS)
    fold(lakehouse, CONTRACT)
    refused = rows(lakehouse, published=False)
    assert {row["rule"] for row in refused if row["action"]} == {"id_required"}
    assert {row["columns"]: row["nulls"] for row in refused if row["kind"] == PROFILE}["id"] == 2


def test_a_number_that_there_was_not_is_null(lakehouse: Lakehouse) -> None:
    rule = Rule("ratio", "sql", (), {"query": "SELECT avg(ratio) FROM {object}"}, Threshold("mustBe", 0))
    put(lakehouse, replace(orders(), rules=(rule,)), [order(1, ratio=None)])
    fold(lakehouse, CONTRACT)
    (row,) = rows(lakehouse, rule="ratio")
    assert row["measured"] is None and row["reason"] == "no number is not = 0"


def test_folding_is_done_once_and_a_day_stays_one_file(lakehouse: Lakehouse) -> None:
    assert fold(lakehouse, CONTRACT) is None
    first = put(lakehouse, orders(), CLEAN)
    fold(lakehouse, CONTRACT)
    second = put(lakehouse, orders(), CLEAN)
    fold(lakehouse, CONTRACT)
    assert fold(lakehouse, CONTRACT) is None
    counts = [len(rows(lakehouse, publication=each.publication_id)) for each in (first, second)]
    assert counts[0] == counts[1] and sum(counts) == len(rows(lakehouse))
    assert len(plan_read(lakehouse, CONTRACT).files) == len({row["measured_at"].date() for row in rows(lakehouse)})


def test_files_that_could_not_be_removed_come_in_no_second_time(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(lakehouse, orders(), CLEAN)
    with monkeypatch.context() as broken:
        broken.setattr(folding, "_remove", lambda *_: None)
        fold(lakehouse, CONTRACT)
    before = rows(lakehouse)
    put(lakehouse, orders(), CLEAN)
    fold(lakehouse, CONTRACT)
    assert len(rows(lakehouse)) == 2 * len(before) and waiting_files(lakehouse, METRICS) == []


def _die_before_removing(settings: Settings) -> None:
    folding._remove = lambda *_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[assignment]
    fold(Lakehouse(settings), CONTRACT)


def test_kill_9_between_the_commit_and_the_removal_doubles_nothing(lakehouse: Lakehouse) -> None:
    put(lakehouse, orders(), CLEAN)
    process = PROCESSES.Process(target=_die_before_removing, args=(lakehouse.settings,))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL
    before = rows(lakehouse)
    assert before and waiting_files(lakehouse, METRICS)
    fold(lakehouse, CONTRACT)
    assert rows(lakehouse) == before and waiting_files(lakehouse, METRICS) == []


def test_folding_at_the_same_time_and_publishing_meanwhile_loses_and_doubles_nothing(lakehouse: Lakehouse) -> None:
    contracts = [replace(orders(), name=f"orders_{n}") for n in range(3)]
    errors: list[BaseException] = []

    def both(contract: Contract) -> None:
        try:
            mine = Lakehouse(lakehouse.settings)
            for _ in range(2):
                put(mine, contract, CLEAN)
                fold(mine, CONTRACT)
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=both, args=(contract,)) for contract in contracts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    fold(lakehouse, CONTRACT)
    each = {contract.dataset: len(rows(lakehouse, dataset=contract.dataset)) for contract in contracts}
    assert set(each.values()) == {2 * (len(contracts[0].rules) + len(contracts[0].columns))}


def test_metrics_that_cannot_be_kept_are_a_warning(
    lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(journal, "_write", full)
    with caplog.at_level(logging.WARNING):
        assert put(lakehouse, orders(), CLEAN).published
    assert "no space left on device" in caplog.text


def test_of_the_metrics_themselves_nothing_is_measured(lakehouse: Lakehouse) -> None:
    put(lakehouse, orders(), CLEAN)
    fold(lakehouse, CONTRACT)
    assert waiting_files(lakehouse, METRICS) == [] and rows(lakehouse, dataset=METRICS) == []


VOLUME = Rule(
    "volume",
    "history",
    (),
    {"of": "rowCount", "last": 3, "least": 2},
    Threshold("mustBeBetween", (-50, 50), "percent"),
)


def ids(count: int) -> list[Row]:
    return [{"id": i} for i in range(count)]


@pytest.mark.parametrize("folded", [False, True])
def test_a_volume_is_held_against_the_last_publications(folded: bool, lakehouse: Lakehouse) -> None:
    contract = small(VOLUME, id=LONG)
    for count in (100, 10):
        (outcome,) = put(lakehouse, contract, ids(count)).verdicts[0].outcomes
        assert outcome.holds and math.isnan(outcome.metric) and outcome.reason.startswith("no history yet")
    if folded:
        fold(lakehouse, CONTRACT)
    blocked = put(lakehouse, contract, ids(110)).verdicts[0].outcomes[0]
    assert (blocked.metric, blocked.action) == (100.0, Policy.BLOCK)
    assert blocked.reason == "100% is not between -50 and 50% (110 rows; the median of the last 2 is 55)"
    assert put(lakehouse, contract, ids(60)).published, "the blocked publication is no history"
    assert put(lakehouse, contract, ids(60)).published, "of 100, 10, 60 and 60 the last three count"
    assert put(lakehouse, contract, ids(10)).blocked


def test_a_day_is_held_against_the_days_before_it_of_the_same_country(lakehouse: Lakehouse) -> None:
    contract = orders(DAY_X_COUNTRY, rules=(VOLUME,))

    def day(number: int, count: int, country: str = "no") -> list[Row]:
        return [order(i, day=number, country=country) for i in range(count)]

    def held(number: int, count: int, country: str = "no") -> bool:
        return bool(put(lakehouse, contract, day(number, count, country)).published)

    for number, count in ((1, 100), (2, 4), (3, 5), (4, 6)):
        put(lakehouse, replace(contract, rules=()), day(number, count))
    put(lakehouse, replace(contract, rules=()), day(5, 500, "se"))
    assert held(5, 5) and held(5, 7), "days 4, 3 and 2 count"
    assert not held(5, 8)
    assert held(2, 40), "one day is too little history"
    assert held(3, 70) and not held(3, 20), "days 2 (as it is now) and 1"
    assert held(6, 5, "se"), "one earlier day of that country is too little"


FRESH = Rule(
    "fresh",
    "history",
    (),
    {"of": "freshness", "column": "at", "last": 5, "least": 3},
    Threshold("mustBeLessThan", 3.5, "score"),
)


def test_freshness_is_the_time_from_the_newest_value_to_the_end_of_the_day(lakehouse: Lakehouse) -> None:
    contract = orders(DAILY, rules=(FRESH,))

    def outcome(day: int, hour: int, contract: Contract = contract) -> Any:
        return (
            put(lakehouse, contract, [order(1, day=day, hour=hour), order(2, day=day, hour=0)]).verdicts[0].outcomes[0]
        )

    for day, hour in ((1, 20), (2, 21), (3, 22)):
        assert outcome(day, hour).reason.startswith("no history yet: ")
    assert outcome(4, 21).metric == 0.0
    late = outcome(5, 9)
    assert late.action is Policy.BLOCK and late.metric == pytest.approx(0.6745 * 12 / 0.5)
    assert "52,200 seconds; the median of the last 4 is 9,000" in late.reason
    plain = replace(FRESH, threshold=Threshold("mustBeLessThan", 2.6 * 3600))
    assert outcome(6, 21, replace(contract, rules=(plain,))).metric == 2.5 * 3600


def test_freshness_of_a_whole_dataset_is_the_time_until_now(lakehouse: Lakehouse) -> None:
    rule = replace(FRESH, threshold=Threshold("mustBeLessThan", 7200))
    contract = small(rule, at=TIMESTAMPTZ)
    now = datetime.now(UTC)
    assert put(lakehouse, contract, [{"at": now - timedelta(hours=1)}]).published
    assert put(lakehouse, contract, [{"at": now - timedelta(hours=3)}]).blocked
    nothing = put(lakehouse, contract, [{"at": None}]).verdicts[0].outcomes[0]
    assert nothing.action is Policy.BLOCK and nothing.reason.startswith("no number is not < 7,200")


def test_the_past_of_a_sensitive_column_is_not_kept_so_no_rule_asks_for_it(lakehouse: Lakehouse) -> None:
    secret = orders(rules=(replace(FRESH, arguments={**FRESH.arguments, "column": "email"}),))
    with pytest.raises(RuleError, match="rule fresh cannot be evaluated: email is sensitive"):
        put(lakehouse, secret, CLEAN)


def test_history_is_looked_for_in_recent_days_first(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "RECENT", 1)
    contract = small(id=LONG)
    for back in (2, 1, 0):
        put(lakehouse, contract, ids(back + 1))
        _as_of(lakehouse, datetime.now(UTC) - back * DAY)
    fold(lakehouse, CONTRACT)
    found = list(history(lakehouse, contract.dataset))
    assert [[each.rows for each in batch] for batch in found] == [[1], [1, 2, 3]]
    assert [[each.rows for each in batch] for batch in history(lakehouse, "shop.nothing")] == [[], []]


def _as_of(lakehouse: Lakehouse, moment: datetime) -> None:
    """Let what waits, and is not older, have been measured then."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    for file in waiting_files(lakehouse, METRICS):
        table = pq.read_table(file)
        if pc.max(table["measured_at"]).as_py().date() == datetime.now(UTC).date():
            then = pa.array([moment] * table.num_rows, table.schema.field("measured_at").type)
            pq.write_table(table.set_column(table.schema.get_field_index("measured_at"), "measured_at", then), file)


def test_the_profile_is_of_the_rows_that_were_audited(lakehouse: Lakehouse) -> None:
    contract = orders(rules=(Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),))
    bad = {"amount": Decimal("-1.00")}
    publication = put(lakehouse, contract, [order(1), order(2, **bad), order(3, **bad | {"ratio": None})])
    profile = publication.profiles[""]
    assert publication.rows == {"": 1} and publication.quarantined == {"": 2}
    assert (profile["amount"].minimum, profile["amount"].maximum) == ("-1.00", "12.50")
    assert (profile["ratio"].nulls, profile["id"].distinct) == (1, 3)


def test_names_and_values_with_quotes_are_kept_as_they_are(lakehouse: Lakehouse) -> None:
    name = 'It\'s "odd"'
    contract = small(**{name: TEXT, "x": DOUBLE})
    put(lakehouse, contract, [{name: "'; DROP TABLE x; --", "x": float("nan")}, {name: 'é"', "x": 1.5}])
    fold(lakehouse, CONTRACT)
    (odd,) = rows(lakehouse, columns=name)
    assert (odd["minimum"], odd["maximum"], odd["distinct_values"]) == ("'; DROP TABLE x; --", 'é"', 2)
    (x,) = rows(lakehouse, columns="x")
    assert (x["minimum"], x["maximum"], x["nulls"]) == ("1.5", "1.5", 0)
