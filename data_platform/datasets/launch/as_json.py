"""Plans and publications as JSON, and back: what passes between a step and its job. Rules and columns pass by name: both
sides have the same contracts (see `order`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from data_platform.contracts import Contract, Policy
from data_platform.lakehouse import InputRead, Provenance, Publication, ReadPlan
from data_platform.lakehouse.provenance import FileRead
from data_platform.quality.policy import Outcome, Verdict
from data_platform.quality.profile import ColumnProfile

Json = dict[str, Any]


def plan_to_json(plan: ReadPlan) -> Json:
    return {name: getattr(plan, name) for name in ReadPlan.__slots__} | {"columns": plan.names}


def plan_from_json(told: Mapping[str, Any], contract: Contract) -> ReadPlan:
    """The plan, of a dataset with this contract; KeyError for a column that it does not have."""
    sequences = {name: tuple(told[name]) for name in ("files", "partitions", "blocked", "placed")}
    return ReadPlan(**{**told, **sequences, "columns": tuple(contract.column(name) for name in told["columns"])})


def publication_to_json(publication: Publication) -> Json:
    return {
        "dataset": publication.dataset,
        "publication_id": publication.publication_id,
        "verdicts": [_verdict_to_json(each) for each in publication.verdicts],
        "rows": dict(publication.rows),
        "quarantined": dict(publication.quarantined),
        "snapshot_id": publication.snapshot_id,
        "bytes": publication.bytes,
        "seconds": publication.seconds,
        "profiles": {
            partition: {column: asdict(each) for column, each in columns.items()}
            for partition, columns in publication.profiles.items()
        },
        "provenance": asdict(publication.provenance),
    }


def publication_from_json(told: Mapping[str, Any], contract: Contract) -> Publication:
    """The publication, of the dataset with this contract; KeyError for a rule that it does not have."""
    rules = {rule.name: rule for rule in contract.rules}

    def verdict(each: Mapping[str, Any]) -> Verdict:
        outcomes = (
            Outcome(
                rules[outcome["rule"]],
                outcome["partition"],
                outcome["rows"],
                _number(outcome["metric"]),
                Policy(outcome["action"]) if outcome["action"] else None,
                outcome["reason"],
                tuple(outcome["examples"]),
            )
            for outcome in each["outcomes"]
        )
        return Verdict(each["partition"], each["rows"], tuple(outcomes))

    profiles = {
        partition: {column: ColumnProfile(**each) for column, each in columns.items()}
        for partition, columns in told["profiles"].items()
    }
    read = {"verdicts": tuple(map(verdict, told["verdicts"])), "profiles": profiles}
    return Publication(**{**told, **read, "provenance": _provenance(told["provenance"])})


def _verdict_to_json(verdict: Verdict) -> Json:
    outcomes = [
        {
            "rule": each.rule.name,
            "partition": each.partition,
            "rows": each.rows,
            "metric": each.metric if math.isfinite(each.metric) else str(each.metric),  # JSON has no NaN
            "action": str(each.action) if each.action else None,
            "reason": each.reason,
            "examples": list(each.examples),
        }
        for each in verdict.outcomes
    ]
    return {"partition": verdict.partition, "rows": verdict.rows, "outcomes": outcomes}


def _number(told: float | str) -> float:
    return float(told) if isinstance(told, str) else told


def _provenance(told: Mapping[str, Any]) -> Provenance:
    inputs = tuple(
        InputRead(
            each["dataset"],
            each["snapshot_id"],
            tuple(each["partitions"]),
            tuple(each["columns"]),
            {partition: tuple(of) for partition, of in each["by_partition"].items()},
        )
        for each in told["inputs"]
    )
    return Provenance(**{**told, "inputs": inputs, "files": tuple(FileRead(**each) for each in told["files"])})
