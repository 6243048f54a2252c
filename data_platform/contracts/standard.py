"""The ODCS standard: does a document follow its JSON schema, and if not, what is the one thing to mend.

The official package only holds the data: it drops a misspelt key without a word, and the rule is gone. The standard's
schema refuses it, in words about `oneOf` and `unevaluatedProperties`; `problems` says which key was misspelt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Set
from functools import cache
from typing import Any

from data_platform.contracts.model import OPERATORS
from data_platform.contracts.naming import closest, did_you_mean
from data_platform.contracts.properties import OWN
from data_platform.contracts.report import Problem
from data_platform.contracts.standard_versions import KNOWN, candidates, schema
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
    "rule": "`apiVersion: v3.0.2`; since 3.1 it is a `metric`",
    "items": "`logicalType: array`",
    "properties": "`logicalType: object`",
    "map": "`logicalType: map`",
    **dict.fromkeys(OPERATORS, "a `metric` or `type: sql`"),
}
REFUSED: dict[str, tuple[str, str]] = {  # keyword of JSON schema -> what is wrong, how to mend it
    "minItems": ("{given} has too few items", "give at least {limit}"),
    "maxItems": ("{given} has too many items", "give at most {limit}"),
    "uniqueItems": ("{given} says the same twice", "remove one of the two"),
    "minLength": ("{given} is too short", "give at least {limit} characters"),
    "minimum": ("{given} is too small", "give at least {limit}"),
    "exclusiveMinimum": ("{given} is too small", "give more than {limit}"),
    "maximum": ("{given} is too large", "give at most {limit}"),
    "pattern": ("{given} is not of the form {limit}", "write it in that form"),
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
    """Everything in `document` that the standard refuses; empty for a valid contract.

    Where no version of the standard accepts it, the problems with the version it comes closest to: the one with the
    fewest, and of those the one that refuses the least of it."""
    refused: list[list[Problem]] = []
    for version in candidates(document.get("apiVersion")):
        if not (found := _problems(document, version)):
            return []
        refused.append(found)
    return min(refused, key=lambda found: (len(found), sum(_size(document, problem.path) for problem in found)))


def _size(document: Any, path: Path) -> int:
    """How many values there are in a part of a document; 0 where it is not there."""
    try:
        for step in path:
            document = document[step]
    except (LookupError, TypeError):
        return 0
    inside = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + sum(_size(item, ()) for item in inside)


def _problems(document: Mapping[str, Any], version: str) -> list[Problem]:
    leaves = list(_leaves(_validator(version).iter_errors(document)))
    meant: dict[Path, dict[str, str]] = {}  # object -> its unknown keys and what each was probably meant to be
    for leaf in leaves:
        if leaf.validator == "unknown":
            *where, key = leaf.absolute_path
            meant.setdefault(tuple(where), {})[key] = _meant(key, leaf.validator_value)
    missing = {tuple(leaf.absolute_path) for leaf in leaves if leaf.validator == "required"}
    found = (_problem(document, leaf, meant, missing) for leaf in leaves)
    return list(dict.fromkeys(problem for problem in found if problem))


def _problem(document: Any, leaf: Error, meant: Mapping[Path, Mapping[str, str]], missing: Set[Path]) -> Problem | None:
    """What to report for one error: nothing where it only follows from a misspelt or missing key."""
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
            if (*where, "type") in missing:
                return None
            fix = f"it goes with {BELONGS.get(str(key), 'other keys')}"
            return Problem(path, "C205", f"`{key}` has no meaning here", fix) if alone else None
        case "unknown":
            return _unknown_key(path, leaf.validator_value, siblings[str(key)])
        case "operators":
            return _operators(path, leaf.instance) if path not in meant and isinstance(leaf.instance, dict) else None
        case "required" if key in siblings.values():
            return None
        case "oneOf" if any(absent[:-1] == path for absent in missing):
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
    limit, given, where = leaf.validator_value, leaf.instance, _where(path)
    match leaf.validator:
        case "required":
            return Problem(path, "C202", f"`{path[-1]}` is missing", f"add `{path[-1]}`")
        case "type":
            names = [limit] if isinstance(limit, str) else limit
            wanted = " or ".join(TYPE_NAMES.get(name, name) for name in names)
            quoted = f' write "{given}"' if "string" in names and isinstance(given, int | float) else ""
            return Problem(
                path, "C203", f"{where} must be {wanted}, not {_short(given)}", quoted.strip() or f"give {wanted}"
            )
        case "enum" if path == ("apiVersion",):
            fix = f"write one of {', '.join(KNOWN)}"
            return Problem(path, "C206", f"{_short(given)} is not a version of the standard", fix)
        case "enum":
            hides = path[:-1] if path[-3:-2] == ("quality",) else None
            fix = did_you_mean(str(given), map(str, limit))
            return Problem(path, "C204", f"{where} cannot be {_short(given)}", fix, hides)
        case "not" if keys := [key for key in limit.get("required", ()) if isinstance(given, dict) and key in given]:
            return Problem((*path, keys[0]), "C205", f"`{keys[0]}` has no meaning here", "remove it")
        case _:
            message, fix = REFUSED.get(leaf.validator, ("{message}", "see the ODCS reference for this key"))
            words = {"limit": _short(limit), "given": _short(given), "message": leaf.message[:200]}
            return Problem(path, "C209", f"{where}: {message.format(**words)}", fix.format(**words))


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
def _validator(version: str) -> Any:
    """The standard's own schema, compiled once per process, with two keywords that name each unknown key."""
    from jsonschema import Draft201909Validator, validators

    from data_platform.contracts.standard_keywords import Keywords

    root = schema(version)
    return validators.extend(Draft201909Validator, Keywords(root).table())(root)
