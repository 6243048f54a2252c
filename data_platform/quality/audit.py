"""The audit: every rule of a contract over staged files, counted per partition, in one scan.

Only what truly needs a pass of its own has one: duplicates (a grouping by key) and `sql` rules. Names with an
underscore in front are ours; a contract's columns begin with a letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Policy, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality.conform import Cast, Conform
from data_platform.quality.predicates import breaks
from data_platform.quality.sql import buckets, identifier, identifiers, spelt, text
from data_platform.quality.sql import files as parquet

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STAGED, CONFORMED = "__staged", "__conformed"
FILE, ROW = "__staged_file", "__staged_row"
POSITION = f"{FILE}, {ROW}"
LARGE = 50_000
"""Rows per partition from which its keys are grouped apart from those of others."""
METRICS = ("rows", "duplicates", "rowCount", "query")
"""What a kind of rule can measure (see `rules.RuleKind`)."""


class RuleError(Exception):
    """A rule that cannot be evaluated (its SQL fails, say): dataset, rule, and what the engine said."""


@dataclass(frozen=True, slots=True)
class PartitionAudit:
    """What the audit counted in one partition.

    `metrics` has, per rule name, the broken rows or the number measured; `files` are the staged files that hold its
    rows; `lost` counts, by column, values that would not cast though no rule says what becomes of them.
    """

    rows: int
    metrics: Mapping[str, float] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    lost: Mapping[str, int] = field(default_factory=dict)


def staged_rows(paths: Iterable[str]) -> str:
    """A query of the rows of staged files, which all have the same columns, with their position."""
    return f"SELECT *, file_row_number AS {ROW} FROM {parquet(paths, f', filename={text(FILE)}')}"


def conformed_rows(conform: Conform, source: str) -> str:
    """A query of the contract's columns, one flag per cast that may lose, and each row's position."""
    columns = [f"{cast.expression} AS {identifier(cast.column)}" for cast in conform.casts]
    columns += [f"{cast.is_lost} AS {identifier(flag(cast.column))}" for cast in conform.lossy]
    return f"SELECT {', '.join(columns)}, {POSITION} FROM {source}"


def create_views(
    connection: DuckDBPyConnection, conform: Conform, paths: Sequence[str], columns: Mapping[str, str]
) -> None:
    """Define STAGED over the files (with `columns`: name -> DuckDB type), and CONFORMED over it.

    The files must be DuckDB's own: from a Parquet file whose statistics leave NaN out, as Arrow writes them, DuckDB
    concludes that there is none, and no rule would find it.
    """
    staged = staged_rows(paths)
    if not paths:
        empty = [f"CAST(NULL AS {kind}) AS {identifier(name)}" for name, kind in columns.items()]
        staged = f"SELECT {', '.join(empty)}, '' AS {FILE}, 0::BIGINT AS {ROW} WHERE FALSE"
    connection.execute("SET parquet_metadata_cache = true")  # every query of an audit reads the same footers
    connection.execute(f"CREATE TEMP VIEW {STAGED} AS {staged}")
    connection.execute(f"CREATE TEMP VIEW {CONFORMED} AS {conformed_rows(conform, STAGED)}")


def flag(column: str) -> str:
    return f"__{column}_is_lost"


def broken_rows(rule: Rule, contract: Contract, conform: Conform) -> str:
    """The condition for rows of CONFORMED that break a rule of metric `rows`.

    A value that was lost in its cast is not missing: it breaks the `type` rule, and no other rule about its column.
    """
    if rule.kind == "type":
        return " OR ".join(identifier(flag(cast.column)) for cast in lossy(rule, conform)) or "FALSE"
    broken = breaks(rule, contract)
    if rule.columns[0] in (cast.column for cast in conform.lossy):
        return f"{broken} AND NOT {identifier(flag(rule.columns[0]))}"
    return broken


def lossy(rule: Rule, conform: Conform) -> list[Cast]:
    """The casts that a `type` rule watches: of its columns, or of all where it names none."""
    return [cast for cast in conform.lossy if not rule.columns or cast.column in rule.columns]


def uncovered(contract: Contract, conform: Conform) -> list[Cast]:
    """The casts that may lose a value and that no `type` rule watches; a warning alone would publish the loss."""
    strict = [rule for rule in contract.rules if rule.kind == "type" and rule.on_failure.policy is not Policy.WARN]
    watched = {cast.column for rule in strict for cast in lossy(rule, conform)}
    return [cast for cast in conform.lossy if cast.column not in watched]


def audit(
    connection: DuckDBPyConnection, contract: Contract, conform: Conform, partitions: Sequence[str]
) -> dict[str | None, PartitionAudit]:
    """Count all rules for every partition found in the staged rows and for every one of `partitions`.

    Rows that belong to no partition (a null in a partition column) are counted under None.
    """
    of_metric = {metric: [r for r in contract.rules if KINDS[r.kind].metric == metric] for metric in METRICS}
    lost = uncovered(contract, conform)
    conditions = [broken_rows(rule, contract, conform) for rule in of_metric["rows"]]
    conditions += [identifier(flag(cast.column)) for cast in lost]
    rows: dict[str | None, int] = dict.fromkeys(partitions, 0)
    files: dict[str | None, list[str]] = {partition: [] for partition in rows}
    broken: dict[str | None, list[int]] = {partition: [0] * len(conditions) for partition in rows}
    for partition, file, count, *values in _scan(connection, contract, conditions):
        rows[partition] = rows.get(partition, 0) + count
        files.setdefault(partition, []).append(file)
        before = broken.get(partition, [0] * len(conditions))
        broken[partition] = [old + new for old, new in zip(before, values, strict=True)]
    metrics: dict[str | None, dict[str, float]] = {
        partition: {rule.name: float(n) for rule, n in zip(of_metric["rows"], counts, strict=False)}
        | {rule.name: float(rows[partition]) for rule in of_metric["rowCount"]}
        for partition, counts in broken.items()
    }
    for rule in of_metric["duplicates"]:
        for partition, surplus in _surplus(connection, contract, rule, files, sum(rows.values())):
            metrics[partition][rule.name] = float(surplus)
    if of_metric["query"]:
        for partition in partitions:
            metrics[partition] |= _queries(connection, contract, conform, of_metric["query"], files[partition])
    columns = [cast.column for cast in lost]
    return {
        partition: PartitionAudit(
            rows[partition],
            metrics[partition],
            tuple(files[partition]),
            dict(zip(columns, counts[len(of_metric["rows"]) :], strict=True)),
        )
        for partition, counts in broken.items()
    }


def _scan(connection: DuckDBPyConnection, contract: Contract, conditions: list[str]) -> list[tuple]:
    """Rows of (partition or None, file, rows, broken rows per condition). Grouped by cheap buckets, of which only the
    few distinct values become text."""
    cuts = [f"{cut} AS __k{i}" for i, cut in enumerate(buckets(contract.partitioning))]
    counts = [f"count(*) FILTER (WHERE {condition}) AS __m{i}" for i, condition in enumerate(conditions)]
    inner = f"SELECT {', '.join([*cuts, FILE, 'count(*) AS __n', *counts])} FROM {CONFORMED} GROUP BY ALL"
    shown = ", ".join([FILE, "__n", *(f"__m{i}" for i in range(len(conditions)))])
    return _fetch(connection, contract, f"SELECT {_spelt_keys(contract)}, {shown} FROM ({inner})")


def _surplus(
    connection: DuckDBPyConnection,
    contract: Contract,
    rule: Rule,
    files: Mapping[str | None, Sequence[str]],
    rows: int,
) -> list[tuple]:
    """Rows of (partition or None, rows beyond the first of their key).

    Large partitions are grouped one by one: a third of the work and memory of one grouping of everything.
    """
    if rows > LARGE * len(files):
        sums = {
            partition: f"SELECT coalesce(sum(__n - 1), 0) FROM ({repeated_keys(rule, contract, within(names))})"
            for partition, names in files.items()
            if names
        }
        return [(partition, _fetch(connection, contract, query)[0][0]) for partition, query in sums.items()]
    cuts = "".join(f"__b{i} AS __k{i}, " for i in range(len(buckets(contract.partitioning))))
    inner = f"SELECT {cuts}sum(__n - 1) AS __m FROM ({repeated_keys(rule, contract)}) GROUP BY ALL"
    return _fetch(connection, contract, f"SELECT {_spelt_keys(contract)}, coalesce(__m, 0) FROM ({inner})")


def _spelt_keys(contract: Contract) -> str:
    return spelt(contract.partitioning, [f"__k{i}" for i in range(len(buckets(contract.partitioning)))])


def _fetch(connection: DuckDBPyConnection, contract: Contract, query: str) -> list[tuple]:
    import duckdb

    try:
        return connection.execute(query).fetchall()
    except duckdb.Error as error:
        raise RuleError(f"{contract.dataset}: its rules cannot be evaluated: {error}") from error


def repeated_keys(rule: Rule, contract: Contract, where: str = "TRUE") -> str:
    """A query of the keys that more than one row of a partition has, with their number of rows `__n`."""
    keys = identifiers(rule.columns)
    present = " AND ".join(f"{identifier(column)} IS NOT NULL" for column in rule.columns)
    cut = "".join(f"{each} AS __b{i}, " for i, each in enumerate(buckets(contract.partitioning)))
    return (
        f"SELECT {cut}{keys}, count(*) AS __n FROM {CONFORMED} "
        f"WHERE {present} AND {where} GROUP BY ALL HAVING count(*) > 1"
    )


def duplicate_rows(rule: Rule, contract: Contract, where: str = "TRUE") -> str:
    """A query of all rows but the first of each key, as their position and partition, among those `where`.

    The order is the rule's `keepFirst`, then all columns in the contract's order, so that the same rows are kept
    whatever engine staged them.
    """
    cuts = [f"__b{i}" for i in range(len(buckets(contract.partitioning)))]
    inner = ", ".join([*(f"{cut} AS __b{i}" for i, cut in enumerate(buckets(contract.partitioning))), "*"])
    same = [f"c.{identifier(column)} = r.{identifier(column)}" for column in rule.columns]
    same += [f"c.{cut} IS NOT DISTINCT FROM r.{cut}" for cut in cuts]
    key = ", ".join([*(f"c.{cut}" for cut in cuts), *(f"c.{identifier(each)}" for each in rule.columns)])
    every = [f"c.{identifier(column.name)} NULLS LAST" for column in contract.columns]
    order = ", ".join([*_order(rule, contract), *every, f"c.{FILE}", f"c.{ROW}"])
    return (
        f"SELECT {POSITION}, {spelt(contract.partitioning, cuts)} AS __partition FROM ("
        f"SELECT c.*, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS __place "
        f"FROM (SELECT {inner} FROM {CONFORMED} WHERE {where}) c "
        f"SEMI JOIN ({repeated_keys(rule, contract, where)}) r ON {' AND '.join(same)}) WHERE __place > 1"
    )


def _order(rule: Rule, contract: Contract) -> list[str]:
    stated = []
    for part in str(rule.arguments.get("keepFirst") or "").split(","):
        if words := part.split():
            direction = "DESC" if len(words) > 1 and words[1].lower() == "desc" else "ASC"
            stated.append(f"c.{identifier(contract.column(words[0]).name)} {direction} NULLS LAST")
    return stated


def within(files: Iterable[str]) -> str:
    """The condition for rows of these staged files; DuckDB opens no others."""
    names = ", ".join(map(text, files))
    return f"{FILE} IN ({names})" if names else "FALSE"


def _queries(
    connection: DuckDBPyConnection, contract: Contract, conform: Conform, rules: Sequence[Rule], files: Sequence[str]
) -> dict[str, float]:
    """What each `sql` rule measures in one partition."""
    name, columns = identifier(contract.name), identifiers(contract.column_names)
    rows = conformed_rows(conform, f"({staged_rows(files)})" if files else f"{STAGED} WHERE FALSE")
    connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} FROM ({rows})")
    return {rule.name: _query(connection, contract, rule) for rule in rules}


def _query(connection: DuckDBPyConnection, contract: Contract, rule: Rule) -> float:
    """The number that a `sql` rule returns; NaN where it returns none."""
    import duckdb

    query = str(rule.arguments["query"]).replace("{object}", identifier(contract.name))
    for placeholder in ("{property}", "{column}"):
        query = query.replace(placeholder, identifiers(rule.columns))
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise RuleError(f"{contract.dataset}: rule {rule.name}: the query must be one SELECT: {query}")
        value, *_ = connection.execute(statements[0]).fetchone() or (None,)
    except duckdb.Error as error:
        raise RuleError(f"{contract.dataset}: rule {rule.name} cannot be evaluated: {error}; query: {query}") from error
    try:
        return float(value) if value is not None else float("nan")
    except (TypeError, ValueError) as error:
        returned = f"must return a number, not {value!r}"
        raise RuleError(f"{contract.dataset}: rule {rule.name} {returned}: {query}") from error
