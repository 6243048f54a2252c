"""The audit: every rule of a contract over staged files, counted per partition, in one scan.

Only what truly needs a pass of its own has one: duplicates (a grouping by key) and `sql` rules. The connection must
have a view `staged` over the files with the columns `filename` and `file_row_number`; see `lakehouse/duck.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.partitions import WHOLE
from data_platform.contracts.rules import KINDS
from data_platform.quality.conform import Conform
from data_platform.quality.predicates import breaks
from data_platform.quality.sql import bucket, buckets, identifier, identifiers, in_partition

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STAGED, CONFORMED, POSITION = "staged", "conformed", "filename, file_row_number"


class RuleError(Exception):
    """A rule that cannot be evaluated (its SQL fails, say): dataset, rule, and what the engine said."""


@dataclass(frozen=True, slots=True)
class PartitionAudit:
    """What the audit counted in one partition: rows, and per rule name its metric (broken rows, or the number)."""

    rows: int
    metrics: Mapping[str, float] = field(default_factory=dict)


def create_conformed(connection: DuckDBPyConnection, conform: Conform) -> None:
    """Define the view `conformed`: the contract's columns, one flag per cast that may lose, and the row's position."""
    columns = [f"{cast.expression} AS {identifier(cast.column)}" for cast in conform.casts]
    columns += [f"{cast.is_lost} AS {identifier(flag(cast.column))}" for cast in conform.lossy]
    connection.execute(f"CREATE TEMP VIEW {CONFORMED} AS SELECT {', '.join(columns)}, {POSITION} FROM {STAGED}")


def flag(column: str) -> str:
    return f"__{column}_is_lost"


def broken_rows(rule: Rule, contract: Contract, conform: Conform) -> str:
    """The condition for rows of `conformed` that break a rule of metric `rows`."""
    if rule.kind == "type":
        return " OR ".join(identifier(flag(cast.column)) for cast in conform.lossy) or "FALSE"
    return breaks(rule, contract)


def audit(
    connection: DuckDBPyConnection, contract: Contract, conform: Conform, partitions: Sequence[str]
) -> dict[str | None, PartitionAudit]:
    """Count all rules for every partition found in the staged rows and for every one of `partitions`.

    Rows that belong to no partition (a null in a partition column) are counted under None.
    """
    counted = [rule for rule in contract.rules if KINDS[rule.kind].metric == "rows"]
    metrics = [f"count(*) FILTER (WHERE {broken_rows(rule, contract, conform)})" for rule in counted]
    rows: dict[str | None, int] = dict.fromkeys(partitions, 0)
    found: dict[str | None, dict[str, float]] = {partition: {} for partition in partitions}
    for partition, count, *values in _per_partition(connection, contract, ["count(*)", *metrics], f"FROM {CONFORMED}"):
        rows[partition] = count
        found[partition] = {rule.name: float(value) for rule, value in zip(counted, values, strict=True)}
    for rule in contract.rules:
        match KINDS[rule.kind].metric:
            case "duplicates":
                for partition, surplus in _per_partition(
                    connection, contract, ["sum(__n - 1)"], f"FROM ({repeated_keys(rule, contract)})", grouped=True
                ):
                    found[partition][rule.name] = float(surplus)
            case "rowCount":
                for partition in found:
                    found[partition][rule.name] = float(rows[partition])
            case "query":
                for partition in found:
                    if partition is not None:
                        found[partition][rule.name] = _query(connection, contract, rule, partition)
    return {partition: PartitionAudit(rows[partition], metrics) for partition, metrics in found.items()}


def repeated_keys(rule: Rule, contract: Contract) -> str:
    """A query of the keys that more than one row of a partition has, with their number of rows `__n`."""
    keys = identifiers(rule.columns)
    present = " AND ".join(f"{identifier(column)} IS NOT NULL" for column in rule.columns)
    cut = "".join(f"{each} AS __b{i}, " for i, each in enumerate(buckets(contract.partitioning)))
    return f"SELECT {cut}{keys}, count(*) AS __n FROM {CONFORMED} WHERE {present} GROUP BY ALL HAVING count(*) > 1"


def duplicate_rows(rule: Rule, contract: Contract) -> str:
    """A query of the positions of all rows but the first of each key, in the stated order: the rule's `keepFirst`,
    then all columns in the contract's order, so that the same rows are kept whatever engine staged them."""
    cuts = buckets(contract.partitioning)
    same = [f"c.{identifier(column)} = r.{identifier(column)}" for column in rule.columns]
    inner = ", ".join([*(f"{cut} AS __b{i}" for i, cut in enumerate(cuts)), "*"])
    same += [f"c.__b{i} IS NOT DISTINCT FROM r.__b{i}" for i in range(len(cuts))]
    within = ", ".join([*(f"c.__b{i}" for i in range(len(cuts))), *(f"c.{identifier(each)}" for each in rule.columns)])
    order = ", ".join(
        [
            *_order(rule, contract),
            *(f"c.{identifier(column.name)} NULLS LAST" for column in contract.columns if not column.type.is_nested),
            "c.filename",
            "c.file_row_number",
        ]
    )
    return (
        f"SELECT {POSITION} FROM (SELECT c.filename, c.file_row_number, "
        f"row_number() OVER (PARTITION BY {within} ORDER BY {order}) AS __place "
        f"FROM (SELECT {inner} FROM {CONFORMED}) c SEMI JOIN ({repeated_keys(rule, contract)}) r "
        f"ON {' AND '.join(same)}) WHERE __place > 1"
    )


def _order(rule: Rule, contract: Contract) -> list[str]:
    stated = []
    for part in str(rule.arguments.get("keepFirst") or "").split(","):
        if words := part.split():
            direction = "DESC" if len(words) > 1 and words[1].lower() == "desc" else "ASC"
            stated.append(f"c.{identifier(contract.column(words[0]).name)} {direction} NULLS LAST")
    return stated


def _per_partition(
    connection: DuckDBPyConnection, contract: Contract, metrics: list[str], source: str, *, grouped: bool = False
) -> list[tuple]:
    """Rows of (partition text or None, *metrics). Grouped by cheap buckets; only their few values become text."""
    keys = contract.partitioning.keys if contract.partitioning else ()
    cut = [f"__b{i}" if grouped else f"{bucket(key)}" for i, key in enumerate(keys)]
    spelt = []
    for i, key in enumerate(keys):
        match key.granularity:
            case "day":
                spelt.append(f"strftime(__k{i}, '%Y-%m-%d')")
            case "hour":
                spelt.append(f"strftime(to_timestamp(__k{i} * 3600), '%Y-%m-%d-%H:00')")
            case _:
                spelt.append(f"__k{i}")
    partition = " || '|' || ".join(spelt) or f"'{WHOLE}'"
    inner = ", ".join(
        [*(f"{each} AS __k{i}" for i, each in enumerate(cut)), *(f"{each} AS __m{i}" for i, each in enumerate(metrics))]
    )
    group = " GROUP BY " + ", ".join(f"__k{i}" for i in range(len(keys))) if keys else ""
    outer = ", ".join(f"__m{i}" for i in range(len(metrics)))
    result = connection.execute(f"SELECT {partition}, {outer} FROM (SELECT {inner} {source}{group})").fetchall()
    return [(row[0], *(value or 0 for value in row[1:])) for row in result]


def _query(connection: DuckDBPyConnection, contract: Contract, rule: Rule, partition: str) -> float:
    import duckdb

    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW {identifier(contract.name)} AS SELECT {identifiers(contract.column_names)} "
        f"FROM {CONFORMED} WHERE {in_partition(contract.partitioning, partition)}"
    )
    query = str(rule.arguments["query"]).replace("{object}", identifier(contract.name))
    for placeholder in ("{property}", "{column}"):
        query = query.replace(placeholder, identifiers(rule.columns))
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise RuleError(f"{contract.dataset}: rule {rule.name}: the query must be one SELECT: {query}")
        row = connection.execute(statements[0]).fetchone()
    except duckdb.Error as error:
        raise RuleError(f"{contract.dataset}: rule {rule.name} cannot be evaluated: {error}; query: {query}") from error
    try:
        return float(row[0]) if row and row[0] is not None else float("nan")
    except (TypeError, ValueError) as error:
        raise RuleError(f"{contract.dataset}: rule {rule.name} must return a number, not {row[0]!r}: {query}") from error
