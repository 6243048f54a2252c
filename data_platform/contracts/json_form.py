"""A contract as compact JSON and back, faster than reading YAML by two orders of magnitude.

Each object is a list of its fields in the order of its dataclass. The form is private to the cache: whoever changes
the model changes it freely, since a cache written by other code is not read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

from data_platform.contracts.model import (
    PUBLICATION,
    Column,
    Contract,
    OnFailure,
    Partitioning,
    PartitionKey,
    Policy,
    Reference,
    Rule,
    Threshold,
    Unchecked,
)
from data_platform.contracts.types import ColumnType


def to_json(contract: Contract) -> str:
    """The contract, all but the file it came from: the cache goes by content."""
    form = [
        contract.domain,
        contract.name,
        contract.version,
        [_column(column) for column in contract.columns],
        contract.description,
        contract.primary_key,
        [_rule(rule) for rule in contract.rules],
        [(each.name, each.text, each.engine) for each in contract.unchecked],
        [(key.column, key.granularity, key.start, key.values) for key in contract.partitioning.keys]
        if contract.partitioning
        else None,
        contract.owners,
        contract.team,
        contract.tags,
        contract.status,
        contract.visibility,
        contract.clearance,
        contract.size,
        contract.external,
        contract.unknown_columns,
        _on_failure(contract.on_failure),
        _seconds(contract.retention),
        _seconds(contract.freshness),
        contract.digest,
    ]
    return json.dumps(form, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str, file: str = "") -> Contract:
    """The contract that `to_json` wrote, now found in `file`; ValueError and its like where `text` is anything else."""
    domain, name, version, columns, description, key, *middle = json.loads(text)
    rules, unchecked, keys, owners, team, tags, *rest = middle
    status, visibility, clearance, size, external, unknown_columns, on_failure, retention, freshness, digest = rest
    return Contract(
        domain,
        name,
        version,
        tuple([_to_column(column) for column in columns]),
        description,
        tuple(key),
        tuple([_to_rule(rule) for rule in rules]),
        tuple([Unchecked(*each) for each in unchecked]),
        Partitioning(tuple([_to_key(*key) for key in keys])) if keys is not None else None,
        tuple(owners),
        team,
        tuple(tags),
        status,
        visibility,
        clearance,
        size,
        external,
        unknown_columns,
        _to_on_failure(*on_failure),
        _to_duration(retention),
        _to_duration(freshness),
        file,
        digest,
    )


def _column(column: Column) -> list[Any]:
    promise = [column.required, column.unique, column.description, column.classification, column.pii]
    return [column.name, _type(column.type), *promise, column.tags, column.id]


def _to_column(form: Sequence[Any]) -> Column:
    name, kind, required, unique, description, classification, pii, tags, id_ = form
    return Column(name, _to_type(kind), required, unique, description, classification, pii, tuple(tags), id_)


def _to_key(column: str, granularity: str, start: str, values: Sequence[str]) -> PartitionKey:
    return PartitionKey(column, granularity, start, tuple(values))


def _type(kind: ColumnType | None) -> Any:
    if kind is None:
        return None
    fields = [(name, _type(inner)) for name, inner in kind.fields]
    nested = [kind.precision, kind.scale, _type(kind.element), _type(kind.key), fields]
    return [kind.kind, *nested] if any(nested) else kind.kind


def _to_type(form: Any) -> Any:
    if form is None or isinstance(form, str):
        return _plain(form)
    kind, precision, scale, element, key, fields = form
    inner = tuple([(name, _to_type(field)) for name, field in fields])
    return ColumnType(kind, precision, scale, _to_type(element), _to_type(key), inner)


@lru_cache(maxsize=64)
def _plain(kind: str | None) -> ColumnType | None:
    return None if kind is None else ColumnType(kind)


def _rule(rule: Rule) -> list[Any]:
    limit = rule.threshold and (rule.threshold.operator, rule.threshold.value, rule.threshold.unit)
    about = [rule.name, rule.kind, rule.columns, dict(rule.arguments), limit]
    told = [_on_failure(rule.on_failure), rule.dimension, rule.description, rule.path]
    reads = [(each.dataset, each.columns, each.partitions) for each in rule.reads]
    return [*about, *told, *([reads, rule.when] if reads or rule.when != PUBLICATION else ())]


def _to_rule(form: Sequence[Any]) -> Rule:
    name, kind, columns, arguments, limit, on_failure, dimension, description, path, *rest = form
    for key, value in arguments.items():
        if value.__class__ is list:
            arguments[key] = tuple(value)
    threshold = limit and _to_threshold(*limit)
    reads, when = ((), PUBLICATION)
    if rest:  # most rules are about their own dataset
        reads = tuple([Reference(dataset, tuple(names), partitions) for dataset, names, partitions in rest[0]])
        when = rest[1]
    policy = _to_on_failure(*on_failure)
    return Rule(
        name, kind, tuple(columns), arguments, threshold, policy, dimension, description, reads, when, tuple(path)
    )


def _to_threshold(operator: str, value: Any, unit: str) -> Threshold:
    return Threshold(operator, tuple(value) if isinstance(value, list) else value, unit)


def _on_failure(on_failure: OnFailure) -> tuple[str, float | None, int | None]:
    return on_failure.policy.value, on_failure.max_percent, on_failure.max_rows


@lru_cache(maxsize=256)
def _to_on_failure(policy: str, max_percent: float | None, max_rows: int | None) -> OnFailure:
    return OnFailure(Policy(policy), max_percent, max_rows)


def _seconds(duration: timedelta | None) -> list[int] | None:
    return None if duration is None else [duration.days, duration.seconds, duration.microseconds]


def _to_duration(form: Sequence[int] | None) -> timedelta | None:
    return None if form is None else timedelta(*form)
