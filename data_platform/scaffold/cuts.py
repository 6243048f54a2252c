"""Partitions of what lands: the column whose days cut it, proposed where files or rows say so, or asked for and tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from data_platform.contracts.naming import did_you_mean
from data_platform.files.landing.names import moment_in
from data_platform.quality.sql import identifier, text
from data_platform.scaffold.days import Days, day_of, days_of, latest, rows_of
from data_platform.scaffold.model import ColumnProfile, Cut, ScaffoldError, Sure, TableProfile
from data_platform.scaffold.workspace import Workspace

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

MOMENTS = ("date", "timestamp", "timestamptz")
DAILY = 5
"""A column whose days have fewer rows than this on average is a birthday or the like: the days are not deliveries."""
APART = 40
"""Days that are further apart than this on average are not deliveries, or one of them stands for `unknown`."""
LOOKED_AT = 50
"""So many files, spread over all, say whether names and rows agree."""
SHOWN = 3
BY_NAME = (
    ", but the names of the files have one: to publish each as its day, add that column to the contract and say "
    'Landing(partition="name")'
)


def find_cut(work: Workspace, table: TableProfile, asked: str = "") -> tuple[Cut | None, str]:
    """How to cut what lands, or why it is not cut. ScaffoldError where the column `asked` for cannot do it."""
    work.on_step(f"{table.name}: by which day?")
    if asked:
        return _asked_for(work, table, asked), ""
    columns = [each for each in table.columns if _is_event_time(each)]
    if not columns:
        return None, "no column has a day in every row" + (BY_NAME if _are_named(table.source.paths) else "")
    whole = days_of(rows_of(work, table), columns)
    if late := [each for each in columns if whole[each.name].last > latest()]:
        columns = [each for each in columns if each not in late]
        if not columns:
            return None, f"{late[0].name} has days in the future ({whole[late[0].name].last})"
    paths = _spread(table.source.paths)
    each_file = [days_of(rows_of(work, table, path), columns) for path in paths]
    if named := [each for each in columns if _as_named(paths, [days[each.name] for days in each_file])]:
        return _named(table, sorted(named, key=lambda each: each.type.kind != "date"), whole, paths), ""
    return _only(table, columns, whole, each_file)


def _named(
    table: TableProfile, columns: Sequence[ColumnProfile], whole: Mapping[str, Days], paths: Sequence[str]
) -> Cut:
    """The day in the files' names is that of their rows: of the first of these columns."""
    column, *others = columns
    days, is_all = whole[column.name], len(paths) == len(table.source.paths)
    files = f"each of {len(paths)} files" if len(paths) > 1 else "the one file"
    why = f"the day in the name of {files} is the day of all of its rows"
    if not is_all:
        why += f" (looked at {len(paths)} of {len(table.source.paths)})"
    if others:
        why += f"; so is {', '.join(each.name for each in others)}"
    certain = is_all and days.count > 1 and column.sure is Sure.VERIFIED and not others
    return Cut(column.name, days.first, days.count, Sure.VERIFIED if certain else Sure.LIKELY, why)


def _only(
    table: TableProfile,
    columns: Sequence[ColumnProfile],
    whole: Mapping[str, Days],
    each_file: Sequence[Mapping[str, Days]],
) -> tuple[Cut | None, str]:
    """The only column with days, where those look like days of deliveries."""
    column, *others = columns
    days = whole[column.name]
    if others:
        return None, f"{', '.join(each.name for each in columns)} all have days: choose one with --partition-by"
    if days.count < 2:
        return None, f"{column.name} has one day only, and no file is named after it: choose it with --partition-by"
    if column.sure is not Sure.VERIFIED:
        return None, f"{column.name} has too few values to be sure: choose it with --partition-by"
    if table.rows < DAILY * days.count:
        return None, f"{column.name} has {days.count:,} days for {table.rows:,} rows: it hardly says when files come"
    if _shared((days.first, days.last), (days.first, days.last)) > APART * days.count:
        return None, f"the {days.count:,} days of {column.name} lie far apart, from {days.first} to {days.last}"
    spans = sorted((of.first, of.last) for each in each_file if (of := each[column.name]).count)
    if any(_shared(*pair) > 1 for pair in pairwise(spans)):
        return None, (
            f'the files have the same days of {column.name}: where each is a full dump, say keep="latest"; where not, '
            f"--partition-by {column.name}"
        )
    why = f"the only column with a day in every row, {days.count:,} days"
    return Cut(column.name, days.first, days.count, Sure.LIKELY, why), ""


def _shared(one: tuple[str, str], other: tuple[str, str]) -> int:
    """How many days two spans have in common."""
    first, last = max(one[0], other[0]), min(one[1], other[1])
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _asked_for(work: Workspace, table: TableProfile, asked: str) -> Cut:
    names = [each.name for each in table.columns]
    if asked not in names:
        raise ScaffoldError(f"{table.name} has no column {asked}; {did_you_mean(asked, names)}")
    column, refused = table.column(asked), f"{table.name} cannot be partitioned by {asked}"
    rows = rows_of(work, table)
    if column.type.kind not in MOMENTS:
        raise ScaffoldError(
            f"{refused}: it is a {column.type} and no date or timestamp{_unlike(rows, column)}; mend the files, or "
            "choose a column that has a date in every row"
        )
    if column.nulls:
        where = f"{identifier(asked)} IS NULL"
        raise ScaffoldError(
            f"{refused}: it is missing in {column.nulls:,} of {table.rows:,} rows{_examples(rows, table, where)}; such "
            "rows would have no partition, and their files be refused"
        )
    days = days_of(rows, [column])[asked]
    if days.last > latest():
        where = f"{day_of(rows, column)} > {text(latest())}"
        [(count,)] = rows.filter(where).aggregate("count(*)").fetchall()
        raise ScaffoldError(
            f"{refused}: {count:,} of {table.rows:,} rows lie in the future, up to {days.last}"
            f"{_examples(rows, table, where)}; files with them would be refused"
        )
    sure = Sure.VERIFIED if column.sure is Sure.VERIFIED else Sure.LIKELY
    why = f"asked for; every row has it, {days.count:,} day{'s' if days.count > 1 else ''}"
    return Cut(asked, days.first, days.count, sure, why)


def _is_event_time(column: ColumnProfile) -> bool:
    return column.type.kind in MOMENTS and not column.nulls and column.sure is not Sure.OPEN and not column.pii


def _as_named(paths: Sequence[str], days: Sequence[Days]) -> bool:
    """Whether all rows of every file are of the one day in its name; some may have no rows."""
    return _are_named(paths) and all(
        not of.count or of.first == of.last == str(moment.date())
        for path, of in zip(paths, days, strict=True)
        if (moment := moment_in(path.rpartition("/")[2]))
    )


def _are_named(paths: Sequence[str]) -> bool:
    """Whether every file has one time in its name."""
    return all(moment_in(path.rpartition("/")[2]) for path in paths)


def _spread(paths: Sequence[str]) -> list[str]:
    """Some of the files, the first and the last among them."""
    if len(paths) <= LOOKED_AT:
        return list(paths)
    return [paths[at * (len(paths) - 1) // (LOOKED_AT - 1)] for at in range(LOOKED_AT)]


def _unlike(rows: DuckDBPyRelation, column: ColumnProfile) -> str:
    """Why, and values that are no date; none that are personal."""
    if column.notes or column.type.kind != "string":
        return "".join(f", {note}" for note in column.notes)
    name = identifier(column.name)
    others = rows.filter(f"{name} IS NOT NULL AND TRY_CAST({name} AS TIMESTAMPTZ) IS NULL")
    [(count,)] = others.aggregate("count(*)").fetchall()
    [(values,)] = rows.aggregate(f"count({name})").fetchall()
    found = others.select(name).distinct().order(name).limit(SHOWN).fetchall()
    shown = f" (such as {', '.join(repr(value) for (value,) in found)})" if found and not column.pii else ""
    return f", {count:,} of {values:,} values are no date{shown}"


def _examples(rows: DuckDBPyRelation, table: TableProfile, where: str) -> str:
    """Some of the rows, by their key, else by their first column; nothing personal."""
    told = [table.column(name) for name in table.key] or list(table.columns[:1])
    if any(each.pii for each in told):
        return ""
    found = rows.filter(where).select(*(identifier(each.name) for each in told)).limit(SHOWN).fetchall()
    names = [each.name for each in told]
    shown = [", ".join(f"{name} {value}" for name, value in zip(names, row, strict=True)) for row in found]
    return f" (such as {'; '.join(shown)})" if shown else ""
