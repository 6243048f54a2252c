"""Values of one column, drawn from its type and its rules: bounds, lengths, steps and lists by construction, so that
little is thrown away, and each held to every rule in the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from data_platform.contracts import ColumnType, Rule
from data_platform.datasets.testing.bounds import CannotDrawError, bounds, nothing, sizes
from data_platform.datasets.testing.keeps import identity, keeps
from data_platform.datasets.testing.moments import moments
from data_platform.datasets.testing.numbers import exact_numbers, floating_numbers, steps
from data_platform.datasets.testing.patterns import texts_matching
from data_platform.quality.dialects.values import listed

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

SHORT, LONG = 8, 1_000
"""Items or characters beyond what must be, where no rule says otherwise; up to where the longest text there may be is
drawn, too."""
REQUIRED = Rule("required", "required")
FAMILIAR = "abc0 Aé"


def cells(kind: ColumnType, rules: Sequence[Rule] = (), *, nan: bool = True) -> SearchStrategy[Any]:
    """Values of a type that keep these row rules about single values, null among them where they allow it.

    `nan` is whether NaN may be drawn at all. CannotDrawError where there is no such value.
    """
    from hypothesis import strategies as st

    tests = [keeps(rule, kind) for rule in rules]
    may_be_null = all(test(None) for test in tests)
    try:
        present = _present(kind, rules, nan).filter(lambda value: all(test(value) for test in tests))
    except CannotDrawError:
        if may_be_null:
            return st.none()
        raise
    return st.none() | present | present | present if may_be_null else present


def room(kind: ColumnType, rules: Sequence[Rule]) -> int | None:
    """How many different values there are to draw, null apart; None where they were not counted."""
    if (known := _listed(kind, rules)) is not None:
        return len(known)
    if kind.kind in ("int", "long", "decimal"):
        first, last, _ = steps(kind, rules)
        return max(0, last - first + 1)
    return None


def key_of(value: Any) -> Any:
    """What may stand only once; a null stands as often as it likes."""
    return object() if value is None else identity(value)


def _present(kind: ColumnType, rules: Sequence[Rule], nan: bool) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    if (known := _listed(kind, rules)) is not None:
        if not known:
            raise nothing(rules)
        return st.sampled_from(known)
    match kind:
        case ColumnType(kind="int" | "long" | "decimal"):
            return exact_numbers(kind, rules)
        case ColumnType(kind="float" | "double"):
            return floating_numbers(kind, rules, nan)
        case ColumnType(kind="string"):
            return _texts(kind, rules)
        case ColumnType(kind="binary"):
            return st.binary(max_size=SHORT)
        case ColumnType(kind="list", element=ColumnType() as element):
            return _lists(element, rules, nan)
        case ColumnType(kind="map", key=ColumnType() as key, element=ColumnType() as element):
            pairs = st.tuples(cells(key, [REQUIRED], nan=False), cells(element, nan=nan))
            return st.lists(pairs, max_size=SHORT // 2, unique_by=lambda pair: identity(pair[0]))
        case ColumnType(kind="struct"):
            return st.fixed_dictionaries({name: cells(of, nan=nan) for name, of in kind.fields})
    return moments(kind, rules)


def _listed(kind: ColumnType, rules: Sequence[Rule]) -> list[Any] | None:
    """The values there are where a rule lists them, or the type has but two; None where there is no such list."""
    lists = [
        rule for rule in rules if rule.kind == "enum" or (rule.kind == "invalid_values" and "values" in rule.arguments)
    ]
    if not lists and kind.kind != "boolean":
        return None
    found = listed(lists[0].arguments.get("values"), kind) if lists else [True, False]
    tests = [keeps(rule, kind) for rule in rules]
    return list({identity(each): each for each in found if all(test(each) for test in tests)}.values())


def _texts(kind: ColumnType, rules: Sequence[Rule]) -> SearchStrategy[str]:
    from hypothesis import strategies as st

    least, most = sizes(rules, "min_length", "max_length")
    patterns = [rule.arguments["value"] for rule in rules if rule.kind == "pattern"]
    patterns += [rule.arguments["pattern"] for rule in rules if "pattern" in rule.arguments]
    if patterns:
        return texts_matching(patterns[0], least, most)
    anything = st.characters(exclude_categories=["Cs"], exclude_characters="\x00")
    for operator, value in bounds(kind, rules):
        if operator == "==":
            return st.just(value)
        if operator in (">", ">="):
            return st.just(value) | st.text(anything, min_size=1).map(lambda more, start=value: start + more)
    usual = least + SHORT if most is None else min(most, least + SHORT)
    longest = [st.text(FAMILIAR, min_size=most, max_size=most)] if most is not None and usual < most <= LONG else []
    return st.one_of(
        st.text(FAMILIAR, min_size=least, max_size=usual), st.text(anything, min_size=least, max_size=usual), *longest
    )


def _lists(element: ColumnType, rules: Sequence[Rule], nan: bool) -> SearchStrategy[list[Any]]:
    from hypothesis import strategies as st

    least, most = sizes(rules, "min_items", "max_items")
    return st.lists(
        cells(element, nan=nan),
        min_size=least,
        max_size=least + SHORT if most is None else min(most, least + SHORT),
        unique_by=key_of if any(rule.kind == "unique_items" for rule in rules) else None,
    )
