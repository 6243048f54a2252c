"""Verdicts for people to look at: with a few of the values that break a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.contracts.types import FLOATING
from data_platform.quality.audit import FileCount, PartitionAudit, parent_rows
from data_platform.quality.conform import Conform
from data_platform.quality.duplicates import repeated
from data_platform.quality.elsewhere import Elsewhere
from data_platform.quality.orphans import orphan_keys
from data_platform.quality.policy import Verdict, decide
from data_platform.quality.rows import CONFORMED, STAGED, broken_rows, lossy, partition_text, refusing, within
from data_platform.quality.sql import buckets, identifier, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

EXAMPLES, LOOKED_AT = 5, 1_000
"""How many examples of broken rows are shown, and among how many broken rows they are looked for."""


SHOWN = 5
"""In how many partitions a failing rule shows examples: each costs a query."""


def judge(
    connection: DuckDBPyConnection,
    contract: Contract,
    conform: Conform,
    rules: Sequence[Rule],
    partitions: Sequence[str],
    counted: Mapping[str | None, PartitionAudit],
    elsewhere: Elsewhere,
) -> tuple[Verdict, ...]:
    """The verdicts under these rules, with examples for the first few partitions in which a row rule fails."""
    shown: Counter[str] = Counter()
    verdicts = []
    for partition in partitions:
        verdict = decide(rules, partition, counted[partition])
        outcomes = []
        for each in verdict.outcomes:
            if not each.holds and each.rule.is_row_rule and shown[each.rule.name] < SHOWN:
                shown[each.rule.name] += 1
                files = with_broken(each.rule, counted[partition].files)
                found = examples(connection, contract, conform, each.rule, partition, files, elsewhere)
                each = replace(each, examples=tuple(found))
            outcomes.append(each)
        verdicts.append(replace(verdict, outcomes=tuple(outcomes)))
    return tuple(verdicts)


def with_broken(rule: Rule, files: Mapping[str, FileCount]) -> list[str]:
    """The files to look at: those with refused rows where that is known, else all."""
    some = [file for file, count in files.items() if count.refused] if refusing([rule]) else []
    return some or list(files)


def examples(
    connection: DuckDBPyConnection,
    contract: Contract,
    conform: Conform,
    rule: Rule,
    partition: str,
    files: Collection[str],
    elsewhere: Elsewhere,
) -> list[str]:
    """A few values that break a row rule in the partition of these staged files.

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
    else:
        source = (
            f"SELECT {_joined(rule, contract)} FROM {_broken(contract, conform, rule, partition, files, elsewhere)} "
        )
        source += f"LIMIT {LOOKED_AT}"
    if not source:
        return []
    query = f"SELECT DISTINCT __value FROM ({source}) WHERE __value IS NOT NULL ORDER BY ALL LIMIT {EXAMPLES}"
    return [value for (value,) in connection.execute(query).fetchall()]


def _broken(
    contract: Contract,
    conform: Conform,
    rule: Rule,
    partition: str,
    files: Collection[str],
    elsewhere: Elsewhere,
) -> str:
    """Where broken rows, or their keys, are selected from."""
    match KINDS[rule.kind].metric:
        case "duplicates":
            cuts = [f"__b{i}" for i in range(len(buckets(contract.partitioning)))]
            return f"{repeated(rule)} WHERE {partition_text(contract, cuts)} = {text(partition)}"
        case "orphans":
            parents = parent_rows(rule, contract, {partition: tuple(files)}, elsewhere)
            return f"({orphan_keys(rule, parents[partition], files)})"
    return f"{CONFORMED} WHERE {within(files)} AND ({broken_rows(rule, contract, conform)})"


def _joined(rule: Rule, contract: Contract) -> str:
    return " || ', ' || ".join(_spelt(contract.column(name), rule) for name in rule.columns) + " AS __value"


def _spelt(column: Column, rule: Rule) -> str:
    """A value as text: a NaN without its sign, and so a zero that stands for both, as in a key."""
    value = identifier(column.name)
    if column.type.kind not in FLOATING:
        return f"CAST({value} AS VARCHAR)"
    shown = value if KINDS[rule.kind].metric == "rows" else f"{value} + 0"
    return f"if(isnan({value}), 'nan', CAST({shown} AS VARCHAR))"
