"""The rules a column implies: what its type, nullability, options, enum and uniqueness say, each as one rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from data_platform.contracts.formats import BOUNDS, DESCRIPTIONS, PATTERNS
from data_platform.contracts.model import Column, OnFailure, Policy, Rule
from data_platform.contracts.naming import closest
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
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "minItems": "min_items",
    "maxItems": "max_items",
    "uniqueItems": "unique_items",
}
TYPES_RULE, KEY_RULE = "types", "primary_key"


@dataclass(frozen=True, slots=True)
class PlacedColumn:
    """A column, where it is written, and the policy it gives to its rules (None: the dataset's)."""

    column: Column
    path: Path
    policy: OnFailure | None = None


def column_rules(report: Report, prop: SchemaProperty, placed: PlacedColumn, default: OnFailure) -> list[Rule]:
    """The rules one column implies, apart from its type and its part in the primary key."""
    return list(_column_rules(report, prop, placed, placed.policy or default))


def _column_rules(report: Report, prop: SchemaProperty, placed: PlacedColumn, policy: OnFailure) -> Iterator[Rule]:
    column = placed.column

    def rule(kind: str, *at: str, name: str = "", **arguments: Any) -> Rule:
        title = f"{column.name}_{name or kind}"
        return _rule(title, kind, (column.name,), policy, (*placed.path, *at), arguments)

    if column.required:
        yield rule("required", "required" if prop.required else "primaryKey")
    for option, value in (prop.logicalTypeOptions or {}).items():
        at = ("logicalTypeOptions", option)
        if option == "format" and isinstance(value, str):
            least, most = BOUNDS.get(value, (None, None))
            if prop.logicalType == "string" and value in PATTERNS:
                yield rule("pattern", *at, name="format", value=PATTERNS[value])
            elif prop.logicalType == "string" and value not in DESCRIPTIONS:
                meant = closest(value, PATTERNS, cutoff=0.75)
                fix = f"did you mean `{meant}`?" if meant else "promise it with a `pattern`"
                report.add("C406", (*placed.path, *at), f"the format {value!r} is not audited", fix)
            elif prop.logicalType == "integer" and least is not None:
                yield rule("minimum", *at, name="format_minimum", value=least)
                yield rule("maximum", *at, name="format_maximum", value=most)
        elif option == "uniqueItems":
            if value:
                yield rule(OPTIONS[option], *at)
        elif option in OPTIONS:
            yield rule(OPTIONS[option], *at, value=value)
        elif option not in TYPE_OPTIONS and column.type != UNKNOWN:
            what = f"`{option}` is not audited by this version"
            report.add("C406", (*placed.path, *at), what, "promise it with a `sql` rule")
    if prop.enum:
        yield rule("enum", "enum", values=tuple(entry.value for entry in prop.enum))
    if column.unique:
        yield rule("duplicate_values", "unique", name="unique")


def type_rules(columns: Sequence[PlacedColumn], schema: Path, default: OnFailure | None) -> list[Rule]:
    """`types` for all columns, and a rule of its own for each column whose policy is another.

    A value that cannot be cast cannot be published: its row goes to quarantine unless a policy says to block.
    """
    usual = _castable(default)
    strict = (Policy.BLOCK, Policy.QUARANTINE)
    odd = [placed for placed in columns if (own := placed.policy) and own.policy in strict and own != usual]
    rest = tuple(placed.column.name for placed in columns if placed not in odd)
    rules = [_rule(TYPES_RULE, "type", rest, usual, schema, {})] if rest else []
    for placed in odd:
        name = placed.column.name
        rules.append(_rule(f"{name}_type", "type", (name,), placed.policy or usual, placed.path, {}))
    return rules


def _castable(policy: OnFailure | None) -> OnFailure:
    return OnFailure(Policy.QUARANTINE) if policy is None or policy.policy == Policy.WARN else policy


def key_rule(key: Sequence[str], schema: Path, default: OnFailure, keep_first: str) -> list[Rule]:
    """No two rows share the primary key."""
    arguments = {"keepFirst": keep_first} if keep_first else {}
    return [_rule(KEY_RULE, "duplicate_values", tuple(key), default, schema, arguments)] if key else []


def _rule(
    name: str, kind: str, columns: tuple[str, ...], policy: OnFailure, path: Path, arguments: dict[str, Any]
) -> Rule:
    dimension = KINDS[kind].dimension
    return Rule(name, kind, columns, arguments, on_failure=policy, dimension=dimension, path=path)
