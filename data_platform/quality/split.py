"""Good rows and refused rows, separated inside DuckDB: no row travels to Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality.audit import (
    CONFORMED,
    FILE,
    POSITION,
    STAGED,
    broken_rows,
    duplicate_rows,
    lossy,
    repeated_keys,
    within,
)
from data_platform.quality.conform import Conform
from data_platform.quality.policy import Verdict
from data_platform.quality.sql import buckets, identifier, identifiers, spelt, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REFUSED = "__refused"
EXAMPLES, LOOKED_AT = 5, 10_000
"""How many examples of broken rows are shown, and among how many broken rows they are looked for."""


def create_refused(
    connection: DuckDBPyConnection,
    contract: Contract,
    conform: Conform,
    verdicts: Sequence[Verdict],
    blocked: Iterable[str],
) -> int:
    """Fill the temporary table REFUSED (position, partition, rules) with the rows to quarantine; return how many.

    One scan for all rules about single rows, and one query per duplicates rule; files of `blocked` partitions are left
    out. A rule that quarantines in one partition does so in every one that is not blocked.
    """
    rules = {rule.name: rule for verdict in verdicts for rule in verdict.quarantining}
    if not rules:
        return 0
    kept = f"NOT ({within(blocked)})"
    conditions, found = {}, []
    for name, rule in rules.items():
        if KINDS[rule.kind].metric == "duplicates":
            duplicates = duplicate_rows(rule, contract, kept)
            found.append(f"SELECT {POSITION}, __partition, [{text(name)}] AS __rules FROM ({duplicates})")
        else:
            conditions[name] = f"({broken_rows(rule, contract, conform)})"
    if conditions:
        broken = ", ".join(f"CASE WHEN {condition} THEN {text(name)} END" for name, condition in conditions.items())
        partition = spelt(contract.partitioning, buckets(contract.partitioning))
        found.append(
            f"SELECT {POSITION}, {partition} AS __partition, {_present(broken)} AS __rules "
            f"FROM {CONFORMED} WHERE {kept} AND ({' OR '.join(conditions.values())})"
        )
    connection.execute(
        f"CREATE TEMP TABLE {REFUSED} AS SELECT {POSITION}, any_value(__partition) AS __partition, "
        f"list_sort(flatten(list(__rules))) AS __rules FROM ({' UNION ALL '.join(found)}) GROUP BY {POSITION}"
    )
    return _one(connection, f"SELECT count(*) FROM {REFUSED}")


def touched_files(connection: DuckDBPyConnection) -> set[str]:
    """The staged files that hold a refused row: only these have to be written again."""
    return {name for (name,) in connection.execute(f"SELECT DISTINCT {FILE} FROM {REFUSED}").fetchall()}


def refused_counts(connection: DuckDBPyConnection) -> dict[str, int]:
    """Refused rows by partition."""
    return dict(connection.execute(f"SELECT __partition, count(*) FROM {REFUSED} GROUP BY ALL").fetchall())


def good_rows(contract: Contract, extra: Mapping[str, str], paths: Sequence[str], *, has_refused: bool) -> str:
    """A query of the conformed rows of some staged files that may be published, with `extra` named expressions."""
    columns = ", ".join([identifiers(contract.column_names), *(f"{value} AS {name}" for name, value in extra.items())])
    kept = f" ANTI JOIN {REFUSED} USING ({POSITION})" if has_refused else ""
    return f"SELECT {columns} FROM (SELECT * FROM {CONFORMED} WHERE {within(paths)}){kept}"


def refused_rows(contract: Contract, conform: Conform, reasons: Mapping[str, str], stamp: Mapping[str, str]) -> str:
    """A query of the refused rows: the contract's columns, what would not cast as text, which rules refused them and
    why, and the `stamp` of the publication (run id, contract version, ...) as text columns."""
    columns = ", ".join(f"c.{identifier(name)}" for name in contract.column_names)
    original, uncast = "", "CAST(NULL AS VARCHAR)"
    if conform.lossy:
        lost = ", ".join(
            f"CASE WHEN {cast.is_lost} "
            f"THEN {{k: {text(cast.column)}, v: CAST({identifier(cast.column)} AS VARCHAR)}} END"
            for cast in conform.lossy
        )
        original = f" JOIN (SELECT {POSITION}, {_present(lost)} AS __lost FROM {STAGED}) o USING ({POSITION})"
        uncast = "CASE WHEN len(o.__lost) > 0 THEN CAST(to_json(map_from_entries(o.__lost)) AS VARCHAR) END"
    why = ", ".join(f"{text(rule)}: {text(reason)}" for rule, reason in reasons.items())
    stamped = ", ".join(f"{text(value)} AS {identifier(name)}" for name, value in stamp.items())
    return (
        f"SELECT {columns}, {uncast} AS _uncast, "
        f"r.__rules AS _rules, list_transform(r.__rules, lambda __rule: MAP {{{why}}}[__rule]) AS _reasons, "
        f"r.__partition AS _partition, {stamped}, now() AS _quarantined_at "
        f"FROM {CONFORMED} c JOIN {REFUSED} r USING ({POSITION}){original}"
    )


def examples(
    connection: DuckDBPyConnection, contract: Contract, conform: Conform, rule: Rule, files: Sequence[str]
) -> list[str]:
    """A few values that break a row rule in the partition of these staged files, for its asset check.

    Sensitive columns show no value, and a missing value none either.
    """
    shown = tuple(cast.column for cast in lossy(rule, conform)) if rule.kind == "type" else rule.columns
    shown = tuple(name for name in shown if not contract.column(name).is_sensitive)
    if rule.kind == "type":
        lost = {cast.column: cast.is_lost for cast in conform.lossy}
        source = " UNION ALL ".join(
            f"(SELECT {text(name + ': ')} || CAST({identifier(name)} AS VARCHAR) AS __value FROM {STAGED} "
            f"WHERE {within(files)} AND {lost[name]} LIMIT {LOOKED_AT})"
            for name in shown
        )
    elif shown != rule.columns or not shown:
        return []
    elif KINDS[rule.kind].metric == "duplicates":
        source = f"SELECT {_joined(shown)} FROM ({repeated_keys(rule, contract, within(files))}) LIMIT {LOOKED_AT}"
    else:
        where = f"{within(files)} AND ({broken_rows(rule, contract, conform)})"
        source = f"SELECT {_joined(shown)} FROM {CONFORMED} WHERE {where} LIMIT {LOOKED_AT}"
    if not source:
        return []
    query = f"SELECT DISTINCT __value FROM ({source}) WHERE __value IS NOT NULL ORDER BY ALL LIMIT {EXAMPLES}"
    return [value for (value,) in connection.execute(query).fetchall()]


def _present(items: str) -> str:
    """The list of those items that are not null."""
    return f"list_filter([{items}], lambda __item: __item IS NOT NULL)"


def _joined(columns: Sequence[str]) -> str:
    return " || ', ' || ".join(f"CAST({identifier(name)} AS VARCHAR)" for name in columns) + " AS __value"


def _one(connection: DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
