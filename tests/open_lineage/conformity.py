"""Whether an event, as it was received, is one that the specification allows.

No package ships OpenLineage's JSON schemas. The official client's classes are generated from them, and every facet names
its schema, so by default an event is held against the classes: each object has all fields that are required, none that
are unknown, and of the right types. Where `OPENLINEAGE_SPEC` names the folder `spec` of a checkout of OpenLineage, it
is held against the JSON schemas themselves as well.
"""

from __future__ import annotations

import json
import os
import sys
import types
import typing
from enum import Enum
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Union, get_args, get_origin, get_type_hints

import attr
import jsonschema
from openlineage.client import generated
from openlineage.client.generated import base


def problems(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event."""
    found = list(_wrong(event, base.RunEvent, "event"))
    return found + (_against_schemas(event, Path(spec)) if (spec := os.environ.get("OPENLINEAGE_SPEC")) else [])


@cache
def _facets() -> dict[str, type]:
    """The client's classes by the schema that each is generated from."""
    found: dict[str, type] = {}
    for module in iter_modules(generated.__path__):
        for each in vars(import_module(f"{generated.__name__}.{module.name}")).values():
            if isinstance(each, type) and attr.has(each) and hasattr(each, "_get_schema"):
                found[each._get_schema()] = each
    return found


def _wrong(value: Any, kind: Any, path: str):
    if "_schemaURL" in (value if isinstance(value, dict) else {}):
        facet = _facets().get(value["_schemaURL"])
        if facet is None:
            yield f"{path}: no such schema: {value['_schemaURL']}"
            return
        if isinstance(kind, type) and not issubclass(facet, kind) and kind is not base.DatasetFacet:
            yield f"{path}: {facet.__name__} is no {kind.__name__}"
        kind = facet
    if kind is Any:
        return
    if get_origin(kind) in (Union, types.UnionType):
        options = [each for each in get_args(kind) if each is not type(None)]
        if value is None or any(not list(_wrong(value, each, path)) for each in options):
            return
        yield from _wrong(value, options[0], path)
    elif get_origin(kind) is list:
        if not isinstance(value, list):
            yield f"{path}: {value!r} is no list"
            return
        for place, each in enumerate(value):
            yield from _wrong(each, get_args(kind)[0], f"{path}[{place}]")
    elif get_origin(kind) is dict:
        for name, each in value.items():
            yield from _wrong(each, get_args(kind)[1], f"{path}.{name}")
    elif isinstance(kind, type) and attr.has(kind):
        yield from _wrong_object(value, kind, path)
    elif isinstance(kind, type) and issubclass(kind, Enum):
        if value not in [each.value for each in kind]:
            yield f"{path}: {value!r} is none of {kind.__name__}"
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        yield f"{path}: {value!r} is no {kind.__name__}"


def _wrong_object(value: Any, kind: type, path: str):
    if not isinstance(value, dict):
        yield f"{path}: {value!r} is no {kind.__name__}"
        return
    hints = get_type_hints(kind, {**vars(typing), **vars(sys.modules[kind.__module__])})
    known = {each.name: each for each in attr.fields(kind)}
    yield from (f"{path}: {name} is unknown to {kind.__name__}" for name in value.keys() - known.keys())
    for name, field in known.items():
        if name in value:
            yield from _wrong(value[name], hints[name], f"{path}.{name}")
        elif field.default is attr.NOTHING:
            yield f"{path}: {kind.__name__} requires {name}"


def _against_schemas(event: dict[str, Any], spec: Path) -> list[str]:
    registry, by_name = _registry(spec)
    run_event = {"$ref": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"}
    found = [each.message for each in _validator(run_event, registry).iter_errors(event)]
    for facet in _all_facets(event):
        schema = by_name.get(facet["_schemaURL"])
        if schema is None:
            found.append(f"no such schema: {facet['_schemaURL']}")
            continue
        found += [f"{facet['_schemaURL']}: {each.message}" for each in _validator(schema, registry).iter_errors(facet)]
    return found


def _validator(schema: dict[str, Any], registry: Any) -> jsonschema.Draft202012Validator:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    return jsonschema.Draft202012Validator(schema, registry=registry, format_checker=checker)


@cache
def _registry(spec: Path):
    from referencing import Registry, Resource

    files = [json.loads(each.read_text()) for each in (spec / "OpenLineage.json", *(spec / "facets").glob("*.json"))]
    registry = Registry().with_resources([(each["$id"], Resource.from_contents(each)) for each in files])
    return registry, {
        f"{each['$id']}#/$defs/{name}": {"$ref": f"{each['$id']}#/$defs/{name}"}
        for each in files
        for name in each["$defs"]
    }


def _all_facets(value: Any):
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for each in value.values():
            yield from _all_facets(each)
    elif isinstance(value, list):
        for each in value:
            yield from _all_facets(each)
