"""A lineage as the OpenLineage column lineage facet, and back: the form in which it is recorded and sent."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from data_platform.lineage.model import Kind, Lineage, Origin, Origins

NAMESPACE = "data-platform"


def to_facet(lineage: Lineage, namespace: str = NAMESPACE) -> dict[str, Any]:
    """The facet's `fields` (per output column) and `dataset` (what decides which rows there are)."""
    return {
        "fields": {
            name: {"inputFields": _input_fields(origins, namespace)} for name, origins in lineage.columns.items()
        },
        "dataset": _input_fields(lineage.rows, namespace),
    }


def from_facet(facet: Mapping[str, Any]) -> Lineage:
    """The lineage that `to_facet` wrote."""
    fields = {name: _origins(each["inputFields"]) for name, each in facet["fields"].items()}
    return Lineage(fields, _origins(facet.get("dataset", ())))


def to_json(lineage: Lineage) -> str:
    return json.dumps(to_facet(lineage), separators=(",", ":"))


def from_json(recorded: str) -> Lineage:
    return from_facet(json.loads(recorded))


def _input_fields(origins: Origins, namespace: str) -> list[dict[str, Any]]:
    by_column: dict[tuple[str, str], list[Origin]] = {}
    for each in sorted(origins):
        by_column.setdefault((each.dataset, each.column), []).append(each)
    return [
        {
            "namespace": namespace,
            "name": dataset,
            "field": column,
            "transformations": [
                {
                    "type": "DIRECT" if each.kind.is_direct or each.kind is Kind.OPAQUE else "INDIRECT",
                    "subtype": str(each.kind),
                    "description": each.reason,
                    "masking": each.masking,
                }
                for each in several
            ],
        }
        for (dataset, column), several in by_column.items()
    ]


def _origins(fields: Iterable[Mapping[str, Any]]) -> Origins:
    return frozenset(
        Origin(each["name"], each["field"], Kind(how["subtype"]), how["masking"], how["description"])
        for each in fields
        for how in each["transformations"]
    )
