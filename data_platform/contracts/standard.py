"""The ODCS standard: does a document follow its JSON schema, and if not, what is the one thing to mend.

The official package only holds the data: it drops a misspelt key without a word, and the rule is gone. Its bundled
schema refuses it, in words about `oneOf` and `unevaluatedProperties`; `problems` says which key was misspelt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from data_platform.contracts.model import OPERATORS
from data_platform.contracts.naming import closest, did_you_mean
from data_platform.contracts.properties import OWN
from data_platform.contracts.report import Problem
from data_platform.contracts.yaml_source import Path

Error = Any
"""A `jsonschema.exceptions.ValidationError`: imported only when there is something to validate."""
ALIASES: dict[str, str] = {
    "type": "logicalType",
    "columns": "properties",
    "fields": "properties",
    "primary": "primaryKey",
}
"""Keys people bring from elsewhere, and what the standard calls them."""
MEANT: dict[str, str] = {  # keys people bring from elsewhere -> how to say it here
    "nullable": "write `required: true` for a column without nulls",
    "owner": "add the owner to `team.members` with `role: owner`",
    "owners": "add the owners to `team.members` with `role: owner`",
    "policy": "write it under `customProperties` as `onFailure`",
}
BELONGS: dict[str, str] = {  # conditional keys -> what they go with
    "query": "`type: sql`",
    "engine": "`type: custom`",
    "implementation": "`type: custom`",
    "arguments": "a `metric`",
    "metric": "`type: library`",
    "items": "`logicalType: array`",
    "properties": "`logicalType: object`",
    "map": "`logicalType: map`",
    **dict.fromkeys(OPERATORS, "a `metric` or `type: sql`"),
}
TYPE_NAMES: dict[str, str] = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


def problems(document: Mapping[str, Any]) -> list[Problem]:
    """Everything in `document` that the standard refuses; empty for a valid contract."""
    leaves = list(_leaves(_validator().iter_errors(document)))
    meant: dict[Path, dict[str, str]] = {}  # object -> its unknown keys and what each was probably meant to be
    for leaf in leaves:
        if leaf.validator == "unknown":
            *where, key = leaf.absolute_path
            meant.setdefault(tuple(where), {})[key] = _meant(key, leaf.validator_value)
    found = (_problem(document, leaf, meant) for leaf in leaves)
    return list(dict.fromkeys(problem for problem in found if problem))


def _problem(document: Any, leaf: Error, meant: Mapping[Path, Mapping[str, str]]) -> Problem | None:
    """What to report for one error: nothing where it only follows from a misspelt key."""
    path: Path = tuple(leaf.absolute_path)
    *where, key = path or ("",)
    if (column := _column_without_type(document, path, leaf)) is not None:
        misspelt = "logicalType" in meant.get(column, {}).values()
        at = (*column, "logicalType")
        return None if misspelt else Problem(at, "C403", "no `logicalType`", "say what the values are")
    siblings = meant.get(tuple(where), {})
    match leaf.validator:
        case "unknown" if siblings[str(key)] == key:  # known, but not beside the keys that are here
            alone = all(name == guess for name, guess in siblings.items()) and key == next(iter(siblings))
            fix = f"it goes with {BELONGS.get(str(key), 'other keys')}"
            return Problem(path, "C205", f"`{key}` has no meaning here", fix) if alone else None
        case "unknown":
            return _unknown_key(path, leaf.validator_value, siblings[str(key)])
        case "operators":
            return _operators(path, leaf.instance) if path not in meant and isinstance(leaf.instance, dict) else None
        case "required" if key in siblings.values():
            return None
    return _other(path, leaf)


def _meant(key: str, known: Iterable[str]) -> str:
    alias = ALIASES.get(key, "")
    return alias if alias in known else closest(key, known)


def _unknown_key(path: Path, known: Iterable[str], guess: str) -> Problem:
    key = str(path[-1])
    guess = "" if key in MEANT else guess
    if key in OWN:
        fix = f"write it under `customProperties`: `- {{property: {key}, value: ...}}`"
    elif guess:
        fix = f"did you mean `{guess}`?"
    else:
        fix = MEANT.get(key) or did_you_mean(key, known)
    hides = path[:-1] if path[-3:-2] == ("quality",) else (*path[:-1], guess) if guess else None
    return Problem(path, "C201", f"the standard does not know the key `{key}` here", fix, hides)


def _operators(path: Path, entry: Mapping[str, Any]) -> Problem:
    given = [operator for operator in OPERATORS if operator in entry]
    if given:
        return Problem(path, "C501", f"a rule has one operator, this has {' and '.join(given)}", "make it two rules")
    return Problem(path, "C501", "the rule has no operator", f"add one of {', '.join(OPERATORS)}")


def _other(path: Path, leaf: Error) -> Problem:
    match leaf.validator:
        case "required":
            return Problem(path, "C202", f"`{path[-1]}` is missing", f"add `{path[-1]}`")
        case "type":
            names = [leaf.validator_value] if isinstance(leaf.validator_value, str) else leaf.validator_value
            wanted = " or ".join(TYPE_NAMES.get(name, name) for name in names)
            quoted = f' write "{leaf.instance}"' if "string" in names and isinstance(leaf.instance, int | float) else ""
            fix = quoted.strip() or f"give {wanted}"
            return Problem(path, "C203", f"{_where(path)} must be {wanted}, not {_short(leaf.instance)}", fix)
        case "enum":
            fix = did_you_mean(str(leaf.instance), map(str, leaf.validator_value))
            return Problem(path, "C204", f"{_where(path)} cannot be {_short(leaf.instance)}", fix)
        case _:
            return Problem(path, "C209", f"{_where(path)}: {leaf.message[:200]}", "see the ODCS reference for this key")


def _where(path: Path) -> str:
    return next((f"`{step}`" for step in reversed(path) if isinstance(step, str)), "the contract")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else text[:57] + "..."


def _column_without_type(document: Any, path: Path, leaf: Error) -> Path | None:
    """The column a problem belongs to, where the cause is that it has no type: every type's branch of the schema
    applies to it then, so that `map` seems to be missing and each option to be forbidden."""
    at = next((i for i in range(len(path) - 1, 2, -1) if path[i] in ("logicalTypeOptions", "map", "items")), None)
    if at is None or "then" not in leaf.absolute_schema_path:
        return None
    node = document
    for step in path[:at]:
        node = node[step]
    return path[:at] if "logicalType" not in node else None


def _leaves(errors: Iterable[Error]) -> Iterator[Error]:
    """The errors to report: of a failed choice, those of the alternative the author was writing."""
    for error in errors:
        if error.validator not in ("oneOf", "anyOf"):
            yield error
            continue
        branches: dict[Any, list[Error]] = {}
        for inner in error.context or ():
            branches.setdefault(inner.schema_path[0], []).append(inner)
        if any("mustBe" in branch.get("required", ()) for branch in error.validator_value):
            error.validator = "operators"
            refused = [inner for inners in branches.values() for inner in inners if inner.validator != "required"]
            yield from refused or (error,)
        else:
            meant = [
                all_of for all_of in branches.values() if not any(e.validator == "type" and not e.path for e in all_of)
            ]
            yield from _leaves(min(meant, key=len)) if meant else (error,)


@cache
def _validator() -> Any:
    """The standard's own schema, compiled once per process, with two keywords that name each unknown key."""
    from jsonschema import Draft201909Validator, validators

    from data_platform.contracts.standard_keywords import Keywords

    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text("utf-8"))
    return validators.extend(Draft201909Validator, Keywords(schema).table())(schema)
