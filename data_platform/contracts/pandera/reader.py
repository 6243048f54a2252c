"""What a pandera schema says, part by part: columns and rules, and what neither can be."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from data_platform.contracts.implied import KEY_RULE
from data_platform.contracts.model import Column, OnFailure, Policy, Rule, Unchecked
from data_platform.contracts.naming import suggested_name
from data_platform.contracts.pandera.checks import Unsayable, rules
from data_platform.contracts.types import ColumnType

QUARANTINE = OnFailure(Policy.QUARANTINE)
"""What becomes of rows that pandera would drop, and of values that cannot be cast where no policy is stated."""


def own_name(schema: Any) -> str:
    """The dataset's name, where the schema was made from its contract."""
    told = schema.metadata or {}
    return told["dataset"] if {"dataset", "version", "not_checked"} <= told.keys() else ""


def described(of: Any) -> str:
    parts = [inspect.cleandoc(part) for part in (of.title, of.description) if part]
    return ": ".join(parts)


def _blocks(rule: Rule) -> bool:
    return rule.is_row_rule and rule.on_failure == OnFailure()


@dataclass
class Reader:
    """Collects columns and rules, and what could not be said."""

    columns: list[Column] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    to_do: list[str] = field(default_factory=list)
    key: tuple[str, ...] = ()

    def column(self, name: str, component: Any, frame_dtype: Any) -> None:
        if getattr(component, "regex", False):
            return self._left(name, f"columns matching {name!r}: a contract names each column")
        if hasattr(component, "required"):
            may_be_absent = not component.required
        else:
            may_be_absent = False
            self.to_do.append(f"column {name}: it is an index level; reset_index() before it is published")
        if may_be_absent and not component.nullable:
            self._left(f"{name}_required", f"column {name}: no nulls where it is there; a contract's column always is")
        kind, implied = self._type(name, frame_dtype or component.dtype)
        column = Column(
            name,
            kind,
            required=not component.nullable and not may_be_absent,
            unique=bool(getattr(component, "unique", False)),
            description=described(component),
        )
        said = [rule for check in component.checks for rule in self._said(check, column)]
        if any(rule.kind == "required" for rule in said):
            column = replace(column, required=True)
        elif column.required:
            said.insert(0, Rule(f"{name}_required", "required", (name,), dimension="completeness"))
        self.columns.append(column)
        if column.unique:
            said.append(Rule(f"{name}_unique", "duplicate_values", (name,), dimension="uniqueness"))
        given = {rule.kind.removeprefix("exclusive_") for rule in said}
        self.rules += said + [rule for rule in implied if rule.kind not in given]
        self._keep(name, component.metadata)
        for what in ("parsers", "default"):
            if getattr(component, what, None) not in (None, []):
                self._left(f"{name}_{what}", f"column {name}: its {what} is Python code's work, before publishing")

    def frame(self, schema: Any) -> None:
        for check in schema.checks or ():
            self.rules += self._said(check, None)
        unique = schema.unique if isinstance(getattr(schema, "unique", None), list) else []
        for columns in unique if unique and isinstance(unique[0], list | tuple) else filter(None, [unique]):
            title = f"unique_{'_'.join(map(str, columns))}"
            self.rules.append(Rule(title, "duplicate_values", tuple(columns), dimension="uniqueness"))
        keys = [rule for rule in self.rules if rule.name == KEY_RULE and rule.kind == "duplicate_values"]
        required = {column.name for column in self.columns if column.required}
        if keys and required.issuperset(keys[0].columns):
            self.key = keys[0].columns
        if own_name(schema):
            for name, words in schema.metadata["not_checked"].items():
                self._left(name, f"rule {name} is not in the schema: {words}")
        else:
            self._keep("", schema.metadata)
        if getattr(schema, "drop_invalid_rows", False):
            self.rules = [replace(rule, on_failure=QUARANTINE) if _blocks(rule) else rule for rule in self.rules]
        if getattr(schema, "parsers", None):
            self._left("parsers", "the schema's parsers are Python code's work, before publishing")

    def _type(self, name: str, dtype: Any) -> tuple[ColumnType, list[Rule]]:
        """A column's type, and the bounds that a narrower one of pandera's says."""
        from data_platform.contracts.pandera.types import RANGES, arrow_type, column_type

        try:
            if dtype is None:
                raise TypeError("pandera says none")
            arrow = arrow_type(dtype)
            kind = column_type(arrow)
        except TypeError as error:
            self._left(f"{name}_type", f"column {name}: give it a type instead of text: {error}")
            return ColumnType("string"), []
        bounds = zip(("minimum", "maximum"), RANGES.get(arrow, ()), strict=False)
        ranges = [
            Rule(f"{name}_{bound}", bound, (name,), {"value": value}, dimension="accuracy")
            for bound, value in bounds
            if value is not None
        ]
        if items := getattr(arrow, "list_size", None):
            ranges += [Rule(f"{name}_{end}", end, (name,), {"value": items}) for end in ("min_items", "max_items")]
        return kind, ranges

    def _said(self, check: Any, column: Column | None) -> list[Rule]:
        try:
            return rules(check, column)
        except Unsayable as why:
            about = f"column {column.name}: " if column else ""
            words = check.description or check.title or check.error or ""
            called = f"the check {check.name!r}" + (f" ({words})" if words and words != check.name else "")
            self._left(check.name, f"{about}write {called} as a rule: {why}", column)
            return []

    def _keep(self, name: str, metadata: Mapping[Any, Any] | None) -> None:
        """Metadata of a column ('': of the dataset), as far as YAML can write it, and the rest as text."""
        if metadata:
            self.metadata[name] = json.loads(json.dumps({str(key): metadata[key] for key in metadata}, default=str))

    def _left(self, name: str, what: str, column: Column | None = None) -> None:
        """Something the contract cannot say: a promise in words there, and a line for the person who asked."""
        title = suggested_name(f"{column.name}_{name}" if column else name)
        self.unchecked.append(Unchecked(title, f"To do: {what}"))
        self.to_do.append(what)
