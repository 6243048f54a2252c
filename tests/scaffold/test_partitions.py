"""By which day what lands is cut: proposed where names or rows say so, refused with the evidence where it cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from data_platform.scaffold.infer import infer
from data_platform.scaffold.landed import landing_sources, pattern_of
from data_platform.scaffold.model import ScaffoldError, Sure, TableProfile
from data_platform.scaffold.propose import is_required, propose
from scaffold.scenario import land, landed, orders_of

ONE, TWO = "2026-11-01", "2026-11-02"
Columns = Mapping[str, Sequence[object]]
NAMED = {f"orders-{ONE}.csv": orders_of(ONE), f"orders-{TWO}.csv": orders_of(TWO, 60)}


def day(number: int) -> str:
    return str(date(2026, 1, 1) + timedelta(days=number))


def cut_of(table: TableProfile) -> tuple[str, str, Sure] | None:
    return (table.cut.column, table.cut.start, table.cut.sure) if table.cut else None


def test_files_named_by_the_day_of_their_rows_are_cut_by_it(tmp_path: Path) -> None:
    table = landed(tmp_path, NAMED)
    assert cut_of(table) == ("ordered_on", ONE, Sure.VERIFIED)
    assert table.cut and "each of 2 files" in table.cut.why
    assert table.key == ("order_id",)


def test_a_file_without_rows_contradicts_nobody(tmp_path: Path) -> None:
    files = {**NAMED, "orders-2026-11-03.csv": {name: [] for name in orders_of(ONE)}}
    assert cut_of(landed(tmp_path, files)) == ("ordered_on", ONE, Sure.VERIFIED)


def test_one_file_is_enough_but_not_sure(tmp_path: Path) -> None:
    assert cut_of(landed(tmp_path, {"20261101.csv": orders_of(ONE)})) == ("ordered_on", ONE, Sure.LIKELY)


def test_a_day_spelt_in_another_way_is_a_day(tmp_path: Path) -> None:
    german = {ONE: "01.11.2026", "2026-10-25": "25.10.2026"}
    files = {f"orders-{day}.csv": {**orders_of(spelt), "order_id": range(at, at + 60)}
             for at, (day, spelt) in zip((0, 60), german.items(), strict=True)}  # fmt: skip
    assert cut_of(landed(tmp_path, files)) == ("ordered_on", "2026-10-25", Sure.VERIFIED)


def test_of_two_days_that_fit_a_date_goes_before_a_timestamp_and_somebody_has_to_look(tmp_path: Path) -> None:
    files = {name: {"at": [f"{of['ordered_on'][0]} 05:00:00"] * 60, **of} for name, of in NAMED.items()}
    table = landed(tmp_path, files)
    assert cut_of(table) == ("ordered_on", ONE, Sure.LIKELY)
    assert table.cut and table.cut.why.endswith("so is at")


def test_the_day_of_a_moment_with_a_zone_is_that_in_utc(tmp_path: Path) -> None:
    files = {"a.csv": {"id": range(120), "at": [f"{ONE}T23:30:00-02:00"] * 120}}
    table = landed(tmp_path, files, "at")
    assert cut_of(table) == ("at", TWO, Sure.VERIFIED)


def test_the_only_day_is_likely_where_names_say_nothing(tmp_path: Path) -> None:
    rows = {"order_id": range(200), "ordered_on": [day(at // 20) for at in range(200)]}
    assert cut_of(landed(tmp_path, {"a.csv": rows})) == ("ordered_on", "2026-01-01", Sure.LIKELY)


DAYS = [day(at // 20) for at in range(200)]
UNCUT: dict[str, tuple[Mapping[str, Columns], str]] = {
    "no day at all": ({"a.csv": {"id": range(200)}}, "no column has a day"),
    "days only in the names": ({f"a-{ONE}.csv": {"id": range(200)}}, 'Landing(partition="name")'),
    "a missing day": ({"a.csv": {"id": range(200), "on": [None, *DAYS[1:]]}}, "no column has a day"),
    "two candidates": ({"a.csv": {"id": range(200), "paid": DAYS, "sent": DAYS}}, "paid, sent all have days"),
    "one day": ({"a.csv": {"id": range(200), "on": [ONE] * 200}}, "one day only"),
    "few rows": ({"a.csv": {"id": range(20), "on": DAYS[:10] + DAYS[100:110]}}, "too few values"),
    "a day for hardly more than one row": (
        {"a.csv": {"id": range(200), "since": [day(at) for at in range(200)]}}, "hardly says when"
    ),
    "full dumps": (
        {"a.csv": {"id": range(200), "on": DAYS}, "b.csv": {"id": range(200, 400), "on": DAYS}}, 'keep="latest"'
    ),
    "a day that means unknown": (
        {"a.csv": {"id": range(200), "on": ["1900-01-01", *DAYS[1:]]}}, "far apart, from 1900-01-01"
    ),
    "the future": ({"a.csv": {"id": range(200), "on": [*DAYS[:199], "2999-01-01"]}}, "future (2999-01-01)"),
    "a birthday": ({"a.csv": {"id": range(200), "birth_date": DAYS}}, "no column has a day"),
}  # fmt: skip


@pytest.mark.parametrize("case", UNCUT)
def test_what_is_not_clearly_cut_is_published_whole_and_says_why(case: str, tmp_path: Path) -> None:
    files, why = UNCUT[case]
    table = landed(tmp_path, files)
    assert table.cut is None and why in table.uncut


REFUSED: dict[str, tuple[Columns, str, str]] = {
    "missing": ({"id": range(200), "on": [None, *DAYS[1:]]}, "on", r"missing in 1 of 200 rows \(such as id 0\)"),
    "a word": ({"id": range(200), "on": ["soon", *DAYS[1:]]}, "on", r"1 of 200 values are no date.*such as 'soon'"),
    "a number": ({"id": range(200), "amount": range(200)}, "amount", r"is a int and no date"),
    "the future": ({"id": range(200), "on": [*DAYS[1:], "2999-01-01"]}, "on", r"1 of 200 rows.*up to 2999.*id 199"),
    "missing, by a key that is a word of SQL": (
        {"order": range(200), "on": [None, *DAYS[1:]]},
        "on",
        r"such as order 0",
    ),
    "a name that is wrong": ({"id": range(200), "on": DAYS}, "onn", r"no column onn; did you mean `on`"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_column_that_cannot_cut_is_refused_with_the_rows_that_say_so(case: str, tmp_path: Path) -> None:
    rows, column, why = REFUSED[case]
    with pytest.raises(ScaffoldError, match=why):
        landed(tmp_path, {"a.csv": rows}, column)


def test_nothing_personal_is_told_of_the_rows_that_are_refused(tmp_path: Path) -> None:
    rows = {"email": [f"a{at}@example.com" for at in range(200)], "on": [None, *DAYS[1:]]}
    with pytest.raises(ScaffoldError, match=r"missing in 1 of 200 rows; ") as refused:
        landed(tmp_path, {"a.csv": rows}, "on")
    assert "@" not in str(refused.value)


def test_a_number_that_begins_anew_each_day_is_a_key_with_the_day(tmp_path: Path) -> None:
    files = {f"orders-{ONE}.csv": orders_of(ONE), f"orders-{TWO}.csv": orders_of(TWO)}
    assert landed(tmp_path, files).key == ("order_id", "ordered_on")


def test_a_number_that_begins_anew_each_day_is_a_key_within_the_day_of_a_moment(tmp_path: Path) -> None:
    def events(of: str) -> Columns:
        return {"event_id": range(60), "at": [f"{of} 05:{at % 7:02}:00" for at in range(60)], "kind": ["a", "b"] * 30}

    table = landed(tmp_path, {f"{ONE}.csv": events(ONE), f"{TWO}.csv": events(TWO)})
    assert (table.key, cut_of(table)) == (("event_id",), ("at", ONE, Sure.VERIFIED))
    assert "unique within each day" in " ".join(table.key_notes)


def test_the_same_row_twice_on_a_day_is_no_key(tmp_path: Path) -> None:
    rows = {"event_id": [0, *range(59)], "on": [ONE] * 60}
    assert landed(tmp_path, {f"{ONE}.csv": rows}).key == ()


def test_the_contract_is_cut_by_a_required_column_and_a_day_may_lose_its_rows(tmp_path: Path) -> None:
    findings = infer(landing_sources([str(land(tmp_path, NAMED))], "shop", "/"))
    [table], [proposal] = findings.tables, propose(findings, "shop", "ana@example.com")
    contract = proposal.contract
    assert contract.partitioning and [key.column for key in contract.partitioning.keys] == ["ordered_on"]
    assert is_required(table, table.column("ordered_on"))
    assert "row_count" not in {rule.kind for rule in contract.rules}
    assert "partitioned: true" in proposal.text and "checked within each day" in proposal.text


PATTERNS = {
    "orders-2026-11-01.csv": "orders-*.csv",
    "orders_20261101T053000-001.csv": "orders_*.csv",
    "a-20261101-sent-20261102.csv.gz": "a-*-sent-*.csv.gz",
    "orders.csv": "*.csv",
    "ord?rs*.csv": "ord?rs*.csv",
}


@pytest.mark.parametrize("asked", PATTERNS)
def test_a_file_means_those_that_will_come_after_it(asked: str) -> None:
    assert pattern_of(f"landing/2026-11-01/{asked}") == f"landing/2026-11-01/{PATTERNS[asked]}"


def test_a_folder_means_its_files_but_those_set_aside_or_still_written(tmp_path: Path) -> None:
    land(tmp_path / "orders", {"a.csv": orders_of(ONE), "b.tmp": orders_of(ONE), ".c.json": orders_of(ONE)})
    land(tmp_path / "orders" / "_refused", {"x.json": orders_of(ONE)})
    [source] = landing_sources([f"{tmp_path}/orders/"], "shop", str(tmp_path))
    assert (source.name, source.location, source.lands) == ("orders", "orders/*.csv", True)
    assert source.paths == (f"{tmp_path}/orders/a.csv",)


def test_files_that_are_not_one_dataset_are_told_apart_first(tmp_path: Path) -> None:
    with pytest.raises(ScaffoldError, match="no file has landed there yet"):
        landing_sources([str(tmp_path)], "shop", "/")
    land(tmp_path, {"a.csv": orders_of(ONE), "b.csv": {"id": [1]}})
    with pytest.raises(ScaffoldError, match="not alike"):
        landing_sources([str(tmp_path)], "shop", "/")
    (tmp_path / "c.json").write_text('{"id": 1}')
    with pytest.raises(ScaffoldError, match=r"several kinds.*\*.csv and .*\*.json"):
        landing_sources([str(tmp_path)], "shop", "/")
