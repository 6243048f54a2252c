"""What was found out as contracts: one per source, and everything a person still has to say as a `TODO` in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from data_platform.contracts import Column, Contract, Partitioning, PartitionKey, Rule, Threshold
from data_platform.contracts.as_odcs import document, dump
from data_platform.contracts.implied import KEY_RULE, TYPES_RULE
from data_platform.contracts.model import OnFailure, Policy, Reference
from data_platform.contracts.rules import KINDS
from data_platform.scaffold.model import ColumnProfile, Findings, ForeignKey, Sure, TableProfile

ENOUGH = 100
"""In so many rows without a single null, a column is required."""
SMALL = 1_000
TOLERANT = OnFailure(Policy.QUARANTINE, max_percent=1)
TOLERANT_SMALL = OnFailure(Policy.QUARANTINE, max_rows=10)
"""A proposal is a guess about tomorrow's rows, so a few that break it are set aside to be looked at, and published
nowhere; a file of which more than that does not fit is another kind of file, and is blocked."""
OWNER = "todo@example.com"
"""Who answers for a dataset until somebody says so."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A contract, and its file's text."""

    contract: Contract
    table: TableProfile
    text: str


def propose(findings: Findings, domain: str, owner: str) -> list[Proposal]:
    """One contract per source. What lands may be partitioned; files that are read again each time are published whole."""
    return [_proposal(table, findings, domain, owner) for table in findings.tables]


def _proposal(table: TableProfile, findings: Findings, domain: str, owner: str) -> Proposal:
    policy = TOLERANT if table.at_once >= SMALL else TOLERANT_SMALL
    related = [each for each in findings.rules if each.child == table.name]
    contract = Contract(
        domain,
        table.name,
        "1.0.0",
        tuple(_column(table, each) for each in table.columns),
        description=table.description or f"TODO: say what one row of {table.name} is, and who uses it.",
        primary_key=table.key,
        rules=tuple(_rules(table, related, domain, policy)),
        owners=(owner or OWNER,),
        status="draft",
        on_failure=policy,
        partitioning=Partitioning((PartitionKey(table.cut.column, "day", table.cut.start),)) if table.cut else None,
    )
    return Proposal(contract, table, dump(_written(contract), heading(table, findings, owner)))


def _written(contract: Contract) -> dict[str, Any]:
    """The contract as a document, with its partitioning."""
    keys = contract.partitioning.keys if contract.partitioning else ()
    own = {key.column: {"partitionBy": {"granularity": key.granularity, "start": key.start}} for key in keys}
    written = document(contract, own)
    for each in written["schema"][0]["properties"]:
        if each["name"] in own:
            each |= {"partitioned": True, "partitionKeyPosition": list(own).index(each["name"]) + 1}
    return written


def heading(table: TableProfile, findings: Findings, owner: str = "") -> list[str]:
    """Comments above the contract: where it comes from, and what is to be looked at."""
    lines = [f"Drafted by `dp scaffold` from {table.source.location} ({table.rows:,} rows). It is yours now."]
    if not owner:
        lines.append("TODO: name the owner (`team.members`).")
    lines += [f"TODO: {note}." for note in table.key_notes if not table.key]
    lines += [f"Key: {note}." for note in table.key_notes if table.key]
    if table.source.lands:
        lines.append(f"Partitions: {partitions_of(table)}.")
    for column in table.columns:
        lines += [
            f"{'TODO: ' if column.sure is Sure.OPEN or column.pii else ''}{column.name}: {note}."
            for note in column.notes
        ]
    lines += [f"{', '.join(each.columns)}: {told(each)}." for each in findings.foreign_keys
              if each.child == table.name and not each.holds]  # fmt: skip
    if late := [each.name for each in table.columns if each.type.kind in ("date", "timestamp", "timestamptz")
                and not each.nulls and not table.source.lands]:  # fmt: skip
        lines.append(f"Could be partitioned by {' or '.join(late[:3])}: `dp scaffold dataset --landing`.")
    return lines


def partitions_of(table: TableProfile) -> str:
    """How what lands is cut, and how sure that is, in words."""
    if cut := table.cut:
        return f"one per day of {cut.column}, from {cut.start} ({cut.sure}: {cut.why})"
    return f'none, all files together are the content (keep="all"): {table.uncut}'


def told(key: ForeignKey) -> str:
    """A foreign key in words."""
    if key.holds:
        return f"{key.parent}.{', '.join(key.keys)}"
    return f"{key.missing:,} rows are not in {key.parent}.{', '.join(key.keys)}, so no foreign key"


def _column(table: TableProfile, found: ColumnProfile) -> Column:
    return Column(
        found.name,
        found.type,
        required=is_required(table, found),
        description=found.description or "TODO: say what it is.",
        classification=found.classification,
        pii=found.pii,
        tags=("review",) if found.pii or found.sure is Sure.OPEN else (),
    )


def is_required(table: TableProfile, found: ColumnProfile) -> bool:
    """Whether the column may not be null: it never is, and there are rows enough to say so."""
    if table.cut and found.name == table.cut.column:
        return True
    if found.required is not None:
        return found.required or found.name in table.key
    return found.name in table.key or (not found.nulls and table.rows >= ENOUGH)


def _rules(table: TableProfile, related: Sequence[ForeignKey], domain: str, policy: OnFailure) -> Iterator[Rule]:
    def rule(name: str, kind: str, *columns: str, reads: tuple[Reference, ...] = (), **arguments: Any) -> Rule:
        return Rule(name, kind, columns, arguments, None, policy, KINDS[kind].dimension, reads=reads)

    yield rule(TYPES_RULE, "type", *(each.name for each in table.columns))
    for column in table.columns:
        if is_required(table, column) and column.name not in table.key:
            yield rule(f"{column.name}_required", "required", column.name)
        for kind, value in (("minimum", column.range.low), ("maximum", column.range.high), ("pattern", column.pattern)):
            if value not in (None, ""):
                yield rule(f"{column.name}_{kind}", kind, column.name, value=value)
        if column.values:
            yield rule(f"{column.name}_enum", "enum", column.name, values=column.values)
    if table.key:
        yield rule(KEY_RULE, "duplicate_values", *table.key)
    for each in related:
        reference = Reference(f"{domain}.{each.parent}", each.keys, "all")
        name = f"{'_'.join(each.columns)}_in_{each.parent}"
        yield rule(name, "foreign_key", *each.columns, reads=(reference,), columns=each.keys)
    if table.rows and not table.cut:  # a day may lose its last row: its file was corrected, or forgotten
        threshold, block = Threshold("mustBeGreaterThan", 0), OnFailure(Policy.BLOCK)
        yield Rule("not_empty", "row_count", (), {}, threshold, block, KINDS["row_count"].dimension)
