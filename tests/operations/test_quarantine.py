"""The UI knows what was done to quarantines from the command line; and what waited too long goes, every night."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import dagster as dg
import pytest
from scenario import DAILY, QUARANTINE, Row, got, order, orders, put, quarantined, with_rules

from data_platform.contracts import Contract, Rule
from data_platform.lakehouse import Lakehouse
from data_platform.lakehouse.discard import discard
from data_platform.lakehouse.quarantine import handlings
from data_platform.lakehouse.replay import replay
from data_platform.operations import quarantine as operations
from data_platform.operations.quarantine import quarantine_sensor, retention_schedule

RULES = (
    Rule("amount", "minimum", ("amount",), {"value": 0}, on_failure=QUARANTINE),
    Rule("country", "enum", ("country",), {"values": ("no",)}, on_failure=QUARANTINE),
)
CONTRACT = orders(DAILY, rules=RULES)
OTHER = replace(CONTRACT, name="returns")
LOOSE = with_rules(CONTRACT, RULES[1])
ONE, TWO = "2026-01-01", "2026-01-02"
ROWS: list[Row] = [
    order(1),
    order(2, amount=-1),
    order(3, amount=-1, country="se"),
    order(4, day=2, amount=-1),
]


def look(cursor: str | None, *contracts: Contract) -> dg.SensorResult:
    context = dg.build_sensor_context(cursor=cursor)
    result = quarantine_sensor(contracts or (CONTRACT,))(context)
    assert isinstance(result, dg.SensorResult)
    return result


def told(result: dg.SensorResult) -> dict[tuple[str, str | None], dict[str, object]]:
    """Metadata by asset and partition."""
    return {
        (each.asset_key.to_user_string(), each.partition): {name: value.value for name, value in each.metadata.items()}
        for each in result.asset_events
    }


def test_where_there_is_no_quarantine_there_is_no_news(lakehouse: Lakehouse) -> None:
    assert told(look(None)) == {}
    put(lakehouse, CONTRACT, [order(1)])
    assert told(look(None)) == {}


def test_what_a_run_of_dagster_wrote_it_tells_itself(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    first = look(None)
    put(lakehouse, CONTRACT, ROWS[:2])
    assert told(look(first.cursor)) == {}


def test_rows_replayed_from_the_command_line_are_seen(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    before = look(None).cursor
    replay(lakehouse, LOOSE, who="ana")
    after = look(before)
    assert told(after) == {
        ("shop/orders__quarantine", ONE): {"dagster/partition_row_count": 1, "country": 1},
        ("shop/orders__quarantine", TWO): {"dagster/partition_row_count": 0},
        ("shop/orders", ONE): {"replayed": 1, "contract_version": "1.0.0", "replayed_by": "ana"},
        ("shop/orders", TWO): {"replayed": 1, "contract_version": "1.0.0", "replayed_by": "ana"},
    }
    assert told(look(after.cursor)) == {}, "news are told once"


def test_rows_discarded_from_the_command_line_are_seen(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    before = look(None).cursor
    discard(lakehouse, CONTRACT, rule="country", reason="test data", who="ana")
    assert told(look(before)) == {
        ("shop/orders__quarantine", ONE): {"dagster/partition_row_count": 1, "amount": 1},
    }


def test_a_quarantine_never_looked_at_before_is_told_from_its_beginning(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    discard(lakehouse, CONTRACT, [TWO], reason="test data", who="ana")
    assert set(told(look(None))) == {("shop/orders__quarantine", TWO)}


def test_a_quarantine_that_forgot_what_was_seen_last_is_told_as_it_is(lakehouse: Lakehouse) -> None:
    put(lakehouse, CONTRACT, ROWS)
    assert set(told(look(json.dumps({CONTRACT.dataset: 7})))) == {
        ("shop/orders__quarantine", ONE),
        ("shop/orders__quarantine", TWO),
    }


def test_without_enough_time_the_next_look_goes_on(lakehouse: Lakehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for contract in (CONTRACT, OTHER):
        put(lakehouse, contract, ROWS)
        discard(lakehouse, contract, [TWO], reason="test data", who="ana")
    monkeypatch.setattr(operations, "BUDGET", -1.0)
    cursor, seen = None, []
    for _ in range(4):
        result = look(cursor, CONTRACT, OTHER)
        cursor = result.cursor
        seen.append({asset for asset, _ in told(result)})
    assert seen == [{"shop/orders__quarantine"}, {"shop/returns__quarantine"}, set(), set()]
    assert json.loads(cursor or "")[""] == "shop.returns"


def test_what_waited_longer_than_its_retention_goes_every_night_and_is_recorded(lakehouse: Lakehouse) -> None:
    short, long = replace(CONTRACT, retention=timedelta(0)), replace(OTHER, retention=timedelta(days=365))
    for contract in (short, long):
        put(lakehouse, contract, ROWS)
    schedule = retention_schedule([short, long])
    assert schedule.cron_schedule == "30 3 * * *" and schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as instance:
        result = schedule.job.execute_in_process(instance=instance)  # type: ignore[union-attr]
        recorded = {
            event.partition: event.step_materialization_data.materialization.metadata[
                "dagster/partition_row_count"
            ].value
            for event in result.all_events
            if event.is_step_materialization
        }
    assert recorded == {ONE: 0, TWO: 0}
    assert quarantined(lakehouse, short) == [] and len(quarantined(lakehouse, long)) == 3
    (handling,) = handlings(lakehouse, short)
    assert (handling.operation, handling.rows, handling.who) == ("expire", {ONE: 2, TWO: 1}, "retention")
    assert [row["id"] for row in got(lakehouse, short)] == [1], "the dataset itself is untouched"
    assert told(look(None, short)) == {}, "the run told of it itself"
