"""The one table of the parity suite: a wide frame with every type, nasty values for each, and rules of every kind on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from data_platform.contracts import Column, ColumnType, Contract, OnFailure, Policy, Reference, Rule, Threshold

NAN, INF = math.nan, math.inf
TEXT, LONG, DOUBLE = ColumnType("string"), ColumnType("long"), ColumnType("double")
MONEY, FINE = ColumnType("decimal", 10, 2), ColumnType("decimal", 38, 30)
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)
NOON, ODD = datetime(2026, 1, 1, 12), datetime(1969, 12, 31, 23, 59, 59, 999999)
GAP = datetime(2026, 3, 8, 2, 30)  # a time that clocks in St. John's skip
PLUS = (
    "family 👩‍👩‍👧",
    "e\u0301",
    "\U0001f600",
    "Ünï",
    "日本",
    "line\nbreak",
    "\u2028",
    "'; DROP --",
    'say "hi"',
    "\\",
    "%_",
)

TYPES: dict[str, ColumnType] = {
    "whole": ColumnType("int"),
    "long": LONG,
    "other_long": LONG,
    "money": MONEY,
    "fine": FINE,
    "single": ColumnType("float"),
    "number": DOUBLE,
    "other_number": DOUBLE,
    "flag": ColumnType("boolean"),
    "text": TEXT,
    "other_text": TEXT,
    "bytes": ColumnType("binary"),
    "day": ColumnType("date"),
    "clock": ColumnType("time"),
    "at": ColumnType("timestamp"),
    "seen": ColumnType("timestamptz"),
    "tags": ColumnType("list", element=TEXT),
    "numbers": ColumnType("list", element=DOUBLE),
    "pairs": ColumnType("list", element=ColumnType("list", element=LONG)),
    "size": ColumnType("struct", fields=(("width", LONG), ("Unit of it", TEXT))),
    "prices": ColumnType("map", key=TEXT, element=DOUBLE),
}
LONGS = [0, 1, -1, 3, -6, 2**31, -(2**31) - 1, 2**53, 2**53 + 1, -(2**63), 2**63 - 1]
DOUBLES = [0.0, -0.0, 0.1, 0.3, -0.7, 1.0, 50_000.07, 2.0**53, 1e308, 5e-324, -1e300, INF, -INF, NAN]
TEXTS = ["", " ", "a", "A", "ab", "abc", "b", "N/A", "12", "a\n", "\na", *PLUS]
INSTANTS = [NOON, ODD, GAP, datetime(1970, 1, 1), datetime(1500, 2, 28, 1, 2, 3, 4), FIRST, LAST]
SAMPLES: dict[str, list[Any]] = {
    "whole": [0, 1, -1, 3, -6, 2**31 - 1, -(2**31)],
    "long": LONGS,
    "other_long": LONGS,
    "money": list(
        map(Decimal, ("0.00", "0.01", "-0.01", "0.10", "0.25", "1.00", "-1.25", "99999999.99", "-99999999.99"))
    ),
    "fine": list(map(Decimal, ("0", "1." + "0" * 29 + "1", "99999999." + "9" * 30, "-99999999." + "9" * 30, "0.1"))),
    "single": [
        0.0,
        -0.0,
        0.10000000149011612,
        0.699999988079071,
        1.0,
        3.4028234663852886e38,
        1.401298464324817e-45,
        INF,
        -INF,
        NAN,
    ],
    "number": DOUBLES,
    "other_number": DOUBLES,
    "flag": [True, False],
    "text": TEXTS,
    "other_text": TEXTS,
    "bytes": [b"", b"a", b"\x00", b"\xff\xfe", "é".encode(), b"ab"],
    "day": [
        date(2026, 1, 1),
        date(1969, 12, 31),
        date(1970, 1, 1),
        date(1500, 2, 28),
        date(1, 1, 1),
        date(9999, 12, 31),
    ],
    "clock": [time(0), time(8, 30), time(8, 29, 59, 999999), time(23, 59, 59, 999999)],
    "at": INSTANTS,
    "seen": [each.replace(tzinfo=UTC) for each in INSTANTS],
    "tags": [
        [],
        ["a"],
        ["a", "a"],
        ["a", "A"],
        [None],
        [None, None],
        ["é", None, "é"],
        ["e\u0301", "é"],
        ["a", "b", "c"],
    ],
    "numbers": [[], [0.0, -0.0], [NAN, NAN], [NAN, 1.0], [INF, -INF], [None, 1.0], [1.0, 1.0]],
    "pairs": [[], [[1], [1]], [[1, None], [1, None]], [[1], [None]], [None, None], [[], []], [[1, 2], [2, 1]]],
    "size": [{"width": 1, "Unit of it": "cm"}, {"width": None, "Unit of it": None}, {"width": 1, "Unit of it": None}],
    "prices": [{}, {"a": 1.0}, {"a": None}, {"b": 1.0, "a": 2.0}, {"a": NAN}],
}
BOUNDS: dict[str, list[Any]] = {  # what ordered columns are compared with
    "whole": [0, 0.5, -6, 2**31 - 1, 2**40, -(2**40)],
    "long": [0, 2.5, 2**53 + 1, 2**63 - 1, -(2**63), 2**64, INF],
    "money": [0, 0.1, 0.105, -1.25, 10**9, 1e-7],
    "fine": [0, 0.1, 10**9, -(10**9)],
    "single": [0, 0.1, -0.0, INF],
    "number": [0, 0.1, -0.0, 1e308, -INF],
    "day": ["2026-01-01", "1969-12-31", "0001-01-01"],
    "clock": ["08:30:00", "00:00", "23:59:59.999999"],
    "at": ["2026-01-01T12:00:00", "1969-12-31T23:59:59.999999", "2026-03-08T04:30:00+02:00"],
    "seen": ["2026-01-01T13:00:00+01:00", "1970-01-01T00:00:00Z", "2026-03-08T02:30:00"],
}
LISTED: dict[str, list[tuple]] = {
    "whole": [(0, 1), (-6, 0.5, None), (2**40,)],
    "long": [(0, -(2**63), 2**63 - 1), (1,) * 20],
    "money": [(0.1, 1), (0.105, -1.25)],
    "single": [(0.1, 0), (INF,)],
    "number": [(0.1, 0), (NAN, INF), (-0.0,), tuple(range(20))],
    "flag": [(True,), (False, None)],
    "text": [("", "N/A"), ("a", "A", *PLUS), (), (None,)],
    "bytes": [("", "a", "é")],
    "day": [("2026-01-01", "0001-01-01")],
    "clock": [("08:30:00", "00:00:00")],
    "at": [("2026-01-01T12:00:00", "1969-12-31T23:59:59.999999")],
    "seen": [("2026-01-01T12:00:00+00:00", "2026-03-08T04:30:00+02:00")],
}
PATTERNS = ["", "a", "^a", "^[a-z]*$", "é|日", r"^\S+$", r"\d", "(?i)A", r"\n", "^.$", r"\\", "[^ -~]"]
OPERATORS = ["==", "!=", "<", "<=", ">", ">="]
PAIRS = [
    ("long", "other_long"),
    ("whole", "long"),
    ("long", "money"),
    ("long", "fine"),
    ("money", "fine"),
    ("long", "number"),
    ("single", "number"),
    ("number", "other_number"),
    ("text", "other_text"),
    ("day", "at"),
    ("at", "seen"),
    ("day", "seen"),
    ("flag", "flag"),
]
KEPT = ["", "number desc", "seen desc, text", "size desc", "prices", "pairs desc", "numbers"]


def _rules() -> Iterator[Rule]:
    def rule(kind: str, *columns: str, **arguments: Any) -> Rule:
        return Rule("", kind, columns, arguments)

    for column in TYPES:
        yield from (rule("required", column), rule("null_values", column))
    yield rule("null_values", "text", "size", "number")
    for kind in ("minimum", "maximum", "exclusive_minimum", "exclusive_maximum"):
        yield from (rule(kind, column, value=value) for column, values in BOUNDS.items() for value in values)
    for operator in OPERATORS:
        compared = {**BOUNDS, "text": ["a", "é"], "flag": [True]}
        yield from (
            rule("comparison", column, operator=operator, value=value)
            for column, values in compared.items()
            for value in values
        )
        yield from (rule("comparison", *pair, operator=operator) for pair in PAIRS)
    for column, steps in {
        "whole": (1, 3, 0.5, 2**40),
        "long": (1, 3, 1.5, 2**53 + 1),
        "money": (0.01, 0.25, 0.015, 7, 10**9),
        "fine": (0.1, 1e-30),
        "single": (0.1, 1),
        "number": (0.1, 0.01, 3, 5e-324),
    }.items():
        yield from (rule("multiple_of", column, value=value) for value in steps)
    for kind in ("min_length", "max_length"):
        yield from (rule(kind, "text", value=value) for value in range(5))
    for kind in ("min_items", "max_items"):
        yield from (rule(kind, column, value=value) for column in ("tags", "numbers", "pairs") for value in range(3))
    yield from (rule("unique_items", column) for column in ("tags", "numbers", "pairs"))
    for column, lists in LISTED.items():
        for values in lists:
            yield from (rule(kind, column, values=values) for kind in ("enum", "missing_values", "invalid_values"))
    yield from (rule("missing_values", "text"), rule("missing_values", "text", "long", values=("", "N/A", 0)))
    yield rule("invalid_values", "text", "long", values=("a", 1))
    for pattern in PATTERNS:
        yield from (rule("pattern", "text", value=pattern), rule("invalid_values", "text", pattern=pattern))
    yield rule("invalid_values", "text", "other_text", pattern="^a", values=("a", "b"))


ABOUT_VALUES = [Rule(f"rule_{i}", each.kind, each.columns, each.arguments) for i, each in enumerate(_rules())]
"""Rules of every kind that looks at values of single rows."""
KEYS = [
    Rule(f"key_{i}", "duplicate_values", columns, {"keepFirst": kept} if kept else {})
    for i, (columns, kept) in enumerate(
        [(columns, kept) for columns in (("text",), ("number",), ("money", "flag"), ("at",)) for kept in KEPT]
        + [((column,), "") for column in ("whole", "long", "single", "bytes", "day", "clock", "seen", "fine")]
    )
]
PARENT = "shop.parents"


def _foreign(name: str, columns: tuple[str, ...], parent: str = PARENT, partitions: str = "all") -> Rule:
    reads = (Reference(parent, columns, partitions),)
    return Rule(name, "foreign_key", columns, {"columns": columns}, reads=reads)


FOREIGN = [
    *(_foreign(f"to_{column}", (column,)) for column in TYPES if not TYPES[column].is_nested),
    _foreign("to_two", ("text", "number")),
    Rule(
        "to_itself",
        "foreign_key",
        ("long",),
        {"columns": ("other_long",)},
        reads=(Reference("shop.wide", ("other_long",), "same"),),
    ),
]
WHOLE = [
    Rule("few", "row_count", threshold=Threshold("mustBeLessThan", 4)),
    Rule("some_null", "null_values", ("text",), threshold=Threshold("mustBeLessOrEqualTo", 25, "percent")),
    Rule("some_repeated", "duplicate_values", ("text",), threshold=Threshold("mustBeLessThan", 2)),
    Rule("few_repeated", "duplicate_values", ("flag",), threshold=Threshold("mustBeLessThan", 50, "percent")),
    replace(_foreign("some_orphans", ("text",)), threshold=Threshold("mustBe", 1)),
]
TYPED = Rule("types", "type", on_failure=OnFailure(Policy.QUARANTINE))


def wide(*rules: Rule, **changes: Any) -> Contract:
    """The contract of the wide frame, whose rows have an `id`, which decides last which of them is first."""
    columns = (*(Column(name, kind) for name, kind in TYPES.items()), Column("id", LONG))
    return Contract(
        **{"domain": "shop", "name": "wide", "version": "1.0.0", "columns": columns, "rules": rules, **changes}
    )


def nasty_rows() -> list[dict[str, Any]]:
    """Every sample of every column at least once, beside ever different ones of the others, nulls among them."""
    longest = max(map(len, SAMPLES.values())) + 1
    rows = []
    for turn in range(2 * longest):
        row: dict[str, Any] = {"id": turn}
        for place, (name, samples) in enumerate(SAMPLES.items()):
            choices = [*samples, None]
            row[name] = choices[(turn + (turn // longest) * place) % len(choices)]
        rows.append(row)
    return rows
