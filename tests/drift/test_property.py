"""Whatever comes: what is suggested accepts it, but for what is told to remain, and touches no other promise."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_platform.drift import Evidence, suggest
from data_platform.drift.rows import Rows
from data_platform.drift.written import written

from .scenario import GOOD, parcels

SOME = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)
COMES = {
    "code": st.one_of(st.just("AB1234"), st.from_regex(r"[A-Z]{1,3}-?[0-9]{1,5}", fullmatch=True), st.none(), SOME),
    "size": st.one_of(st.sampled_from(["S", "M", "XL", "no", "a: b", "{x}", "- #"]), SOME),
    "service": st.sampled_from(["normal", "express", "", "1", "true", "näxt – “day”"]),
    "weight": st.one_of(st.decimals(-10, 10**9, places=3).map(str), st.sampled_from(["0", "30", "heavy", None])),
    "stops": st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-5, 5), st.none()).map(
        lambda value: None if value is None else str(value)
    ),
    "note": st.one_of(st.none(), SOME, st.text("ab", max_size=300)),
    "paid": st.sampled_from([True, None]),
}
EXTRA = st.dictionaries(
    st.sampled_from(["colour", "depth", "seen_on"]),
    st.sampled_from(["1", "007", "1.50", "2026-01-02", "TRUE", "x", None]),
    max_size=2,
)


@pytest.mark.slow
@given(rows=st.lists(st.fixed_dictionaries({}, optional=COMES), min_size=1, max_size=6), extra=EXTRA)
@settings(max_examples=12, deadline=None)
def test_a_suggestion_accepts_what_it_does_not_tell_to_remain_and_changes_nothing_else(rows, extra):
    full = [GOOD | {"stops": "1", "parcel_id": number} | extra | row for number, row in enumerate(rows, 1)]
    names = list(dict.fromkeys(name for row in full for name in row))
    texts = {"weight", "stops", "code", "size", "service", "note", *extra}
    types = {name: pa.string() if name in texts else pa.bool_() if name == "paid" else None for name in names}
    frame = duckdb.from_arrow(pa.table({name: pa.array([row[name] for row in full], types[name]) for name in names}))
    with TemporaryDirectory() as folder:
        file = parcels(Path(folder))
        found = suggest(file, [Evidence("a test", frame, is_whole=True)], lambda before, after: True)
        before, after = written(file).contract, found.contract
    judged = Rows(frame, after)
    told = {each.column for each in found.remaining}
    assert {each.column for each in judged.shape.casts if each.column in judged.lost()} <= told
    assert {rule.columns[0] for rule in after.rules if rule.name in judged.counts()} <= told
    assert not judged.shape.problems or any(each.column in ("", *extra) for each in found.remaining)
    touched = {each.column for each in found.changes}
    kept = [column for column in before.columns if column.name not in touched]
    assert kept == [column for column in after.columns if column.name not in touched]
    assert _rules(before, touched) == _rules(after, touched)
    assert replace(before, columns=(), rules=(), version="", digest="") == replace(
        after, columns=(), rules=(), version="", digest=""
    )
    assert (found.patch == "") == (not found.changes)
    assert after.partitioning is not None and date.fromisoformat(after.partitioning.keys[0].start)


def _rules(contract, touched):
    return [
        replace(rule, columns=()) for rule in contract.rules if rule.kind == "type" or not touched & {*rule.columns}
    ]
