"""Good rows and refused rows, separated inside DuckDB: no row travels to Python."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from data_platform.contracts.model import Contract, Rule
from data_platform.contracts.rules import KINDS
from data_platform.quality.audit import PartitionAudit, parent_rows
from data_platform.quality.conform import Conform
from data_platform.quality.duplicates import duplicate_rows, repeated
from data_platform.quality.elsewhere import Elsewhere
from data_platform.quality.orphans import orphan_rows
from data_platform.quality.policy import Verdict
from data_platform.quality.rows import (
    CONFORMED,
    FILE,
    POSITION,
    STAGED,
    any_broken,
    broken_rows,
    within,
)
from data_platform.quality.sql import identifier, identifiers, text

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

REFUSED = "__refused"
TOGETHER = 8
"""Of how many rules at a time there is every combination."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Which rows are refused: those that break one of `rules`, which are about single rows, and those that were listed
    (by DuckDB in the temporary table REFUSED), which the rules named in `listed` refuse. `whole` are the files of which
    every row is refused, `mixed` others with any; in those of `kept` no row breaks one of `rules`.
    """

    rules: tuple[Rule, ...] = ()
    listed: tuple[str, ...] = ()
    whole: frozenset[str] = frozenset()
    mixed: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()


Listing = Callable[[Sequence[Rule], Mapping[str, Collection[str]]], frozenset[str]]
"""Lists the rows that duplicates and foreign keys refuse among staged files (by partition); returns the rows' files."""


def refuse(
    connection: DuckDBPyConnection,
    contract: Contract,
    verdicts: Sequence[Verdict],
    counted: Mapping[str | None, PartitionAudit],
    elsewhere: Elsewhere,
) -> Refusal:
    """Find the rows to quarantine in the partitions that are not blocked."""
    return refusal(verdicts, counted, lambda rules, files: _list_rows(connection, contract, rules, files, elsewhere))


def refusal(verdicts: Sequence[Verdict], counted: Mapping[str | None, PartitionAudit], list_rows: Listing) -> Refusal:
    """What to quarantine in the partitions that are not blocked.

    Rows that break a rule about single rows were found by the audit. Only where a rule takes other rows to judge by
    (duplicates, foreign keys) are its broken rows listed. A rule that quarantines in one partition does so in every one
    that is not blocked.
    """
    rules = {rule.name: rule for verdict in verdicts for rule in verdict.quarantining}
    if not rules:
        return Refusal()
    files = {each.partition: counted[each.partition].files for each in verdicts if not each.blocked}
    others = tuple(rule for rule in rules.values() if KINDS[rule.kind].metric != "rows")
    listed = list_rows(others, files) if others else frozenset()
    by_rule = tuple(sorted((r for r in rules.values() if KINDS[r.kind].metric == "rows"), key=lambda rule: rule.name))
    counts = {file: count for each in files.values() for file, count in each.items() if by_rule}
    whole = frozenset(file for file, count in counts.items() if count.refused == count.rows)
    mixed = frozenset(file for file, count in counts.items() if count.refused) | listed
    names = tuple(rule.name for rule in others) if listed else ()
    kept = frozenset(file for file, count in counts.items() if not count.refused)
    return Refusal(by_rule, names, whole, mixed - whole, kept)


def _list_rows(
    connection: DuckDBPyConnection,
    contract: Contract,
    rules: Collection[Rule],
    files: Mapping[str, Collection[str]],
    elsewhere: Elsewhere,
) -> frozenset[str]:
    """Fill REFUSED (position, rules) with what duplicates and foreign keys refuse; returns the files of these rows."""
    every = within(file for names in files.values() for file in names)
    found: list[str] = []
    for rule in rules:
        queries: list[str] = []
        if KINDS[rule.kind].metric == "duplicates":
            queries = [duplicate_rows(rule, contract, every, repeated(rule))]
        elif KINDS[rule.kind].metric == "orphans":
            names = {partition: tuple(each) for partition, each in files.items()}
            queries = orphan_rows(rule, contract, parent_rows(rule, contract, names, elsewhere), names)
        found += [f"SELECT {POSITION}, {text(rule.name)} AS __rule FROM ({query})" for query in queries]
    if not found:
        return frozenset()
    connection.execute(
        f"CREATE TEMP TABLE {REFUSED} AS SELECT {POSITION}, "
        f"list_sort(list(__rule)) AS __rules FROM ({' UNION ALL '.join(found)}) GROUP BY {POSITION}"
    )
    return frozenset(name for (name,) in connection.execute(f"SELECT DISTINCT {FILE} FROM {REFUSED}").fetchall())


def good_rows(
    contract: Contract, conform: Conform, refusal: Refusal, extra: Mapping[str, str], paths: Collection[str]
) -> str:
    """A query of the conformed rows of some staged files that may be published, with `extra` named expressions."""
    columns = ", ".join([identifiers(contract.column_names), *(f"{value} AS {name}" for name, value in extra.items())])
    kept = f"{within(paths)} AND NOT {_any_broken(contract, conform, refusal, paths)}"
    listed = f" ANTI JOIN {REFUSED} USING ({POSITION})" if refusal.listed else ""
    return f"SELECT {columns} FROM (SELECT * FROM {CONFORMED} WHERE {kept}){listed}"


def refused_rows(
    contract: Contract,
    conform: Conform,
    refusal: Refusal,
    paths: Collection[str],
    partition: str,
    reasons: Mapping[str, str],
    stamp: Mapping[str, str],
) -> str:
    """A query of the refused rows of some staged files, whose partition is the expression `partition`: the contract's
    columns, what would not cast as text and of which type it was, which rules refused them and why, and the `stamp` of
    the publication (run id, contract version, ...) as text columns.

    A row that comes back from quarantine keeps its name, its run, the time it came, and what still does not cast.
    """
    columns = ", ".join(f"r.{identifier(name)}" for name in contract.column_names)
    stamped = {name: text(value) for name, value in stamp.items()}
    row, now, uncast, types, source = "CAST(uuid() AS VARCHAR)", "now()", *["CAST(NULL AS VARCHAR)"] * 2, ""
    if conform.returns:
        row, now, uncast, types = f"coalesce(o._row, {row})", f"coalesce(o._quarantined_at, {now})", "_uncast", "_types"
        stamped["_run_id"] = f"coalesce(o._run_id, {stamped['_run_id']})"
        source = f" JOIN {STAGED} o USING ({POSITION})"
    elif conform.lossy:
        lost = ", ".join(
            f"CASE WHEN {cast.is_lost} THEN {{k: {text(cast.column)}, v: CAST({identifier(cast.column)} AS VARCHAR), "
            f"t: typeof({identifier(cast.column)})}} END"
            for cast in conform.lossy
        )
        source = f" JOIN (SELECT {POSITION}, {_present(lost)} AS __lost FROM {STAGED}) o USING ({POSITION})"
        uncast, types = _by_column("v"), _by_column("t")
    return (
        f"SELECT {columns}, {row} AS _row, {uncast} AS _uncast, {types} AS _types, "
        f"r.__rules AS _rules, r.__reasons AS _reasons, r.__partition AS _partition, "
        f"{', '.join(f'{value} AS {name}' for name, value in stamped.items())}, "
        f"{now} AS _quarantined_at FROM ({_judged_rows(contract, conform, refusal, paths, partition, reasons)}) r{source}"
    )


def _judged_rows(
    contract: Contract,
    conform: Conform,
    refusal: Refusal,
    paths: Collection[str],
    partition: str,
    reasons: Mapping[str, str],
) -> str:
    """A query of the refused rows of CONFORMED with the rules they break, sorted, and a reason for each.

    Every row gets the number of its combination of rules, and by that its lists, which are made once per combination.
    """
    conditions = {rule.name: broken_rows(rule, contract, conform) for rule in refusal.rules}
    conditions |= {name: f"list_contains(l.__rules, {text(name)})" for name in refusal.listed}
    names = sorted(conditions)
    groups = [names[start : start + TOGETHER] for start in range(0, len(names), TOGETHER)]
    masks = [
        " + ".join(f"CASE WHEN {conditions[name]} THEN {1 << i} ELSE 0 END" for i, name in enumerate(group))
        for group in groups
    ]
    numbered = ", ".join(["c.*", *(f"{mask} AS __mask{i}" for i, mask in enumerate(masks))])
    broken, listed = _any_broken(contract, conform, refusal, paths), ""
    if refusal.listed:
        listed = f" LEFT JOIN {REFUSED} l USING ({POSITION})"
        broken = f"({broken} OR l.__rules IS NOT NULL)"
    rows = f"SELECT {numbered} FROM (SELECT * FROM {CONFORMED} WHERE {within(paths)}) c{listed} WHERE {broken}"
    combined = "".join(
        f" JOIN ({_combinations(i, group, reasons)}) USING (__mask{i})" for i, group in enumerate(groups)
    )
    rules, texts = (" || ".join(f"__{of}{i}" for i in range(len(groups))) for of in ("rules", "reasons"))
    return f"SELECT c.*, {partition} AS __partition, {rules} AS __rules, {texts} AS __reasons FROM ({rows}) c{combined}"


def _any_broken(contract: Contract, conform: Conform, refusal: Refusal, paths: Collection[str]) -> str:
    """The condition for rows that break one of the rules, which is looked at only in files that have any."""
    suspect = [path for path in paths if path not in refusal.kept]
    broken = any_broken(refusal.rules, contract, conform)
    if len(suspect) == len(paths):
        return broken
    return f"CASE WHEN {within(suspect)} THEN {broken} ELSE FALSE END" if suspect else "FALSE"


def _combinations(place: int, names: Sequence[str], reasons: Mapping[str, str]) -> str:
    """A query of all combinations of some rules: their number, the rules and the reasons."""
    met = "lambda __each, __place: (__mask >> (__place - 1)) & 1 = 1"
    lists = {"rules": names, "reasons": [reasons[name] for name in names]}
    made = (f"list_filter([{', '.join(map(text, each))}], {met}) AS __{of}{place}" for of, each in lists.items())
    return f"SELECT __mask AS __mask{place}, {', '.join(made)} FROM range({1 << len(names)}) t(__mask)"


def _by_column(what: str) -> str:
    """What was noted about lost values, as JSON by column; null where none was lost."""
    entries = f"list_transform(o.__lost, lambda __each: {{k: __each.k, v: __each.{what}}})"
    return f"CASE WHEN len(o.__lost) > 0 THEN CAST(to_json(map_from_entries({entries})) AS VARCHAR) END"


def _present(items: str) -> str:
    """The list of those items that are not null."""
    return f"list_filter([{items}], lambda __item: __item IS NOT NULL)"
