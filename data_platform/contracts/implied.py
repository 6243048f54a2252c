"""The rules a column implies: what its type, nullability, bounds, enum and uniqueness say, each as one rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_platform.contracts.model import Column, OnFailure, Policy, Rule
from data_platform.contracts.odcs_types import TYPE_OPTIONS, UNKNOWN
from data_platform.contracts.report import Report
from data_platform.contracts.rules import KINDS
from data_platform.contracts.yaml_source import Path

if TYPE_CHECKING:
    from open_data_contract_standard.model import SchemaProperty

OPTIONS: dict[str, str] = {  # logicalTypeOptions -> the kind of rule it implies
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
}
TYPES_RULE, KEY_RULE = "types", "primary_key"


@dataclass(frozen=True, slots=True)
class Placed:
    """A rule and where it is written."""

    rule: Rule
    path: Path


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column, where it is written, and the policy it gives to the rules it implies (None: the dataset's)."""

    column: Column
    path: Path
    policy: OnFailure | None = None


def column_rules(report: Report, prop: SchemaProperty, placed: PlacedColumn, default: OnFailure) -> list[Placed]:
    """The rules one column implies, apart from its type and its part in the primary key."""
    column, path = placed.column, placed.path
    policy = placed.policy or default

    def rule(kind: str, at: str, name: str = "", **arguments: Any) -> Placed:
        title = f"{column.name}_{name or kind}"
        dimension = KINDS[kind].dimension
        made = Rule(title, kind, (column.name,), arguments, on_failure=policy, dimension=dimension)
        return Placed(made, (*path, *at.split(".")))

    rules = []
    if column.required:
        rules.append(rule("required", "required" if prop.required else "primaryKey"))
    for option, value in (prop.logicalTypeOptions or {}).items():
        if option in OPTIONS:
            rules.append(rule(OPTIONS[option], f"logicalTypeOptions.{option}", value=value))
        elif option not in TYPE_OPTIONS and column.type != UNKNOWN:
            at = (*path, "logicalTypeOptions", option)
            report.add("C406", at, f"`{option}` is not audited by this version", "promise it with a `sql` rule")
    if prop.enum:
        rules.append(rule("enum", "enum", values=tuple(entry.value for entry in prop.enum)))
    if column.unique:
        rules.append(rule("duplicate_values", "unique", name="unique"))
    return rules


def type_rules(columns: Sequence[PlacedColumn], schema: Path, default: OnFailure | None) -> list[Placed]:
    """`types` for all columns, and a rule of its own for each column whose policy is another.

    A value that cannot be cast cannot be published: its row goes to quarantine unless a policy says to block.
    """
    usual = _castable(default)
    strict = (Policy.BLOCK, Policy.QUARANTINE)
    odd = [placed for placed in columns if (own := placed.policy) and own.policy in strict and own != usual]
    rest = tuple(placed.column.name for placed in columns if placed not in odd)
    dimension = KINDS["type"].dimension
    rules = [Placed(Rule(TYPES_RULE, "type", rest, on_failure=usual, dimension=dimension), schema)] if rest else []
    for placed in odd:
        name, policy = placed.column.name, placed.policy or usual
        made = Rule(f"{name}_type", "type", (name,), on_failure=policy, dimension=dimension)
        rules.append(Placed(made, placed.path))
    return rules


def _castable(policy: OnFailure | None) -> OnFailure:
    return OnFailure(Policy.QUARANTINE) if policy is None or policy.policy == Policy.WARN else policy


def key_rule(key: Sequence[str], schema: Path, default: OnFailure, keep_first: str) -> list[Placed]:
    """No two rows share the primary key."""
    if not key:
        return []
    arguments = {"keepFirst": keep_first} if keep_first else {}
    dimension = KINDS["duplicate_values"].dimension
    made = Rule(KEY_RULE, "duplicate_values", tuple(key), arguments, on_failure=default, dimension=dimension)
    return [Placed(made, schema)]
