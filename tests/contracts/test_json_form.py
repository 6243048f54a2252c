"""What the cache keeps is the whole contract."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_platform.contracts import (
    Column,
    ColumnType,
    Contract,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Reference,
    Rule,
    Threshold,
    Unchecked,
)
from data_platform.contracts.json_form import from_json, to_json
from data_platform.contracts.model import OPERATORS
from data_platform.contracts.types import PRIMITIVES

TEXT = st.text(max_size=8)
TEXTS = st.lists(TEXT, max_size=2).map(tuple)
NUMBERS = st.integers(-5, 10**12) | st.floats(allow_nan=False, allow_infinity=False)
PLAIN = st.sampled_from(sorted(PRIMITIVES)).map(ColumnType) | st.builds(
    ColumnType, kind=st.just("decimal"), precision=st.integers(1, 38), scale=st.integers(0, 5)
)
TYPES = st.recursive(
    PLAIN,
    lambda inner: (
        st.builds(ColumnType, kind=st.just("list"), element=inner)
        | st.builds(ColumnType, kind=st.just("map"), key=PLAIN, element=inner)
        | st.builds(ColumnType, kind=st.just("struct"), fields=st.lists(st.tuples(TEXT, inner), max_size=2).map(tuple))
    ),
    max_leaves=4,
)
POLICIES = st.builds(
    OnFailure,
    policy=st.sampled_from(Policy),
    max_percent=st.none() | st.floats(0, 100),
    max_rows=st.none() | st.integers(0, 10**9),
)
THRESHOLDS = st.builds(
    Threshold, operator=st.sampled_from(sorted(OPERATORS)), value=NUMBERS | st.tuples(NUMBERS, NUMBERS), unit=TEXT
)
RULES = st.builds(
    Rule,
    name=TEXT,
    kind=TEXT,
    columns=TEXTS,
    arguments=st.dictionaries(TEXT, TEXT | NUMBERS | st.lists(TEXT | NUMBERS, max_size=2).map(tuple), max_size=2),
    threshold=st.none() | THRESHOLDS,
    on_failure=POLICIES,
    dimension=TEXT,
    description=TEXT,
    reads=st.lists(st.builds(Reference, dataset=TEXT, columns=TEXTS, partitions=TEXT), max_size=2).map(tuple),
    when=TEXT,
    path=st.lists(TEXT | st.integers(0, 9), max_size=2).map(tuple),
)
UNCHECKED = st.builds(Unchecked, name=TEXT, text=TEXT, engine=TEXT)
COLUMNS = st.builds(
    Column, name=TEXT, type=TYPES, required=st.booleans(), unique=st.booleans(), description=TEXT,
    classification=TEXT, pii=TEXT, tags=TEXTS, id=TEXT,
)  # fmt: skip
KEYS = st.builds(PartitionKey, column=TEXT, granularity=TEXT, start=TEXT, values=TEXTS)
DURATIONS = st.none() | st.timedeltas(timedelta(0), timedelta(days=9999))
CONTRACTS = st.builds(
    Contract,
    domain=TEXT,
    name=TEXT,
    version=TEXT,
    columns=st.lists(COLUMNS, max_size=3).map(tuple),
    description=TEXT,
    primary_key=TEXTS,
    rules=st.lists(RULES, max_size=3).map(tuple),
    partitioning=st.none() | st.builds(Partitioning, st.lists(KEYS, max_size=2).map(tuple)),
    owners=TEXTS,
    team=TEXT,
    tags=TEXTS,
    status=TEXT,
    visibility=TEXT,
    clearance=TEXT,
    size=TEXT,
    external=st.booleans(),
    unknown_columns=TEXT,
    on_failure=POLICIES,
    retention=DURATIONS,
    freshness=DURATIONS,
    file=TEXT,
    digest=TEXT,
)


@settings(max_examples=60, deadline=None)
@given(CONTRACTS)
def test_a_contract_comes_back_as_it_was(contract: Contract) -> None:
    text = to_json(contract)
    assert "\n" not in text
    assert from_json(text, contract.file) == contract


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "[1, 2]", json.dumps([None] * 21)])
def test_anything_else_is_an_ordinary_error(text: str) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        from_json(text)


def test_no_field_of_the_model_is_forgotten() -> None:
    """A field added to the model has to be added to the form, and here."""
    kinds = (Contract, Column, Rule, PartitionKey, Threshold, OnFailure, Reference, Unchecked, ColumnType)
    assert {kind.__name__: len(dataclasses.fields(kind)) for kind in kinds} == {
        "Contract": 23,
        "Column": 9,
        "Rule": 11,
        "PartitionKey": 4,
        "Threshold": 3,
        "OnFailure": 3,
        "Reference": 3,
        "Unchecked": 3,
        "ColumnType": 6,
    }
