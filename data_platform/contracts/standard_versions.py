"""The versions of ODCS we read: which JSON schema a document is held to, and the gaps in those schemas that we close.

A document may hold to its own version or to a newer one: each schema lists the older versions among its `apiVersion`s,
and the standard's own examples say `v3.0.2` long after they use what 3.1 brought. The other way round a newer schema
does not take all that an older one did (3.1 renamed `rule` to `metric`), so its own version always comes first.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from data_platform.contracts.model import OPERATORS

SCHEMAS: dict[str, str] = {  # version of the standard -> its JSON schema, the oldest first
    "v3.0": "odcs-v3.0.json",
    "v3.1": "odcs-v3.1.json",
    "v3.2": "odcs-v3.2.json",
}
NEWEST = "v3.2"
KNOWN = ("v3.2.0", "v3.1.0", "v3.0.2", "v3.0.1", "v3.0.0")
"""What `apiVersion` may be."""
_FULL = re.compile(r"v\d+\.\d+(?=\.\d+$)")

OPEN = (  # objects whose schema, in one version or another, forgets to refuse keys it does not know
    "",
    "properties/description",
    "$defs/AuthoritativeDefinitions/items",
    "$defs/CustomProperty",
    "$defs/DataQuality",
    "$defs/Pricing",
    "$defs/Role",
    "$defs/Server",
    "$defs/ServiceLevelAgreementProperty",
    "$defs/SupportItem",
    "$defs/Team",
)
USED: dict[str, dict[str, Any]] = {  # keys of 3.0 that its text or its examples use, and only its schema does not name
    "$defs/DataQualityLibrary": {"validValues": {"type": "array"}},
    "$defs/Team": {"comment": {"type": "string"}},
    "$defs/ServiceLevelAgreementProperty": {"column": {"type": "string"}},
}


def candidates(api_version: Any) -> tuple[str, ...]:
    """The versions a document may hold to, its own first; the newest for one whose `apiVersion` is unknown."""
    versions = tuple(SCHEMAS)
    match = _FULL.match(api_version) if isinstance(api_version, str) and api_version in KNOWN else None
    return versions[versions.index(match[0]) :] if match else (NEWEST,)


@cache
def schema(version: str) -> dict[str, Any]:
    """The JSON schema of a version, closed: no object in it takes keys it does not name."""
    root = json.loads(files("data_platform.contracts").joinpath("schemas", SCHEMAS[version]).read_text("utf-8"))
    if version == "v3.0":
        library = _at(root, "$defs/DataQualityLibrary/properties")
        operators = {name: library[name] for name in OPERATORS}  # they go with a query, too
        for place, keys in {**USED, "$defs/DataQualitySql": operators}.items():
            _at(root, place)["properties"].update(keys)
    root["properties"]["apiVersion"]["enum"] = list(KNOWN)  # some also list ODCS 2, which is another language
    for place in OPEN:
        if (node := _at(root, place)) and "additionalProperties" not in node:
            node["unevaluatedProperties"] = False
    for part in _at(root, "$defs/SchemaBaseProperty").get("allOf", ()):
        if "required" in part.get("then", {}):  # 3.2 asks for a `map` also where no `logicalType` says that it is one
            part["if"]["required"] = ["logicalType"]
    return root


def _at(root: dict[str, Any], place: str) -> dict[str, Any]:
    """A part of a schema; {} where this version has none there."""
    node = root
    for step in filter(None, place.split("/")):
        node = node.get(step, {})
    return node
