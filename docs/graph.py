"""The picture of the graph in the README, as Mermaid, from the definitions themselves.

python docs/graph.py        # rewrites the README between its two marks
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from data_platform.contracts.naming import QUARANTINE_SUFFIX
from data_platform.datasets.scheduled import only_on_schedule

README = Path(__file__).parent.parent / "README.md"
MARKS = re.compile(r"(<!-- graph:.*?-->\n).*?(<!-- /graph -->)", re.DOTALL)


def mermaid() -> str:
    """Datasets by domain, and an arrow from each dataset to those that read it."""
    from data_platform.definitions import defs

    graph = defs.resolve_asset_graph()
    shown = {key for key in graph.get_all_asset_keys() if not only_on_schedule(graph.get(key).tags)}
    domains, arrows = defaultdict(list), []
    for key in sorted(shown, key=lambda key: key.path):
        domain, name = key.path
        if name.endswith(QUARANTINE_SUFFIX):
            continue
        domains[domain].append(f"    {domain}.{name}[{name}]")
        arrows += [f"  {'.'.join(parent.path)} --> {domain}.{name}" for parent in sorted(graph.get(key).parent_keys)]
    lines = ["graph LR"]
    for domain, nodes in domains.items():
        lines += [f"  subgraph {domain}", *nodes, "  end"]
    return "\n".join(["```mermaid", *lines, *arrows, "```"])


def with_graph(text: str) -> str:
    return MARKS.sub(lambda marks: f"{marks[1]}\n{mermaid()}\n\n{marks[2]}", text)


if __name__ == "__main__":
    README.write_text(with_graph(README.read_text()))
