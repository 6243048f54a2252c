"""As a diagram in Mermaid's language, which GitHub, GitLab and many wikis draw: a box per dataset, an arrow per edge."""

from __future__ import annotations

from data_platform.lineage.graph import ROWS, Edge, Node, Part, starts
from data_platform.lineage.model import ANY


def mermaid(part: Part) -> str:
    """Values flow along solid arrows; what decides about rows is dotted; what nobody could look into is thick."""
    edges = [*dict.fromkeys([*part.up, *part.down])]
    used = dict.fromkeys(node for edge in edges for node in (edge.source, edge.target))
    if part.focus.column == ROWS:
        used = dict.fromkeys([*starts(part.focus, part.columns)[:-1], *used])
    names = {node: f"n{place}" for place, node in enumerate(used or [part.focus])}
    lines = ["flowchart LR"]
    for place, dataset in enumerate(dict.fromkeys(node.dataset for node in names)):
        lines.append(f'  subgraph d{place}["{_text(dataset)}"]')
        lines += [f'    {name}["{_label(node)}"]' for node, name in names.items() if node.dataset == dataset]
        lines.append("  end")
    together: dict[tuple[Node, Node], list[Edge]] = {}
    for edge in edges:
        together.setdefault((edge.source, edge.target), []).append(edge)
    for (source, target), several in together.items():
        words = _text(", ".join(dict.fromkeys(each.how for each in several)))
        lines.append(f'  {names[source]} {_arrow(several)}|"{words}"| {names[target]}')
    return "\n".join(lines)


def _arrow(edges: list[Edge]) -> str:
    if any(each.kind and each.kind.is_direct for each in edges):
        return "-->"
    return "==>" if any(each.reason for each in edges) else "-.->"


def _label(node: Node) -> str:
    return {ROWS: "(rows)", ANY: "(any column)"}.get(node.column) or _text(node.column)


def _text(words: str) -> str:
    """Without what ends a label."""
    return words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\n", " ")
