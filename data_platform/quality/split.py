"""Good rows and refused rows, separated inside DuckDB: no row travels to Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality.audit import CONFORMED, POSITION, STAGED, broken_rows, duplicate_rows
from data_platform.quality.conform import Conform
from data_platform.quality.policy import Verdict
from data_platform.quality.sql import identifier, identifiers, in_partition, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REFUSED = "refused"


def create_refused(
    connection: DuckDBPyConnection, contract: Contract, conform: Conform, verdicts: Sequence[Verdict]
) -> int:
    """Fill the temporary table `refused` (position, partition, rules) with the rows to quarantine; return how many."""
    selects = []
    for verdict in verdicts:
        within = in_partition(contract.partitioning, verdict.partition)
        for rule in verdict.quarantining:
            select = f"SELECT {POSITION}, {text(verdict.partition)} AS partition, {text(rule.name)} AS rule "
            if KINDS[rule.kind].metric == "duplicates":
                surplus = f"({POSITION}) IN ({duplicate_rows(rule, contract)})"
                selects.append(f"{select} FROM {CONFORMED} WHERE {within} AND {surplus}")
            else:
                broken = broken_rows(rule, contract, conform)
                selects.append(f"{select} FROM {CONFORMED} WHERE {within} AND ({broken})")
    if not selects:
        return 0
    connection.execute(
        f"CREATE TEMP TABLE {REFUSED} AS SELECT {POSITION}, any_value(partition) AS partition, "
        f"list(rule ORDER BY rule) AS rules FROM ({' UNION ALL '.join(selects)}) GROUP BY {POSITION}"
    )
    return _one(connection, f"SELECT count(*) FROM {REFUSED}")


def touched_files(connection: DuckDBPyConnection) -> set[str]:
    """The staged files that hold a refused row: only these have to be written again."""
    return {name for (name,) in connection.execute(f"SELECT DISTINCT filename FROM {REFUSED}").fetchall()}


def refused_counts(connection: DuckDBPyConnection) -> dict[str, int]:
    """Refused rows by partition."""
    return dict(connection.execute(f"SELECT partition, count(*) FROM {REFUSED} GROUP BY ALL").fetchall())


def good_rows(contract: Contract, extra: Mapping[str, str], paths: Sequence[str], *, has_refused: bool) -> str:
    """A query of the conformed rows of some staged files that may be published, with `extra` named expressions."""
    columns = ", ".join([identifiers(contract.column_names), *(f"{value} AS {name}" for name, value in extra.items())])
    kept = f" ANTI JOIN {REFUSED} USING ({POSITION})" if has_refused else ""
    return f"SELECT {columns} FROM {CONFORMED}{kept} WHERE filename IN ({', '.join(map(text, paths))})"


def refused_rows(contract: Contract, conform: Conform, reasons: Mapping[str, str], stamp: Mapping[str, str]) -> str:
    """A query of the refused rows: the contract's columns, what would not cast as text, which rules refused them and
    why, and the `stamp` of the publication (run id, contract version, ...) as text columns."""
    columns = ", ".join(f"c.{identifier(name)}" for name in contract.column_names)
    uncast = ", ".join(
        f"{text(cast.column)}: CASE WHEN {cast.is_lost} THEN CAST({identifier(cast.column)} AS VARCHAR) END"
        for cast in conform.lossy
    )
    original = f"SELECT {POSITION}, to_json({{{uncast}}}) AS uncast FROM {STAGED}" if uncast else ""
    why = ", ".join(f"{text(rule)}: {text(reason)}" for rule, reason in reasons.items())
    stamped = ", ".join(f"{text(value)} AS {identifier(name)}" for name, value in stamp.items())
    return (
        f"SELECT {columns}, {'CAST(o.uncast AS VARCHAR)' if uncast else 'CAST(NULL AS VARCHAR)'} AS _uncast, "
        f"r.rules AS _rules, list_transform(r.rules, lambda x: MAP {{{why}}}[x]) AS _reasons, "
        f"r.partition AS _partition, {stamped}, now() AS _quarantined_at "
        f"FROM {CONFORMED} c JOIN {REFUSED} r USING ({POSITION})"
        + (f" JOIN ({original}) o USING ({POSITION})" if original else "")
    )


def examples(connection: DuckDBPyConnection, contract: Contract, conform: Conform, rule: Rule, partition: str) -> list:
    """A few values that break a row rule, for its asset check; sensitive columns show no value."""
    if not rule.columns or any(contract.column(name).is_sensitive for name in rule.columns):
        return []
    shown = rule.columns if rule.kind != "type" else tuple(cast.column for cast in conform.lossy)
    if KINDS[rule.kind].metric == "duplicates":
        where = f"({POSITION}) IN ({duplicate_rows(rule, contract)})"
    else:
        where = broken_rows(rule, contract, conform)
    source, values = (STAGED, shown) if rule.kind == "type" else (CONFORMED, shown)
    if rule.kind == "type":
        where = " OR ".join(str(cast.is_lost) for cast in conform.lossy)
        within = "TRUE"
    else:
        within = in_partition(contract.partitioning, partition)
    query = f"SELECT DISTINCT {identifiers(values)} FROM {source} WHERE {within} AND ({where}) LIMIT 5"
    return [", ".join(map(str, row)) for row in connection.execute(query).fetchall()]


def _one(connection: DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
