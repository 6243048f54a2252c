"""Primary keys: the smallest sets of columns, none of them ever null, that tell all rows apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import prod

from data_platform.quality.sql import identifier, identifiers
from data_platform.scaffold.model import ColumnProfile, TableProfile
from data_platform.scaffold.names import singular
from data_platform.scaffold.workspace import Workspace

KEY_TYPES = frozenset({"string", "int", "long", "date", "timestamp", "timestamptz"})
WIDEST, MOST_COLUMNS, TRIED = 3, 8, 12
"""Columns in a key, columns it is looked for in (the likeliest), and sets that are verified on all rows."""
APPROXIMATE = 0.85
"""A column that seems to have fewer distinct values than this share of the rows is no key; the estimate errs by less."""
LONGEST = 64
DENSE, MOST_BITS = 64, 2**30
"""Whole numbers are told apart by one bit each where there are at most so many for each row, and in all."""
DAY = "day of the partition"
"""No column's name."""
IDENTIFIER = re.compile(r"(^|_)(id|uuid|guid|key|code|hash|sku|isbn|ean|slug)$")
POSITION = re.compile(
    r"(^|_)(sequential|sequence|seq|line|no|nr|number|num|position|pos|index|idx|rank|version|item)($|_)"
)
MOMENT = re.compile(r"(^|_)(day|date|month|year|week|hour|period|at)($|_)")


def find_key(work: Workspace, table: TableProfile, by_day: str = "") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The primary key, () where there is none, and what else is to be said. Verified on all rows.

    With `by_day`, a view of the rows with their `DAY`, it tells those of one day apart."""
    if table.rows < 2:
        return (), ("too few rows to find a key",)
    ranked = sorted((each for each in table.columns if _can_be_key(each)), key=lambda each: -_likely(table, each))
    singles = [each for each in ranked if each.distinct >= APPROXIMATE * table.at_once and _names_rows(table, each)]
    unique = [each.name for each in singles[:TRIED] if _is_unique(work, table, (each.name,), by_day)]
    if unique:
        also = (f"{', '.join(unique[1:])} also has no value twice",) if unique[1:] else ()
        return (unique[0],), also + _few(table)
    parts = [each for each in ranked if each.distinct < APPROXIMATE * table.at_once or _names_rows(table, each)]
    for columns in _compound(table, parts):
        if _is_unique(work, table, columns, by_day):
            return columns, _few(table)
    return (), ("no columns tell all rows apart: say so, or what identifies a row",)


def _few(table: TableProfile) -> tuple[str, ...]:
    return (f"only {table.rows} rows speak for the key",) if table.rows < 30 else ()


def _can_be_key(column: ColumnProfile) -> bool:
    is_free = column.pii == "free_text" or column.longest > LONGEST
    return column.type.kind in KEY_TYPES and not column.nulls and not is_free and column.distinct > 1


def _likely(table: TableProfile, column: ColumnProfile) -> float:
    """How likely the column is part of a key: by its name, and by how far left it stands."""
    place = [each.name for each in table.columns].index(column.name)
    about = singular(table.name)
    score = -place / len(table.columns)
    if column.name in ("id", f"{about}_id", f"{table.name}_id", about) or about.endswith(
        f"_{column.name.removesuffix('_id')}"
    ):
        score += 4
    if IDENTIFIER.search(column.name):
        score += 2
    if place == 0:
        score += 1.5
    if POSITION.search(column.name):
        score += 1
    elif MOMENT.search(column.name):
        score += 0.5
    return score - (3 if column.type.kind in ("timestamp", "timestamptz") else 0)


def _names_rows(table: TableProfile, column: ColumnProfile) -> bool:
    """Whether a column alone may be the key: a measure that never repeats is none."""
    first = column.name == table.columns[0].name
    return first or bool(IDENTIFIER.search(column.name)) or column.name == singular(table.name)


def _compound(table: TableProfile, ranked: Sequence[ColumnProfile]) -> Iterator[tuple[str, ...]]:
    """Sets of columns that may be a key, the likeliest first: they begin with what identifies something."""
    scores = {each.name: _likely(table, each) for each in ranked}
    order = [each.name for each in table.columns]
    tried = 0
    for width in range(2, WIDEST + 1):
        sets = [
            some
            for some in combinations(ranked[:MOST_COLUMNS], width)
            if prod(each.distinct for each in some) >= APPROXIMATE * table.at_once
            and any(scores[each.name] >= 1 for each in some)
            and all(scores[each.name] > -0.9 for each in some)
        ]
        for some in sorted(sets, key=lambda each: -sum(scores[column.name] for column in each)):
            if tried >= TRIED * 2:
                return
            tried += 1
            yield tuple(sorted((each.name for each in some), key=order.index))


def _is_unique(work: Workspace, table: TableProfile, columns: Sequence[str], by_day: str) -> bool:
    """Exactly, over all rows; a repetition among the first is found before all are read."""
    work.on_step(f"{table.name}: is ({', '.join(columns)}) a key?")
    of = identifier(by_day or table.name)
    listed = identifiers([*columns, DAY] if by_day else columns)
    again = f"SELECT 1 FROM {{}} GROUP BY {listed} HAVING count(*) > 1 LIMIT 1"
    if work.rows(again.format(f"(SELECT {listed} FROM {of} LIMIT 20000)")):
        return False
    if (
        not by_day and len(columns) == 1 and (bounds := _dense(table, columns[0]))
    ):  # one bit for each number there could be
        number = f"TRY_CAST(trim({listed}) AS BIGINT)" if work.types[table.name][columns[0]] == "VARCHAR" else listed
        [[different]] = work.rows(f"SELECT bit_count(bitstring_agg({number}, {bounds[0]}, {bounds[1]})) FROM {of}")
        return different == table.rows
    return not work.rows(again.format(of))


def _dense(table: TableProfile, name: str) -> tuple[int, int] | None:
    """The least and the greatest of whole numbers that lie close to each other."""
    column = table.column(name)
    if column.type.kind not in ("int", "long") or column.minimum is None or column.spelling:
        return None
    low, high = int(column.minimum), int(column.maximum)
    return (low, high) if high - low < min(DENSE * table.rows, MOST_BITS) else None
