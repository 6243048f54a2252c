"""The frames of other datasets that a rule reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from data_platform.contracts.model import Column, Contract, Rule
from data_platform.contracts.types import PRIMITIVES, ColumnType

_NAMES = {name: kind for kind, name in PRIMITIVES.items()} | {"TINYINT": "int", "SMALLINT": "int", "USMALLINT": "int"}


def missing_parents(rule: Rule, contract: Contract, others: Mapping[str, Any]) -> str:
    """Which of them were not given, in words; '' where none is missing."""
    missing = [each.dataset for each in rule.reads if each.dataset not in (contract.dataset, *others)]
    return f"it reads {', '.join(missing)}: pass their frames as `others`" if missing else ""


def typed_as(rule: Rule, contract: Contract) -> dict[str, Column]:
    """The parent's columns that a foreign key refers to, each with the type of the child's."""
    pairs = zip(rule.arguments["columns"], rule.columns, strict=True)
    return {parent: Column(parent, contract.column(child).type) for parent, child in pairs}


def contract_of(dataset: str, types: Mapping[str, str]) -> Contract:
    """What is known about a frame of another dataset: its columns, from DuckDB's names of their types."""
    domain, _, name = dataset.partition(".")
    return Contract(domain, name, "", tuple(Column(column, _kind(kind)) for column, kind in types.items()))


def _kind(name: str) -> ColumnType:
    if found := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", name):
        return ColumnType("decimal", int(found[1]), int(found[2]))
    return ColumnType(_NAMES.get(name, "string"))
