"""Generated rows of the wide frame, and rules whose bounds come close to them."""

from __future__ import annotations

import math
from datetime import UTC
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from data_platform.contracts import Rule
from data_platform.contracts.rules import ORDERED

from .table import ABOUT_VALUES, OPERATORS, PATTERNS, SAMPLES, TYPES

LETTERS = "aAbéÉeßK\u212aſ日\U0001f600\u0301\n\t ,'\"\\%_1١\x00\u2028"
DOUBLES = st.floats() | st.integers(-1000, 1000).map(lambda n: n / 100)
SINGLES = st.floats(width=32) | st.integers(-100, 100).map(float)
VALUES: dict[str, st.SearchStrategy] = {
    "int": st.integers(-(2**31), 2**31 - 1) | st.integers(-9, 9),
    "long": st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9),
    "float": SINGLES,
    "double": DOUBLES,
    "boolean": st.booleans(),
    "string": st.text(LETTERS, max_size=4),
    "binary": st.binary(max_size=3),
    "date": st.dates(),
    "time": st.times(),
    "timestamp": st.datetimes(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
}
COLUMNS: dict[str, st.SearchStrategy] = {
    name: VALUES[kind.kind] for name, kind in TYPES.items() if kind.kind in VALUES
} | {
    "money": st.integers(-(10**10) + 1, 10**10 - 1).map(lambda n: Decimal(n).scaleb(-2)),
    "fine": st.integers(-(10**8), 10**8).map(lambda n: Decimal(n).scaleb(-4)),
    "tags": st.lists(st.none() | st.text("aAé", max_size=1), max_size=4),
    "numbers": st.lists(st.none() | st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf]), max_size=4),
    "pairs": st.lists(st.none() | st.lists(st.none() | st.integers(0, 1), max_size=2), max_size=3),
    "size": st.fixed_dictionaries(
        {"width": st.none() | st.integers(0, 2), "Unit of it": st.none() | st.text("ab", max_size=1)}
    ),
    "prices": st.dictionaries(
        st.sampled_from("ab"), st.none() | st.sampled_from([0.5, math.nan, -math.inf]), max_size=2
    ),
}


def rows(most: int) -> st.SearchStrategy[list[dict[str, Any]]]:
    cells = {
        name: st.none() | st.sampled_from(SAMPLES[name]) | st.sampled_from(SAMPLES[name][:3]) | strategy
        for name, strategy in COLUMNS.items()
    }
    return st.lists(st.fixed_dictionaries(cells), max_size=most).map(
        lambda drawn: [{"id": place, **row} for place, row in enumerate(drawn)]
    )


SPELT = {  # how a value of a column is written in a contract
    **dict.fromkeys(("day", "clock", "at", "seen"), lambda value: value.isoformat()),
    "money": float,
    "bytes": lambda value: value.decode("ascii", "ignore"),
}


def written(column: str) -> st.SearchStrategy[Any]:
    found = COLUMNS[column] | st.sampled_from(SAMPLES[column])
    return found.filter(lambda value: value == value).map(SPELT.get(column, lambda value: value))


@st.composite
def rules(draw: st.DrawFn, most: int) -> list[Rule]:
    """Some of the table's rules, and some with bounds and lists of their own."""
    bounded = st.sampled_from([name for name, kind in TYPES.items() if kind.kind in ORDERED])
    listed = st.sampled_from([name for name, kind in TYPES.items() if not kind.is_nested and name != "fine"])
    made = draw(st.lists(st.sampled_from(ABOUT_VALUES), min_size=1, max_size=most))
    for column in draw(st.lists(bounded.filter(lambda name: name != "fine"), max_size=most // 2)):
        kind = draw(st.sampled_from(["minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "comparison"]))
        arguments = {"value": draw(written(column))}
        if kind == "comparison":
            arguments["operator"] = draw(st.sampled_from(OPERATORS))
        made.append(Rule("", kind, (column,), arguments))
    for column in draw(st.lists(listed, max_size=most // 2)):
        kind = draw(st.sampled_from(["enum", "missing_values", "invalid_values"]))
        made.append(Rule("", kind, (column,), {"values": tuple(draw(st.lists(written(column), max_size=3)))}))
    made += [Rule("", "pattern", ("text",), {"value": draw(st.sampled_from(PATTERNS))})]
    return [Rule(f"rule_{place}", rule.kind, rule.columns, rule.arguments) for place, rule in enumerate(made)]
