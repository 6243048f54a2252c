"""A pandera DataFrameModel or DataFrameSchema, of pandas, Polars or PySpark, as a contract to start from.

What pandera says and a contract cannot is kept as a promise in words and reported: nothing is lost silently.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

from data_platform.contracts.as_odcs import document, dump, in_words
from data_platform.contracts.implied import KEY_RULE, TYPES_RULE
from data_platform.contracts.model import Contract, OnFailure, Rule
from data_platform.contracts.naming import did_you_mean, suggested_name
from data_platform.contracts.pandera.reader import QUARANTINE, Reader, described, own_name

EXTRA = "pip install 'data-platform[quality]'"


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
    domain, _, name = (dataset or own_name(schema)).rpartition(".")
    reader = Reader()
    for label, component in {**_index(schema), **schema.columns}.items():
        reader.column(str(label), component, schema.dtype)
    reader.frame(schema)
    title = schema.name if isinstance(schema.name, str) else getattr(source, "__name__", "")
    name = name or suggested_name(title or "dataset")
    if not domain:
        reader.to_do.insert(0, "say which domain owns the dataset (`domain`, and `id: <domain>.<name>`)")
    if not owners:
        reader.to_do.insert(0, "name an owner (`team.members` with `role: owner`)")
    description = described(schema) or _documentation(source)
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
        on_failure=QUARANTINE if getattr(schema, "drop_invalid_rows", False) else _default(reader.rules),
    )
    known = {each.text for each in contract.unchecked}
    unwritten = [text.removeprefix("To do: ") for text in in_words(document(contract)) if text not in known]
    return Draft(contract, (*reader.to_do, *unwritten), reader.metadata)


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
    casts = [rule.on_failure for rule in found if rule.name == TYPES_RULE and rule.on_failure != QUARANTINE]
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
