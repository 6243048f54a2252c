"""For a terminal: what a column comes from and what it goes into, as trees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from data_platform.lineage.graph import ROWS, Edge, Node, Part, starts
from data_platform.lineage.model import ANY

BRANCH, LAST, PIPE, GAP = "├─ ", "└─ ", "│  ", "   "
THE_ROWS = "which rows there are"


@dataclass
class _Branch:
    label: str
    how: str = ""
    below: list[_Branch] = field(default_factory=list)


def tree(part: Part) -> list[str]:
    """Lines; of a side that was not looked at or where there is nothing a sentence."""
    up = _up(part)
    down = _down(part)
    lines = [f"{part.focus} comes from", *_lines(up)] if up else [f"{part.focus} comes from nothing that is recorded"]
    lines += ["", f"{part.focus} goes into", *_lines(down)] if down else []
    return lines


def _up(part: Part) -> list[_Branch]:
    into = _grouped(part.up, lambda edge: edge.target)
    walked: set[Node] = set()

    def below(node: Node, *, with_rows: bool) -> list[_Branch]:
        branches = []
        for source, edges in _grouped(into.get(node, []), lambda edge: edge.source).items():
            deeper = [source] if source.column == ANY else [source, Node(source.dataset)]
            known = any(each in into for each in deeper)
            branch = _Branch(str(source), _hows(edges))
            if known and source in walked:
                branch.how += " (see above)"
            elif known:
                walked.add(source)
                branch.below = below(source, with_rows=True)
            branches.append(branch)
        rows = Node(node.dataset)
        if with_rows and node.column not in (ROWS, ANY) and rows in into and rows not in walked:
            walked.add(rows)
            branches.append(_Branch(f"which rows {node.dataset} has", below=below(rows, with_rows=False)))
        return branches

    if part.focus.column != ROWS:
        return below(part.focus, with_rows=True)
    found = []
    for node in starts(part.focus, part.columns):
        made = below(node, with_rows=False)
        if node.column != ROWS:
            found.append(_Branch(node.column, below=made))
        elif made:
            found.append(_Branch(THE_ROWS, below=made))
    return found if part.up else []


def _down(part: Part) -> list[_Branch]:
    out = _grouped(part.down, lambda edge: edge.source)
    walked: set[Node] = set()

    def below(node: Node) -> list[_Branch]:
        branches = []
        for target, edges in _grouped(out.get(node, []), lambda edge: edge.target).items():
            label = str(target) if target.column != ROWS else f"{target.dataset} ({THE_ROWS})"
            branch = _Branch(label, _hows(edges))
            if target in out and target in walked:
                branch.how += " (see above)"
            elif target in out:
                walked.add(target)
                branch.below = below(target)
            branches.append(branch)
        return branches

    if part.focus.column != ROWS:
        return below(part.focus)
    found = [
        _Branch(node.column or THE_ROWS, below=below(node)) for node in starts(part.focus, part.columns) if node in out
    ]
    return found


def _grouped(edges: Iterable[Edge], key: Callable[[Edge], Node]) -> dict[Node, list[Edge]]:
    found: dict[Node, list[Edge]] = {}
    for edge in edges:
        found.setdefault(key(edge), []).append(edge)
    return found


def _hows(edges: Iterable[Edge]) -> str:
    return ", ".join(dict.fromkeys(edge.how for edge in edges))


def _lines(branches: list[_Branch]) -> list[str]:
    """Labels, and to the right of all of them, in one column, how."""
    drawn = list(_drawn(branches, ""))
    width = max((len(label) for label, how in drawn if how), default=0)
    return [f"{label:<{width}}  {how}".rstrip() for label, how in drawn]


def _drawn(branches: list[_Branch], indent: str) -> Iterator[tuple[str, str]]:
    for place, each in enumerate(branches):
        is_last = place == len(branches) - 1
        yield indent + (LAST if is_last else BRANCH) + each.label, each.how
        yield from _drawn(each.below, indent + (GAP if is_last else PIPE))
