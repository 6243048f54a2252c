"""A dataset as its page describes it: in the contract's words, and what people look for as a short table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg

from data_platform.contracts import Contract, Policy
from data_platform.contracts.model import PUBLICATION, SENSITIVITIES
from data_platform.markdown import table
from data_platform.settings import PROJECT

POLICIES = {Policy.BLOCK: "block", Policy.QUARANTINE: "quarantine the row", Policy.WARN: "warn"}


def description(contract: Contract, notes: str = "") -> str:
    """Markdown; `notes` are the producer's own. The table is high up: the UI folds what is long."""
    shown = table(("", ""), ((f"**{name}**", value) for name, value in facts(contract)))
    first, _, rest = contract.description.partition("\n\n")
    return "\n\n".join(part for part in (first, shown, rest, notes) if part)


def facts(contract: Contract) -> Iterator[tuple[str, str]]:
    """What people look for, in the order in which they do."""
    if contract.primary_key:
        yield "One row per", ", ".join(f"`{name}`" for name in contract.primary_key)
    if contract.partitioning:
        yield "Partitions", " × ".join(_cut(key.column, key.granularity) for key in contract.partitioning.keys)
    yield "Read by", "everybody" if contract.visibility == "public" else f"the domain {contract.domain} only"
    yield "Sensitivity", _sensitivity(contract)
    if contract.freshness:
        yield "Fresh", f"within {_duration(contract.freshness)}"
    if contract.retention:
        yield "Kept", f"for {_duration(contract.retention)}"
    if rules := contract.rules_at(PUBLICATION):
        counts = [(name, sum(rule.on_failure.policy is policy for rule in rules)) for policy, name in POLICIES.items()]
        yield "Rules", f"{len(rules)}: " + ", ".join(f"{number} {name}" for name, number in counts if number)
    where = f", `{short(contract.file)}`" if contract.file else ""
    yield "Contract", f"{contract.version}, {contract.status}{where}"


def references(contract: Contract, file: str, line: int, code: str = "") -> dg.CodeReferencesMetadataValue | None:
    """Where the producer and the contract are: on the web, if the project's files are at the URL `code`, else here."""
    places = [(file, line, "Function")] if file else []
    if contract.file:
        places.append((contract.file, 1, "Contract"))
    found = []
    for path, at, label in places:
        if code and Path(path).is_relative_to(PROJECT):
            found.append(dg.UrlCodeReference(url=f"{code}/{short(path)}#L{at}", label=label))
        else:
            found.append(dg.LocalFileCodeReference(file_path=path, line_number=at, label=label))
    return dg.CodeReferencesMetadataValue(code_references=found) if found else None


def short(file: str) -> str:
    """A path from the project's folder where it is in it."""
    path = Path(file)
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else file


def _cut(column: str, granularity: str) -> str:
    return f"`{column}`" if granularity == "static" else f"{granularity}s, by `{column}`"


def _sensitivity(contract: Contract) -> str:
    """The highest there is, and the columns that have it."""
    highest = max((SENSITIVITIES.index(column.classification) for column in contract.columns), default=0)
    there = [column.name for column in contract.columns if SENSITIVITIES.index(column.classification) == highest]
    some = f": {', '.join(f'`{name}`' for name in there)}" if highest > SENSITIVITIES.index("internal") else ""
    personal = [column for column in contract.columns if column.pii]
    pii = f"; personal data: {', '.join(f'`{each.name}` ({each.pii})' for each in personal)}" if personal else ""
    return f"{SENSITIVITIES[highest]}{some}{pii}"


def _duration(length: timedelta) -> str:
    for name, unit in (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1))):
        if length >= unit and length % unit == timedelta(0) and (name != "day" or length >= 2 * unit):
            number = length // unit
            return f"{number:,} {name}{'s' if number > 1 else ''}"
    return str(length)
