"""Days, times and instants drawn from the bounds that a column's rules leave."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from data_platform.contracts import ColumnType, Rule
from data_platform.datasets.testing.bounds import bounds, nothing

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

FIRST, LAST = datetime(1900, 1, 1), datetime(2199, 12, 31, 23, 59, 59, 999999)
"""Days and instants are drawn between these where no rule says otherwise, so that code may add a week to them."""
LIMITS: dict[str, tuple[Any, Any]] = {  # type -> the least and the greatest value that is drawn
    "date": (FIRST.date(), LAST.date()),
    "time": (time.min, time.max),
    "timestamp": (FIRST, LAST),
    "timestamptz": (FIRST.replace(tzinfo=UTC), LAST.replace(tzinfo=UTC)),
}
ENDS: dict[str, tuple[Any, Any]] = {  # type -> the least and the greatest value there is
    "date": (date.min, date.max),
    "time": (time.min, time.max),
    "timestamp": (datetime.min, datetime.max),
    "timestamptz": (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
}


def moments(kind: ColumnType, rules: Sequence[Rule]) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    given = bounds(kind, rules)
    least = [
        _next(value, 1) if operator == ">" else value for operator, value in given if operator in (">", ">=", "==")
    ]
    most = [
        _next(value, -1) if operator == "<" else value for operator, value in given if operator in ("<", "<=", "==")
    ]
    if None in (*least, *most):
        raise nothing(rules)
    (usual_low, usual_high), (first, last) = LIMITS[kind.kind], ENDS[kind.kind]
    low = max(least) if least else (usual_low if not most or min(most) > usual_low else first)
    high = min(most) if most else (usual_high if low < usual_high else last)
    if low > high:
        raise nothing(rules)
    ends = [end for end, given in ((low, least), (high, most)) if given]
    return _between(kind, low, high) | st.sampled_from(ends) if ends else _between(kind, low, high)


def _between(kind: ColumnType, low: Any, high: Any) -> SearchStrategy[Any]:
    from hypothesis import strategies as st

    match kind.kind:
        case "date":
            return st.dates(low, high)
        case "time":
            return st.times(low, high)
        case "timestamp":
            return st.datetimes(low, high)
    naive = st.datetimes(low.replace(tzinfo=None), high.replace(tzinfo=None))
    return naive.map(lambda moment: moment.replace(tzinfo=UTC))


def _next(value: Any, steps: int) -> Any:
    """The value right after (or, for -1, before); None beyond the ends of time."""
    if isinstance(value, time):
        at = datetime.combine(date(2000, 1, 1), value) + steps * timedelta(microseconds=1)
        return at.time() if at.date() == date(2000, 1, 1) else None
    try:
        return (
            value + steps * timedelta(microseconds=1) if isinstance(value, datetime) else value + steps * timedelta(1)
        )
    except OverflowError:
        return None
