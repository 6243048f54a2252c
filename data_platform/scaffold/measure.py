"""All rows of a source in one aggregate query: per column, how many values there are and how many fit each shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_platform.quality.sql import identifier, text
from data_platform.scaffold.hypotheses import Hypothesis
from data_platform.scaffold.shapes import Shape
from data_platform.scaffold.workspace import Workspace

EXACT = 15
"""A number of no more characters is kept digit for digit by a floating point number."""
AT_ONCE = 60
"""Columns per query: DuckDB plans thousands of expressions slowly."""


@dataclass(frozen=True, slots=True)
class ShapeFacts:
    """How many values have a shape and, of those, the extremes; for numbers also the most characters before the point and
    the most digits after it, and how many a floating point number keeps digit for digit."""

    fits: int
    low: Any = None
    high: Any = None
    whole: int = 0
    scale: int = 0
    exact: int = 0


@dataclass(frozen=True, slots=True)
class Facts:
    """One column over all rows. `values` are those not missing; `known` of them are in the supposed enum, `matching` the
    supposed pattern; `marked` are the supposed markers."""

    rows: int
    values: int
    distinct: int
    shortest: int = 0
    longest: int = 0
    low: Any = None
    high: Any = None
    marked: int = 0
    known: Mapping[str, int] | None = None
    matching: int = 0
    shapes: tuple[ShapeFacts, ...] = ()


def measure(work: Workspace, name: str, columns: Mapping[str, Hypothesis | None]) -> dict[str, Facts]:
    """The facts of these columns; a column that is no text has no hypothesis."""
    found: dict[str, Facts] = {}
    listed = list(columns.items())
    for some in (listed[at : at + AT_ONCE] for at in range(0, len(listed), AT_ONCE)):
        parts: dict[str, str] = {}
        for number, (column, supposed) in enumerate(some):
            for key, expression in _expressions(identifier(column), supposed):
                parts[f"{number}.{key}"] = expression
        selected = ", ".join(["count(*)", *parts.values()])
        [[rows, *answers]] = work.rows(f"SELECT {selected} FROM {identifier(name)}")
        told = dict(zip(parts, answers, strict=True))
        for number, (column, supposed) in enumerate(some):
            own = {key.partition(".")[2]: value for key, value in told.items() if key.startswith(f"{number}.")}
            found[column] = _facts(rows, own, supposed)
    return found


def _expressions(column: str, supposed: Hypothesis | None) -> list[tuple[str, str]]:
    if supposed is None:
        return [("values", f"count({column})"), ("low", f"min({column})"), ("high", f"max({column})"),
                ("distinct", f"approx_count_distinct({column})")]  # fmt: skip
    parts = [
        ("values", f"count({column})"),
        ("distinct", f"approx_count_distinct({column})"),
    ]
    if not supposed.shapes:
        parts += [("shortest", f"min(length({column}))"), ("longest", f"max(length({column}))")]
    if supposed.markers:
        parts.append(("marked", f"count_if({column} IN ({', '.join(map(text, supposed.markers))}))"))
    if supposed.values:
        known = ", ".join(map(text, supposed.values))
        parts.append(("known", f"histogram(CASE WHEN {column} IN ({known}) THEN {column} END)"))
    if supposed.pattern:
        parts.append(("matching", f"count_if(regexp_matches({column}, {text(supposed.pattern)}))"))
    for number, shape in enumerate(supposed.shapes):
        value = present(column, supposed.markers)
        parts += [(f"{number}.{key}", expression) for key, expression in _of_shape(shape, value)]
    return parts


def present(column: str, markers: Sequence[str]) -> str:
    """SQL: the value, null for a marker."""
    return f"CASE WHEN {column} NOT IN ({', '.join(map(text, markers))}) THEN {column} END" if markers else column


def _of_shape(shape: Shape, v: str) -> list[tuple[str, str]]:
    parts = [("fits", f"count_if({shape.fits(v)})")]
    plain = shape.plain.replace("{v}", v)
    if shape.kind in ("number", "double"):
        number = f"TRY_CAST({plain} AS {'HUGEINT' if shape.printed else 'DOUBLE'})"
        parts += [("low", f"min({number})"), ("high", f"max({number})")]
    elif shape.value:
        value = shape.value.replace("{v}", v)
        parts += [("low", f"min({value})"), ("high", f"max({value})")]
    if shape.kind == "number" and not shape.printed:  # by length and the point's place: both are cheap
        point = f"instr({plain}, '.')"  # spaces around it make a number look longer, and its type wider
        scale = f"CASE WHEN {point} > 0 THEN strlen({plain}) - {point} ELSE 0 END"
        whole = f"CASE WHEN {point} > 0 THEN {point} - 1 ELSE strlen({plain}) END"
        same = f"CAST(TRY_CAST({plain} AS DOUBLE) AS VARCHAR) = {plain}"
        kept = f"CASE WHEN strlen({plain}) <= {EXACT} THEN TRUE ELSE {same} END"
        parts += [("whole", f"max({whole})"), ("scale", f"max({scale})"), ("exact", f"count_if({kept})")]
    return parts


def _facts(rows: int, told: Mapping[str, Any], supposed: Hypothesis | None) -> Facts:
    shapes = []
    for number in range(len(supposed.shapes) if supposed else 0):
        own = {key.partition(".")[2]: value for key, value in told.items() if key.startswith(f"{number}.")}
        shapes.append(
            ShapeFacts(**{key: value or 0 if key not in ("low", "high") else value for key, value in own.items()})
        )
    plain = {key: value for key, value in told.items() if "." not in key}
    for key in ("distinct", "shortest", "longest", "marked", "matching"):
        if key in plain:
            plain[key] = plain[key] or 0
    return Facts(rows, **plain, shapes=tuple(shapes))
