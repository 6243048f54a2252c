"""What passes between a step and its job is the same after JSON, whatever it holds."""

from __future__ import annotations

import json
from typing import Any

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_platform.contracts import Policy
from data_platform.datasets.launch.as_json import plan_from_json, plan_to_json
from data_platform.datasets.launch.report import JobError, Made, error_from_json, error_to_json
from data_platform.files import FileError
from data_platform.lakehouse import (
    InputRead,
    LakehouseError,
    MissingPartitions,
    Provenance,
    Publication,
    ReadPlan,
    StructureError,
)
from data_platform.lakehouse.errors import Conflict
from data_platform.lakehouse.provenance import FileRead
from data_platform.lineage import Kind, Lineage, Origin
from data_platform.quality.audit import RuleError
from data_platform.quality.policy import Outcome, Verdict
from data_platform.quality.profile import ColumnProfile
from tests.launch.launched_datasets import TOTALS

TEXT = st.text(max_size=6)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
COUNTS = st.integers(0, 2**63 - 1)
SNAPSHOTS = st.none() | COUNTS
METRICS = st.integers(0, 10) | st.floats()  # NaN and infinity are metrics, too


def through_json(told: Any) -> Any:
    return json.loads(json.dumps(told, allow_nan=False))


OUTCOMES = st.builds(
    Outcome, st.sampled_from(TOTALS.rules), TEXT, COUNTS, METRICS, st.none() | st.sampled_from(Policy), TEXT, NAMES
)
VERDICTS = st.builds(Verdict, TEXT, COUNTS, st.lists(OUTCOMES, max_size=3).map(tuple))
PROFILES = st.builds(ColumnProfile, COUNTS, st.none() | COUNTS, st.none() | TEXT, st.none() | TEXT)
READS = st.builds(InputRead, TEXT, SNAPSHOTS, NAMES, NAMES, st.dictionaries(TEXT, NAMES, max_size=2))
FILES = st.builds(FileRead, TEXT, COUNTS, TEXT)
PROVENANCES = st.builds(
    Provenance,
    TEXT,
    TEXT,
    TEXT,
    st.lists(READS, max_size=2).map(tuple),
    st.lists(FILES, max_size=2).map(tuple),
    TEXT,
    TEXT,
    TEXT,
)
PUBLICATIONS = st.builds(
    Publication,
    TEXT,
    TEXT,
    st.lists(VERDICTS, max_size=2).map(tuple),
    st.dictionaries(TEXT, COUNTS, max_size=2),
    st.dictionaries(TEXT, COUNTS, max_size=2),
    SNAPSHOTS,
    COUNTS,
    st.floats(0, 1e9),
    st.dictionaries(TEXT, st.dictionaries(TEXT, PROFILES, max_size=2), max_size=2),
    PROVENANCES,
)
KINDS = [kind for kind in Kind if kind is not Kind.OPAQUE]
ORIGINS = st.builds(Origin, TEXT, TEXT, st.sampled_from(KINDS), st.booleans())
ORIGINS |= st.builds(Origin, TEXT, st.just("*"), st.just(Kind.OPAQUE), reason=TEXT)
SOME = st.frozensets(ORIGINS, max_size=3)
LINEAGES = st.none() | st.builds(Lineage, st.dictionaries(TEXT, SOME, max_size=2), SOME)


@given(PUBLICATIONS, LINEAGES)
def test_a_publication_and_its_lineage_are_the_same_after_json(
    publication: Publication, lineage: Lineage | None
) -> None:
    made = Made(publication, lineage)
    again = Made.from_json(through_json(made.to_json()), TOTALS)
    assert repr(again.publication) == repr(publication), (
        "of numbers that are none, and of 1 and 1.0, only the text is telling"
    )
    assert again.lineage == lineage


@given(
    st.builds(
        ReadPlan,
        TEXT,
        st.lists(st.sampled_from(TOTALS.columns), max_size=3).map(tuple),
        NAMES,
        SNAPSHOTS,
        NAMES,
        COUNTS,
        COUNTS,
        NAMES,
        NAMES,
    )
)
def test_a_pinned_plan_is_the_same_after_json(plan: ReadPlan) -> None:
    assert plan_from_json(through_json(plan_to_json(plan)), TOTALS) == plan


RETRY = dg.RetryRequested(2, 1.5)
SAME: dict[str, tuple[Exception, type[Exception], str]] = {
    "structure": (StructureError("shop.totals", ("no day", "no id")), StructureError, ""),
    "catalog": (LakehouseError("no table"), LakehouseError, ""),
    "conflict": (Conflict("shop.totals"), LakehouseError, ""),
    "missing": (MissingPartitions("shop.orders", ("2026-01-01",)), LakehouseError, ""),
    "rule": (RuleError("the query of `sane` fails"), RuleError, ""),
    "file": (FileError("rates.csv", "has no header", "write one", line=1), FileError, ""),
    "value": (ValueError("no rate for NOK"), ValueError, ""),
    "key": (KeyError("NOK"), KeyError, ""),
    "several arguments": (OSError(2, "No such file", "x"), FileNotFoundError, ""),
    "text that is no text": (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), JobError, "UnicodeDecodeError: "),
    "a library's": (json.JSONDecodeError("bad", "{", 1), JobError, "JSONDecodeError: "),
    "a group": (ExceptionGroup("two", [ValueError("a"), KeyError("b")]), JobError, "ExceptionGroup: "),
}


@pytest.mark.parametrize("which", SAME)
def test_an_error_comes_back_as_what_it_was_with_what_it_said(which: str) -> None:
    error, kind, before = SAME[which]
    again = error_from_json(through_json(error_to_json(error)))
    assert type(again) is kind
    assert str(again) == before + str(error)


def test_what_the_job_raised_says_where() -> None:
    try:
        raise ZeroDivisionError("division by zero")
    except ZeroDivisionError as error:
        again = error_from_json(through_json(error_to_json(error)))
    (note,) = again.__notes__
    assert note.startswith("Raised in the job:\n") and "test_what_the_job_raised_says_where" in note


def test_dagsters_own_exits_come_back() -> None:
    failure = error_from_json(through_json(error_to_json(dg.Failure("no rates", allow_retries=False))))
    assert isinstance(failure, dg.Failure) and (failure.description, failure.allow_retries) == ("no rates", False)
    retry = error_from_json(through_json(error_to_json(RETRY)))
    assert isinstance(retry, dg.RetryRequested) and (retry.max_retries, retry.seconds_to_wait) == (2, 1.5)
