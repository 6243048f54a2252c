"""Does a comparison between datasets fit the columns it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from data_platform.contracts.expressions import Aggregate, Comparison, Literal
from data_platform.contracts.naming import did_you_mean
from data_platform.contracts.rules import ORDERED
from data_platform.contracts.types import NUMERIC, ColumnType
from data_platform.contracts.values import are_comparable, is_value, written

if TYPE_CHECKING:
    from data_platform.contracts.yaml_source import Path

Add = Callable[[str, "Path", str, str], None]
"""Where findings go: code, path, message, fix."""
NEEDS: dict[str, tuple[frozenset[str], str]] = {  # function -> the types it is for, in words
    **dict.fromkeys(("sum", "avg"), (NUMERIC, "numbers")),
    **dict.fromkeys(("min", "max"), (ORDERED, "numbers, dates and times")),
}


def check_aggregates(
    add: Add, path: Path, comparison: Comparison, datasets: Mapping[str, Mapping[str, ColumnType]]
) -> None:
    """Reports what does not fit about the `datasets` (their columns' types); other datasets are left alone."""
    for each in dict.fromkeys(comparison.aggregates):
        types = datasets.get(each.dataset)
        if types is None:
            continue
        missing = [name for name in each.columns if name not in types]
        for name in missing:
            add("C515", path, f"`{each.dataset}` has no column {name!r}", did_you_mean(name, types))
        for message, fix in () if missing else _misfits(each, types):
            add("C516", path, f"`{each}`: {message}", fix)


def _misfits(each: Aggregate, types: Mapping[str, ColumnType]) -> Iterator[tuple[str, str]]:
    if each.column:
        kind = types[each.column]
        wanted, words = NEEDS.get(each.function, (frozenset(), "columns that are not nested"))
        fits = kind.kind in wanted if wanted else not (kind.is_nested and each.function == "count_distinct")
        if not fits and kind.kind != "unknown":
            yield f"`{each.column}` is a {kind}", f"{each.function} is for {words}"
    for condition in each.where:
        kind, right = types[condition.column], condition.right
        if right is None or kind.kind == "unknown":
            continue
        if kind.kind not in ORDERED and condition.operator not in ("==", "!="):
            yield f"`{condition.column}` is a {kind}, which has no order", "compare it by == or !="
        elif isinstance(right, Literal) and not is_value(right.value, kind):
            yield f"{right} is not a value of `{condition.column}`, a {kind}", f"write {written(kind)}"
        elif isinstance(right, str) and not are_comparable(kind, types[right]):
            yield f"nothing compares `{condition.column}` with `{right}`", "compare columns of one type"
