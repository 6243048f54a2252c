"""Rows that share a key with another row of their partition: how many, and which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from data_platform.contracts.model import Contract, Rule
from data_platform.quality.rows import CONFORMED, FILE, POSITION, ROW, partition_text, present, within
from data_platform.quality.sql import buckets, identifier, identifiers

LARGE = 50_000
"""Rows per partition from which its keys are looked at apart from those of others."""
AT_ONCE = 6_000_000
"""Rows of which the keys are held in memory at once: a partition of more is looked at in several passes."""
DENSE, BITS = 16, 1 << 29
"""Up to how many numbers, per row and in all, between the smallest and the largest, keys are ticked off in a bitmap."""

Fetch = Callable[[str], list[tuple[Any, ...]]]


def count_surplus(
    fetch: Fetch,
    rule: Rule,
    contract: Contract,
    files: Mapping[str | None, Collection[str]],
    rows: Mapping[str | None, int],
) -> dict[str | None, int]:
    """Rows beyond the first of their key, by partition, where there are any; their keys are left in the temporary
    table `repeated(rule)`. `files` and `rows` are those of each partition.

    Large partitions are looked at one by one, a third of the work and memory of one grouping of everything, and grouped
    only where something cheaper cannot rule out that a key is there twice.
    """
    table, cuts = repeated(rule), [f"__b{i}" for i in range(len(buckets(contract.partitioning)))]
    if sum(rows.values()) > LARGE * len(files):
        fetch(f"CREATE OR REPLACE TEMP TABLE {table} AS {repeated_keys(rule, contract, 'FALSE')}")
        for partition, names in files.items():
            for part in _suspects(fetch, rule, contract, within(names), rows[partition]) if names else ():
                fetch(f"INSERT INTO {table} {repeated_keys(rule, contract, part)}")
    else:
        fetch(f"CREATE OR REPLACE TEMP TABLE {table} AS {repeated_keys(rule, contract)}")
    inner = f"SELECT {', '.join([*cuts, 'sum(__n - 1) AS __m'])} FROM {table} GROUP BY ALL"
    query = f"SELECT {partition_text(contract, cuts)}, __m FROM ({inner}) WHERE __m IS NOT NULL"
    return {partition: int(surplus) for partition, surplus in fetch(query)}


def repeated(rule: Rule) -> str:
    """The temporary table of the keys that `count_surplus` found more than once."""
    return identifier(f"__repeated_{rule.name}")


def _suspects(fetch: Fetch, rule: Rule, contract: Contract, where: str, rows: int) -> list[str]:
    """Conditions for those of the rows `where`, cut by their key, among which a key may be there twice."""
    passes = 1 + rows // AT_ONCE
    cut = [f"hash({identifiers(rule.columns)}) % {passes} = {i}" for i in range(passes)] if passes > 1 else ["TRUE"]
    parts = [f"{where} AND {each}" for each in cut]
    ticked_once = _are_ticked_once(fetch, rule, contract, where, rows)
    if ticked_once is None:  # by the hashes of their keys: two keys that are the same never have two
        return [part for part in parts if fetch(_shared_hashes(rule, part))[0][0]]
    return [] if ticked_once else parts


def _are_ticked_once(fetch: Fetch, rule: Rule, contract: Contract, where: str, rows: int) -> bool | None:
    """Whether each key is a whole number of its own, by a bitmap of all between the smallest and the largest.

    An eighth of the work of a grouping. None where the keys are no numbers, or too far apart for it.
    """
    name, *others = rule.columns
    if others or contract.column(name).type.kind not in ("int", "long"):
        return None
    key, source = identifier(name), f"FROM {CONFORMED} WHERE {where}"
    count, low, high = fetch(f"SELECT count({key}), min({key}), max({key}) {source}")[0]
    if count < 2:
        return True
    if high - low >= min(DENSE * rows, BITS):
        return None
    ticked = fetch(f"SELECT bit_count(bitstring_agg({key}::HUGEINT - {low}, 0, {high - low})) {source}")[0][0]
    return ticked == count


def _shared_hashes(rule: Rule, where: str) -> str:
    """A query of the number of rows, among those `where`, beyond the first with the hash of their key."""
    counts = f"count(*) - count(DISTINCT hash({identifiers(rule.columns)}))"
    return f"SELECT {counts} FROM {CONFORMED} WHERE {present(rule.columns)} AND {where}"


def repeated_keys(rule: Rule, contract: Contract, where: str = "TRUE") -> str:
    """A query of the keys that more than one row of a partition has, with their number of rows `__n`."""
    cut = "".join(f"{each} AS __b{i}, " for i, each in enumerate(buckets(contract.partitioning)))
    return (
        f"SELECT {cut}{identifiers(rule.columns)}, count(*) AS __n FROM {CONFORMED} "
        f"WHERE {present(rule.columns)} AND {where} GROUP BY ALL HAVING count(*) > 1"
    )


def duplicate_rows(rule: Rule, contract: Contract, where: str = "TRUE", keys: str = "") -> str:
    """A query of all rows but the first of each key, as their position and partition, among those `where`. `keys` is a
    table of the keys that are there more than once, where they were found before.

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
        f"SELECT {POSITION}, {partition_text(contract, cuts)} AS __partition FROM ("
        f"SELECT c.*, row_number() OVER (PARTITION BY {key} ORDER BY {order}) AS __place "
        f"FROM (SELECT {inner} FROM {CONFORMED} WHERE {where}) c "
        f"SEMI JOIN {keys or f'({repeated_keys(rule, contract, where)})'} r ON {' AND '.join(same)}) WHERE __place > 1"
    )


def _order(rule: Rule, contract: Contract) -> Sequence[str]:
    stated = []
    for part in str(rule.arguments.get("keepFirst") or "").split(","):
        if words := part.split():
            direction = "DESC" if len(words) > 1 and words[1].lower() == "desc" else "ASC"
            stated.append(f"c.{identifier(contract.column(words[0]).name)} {direction} NULLS LAST")
    return stated
