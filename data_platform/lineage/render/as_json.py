"""For programs: the edges with OpenLineage's names for their kinds."""

from __future__ import annotations

from typing import Any

from data_platform.lineage.graph import ROWS, Edge, Node, Part


def as_json(part: Part) -> dict[str, Any]:
    """The column null stands for which rows a dataset has, `*` for any column; the kind ROWS for depending on no column,
    only on which rows there are."""
    return {
        **_node(part.focus),
        "up": [_edge(each) for each in part.up],
        "down": [_edge(each) for each in part.down],
    }


def _node(node: Node) -> dict[str, str | None]:
    return {"dataset": node.dataset, "column": None if node.column == ROWS else node.column}


def _edge(edge: Edge) -> dict[str, Any]:
    return {
        "from": _node(edge.source),
        "to": _node(edge.target),
        "kind": str(edge.kind) if edge.kind else "ROWS",
        "masking": edge.masking,
        "reason": edge.reason,
    }
