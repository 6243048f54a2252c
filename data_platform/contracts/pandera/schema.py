"""A pandera DataFrameModel or DataFrameSchema, of pandas, Polars or PySpark, as a contract to start from.

What pandera says and a contract cannot is kept as a promise in words and reported: nothing is lost silently.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from data_platform.contracts.as_odcs import document, dump
from data_platform.contracts.implied import KEY_RULE, TYPES_RULE
from data_platform.contracts.model import Column, Contract, OnFailure, Policy, Rule, Unchecked
from data_platform.contracts.naming import did_you_mean, suggested_name
from data_platform.contracts.pandera.checks import Unsayable, rules
from data_platform.contracts.types import ColumnType

EXTRA = "pip install 'data-platform[quality]'"
UNSTATED = OnFailure(Policy.QUARANTINE)
"""What becomes of values that cannot be cast, where no policy is stated."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A contract drafted from a schema: the contract's file, and what a person still has to do, one line each."""

    contract: Contract
    to_do: tuple[str, ...]
    metadata: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def yaml(self, source: str = "") -> str:
        """The contract's file."""
        heading = [f"Drafted from {source}."] if source else []
        return dump(document(self.contract, self.metadata), [*heading, *(f"To do: {each}" for each in self.to_do)])


def load(reference: str) -> Any:
    """The schema called `module:Name`; ValueError, in a sentence, where there is none."""
    module, _, name = reference.partition(":")
    if not module or not name:
        raise ValueError(f"{reference!r} names no schema; write module:Model, for example shop.models:Orders")
    try:
        from pandera.api.dataframe.container import DataFrameSchema
        from pandera.api.dataframe.model import DataFrameModel
    except ImportError:
        raise ValueError(f"pandera is not installed; run {EXTRA}") from None
    try:
        found: Any = import_module(module)
    except Exception as error:  # the user's module: whatever it raises
        raise ValueError(f"{module} cannot be imported: {type(error).__name__}: {error}") from error
    for part in name.split("."):
        if not hasattr(found, part):
            fix = did_you_mean(part, [each for each in vars(found) if not each.startswith("_")], "check the name")
            raise ValueError(f"{module} has no {name!r}; {fix}")
        found = getattr(found, part)
    if isinstance(found, DataFrameSchema):
        return found
    if inspect.isclass(found) and issubclass(found, DataFrameModel):
        return found
    raise ValueError(f"{reference} is a {type(found).__name__}, not a pandera DataFrameModel or DataFrameSchema")


def draft(source: Any, dataset: str = "", owners: Sequence[str] = ()) -> Draft:
    """A contract that says what a pandera model or schema says. `dataset` is `domain.name`, or '' to name it later.

    ValueError where the model itself cannot be read."""
    schema = _schema(source)
    told = schema.metadata or {}
    domain, _, name = (dataset or str(told.get("dataset", ""))).rpartition(".")
    reader = _Reader()
    for label, component in {**_index(schema), **schema.columns}.items():
        reader.column(str(label), component, schema.dtype)
    reader.frame(schema)
    title = schema.name if isinstance(schema.name, str) else getattr(source, "__name__", "")
    name = name or suggested_name(title or "dataset")
    if not domain:
        reader.to_do.insert(0, "say which domain owns the dataset (`domain`, and `id: <domain>.<name>`)")
    if not owners:
        reader.to_do.insert(0, "name an owner (`team.members` with `role: owner`)")
    description = _description(schema) or _documentation(source)
    if not description:
        description = f"To do: say what one row of {name} is."
        reader.to_do.append("say what one row is (`description`)")
    contract = Contract(
        domain,
        name,
        "1.0.0",
        tuple(reader.columns),
        description=description,
        primary_key=reader.key,
        rules=_distinct(_whole(reader.rules)),
        unchecked=tuple(reader.unchecked),
        owners=tuple(owners),
        status="draft",
        unknown_columns="refuse" if schema.strict is True else "ignore",
        on_failure=_default(reader.rules),
    )
    return Draft(contract, tuple(reader.to_do), reader.metadata)


def _schema(source: Any) -> Any:
    to_schema = getattr(source, "to_schema", None)  # a model's; a schema is one
    try:
        return to_schema() if to_schema else source
    except Exception as error:
        raise ValueError(f"pandera cannot read {source.__name__}: {type(error).__name__}: {error}") from error


def _index(schema: Any) -> dict[str, Any]:
    """The named levels of a pandas index: the platform stores columns only."""
    index = getattr(schema, "index", None)
    levels = getattr(index, "indexes", None) or ([index] if index is not None else [])
    return {level.name: level for level in levels if level.name}


def _description(of: Any) -> str:
    parts = [inspect.cleandoc(part) for part in (of.title, of.description) if part]
    return ": ".join(parts)


def _documentation(source: Any) -> str:
    """A model's own docstring; pandera's is not about the data."""
    return inspect.cleandoc(vars(source).get("__doc__") or "") if inspect.isclass(source) else ""


def _whole(found: Iterable[Rule]) -> Iterator[Rule]:
    """Rules, of which a schema of ours holds the `type` rules column by column."""
    parts: dict[str, list[Rule]] = {}
    for rule in found:
        if rule.kind == "type":
            parts.setdefault(rule.name, []).append(rule)
        else:
            yield rule
    for same in parts.values():
        yield replace(same[0], columns=tuple(name for each in same for name in each.columns))


def _default(found: Sequence[Rule]) -> OnFailure:
    """The dataset's policy: what its key has, else what the casts have where that was stated."""
    keys = [rule.on_failure for rule in found if rule.name == KEY_RULE]
    casts = [rule.on_failure for rule in found if rule.name == TYPES_RULE and rule.on_failure != UNSTATED]
    return next(iter([*keys, *casts]), OnFailure())


def _distinct(found: Iterable[Rule]) -> tuple[Rule, ...]:
    """Rules with a name of their own each: pandera lets two checks have one."""
    named: dict[str, Rule] = {}
    for rule in found:
        name, count = rule.name, 1
        while name in named:
            count += 1
            name = f"{rule.name}_{count}"
        named[name] = replace(rule, name=name)
    return tuple(named.values())


@dataclass
class _Reader:
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
            description=_description(component),
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
        if component.metadata:
            self.metadata[name] = {str(key): value for key, value in component.metadata.items()}
        for what in ("parsers", "default"):
            if getattr(component, what, None):
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
        for name, words in ((schema.metadata or {}).get("not_checked") or {}).items():
            self._left(name, f"rule {name} is not in the schema: {words}")
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

    def _left(self, name: str, what: str, column: Column | None = None) -> None:
        """Something the contract cannot say: a promise in words there, and a line for the person who asked."""
        title = suggested_name(f"{column.name}_{name}" if column else name)
        self.unchecked.append(Unchecked(title, f"To do: {what}"))
        self.to_do.append(what)
