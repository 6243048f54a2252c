"""Foreign keys: rows whose key no row of the parent has. A key with a null in any part is no orphan.

The parent is another dataset, or this one itself: then its keys are those of the staged rows, before any is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from data_platform.contracts.model import Contract, Rule
from data_platform.quality.rows import CONFORMED, POSITION, partition_text, present, within
from data_platform.quality.sql import buckets, identifier, identifiers


def orphan_counts(
    rule: Rule, contract: Contract, parents: Mapping[str, str], files: Mapping[str, Collection[str]]
) -> list[str]:
    """Queries of (partition, orphans), where there are any: one per set of parent rows that partitions share."""
    cuts = [f"__b{i}" for i in range(len(buckets(contract.partitioning)))]
    named = ", ".join([f"{cut} AS __b{i}" for i, cut in enumerate(buckets(contract.partitioning))])
    return [
        f"SELECT {partition_text(contract, cuts)}, __n FROM ("
        f"SELECT {', '.join([*cuts, 'count(*) AS __n'])} FROM ({_orphans(rule, named, parent, where)}) GROUP BY ALL"
        ") WHERE __n > 0"
        for parent, where in _sharing(parents, files).items()
    ]


def orphan_rows(
    rule: Rule, contract: Contract, parents: Mapping[str, str], files: Mapping[str, Collection[str]]
) -> list[str]:
    """Queries of the orphans' position and partition."""
    named = f"{POSITION}, {partition_text(contract)} AS __partition"
    return [
        f"SELECT {POSITION}, __partition FROM ({_orphans(rule, named, parent, where)})"
        for parent, where in _sharing(parents, files).items()
    ]


def orphan_keys(rule: Rule, parent: str, files: Collection[str]) -> str:
    """A query of the keys of orphans in one partition."""
    columns = ", ".join(f"__c{i} AS {identifier(column)}" for i, column in enumerate(rule.columns))
    return f"SELECT {columns} FROM ({_orphans(rule, '', parent, within(files))})"


def own_keys(contract: Contract, rule: Rule, files: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The parent rows by partition, where the parent is the audited dataset itself."""
    (reference,) = rule.reads
    keys = identifiers(reference.columns)
    return {
        partition: f"SELECT {keys} FROM {CONFORMED} WHERE {'TRUE' if reference.partitions == 'all' else within(names)}"
        for partition, names in files.items()
    }


def _sharing(parents: Mapping[str, str], files: Mapping[str, Collection[str]]) -> dict[str, str]:
    """The condition for the rows to look at, by query of the parent rows they may belong to."""
    sharing: dict[str, list[str]] = {}
    for partition, names in files.items():
        if names:
            sharing.setdefault(parents[partition], []).extend(names)
    return {parent: within(names) for parent, names in sharing.items()}


def _orphans(rule: Rule, columns: str, parent: str, where: str) -> str:
    keys = ", ".join(f"{identifier(column)} AS __c{i}" for i, column in enumerate(rule.columns))
    (reference,) = rule.reads
    same = " AND ".join(f"c.__c{i} = p.{identifier(column)}" for i, column in enumerate(reference.columns))
    child = (
        f"SELECT {f'{columns}, ' if columns else ''}{keys} FROM {CONFORMED} WHERE {present(rule.columns)} AND {where}"
    )
    return f"SELECT c.* FROM ({child}) c ANTI JOIN ({parent}) p ON {same}"
