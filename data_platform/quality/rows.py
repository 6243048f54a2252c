"""The rows that an audit looks at: staged files as they are (STAGED), and as the contract's columns (CONFORMED).

Names with underscores in front are ours; a contract's columns begin with a letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Policy, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality.conform import Cast, Conform
from data_platform.quality.dialects.duckdb import breaks
from data_platform.quality.sql import buckets, identifier, spelt, text
from data_platform.quality.sql import files as parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STAGED, CONFORMED = "__staged", "__conformed"
FILE, INDEX, ROW = "__staged_file", "__staged_index", "__staged_row"
"""Where a row is: its file's name, the file's place among the files of one scan (which changes with the files that are
chosen, so that only a scan's own grouping can go by it), and the row's place in it."""
POSITION = f"{FILE}, {ROW}"


def staged_rows(paths: Iterable[str], *, varied: bool = False) -> str:
    """A query of the rows of Parquet files with their position. `varied` files do not all have the same columns."""
    options = f", filename={text(FILE)}" + (", union_by_name=true" if varied else "")
    return f"SELECT *, file_index AS {INDEX}, file_row_number AS {ROW} FROM {parquet(paths, options)}"


def conformed_rows(conform: Conform, source: str) -> str:
    """A query of the contract's columns (null where a cast loses), one flag per cast that may, and each row's position."""
    columns = [
        f"{f'CASE WHEN NOT {cast.is_lost} THEN {cast.expression} END' if cast.is_lost else cast.expression} "
        f"AS {identifier(cast.column)}"
        for cast in conform.casts
    ]
    columns += [f"{cast.is_lost} AS {identifier(flag(cast.column))}" for cast in conform.lossy]
    return f"SELECT {', '.join(columns)}, {INDEX}, {POSITION} FROM {source}"


def create_views(
    connection: DuckDBPyConnection, conform: Conform, paths: Sequence[str], columns: Mapping[str, str]
) -> None:
    """Define STAGED over the files (with `columns`: name -> DuckDB type), and CONFORMED over it.

    The files must be DuckDB's own: from a Parquet file whose statistics leave NaN out, as Arrow writes them, DuckDB
    concludes that there is none, and no rule would find it.
    """
    staged = staged_rows(paths, varied=conform.varied)
    if not paths:
        empty = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns.items()]
        where = f"'' AS {FILE}, 0::UBIGINT AS {INDEX}, 0::BIGINT AS {ROW}"
        staged = f"SELECT {', '.join([*empty, where])} WHERE FALSE"
    connection.execute("SET parquet_metadata_cache = true")  # every query of an audit reads the same footers
    connection.execute(f"CREATE TEMP VIEW {STAGED} AS {staged}")
    connection.execute(f"CREATE TEMP VIEW {CONFORMED} AS {conformed_rows(conform, STAGED)}")


def flag(column: str) -> str:
    return f"__{column}_is_lost"


def within(files: Iterable[str]) -> str:
    """The condition for rows of these staged files; DuckDB opens no others."""
    names = ", ".join(map(text, files))
    return f"{FILE} IN ({names})" if names else "FALSE"


def partition_text(contract: Contract, cuts: Sequence[str] = ()) -> str:
    """The partition as text, from the expressions of its buckets (by default those of a row of CONFORMED)."""
    return spelt(contract.partitioning, cuts or buckets(contract.partitioning))


def present(columns: Iterable[str], table: str = "") -> str:
    """The condition for rows of which no part of the key is null."""
    return " AND ".join(f"{table}{identifier(column)} IS NOT NULL" for column in columns)


def broken_rows(rule: Rule, contract: Contract, conform: Conform) -> str:
    """The condition for rows of CONFORMED that break a rule of metric `rows`.

    A value that was lost in its cast is not missing: it breaks the `type` rule, and no other rule about its column.
    """
    if rule.kind == "type":
        return " OR ".join(identifier(flag(cast.column)) for cast in lossy(rule, conform)) or "FALSE"
    return breaks(rule, contract, {cast.column: identifier(flag(cast.column)) for cast in conform.lossy})


def refusing(rules: Iterable[Rule]) -> list[Rule]:
    """The rules about single rows whose broken rows are quarantined."""
    return [
        rule
        for rule in rules
        if rule.is_row_rule and rule.on_failure.policy is Policy.QUARANTINE and KINDS[rule.kind].metric == "rows"
    ]


def any_broken(rules: Iterable[Rule], contract: Contract, conform: Conform) -> str:
    """The condition (never null) for rows of CONFORMED that break any of these rules of metric `rows`."""
    conditions = [f"({broken_rows(rule, contract, conform)})" for rule in rules]
    return f"coalesce({' OR '.join(conditions)}, FALSE)" if conditions else "FALSE"


def lossy(rule: Rule, conform: Conform) -> list[Cast]:
    """The casts that a `type` rule watches: of its columns, or of all where it names none."""
    return [cast for cast in conform.lossy if not rule.columns or cast.column in rule.columns]


def uncovered(rules: Iterable[Rule], conform: Conform) -> list[Cast]:
    """The casts that may lose a value and that no `type` rule watches; a warning alone would publish the loss."""
    strict = [rule for rule in rules if rule.kind == "type" and rule.on_failure.policy is not Policy.WARN]
    watched = {cast.column for rule in strict for cast in lossy(rule, conform)}
    return [cast for cast in conform.lossy if cast.column not in watched]
